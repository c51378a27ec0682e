/*
 * bench.h - the measurements of freeanchor bench: one file each, listed in cmd_bench.c.
 *
 * Every one prints a table for people and adds the same numbers to the report, in seconds and bytes. What is
 * repeated is given by its median. All data are synthetic and the same in every run.
 */
#ifndef FA_BENCH_H
#define FA_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "median.h"
#include "recipe/settings.h"

struct fa_bench {
    const char *name, *summary;
    const char *flags[12]; /* of the command's own, those that it takes; NULL at the end */
    bool parallel;         /* runs on many ranks; others are refused more than one */
    fa_status (*run)(struct fa_invocation *invocation);
};

extern const struct fa_bench fa_bench_step, fa_bench_conv, fa_bench_loss, fa_bench_loader, fa_bench_eval,
    fa_bench_checkpoint, fa_bench_allreduce, fa_bench_overlap, fa_bench_open;

/* ---- measure.c ---- */

/* Calls measure with the settings that --config and --set give. */
fa_status fa_bench_configured(struct fa_invocation *invocation,
                              fa_status (*measure)(struct fa_invocation *invocation,
                                                   const struct fa_settings *settings)) FA_CHECK_RESULT;

/* FA_EINVAL on a single rank. */
fa_status fa_bench_several_ranks(const struct fa_invocation *invocation) FA_CHECK_RESULT;

/* Flags that several take, with their defaults: 5 repetitions, 80 classes. */
size_t fa_bench_repeats(const struct fa_invocation *invocation);
int fa_bench_classes(const struct fa_invocation *invocation);
size_t fa_bench_objects(const struct fa_invocation *invocation, size_t fallback);

/* The median time of n calls, after one that is not counted. */
fa_status fa_bench_time(fa_status (*call)(void *context), void *context, size_t n,
                        double *seconds) FA_CHECK_RESULT;

/* "name  seconds" for people, and the number under the key `name_s`. */
void fa_bench_report_seconds(struct fa_invocation *invocation, const char *name, double seconds);

#endif
