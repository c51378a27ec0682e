/*
 * decode_budget.h - how much memory images may take while they are decoded, in the whole process.
 *
 * A picture is 3 bytes a pixel, and a progressive JPEG keeps its coefficients beside it, 6 bytes more; for
 * the largest that is 2.4 GB. Threads that decode draw on one budget, in the order in which they come. What
 * alone is more than the budget waits until it is alone: it is decoded all the same, but never two of the
 * kind at a time.
 */
#ifndef FA_DATA_DECODE_BUDGET_H
#define FA_DATA_DECODE_BUDGET_H

#include <stddef.h>

/* Waits for its turn and for the room. */
void fa_decode_budget_take(size_t n_bytes);
void fa_decode_budget_give(size_t n_bytes);

#endif
