/*
 * mpi_words.c - what flags and variables are called in the MPI of this build.
 */
#include <mpi.h>
#include <stddef.h>

#include "fa/launcher.h"

#if !defined(OPEN_MPI) /* MPICH and its kin */
const struct fa_mpi_words fa_mpi_words = {.bind = "-bind-to core:", .interface = "-iface "};
#else
const struct fa_mpi_words fa_mpi_words = {
    .bind = "--map-by slot:PE=",
    .interface = "--mca btl_tcp_if_include ",
    .except = "--mca btl_tcp_if_exclude lo,",
#if OMPI_MAJOR_VERSION >= 5
    .shared_memory = "OMPI_MCA_btl_sm_backing_directory",
    .single_copy = "OMPI_MCA_smsc",
    .off = "^cma",
#else
    .shared_memory = "OMPI_MCA_btl_vader_backing_directory",
    .single_copy = "OMPI_MCA_btl_vader_single_copy_mechanism",
    .off = "none",
#endif
};
#endif
