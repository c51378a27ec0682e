/*
 * profile.h - where the time of a repeated piece of work goes: of each of its spans the median of its own
 * time over the repetitions.
 *
 * A repetition makes the same spans as the one before it: the first one, which builds plans and packs
 * filters, is not to be added.
 */
#ifndef FA_BENCH_PROFILE_H
#define FA_BENCH_PROFILE_H

#include "fa/trace.h"

struct fa_profile_span {
    const char *what, *label;
    int item;
    double own_s;
};

struct fa_profile {
    size_t n_spans, n_repeats, max_repeats;
    struct fa_profile_span *spans; /* own_s: once finished */
    double *own_s;                 /* (n_spans, max_repeats) */
    bool on_device;                /* spans that a device's work was not moved into count nothing */
};

/* Starts the trace. */
fa_status fa_profile_open(size_t max_repeats, struct fa_profile *profile) FA_CHECK_RESULT;
void fa_profile_close(struct fa_profile *profile); /* stops it */

/* Takes the spans since the last clear of the trace as one repetition, and clears it. */
fa_status fa_profile_add(struct fa_profile *profile) FA_CHECK_RESULT;

/* After the last repetition, of which there was at least one. */
void fa_profile_finish(struct fa_profile *profile);

/* The sum of own times of one operation: of an item, or FA_NO_ITEM for all. what NULL: of all operations. */
double fa_profile_seconds(const struct fa_profile *profile, const char *what, int item);

#endif
