# The libraries we stand on, each as one imported target. README.md has the Debian package list.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(jpeg REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(expat IMPORTED_TARGET expat) # optional: annotations in XML
pkg_check_modules(png IMPORTED_TARGET libpng) # optional, as the next two: images of these kinds
pkg_check_modules(tiff IMPORTED_TARGET libtiff-4)
pkg_check_modules(webp IMPORTED_TARGET libwebp)
include(Hdf5)
include(Blas)
include(Mpi)

# oneDNN's own CMake package asks for OpenCL, which nothing here needs; header and library are enough.
set(FA_HAVE_ONEDNN OFF)
if(FA_ONEDNN AND NOT FA_FLOAT64)
  find_path(ONEDNN_INCLUDE_DIR dnnl.h)
  find_library(ONEDNN_LIBRARY dnnl)
  if(ONEDNN_LIBRARY AND EXISTS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h)
    file(STRINGS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h version REGEX "define DNNL_VERSION_MAJOR")
    string(REGEX REPLACE ".* " "" FA_ONEDNN_VERSION "${version}")
  endif()
  if(FA_ONEDNN_VERSION MATCHES "^[23]$")
    set(FA_HAVE_ONEDNN ON)
    add_library(DNNL::dnnl UNKNOWN IMPORTED)
    set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION ${ONEDNN_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${ONEDNN_INCLUDE_DIR})
  elseif(FA_ONEDNN_VERSION)
    message(STATUS "oneDNN ${FA_ONEDNN_VERSION} is neither 2 nor 3: building with the blas backend only")
  else()
    message(STATUS "oneDNN not found: building with the blas backend only")
  endif()
endif()

if(FA_TESTS)
  pkg_check_modules(cmocka IMPORTED_TARGET cmocka)
  if(NOT cmocka_FOUND)
    message(FATAL_ERROR "The tests need cmocka (libcmocka-dev); -DFA_TESTS=OFF builds the program without them")
  endif()
endif()
