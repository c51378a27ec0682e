#include "divergence.h"

#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int window(const struct fa_divergence *divergence)
{
    return divergence->n_seen < FA_DIVERGENCE_WINDOW ? divergence->n_seen : FA_DIVERGENCE_WINDOW;
}

static double median_of(const struct fa_divergence *divergence)
{
    double sorted[FA_DIVERGENCE_WINDOW];
    const int n = window(divergence);

    memcpy(sorted, divergence->recent, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    return sorted[n / 2];
}

bool fa_divergence_note(struct fa_divergence *divergence, double loss, double *median)
{
    *median = divergence->n_seen >= FA_DIVERGENCE_LEAST ? median_of(divergence) : 0;
    if (divergence->n_seen >= FA_DIVERGENCE_LEAST && loss > FA_DIVERGENCE_TIMES * *median)
        return ++divergence->n_above == FA_DIVERGENCE_STEPS;
    divergence->n_above = 0;
    divergence->recent[divergence->n_seen++ % FA_DIVERGENCE_WINDOW] = loss;
    return false;
}
