# A module is one folder of src/, one static library, and its tests.

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
  if(FA_TESTS)
    fa_module_tests(${name})
  endif()
endfunction()

function(fa_module_tests name)
  set(folder ${PROJECT_SOURCE_DIR}/tests/${name})
  file(GLOB helpers CONFIGURE_DEPENDS ${folder}/*.c)
  list(FILTER helpers EXCLUDE REGEX "/test_[^/]*$")
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/test_*.c)
  foreach(source IN LISTS tests)
    get_filename_component(test ${source} NAME_WE)
    string(REGEX REPLACE "^test_" "" short ${test})
    set(target test_${name}_${short})
    add_executable(${target} ${source} ${helpers} ${PROJECT_SOURCE_DIR}/tests/support/support.c)
    target_include_directories(${target} PRIVATE ${folder} ${PROJECT_SOURCE_DIR}/tests/support
                               ${PROJECT_SOURCE_DIR}/src/${name})
    target_link_libraries(${target} PRIVATE fa_${name} PkgConfig::cmocka)
    add_test(NAME ${name}.${short} COMMAND ${target})
    fa_test_environment(${name}.${short})
  endforeach()
endfunction()

# fa_far_tests(<module> <files without test_...>): runs them once more on a backend whose memory is not the host's
# (tests/far), as <module>.<file>.far.
function(fa_far_tests module)
  foreach(short IN LISTS ARGN)
    target_sources(test_${module}_${short} PRIVATE $<TARGET_OBJECTS:fa_far>)
    add_test(NAME ${module}.${short}.far COMMAND test_${module}_${short})
    fa_test_environment(${module}.${short}.far)
    set_property(TEST ${module}.${short}.far APPEND PROPERTY ENVIRONMENT FA_TEST_BACKEND=far)
  endforeach()
endfunction()

# fa_mpi_test(<module> <file without test_> RANKS <n...>): tests/<module>/mpi/test_<file>.c, run at each count.
function(fa_mpi_test module short)
  cmake_parse_arguments(ARG "" "" "RANKS" ${ARGN})
  set(target test_${module}_mpi_${short})
  add_executable(${target} ${PROJECT_SOURCE_DIR}/tests/${module}/mpi/test_${short}.c
                 ${PROJECT_SOURCE_DIR}/tests/support/support.c)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support
                             ${PROJECT_SOURCE_DIR}/src/${module})
  target_link_libraries(${target} PRIVATE fa_${module} PkgConfig::cmocka)
  foreach(ranks IN LISTS ARG_RANKS)
    set(test ${module}.${short}.mpi${ranks})
    add_test(NAME ${test} COMMAND mpirun --oversubscribe --bind-to none -n ${ranks} $<TARGET_FILE:${target}>)
    fa_test_environment(${test})
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT OMPI_MCA_mpi_yield_when_idle=1)
    set_tests_properties(${test} PROPERTIES PROCESSORS ${ranks})
  endforeach()
endfunction()

# fa_far_mpi_test(<module> <file without test_> RANKS <n...>): the same for a test over ranks.
function(fa_far_mpi_test module short)
  cmake_parse_arguments(ARG "" "" "RANKS" ${ARGN})
  set(target test_${module}_mpi_${short})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:fa_far>)
  foreach(ranks IN LISTS ARG_RANKS)
    set(test ${module}.${short}.far.mpi${ranks})
    add_test(NAME ${test} COMMAND mpirun --oversubscribe --bind-to none -n ${ranks} $<TARGET_FILE:${target}>)
    fa_test_environment(${test})
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT OMPI_MCA_mpi_yield_when_idle=1 FA_TEST_BACKEND=far)
    set_tests_properties(${test} PROPERTIES PROCESSORS ${ranks})
  endforeach()
endfunction()

# fa_faulty_disk(<test targets...>): tests that decide which of their system calls fail (support/faulty_disk.h)
function(fa_faulty_disk)
  foreach(target IN LISTS ARGN)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/faulty_disk.c)
  endforeach()
endfunction()

# What every test may rely on: its limit, where the sources are, and freedom to run as root in a container.
function(fa_test_environment test)
  set_tests_properties(${test} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
  set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT
    FA_SOURCE_DIR=${PROJECT_SOURCE_DIR} FA_BINARY_DIR=${PROJECT_BINARY_DIR}
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMP_WAIT_POLICY=passive  # tests share the cores
    LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp)
endfunction()
