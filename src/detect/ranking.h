/*
 * ranking.h - the best k of a stream of values, equal values ranked by lowest index.
 */
#ifndef FA_DETECT_RANKING_H
#define FA_DETECT_RANKING_H

#include <stdbool.h>
#include <stddef.h>

struct fa_ranked {
    float value;
    size_t index;
};

/* A heap with the worst on top. items is borrowed and has room for capacity, which is at least 1. */
struct fa_ranking {
    size_t capacity, n;
    struct fa_ranked *items;
};

/* Whether a value that comes after all offered so far would be kept, if its index is higher than theirs. */
static inline bool fa_ranking_wants(const struct fa_ranking *ranking, float value)
{
    return ranking->n < ranking->capacity || value > ranking->items[0].value;
}

/* Keeps the value if it is among the best capacity so far. */
void fa_ranking_offer(struct fa_ranking *ranking, float value, size_t index);

/* Best first; after that nothing more may be offered. */
void fa_ranking_sort(struct fa_ranking *ranking);

#endif
