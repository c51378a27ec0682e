# HDF5 as the target fa_hdf5. Distributions name it by the variant; we use it on one process, so that any will do. CMake's own module
# comes last: it adds whatever the library was linked with.

foreach(name hdf5-serial hdf5 hdf5-openmpi hdf5-mpich)
  pkg_check_modules(hdf5 QUIET IMPORTED_TARGET ${name})
  if(hdf5_FOUND)
    break()
  endif()
endforeach()

add_library(fa_hdf5 INTERFACE)
if(hdf5_FOUND)
  target_link_libraries(fa_hdf5 INTERFACE PkgConfig::hdf5)
else()
  find_package(HDF5 REQUIRED COMPONENTS C)
  target_link_libraries(fa_hdf5 INTERFACE hdf5::hdf5)
endif()

# The header of a parallel one includes MPI's.
include(CMakePushCheckState)
include(CheckSymbolExists)
cmake_push_check_state()
set(CMAKE_REQUIRED_LIBRARIES fa_hdf5)
set(CMAKE_REQUIRED_QUIET ON)
check_symbol_exists(H5_HAVE_PARALLEL H5pubconf.h FA_HDF5_IS_PARALLEL)
cmake_pop_check_state()
if(FA_HDF5_IS_PARALLEL)
  find_package(MPI REQUIRED COMPONENTS C)
  target_include_directories(fa_hdf5 SYSTEM INTERFACE ${MPI_C_INCLUDE_DIRS})
endif()
