# The libraries we stand on, each as one imported target. README.md has the Debian package list.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(hdf5 REQUIRED IMPORTED_TARGET hdf5-serial)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(jpeg REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(expat IMPORTED_TARGET expat) # optional: annotations in XML
pkg_check_modules(png IMPORTED_TARGET libpng) # optional: PNGs
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(mpi REQUIRED IMPORTED_TARGET ompi-c)

# oneDNN's own CMake package asks for OpenCL, which nothing here needs; header and library are enough.
set(FA_HAVE_ONEDNN OFF)
if(FA_ONEDNN AND NOT FA_FLOAT64)
  find_path(ONEDNN_INCLUDE_DIR dnnl.h)
  find_library(ONEDNN_LIBRARY dnnl)
  if(ONEDNN_INCLUDE_DIR AND ONEDNN_LIBRARY)
    set(FA_HAVE_ONEDNN ON)
    add_library(DNNL::dnnl UNKNOWN IMPORTED)
    set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION ${ONEDNN_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${ONEDNN_INCLUDE_DIR})
  else()
    message(STATUS "oneDNN not found: building with the blas backend only")
  endif()
endif()

if(FA_TESTS)
  pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()
