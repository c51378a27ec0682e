# The libraries we stand on, each as one imported target. README.md has the Debian package list.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(hdf5 REQUIRED IMPORTED_TARGET hdf5-serial)
pkg_check_modules(jpeg REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(mpi REQUIRED IMPORTED_TARGET ompi-c)

set(FA_HAVE_ONEDNN OFF)
if(FA_ONEDNN AND NOT FA_FLOAT64)
  find_package(dnnl 2.6 QUIET CONFIG)
  if(dnnl_FOUND)
    set(FA_HAVE_ONEDNN ON)
  else()
    message(STATUS "oneDNN not found: building with the blas backend only")
  endif()
endif()

if(FA_TESTS)
  pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()
