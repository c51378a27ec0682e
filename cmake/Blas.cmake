# OpenBLAS as the target fa_blas: its CBLAS, and the functions by which it is told of threads.

pkg_check_modules(openblas QUIET IMPORTED_TARGET openblas)
add_library(fa_blas INTERFACE)
if(openblas_FOUND)
  target_link_libraries(fa_blas INTERFACE PkgConfig::openblas)
else()
  set(BLA_VENDOR OpenBLAS)
  find_package(BLAS REQUIRED)
  find_path(CBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas REQUIRED)
  target_link_libraries(fa_blas INTERFACE BLAS::BLAS)
  target_include_directories(fa_blas SYSTEM INTERFACE ${CBLAS_INCLUDE_DIR})
endif()
