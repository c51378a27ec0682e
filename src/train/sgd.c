/*
 * sgd.c - the gradient's norm, clipping, and the update (doc/method.md 7.3, 7.5).
 *
 * Results do not depend on the number of threads: the norm is added up in blocks cut by the length alone, and
 * the update treats every element by itself.
 */
#include "fa/sgd.h"

#include <math.h>

#include "fa/vector.h"

enum { BLOCKS = 256, LANES = 8 };

/* Several running sums at once, since one alone would wait for each addition to finish. */
FA_VECTOR_CLONES static double sum_of_squares(const fa_real *grad, size_t begin, size_t end)
{
    double lane[LANES] = {0}, sum = 0;
    size_t i = begin;

    for (; i + LANES <= end; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)grad[i + k] * (double)grad[i + k];
    for (; i < end; i++)
        sum += (double)grad[i] * (double)grad[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

double fa_gradient_norm(const fa_real *grad, size_t n)
{
    double block[BLOCKS], sum = 0;
    size_t length = n / BLOCKS + 1;

#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < BLOCKS; b++) {
        size_t begin = b * length < n ? b * length : n;

        block[b] = sum_of_squares(grad, begin, n - begin > length ? begin + length : n);
    }
    for (size_t b = 0; b < BLOCKS; b++)
        sum += block[b];
    return sqrt(sum);
}

double fa_clip_factor(double norm, double max_norm)
{
    double factor = max_norm / (norm + 1e-6);

    return max_norm > 0 && factor < 1 ? factor : 1;
}

void fa_sgd_step(fa_real *value, fa_real *momentum, const fa_real *grad, size_t n, double scale, double lr,
                 double momentum_factor, double weight_decay)
{
    const fa_real scale_r = (fa_real)scale, lr_r = (fa_real)lr, keep = (fa_real)momentum_factor,
                  decay = (fa_real)weight_decay;

#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++) {
        fa_real g = grad[i] * scale_r + decay * value[i];

        momentum[i] = keep * momentum[i] + g;
        value[i] -= lr_r * momentum[i];
    }
}

/* One past the entries from `first` on that are decayed alike. */
static size_t end_of_run(const struct fa_params *params, size_t first)
{
    size_t i = first;

    while (i < params->n && params->entry[i].kind == FA_PARAM_TRAINABLE &&
           params->entry[i].of_norm == params->entry[first].of_norm)
        i++;
    return i;
}

void fa_sgd_update(struct fa_params *params, fa_real *momentum, const struct fa_sgd *sgd)
{
    size_t end;

    if (sgd->decay_norm) {
        fa_sgd_step(params->value, momentum, params->grad, params->n_trainable, sgd->scale, sgd->lr,
                    sgd->momentum, sgd->weight_decay);
        return;
    }
    for (size_t first = 0; (end = end_of_run(params, first)) > first; first = end) {
        const struct fa_param *last = &params->entry[end - 1];
        const size_t begin = params->entry[first].offset, n = last->offset + last->n_elem - begin;

        fa_sgd_step(params->value + begin, momentum + begin, params->grad + begin, n, sgd->scale, sgd->lr,
                    sgd->momentum, params->entry[first].of_norm ? 0 : sgd->weight_decay);
    }
}
