/*
 * early_stop.h - notices that evaluations find nothing better any more. What it knows is a function of the
 * evaluations up to now in their order, so that whoever reads them again knows the same.
 */
#ifndef FA_EARLY_STOP_H
#define FA_EARLY_STOP_H

#include <stdint.h>

/* Zeroed at first. */
struct fa_early_stop {
    double best;       /* AP */
    int64_t best_step; /* after which step; 0: none yet */
    int64_t n_since;   /* evaluations since then that were no better */
};

/* Takes the AP of the next evaluation; one without ground truth, whose AP is -1, says nothing. */
void fa_early_stop_note(struct fa_early_stop *stop, int64_t step, double ap);

#endif
