/*
 * placement.h - whether the ranks of a host stand well together.
 */
#ifndef FA_CLI_PLACEMENT_H
#define FA_CLI_PLACEMENT_H

#include "fa/comm.h"

enum fa_placement {
    FA_PLACEMENT_GOOD,
    FA_PLACEMENT_IDLE,   /* some cores are nobody's */
    FA_PLACEMENT_CROWDED /* ranks or threads wait for each other */
};

/* How this rank's host is used, and in *text a sentence of what to do; "" where that is good. */
enum fa_placement fa_placement_describe(const struct fa_comm *comm, int threads, char *text, size_t size);

/* The first rank of each host warns, with the flag or variable that helps, where ranks or threads share
   cores, cores stay idle, or ranks may not copy from each other. Nothing is changed: the launcher may know
   better. comm may be NULL. */
void fa_placement_check(const struct fa_comm *comm, int threads);

#endif
