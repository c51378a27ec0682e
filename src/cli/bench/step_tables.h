/*
 * step_tables.h - what a measured step says: its phases, its groups of operations, its layers. Printed for
 * people and added to the report.
 */
#ifndef FA_BENCH_STEP_TABLES_H
#define FA_BENCH_STEP_TABLES_H

#include "bench.h"
#include "fa/algorithms.h"
#include "layers.h"
#include "training_step.h"

void fa_step_print_phases(struct fa_invocation *invocation, const struct fa_step_measure *measure);

/* Convolution, and everything else in named groups with their operations. */
void fa_step_print_split(struct fa_invocation *invocation, const struct fa_profile *profile);

/* Every convolution with the time, speed and algorithm of each direction. */
void fa_step_print_layers(struct fa_invocation *invocation, const struct fa_profile *profile,
                          const struct fa_layers *layers);

/* Where the measured algorithms are others than the static rule's, and what that saves. */
void fa_step_print_choices(struct fa_invocation *invocation, const struct fa_algorithms *algorithms,
                           const struct fa_layers *layers);

#endif
