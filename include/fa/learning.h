/*
 * learning.h - whether a run has learnt enough to be judged at all, in words for people.
 *
 * Networks from random weights find nothing for their first few hundred steps, whatever is right or wrong
 * with data and recipe.
 */
#ifndef FA_LEARNING_H
#define FA_LEARNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

enum { FA_FEW_STEPS = 300 };
#define FA_LITTLE_AP 0.05

/* Why so many steps are too few, and what to do. */
void fa_learning_print_few(int64_t steps, int64_t steps_per_epoch, char *text, size_t size);

/* Whether ap, the best of a run of so many steps, says that it has learnt next to nothing; then also what
   that comes from, where steps_per_epoch is 0 without a number of epochs. False where there is no ap, which
   is below 0 or no number then. */
bool fa_learning_is_little(double ap, int64_t steps, int64_t steps_per_epoch, char *text, size_t size);

FA_END_DECLARATIONS

#endif
