# How every target is compiled.
#
# -ffp-contract=off: anchors, IoU, the box coder, the losses and NMS are compared bit for bit with a
# reference that rounds after every operation. The compute libraries use FMA as they like.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O3 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")  # without any optimisation tests take twice as long

add_library(fa_compile INTERFACE)
target_compile_options(fa_compile INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
  -ffp-contract=off -fno-math-errno -fopenmp)
target_compile_options(fa_compile INTERFACE -Wno-missing-field-initializers)  # a row of a table gives what it has
target_compile_options(fa_compile INTERFACE $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>)  # a slow loop is no error
if(FA_WERROR)
  target_compile_options(fa_compile INTERFACE -Werror)
endif()
target_compile_definitions(fa_compile INTERFACE _GNU_SOURCE)
target_include_directories(fa_compile INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_link_options(fa_compile INTERFACE -fopenmp)
target_link_libraries(fa_compile INTERFACE m)

if(FA_FLOAT64)
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")  # of an oracle nobody asks how fast it is
  target_compile_definitions(fa_compile INTERFACE FA_FLOAT64=1)
endif()
if(FA_SANITIZE)
  target_compile_options(fa_compile INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                         -fno-omit-frame-pointer)
  # Checks of every pointer before it is used take a sixth of the time to compile. What is read or written outside of memory the address
  # sanitizer sees; of what it does not, a pointer that is only computed or not aligned, the fuzzers' builds alone know.
  if(NOT FA_FUZZ)
    target_compile_options(fa_compile INTERFACE -fno-sanitize=null,alignment,pointer-overflow)
  endif()
  # the checks hide from the compiler how long a text can be
  target_compile_options(fa_compile INTERFACE $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
  target_link_options(fa_compile INTERFACE -fsanitize=address,undefined)
endif()
if(FA_FUZZ)
  target_compile_options(fa_compile INTERFACE -fsanitize=fuzzer-no-link)
endif()
