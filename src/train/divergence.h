/*
 * divergence.h - notices a loss that has exploded, though it is still a number.
 */
#ifndef FA_DIVERGENCE_H
#define FA_DIVERGENCE_H

#include <stdbool.h>

enum {
    FA_DIVERGENCE_WINDOW = 101, /* losses whose median counts */
    FA_DIVERGENCE_LEAST = 20,   /* of them before anything is judged */
    FA_DIVERGENCE_STEPS = 50,   /* in a row that must lie above */
    FA_DIVERGENCE_TIMES = 10    /* the median */
};

/* Zeroed at first. */
struct fa_divergence {
    double recent[FA_DIVERGENCE_WINDOW]; /* without those that lay above; a ring */
    int n_seen;                          /* of those, ever */
    int n_above;                         /* in a row, up to now */
};

/* Takes the loss of the next step. True once, when it has lain above for so many steps; *median is then what
   it was before. */
bool fa_divergence_note(struct fa_divergence *divergence, double loss, double *median);

#endif
