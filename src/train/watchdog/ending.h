/*
 * ending.h - how the watch ends a job: one sentence that says who is to blame, and this process leaves.
 */
#ifndef FA_WATCHDOG_ENDING_H
#define FA_WATCHDOG_ENDING_H

#include "roll_keeper.h"

/* Leaves with 1; the launcher ends the ranks that cannot by themselves. sentence: why, for standard error and
   the log of the run; NULL: another rank has said it. keeper: NULL where there is no roll. */
void fa_end_job(struct fa_roll_keeper *keeper, const char *sentence) __attribute__((noreturn));

#endif
