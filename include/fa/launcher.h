/*
 * launcher.h - who started the ranks, as far as that is known before MPI starts, and how people tell the MPI
 * of this build what they want.
 */
#ifndef FA_LAUNCHER_H
#define FA_LAUNCHER_H

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* The ranks that the launcher says it started; 1 where it says nothing. */
int fa_launcher_ranks(void);

/* Words for messages, each NULL where this MPI has no such thing. */
struct fa_mpi_words {
    const char *bind;               /* before the cores of a rank, for mpirun */
    const char *interface, *except; /* before the one interface to use, and those to leave out, for mpirun */
    const char *shared_memory;      /* the variable that names the folder of messages within a host */
    const char *single_copy, *off;  /* the variable by which ranks copy from each other's memory; and not */
};

extern const struct fa_mpi_words fa_mpi_words;

FA_END_DECLARATIONS

#endif
