#include "logit_chunk.h"

#include "fa/vector.h"
#include "logistic.h"

enum { lanes = 16 };

/* A loop of its own: seen together, the compiler would turn limited values into a branch around the next
   loop's body and no longer vectorise it. */
FA_VECTOR_CLONES
void fa_magnitudes_limit(size_t n, const fa_real *restrict logit, fa_real *restrict magnitude)
{
    const fa_real limit = fa_logistic_limit;

    for (size_t i = 0; i < n; i++) {
        fa_real absolute = logit[i] < 0 ? -logit[i] : logit[i];

        magnitude[i] = absolute > limit ? limit : absolute;
    }
}

FA_VECTOR_CLONES
double fa_sum_in_lanes(size_t n, const fa_real *value)
{
    double lane[lanes] = {0}, sum = 0;
    size_t i = 0;

    for (; i + lanes <= n; i += lanes)
        for (size_t k = 0; k < lanes; k++)
            lane[k] += (double)value[i + k];
    for (size_t k = 0; k < lanes; k++)
        sum += lane[k];
    for (; i < n; i++)
        sum += (double)value[i];
    return sum;
}
