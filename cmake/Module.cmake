# A module is one folder of src/, one static library, and its tests.

include(CheckLinkerFlag)

if(FA_TESTS)
  file(STRINGS ${PROJECT_SOURCE_DIR}/tests/seconds.txt FA_SECONDS REGEX "^[a-z]")
  add_library(fa_test_support STATIC ${PROJECT_SOURCE_DIR}/tests/support/support.c)
  target_include_directories(fa_test_support PUBLIC ${PROJECT_SOURCE_DIR}/tests/support)
  target_link_libraries(fa_test_support PUBLIC fa_base PkgConfig::cmocka)
  # There are hundreds of them, which gold links in a fifth of ld's time. The program itself has the compiler's own linker.
  check_linker_flag(C -fuse-ld=gold FA_HAVE_GOLD)
  if(FA_HAVE_GOLD)
    target_link_options(fa_test_support INTERFACE -fuse-ld=gold)
  endif()
endif()

# fa_module(<name> LINK <libraries...> [FOLDERS <sub-folders...>] [SOURCES <extra sources...>])
#   src/<name>/*.c            becomes the library fa_<name>, with those of its FOLDERS; LINK is its arrow in the design
#   tests/<name>/test_*.c     becomes one test process each, named <name>.<file without test_>
#   tests/<name>/*.c (others) are helpers linked into each of them
function(fa_module name)
  cmake_parse_arguments(ARG "" "" "LINK;FOLDERS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  foreach(folder IN LISTS ARG_FOLDERS)
    file(GLOB more CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/${folder}/*.c)
    list(APPEND sources ${more})
  endforeach()
  list(APPEND sources ${ARG_SOURCES})
  if(sources)
    add_library(fa_${name} STATIC ${sources})
    target_include_directories(fa_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src/${name})
    target_link_libraries(fa_${name} PUBLIC fa_compile ${ARG_LINK})
  else()
    add_library(fa_${name} INTERFACE)
    target_link_libraries(fa_${name} INTERFACE fa_compile ${ARG_LINK})
  endif()
  set_property(GLOBAL APPEND PROPERTY FA_MODULES fa_${name})
  if(FA_TESTS AND NOT (FA_FLOAT64 AND name STREQUAL "base"))  # where no numbers are computed
    fa_module_tests(${name})
  endif()
endfunction()

# Tests of what precision does not change, which the oracle build leaves out.
set(FA_ANY_PRECISION net.calibrate net.group_norm net.lifetime net.model net.params net.workspace backend.algorithms backend.strips
    backend.backend backend.bf16 backend.onednn detect.anchor_cache detect.nms_recall tensor.frame)

function(fa_module_tests name)
  set(folder ${PROJECT_SOURCE_DIR}/tests/${name})
  file(GLOB helpers CONFIGURE_DEPENDS ${folder}/*.c)
  list(FILTER helpers EXCLUDE REGEX "/test_[^/]*$")
  set(support fa_test_support)
  if(helpers)
    add_library(fa_test_${name} STATIC ${helpers})
    target_include_directories(fa_test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src/${name})
    target_link_libraries(fa_test_${name} PUBLIC fa_${name} fa_test_support)
    set(support fa_test_${name})
  endif()
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/test_*.c)
  foreach(source IN LISTS tests)
    get_filename_component(test ${source} NAME_WE)
    string(REGEX REPLACE "^test_" "" short ${test})
    if(FA_FLOAT64 AND ${name}.${short} IN_LIST FA_ANY_PRECISION)
      continue()
    endif()
    set(target test_${name}_${short})
    add_executable(${target} ${source})
    target_include_directories(${target} PRIVATE ${folder} ${PROJECT_SOURCE_DIR}/src/${name})
    target_link_libraries(${target} PRIVATE ${support} fa_${name})
    target_compile_options(${target} PRIVATE -O1)  # hundreds are compiled, and the work is done by what they test
    add_test(NAME ${name}.${short} COMMAND ${target})
    fa_test_environment(${name}.${short})
  endforeach()
endfunction()

# fa_far_tests(<module> <files without test_...>): runs them once more on a backend whose memory is not the host's
# (tests/far), as <module>.<file>.far. In the build with sanitizers, which see the copies too: where memory lies changes no number.
function(fa_far_tests module)
  if(NOT FA_SANITIZE)
    return()
  endif()
  foreach(short IN LISTS ARGN)
    target_sources(test_${module}_${short} PRIVATE $<TARGET_OBJECTS:fa_far>)
    target_link_libraries(test_${module}_${short} PRIVATE fa_detect) # its losses are the host's
    add_test(NAME ${module}.${short}.far COMMAND test_${module}_${short})
    fa_test_environment(${module}.${short}.far)
    set_property(TEST ${module}.${short}.far APPEND PROPERTY ENVIRONMENT FA_TEST_BACKEND=far)
  endforeach()
endfunction()

# fa_mpi_test(<module> <file without test_> RANKS <n...>): tests/<module>/mpi/test_<file>.c, run at each count.
function(fa_mpi_test module short)
  cmake_parse_arguments(ARG "" "" "RANKS" ${ARGN})
  set(target test_${module}_mpi_${short})
  add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${module}/mpi/test_${short}.c)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/${module})
  target_link_libraries(${target} PRIVATE fa_test_support fa_${module})
  target_compile_options(${target} PRIVATE -O1)
  foreach(ranks IN LISTS ARG_RANKS)
    set(test ${module}.${short}.mpi${ranks})
    add_test(NAME ${test} COMMAND ${FA_MPIRUN} ${ranks} $<TARGET_FILE:${target}>)
    fa_test_environment(${test})
    set_tests_properties(${test} PROPERTIES PROCESSORS ${ranks})
  endforeach()
endfunction()

# fa_far_mpi_test(<module> <file without test_> RANKS <n...>): the same for a test over ranks.
function(fa_far_mpi_test module short)
  cmake_parse_arguments(ARG "" "" "RANKS" ${ARGN})
  set(target test_${module}_mpi_${short})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:fa_far>)
  target_link_libraries(${target} PRIVATE fa_detect)
  foreach(ranks IN LISTS ARG_RANKS)
    set(test ${module}.${short}.far.mpi${ranks})
    add_test(NAME ${test} COMMAND ${FA_MPIRUN} ${ranks} $<TARGET_FILE:${target}>)
    fa_test_environment(${test})
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT FA_TEST_BACKEND=far)
    set_tests_properties(${test} PROPERTIES PROCESSORS ${ranks})
  endforeach()
endfunction()

# fa_faulty_disk(<test targets...>): tests that decide which of their system calls fail (support/faulty_disk.h)
function(fa_faulty_disk)
  foreach(target IN LISTS ARGN)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/faulty_disk.c)
  endforeach()
endfunction()

# fa_mpi_threads(<test targets...>): tests that know which of their threads call MPI (support/mpi_threads.h)
function(fa_mpi_threads)
  foreach(target IN LISTS ARGN)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/mpi_threads.c)
  endforeach()
endfunction()

# What every test may rely on: its limit, where the sources are, and freedom to run as root in a container. Those that take long
# start first, so that the cores stay busy to the end.
function(fa_test_environment test)
  if(FA_SECONDS MATCHES "(^|;)${test} ([0-9]+)")
    set_tests_properties(${test} PROPERTIES COST ${CMAKE_MATCH_2})
  endif()
  set_tests_properties(${test} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
  set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT
    FA_SOURCE_DIR=${PROJECT_SOURCE_DIR} FA_BINARY_DIR=${PROJECT_BINARY_DIR}
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMP_WAIT_POLICY=passive OMPI_MCA_mpi_yield_when_idle=1  # tests share the cores
    "LSAN_OPTIONS=suppressions='${PROJECT_SOURCE_DIR}/tests/support/lsan.supp'")  # it splits at spaces
endfunction()
