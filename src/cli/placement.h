/*
 * placement.h - whether the threads of the ranks have cores of their own.
 */
#ifndef FA_CLI_PLACEMENT_H
#define FA_CLI_PLACEMENT_H

#include "fa/comm.h"

/* The first rank of each host warns, with the flag of mpirun that helps, where threads share cores or cores
   stay idle. Nothing is bound anew: the launcher may know better. comm may be NULL. */
void fa_placement_check(const struct fa_comm *comm, int threads);

#endif
