#include "ranking.h"

#include <stdlib.h>

static bool is_worse(struct fa_ranked a, struct fa_ranked b)
{
    return a.value < b.value || (a.value == b.value && a.index > b.index);
}

static void swap(struct fa_ranked *a, struct fa_ranked *b)
{
    struct fa_ranked held = *a;

    *a = *b;
    *b = held;
}

static void sift_up(struct fa_ranked *items, size_t i)
{
    for (; i > 0 && is_worse(items[i], items[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&items[i], &items[(i - 1) / 2]);
}

static void sift_down(struct fa_ranked *items, size_t n)
{
    for (size_t i = 0, child = 1; child < n; i = child, child = 2 * i + 1) {
        if (child + 1 < n && is_worse(items[child + 1], items[child]))
            child++;
        if (!is_worse(items[child], items[i]))
            return;
        swap(&items[child], &items[i]);
    }
}

void fa_ranking_offer(struct fa_ranking *ranking, float value, size_t index)
{
    struct fa_ranked offered = {.value = value, .index = index};

    if (ranking->n < ranking->capacity) {
        ranking->items[ranking->n] = offered;
        sift_up(ranking->items, ranking->n++);
    } else if (is_worse(ranking->items[0], offered)) {
        ranking->items[0] = offered;
        sift_down(ranking->items, ranking->n);
    }
}

static int compare(const void *a, const void *b)
{
    return is_worse(*(const struct fa_ranked *)a, *(const struct fa_ranked *)b) ? 1 : -1;
}

void fa_ranking_sort(struct fa_ranking *ranking)
{
    qsort(ranking->items, ranking->n, sizeof *ranking->items, compare);
}
