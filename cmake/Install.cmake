# Where an installation has what. It can be moved as a whole: what it looks for lies at the same place beside the program.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(FA_SHARE ${CMAKE_INSTALL_DATADIR}/freeanchor)
set(FA_PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/freeanchor)
file(RELATIVE_PATH FA_BIN_TO_RECIPES ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_DATADIR}/freeanchor/configs)
file(RELATIVE_PATH FA_BIN_TO_LIB ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH FA_PKGCONFIG_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})

# The libraries that were linked with are found where they were, also outside the system's folders.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

function(fa_install)
  set_target_properties(freeanchor PROPERTIES INSTALL_RPATH $ORIGIN/${FA_BIN_TO_LIB})
  install(TARGETS freeanchor)
  install(TARGETS libfreeanchor EXPORT freeanchor)
  if(TARGET freeanchor_cuda)
    install(FILES ${PROJECT_BINARY_DIR}/libfreeanchor_cuda.so DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
  install(DIRECTORY include/fa DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(DIRECTORY configs slurm DESTINATION ${FA_SHARE})
  install(PROGRAMS launch/train.sh launch/split.sh launch/sweep.sh DESTINATION ${FA_SHARE}/launch)
  install(FILES launch/mpi.sh launch/hosts.sh DESTINATION ${FA_SHARE}/launch)
  set(manual ${PROJECT_BINARY_DIR}/manual)
  install(FILES ${manual}/freeanchor.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${manual}/freeanchor DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${manual}/_freeanchor DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${manual}/freeanchor.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY doc DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(FILES data/FORMAT.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/data)

  # find_package(freeanchor) gives the target freeanchor::freeanchor; pkg-config knows the same library as freeanchor.
  install(EXPORT freeanchor NAMESPACE freeanchor:: FILE freeanchorConfig.cmake DESTINATION ${FA_PACKAGE})
  write_basic_package_version_file(freeanchorConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/freeanchorConfigVersion.cmake DESTINATION ${FA_PACKAGE})
  configure_file(cmake/freeanchor.pc.in freeanchor.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/freeanchor.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
