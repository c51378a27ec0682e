/*
 * host_flat.c - the loops over flat memory where that is the host's.
 *
 * Results do not depend on the number of threads: sums are cut into blocks by the length alone, and
 * everything else treats each element by itself.
 */
#include <math.h>
#include <string.h>

#include "fa/crc32c.h"
#include "fa/memory.h"
#include "fa/vector.h"
#include "flat_ops.h"

/* ---- moving ---- */

static void clear(struct fa_backend *backend, fa_real *elements, size_t n)
{
    (void)backend;
    memset(elements, 0, n * sizeof *elements);
}

static void copy(struct fa_backend *backend, fa_real *to, const fa_real *from, size_t n)
{
    (void)backend;
    memcpy(to, from, n * sizeof *to);
}

static void swap(struct fa_backend *backend, fa_real *a, fa_real *b, size_t n)
{
    (void)backend;
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++) {
        const fa_real was = a[i];

        a[i] = b[i];
        b[i] = was;
    }
}

/* ---- adding up ---- */

/* Elements at a time: all that is merged at once stays in the first-level cache. */
enum { FOLD_BLOCK = 2048 };

static void fold_block(fa_real *sum, const fa_real *const left[], size_t n_left, fa_real *store, size_t at,
                       size_t n)
{
    for (size_t k = 0; k < n_left; k++)
        for (size_t i = at; i < at + n; i++)
            sum[i] = left[k][i] + sum[i];
    if (store == NULL)
        return;
    memcpy(store + at, sum + at, n * sizeof *sum);
    memset(sum + at, 0, n * sizeof *sum);
}

static void fold(struct fa_backend *backend, fa_real *sum, const fa_real *const left[], size_t n_left,
                 fa_real *store, size_t n)
{
    (void)backend;
#pragma omp parallel for schedule(static) if (n > 16 * FOLD_BLOCK)
    for (size_t at = 0; at < n; at += FOLD_BLOCK)
        fold_block(sum, left, n_left, store, at, n - at < FOLD_BLOCK ? n - at : FOLD_BLOCK);
}

enum { NORM_BLOCKS = 256, LANES = 8 };

/* Several running sums at once, since one alone would wait for each addition to finish. */
FA_VECTOR_CLONES static double sum_of_squares(const fa_real *elements, size_t begin, size_t end)
{
    double lane[LANES] = {0}, sum = 0;
    size_t i = begin;

    for (; i + LANES <= end; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)elements[i + k] * (double)elements[i + k];
    for (; i < end; i++)
        sum += (double)elements[i] * (double)elements[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

double fa_host_norm(const fa_real *elements, size_t n)
{
    double block[NORM_BLOCKS], sum = 0;
    const size_t length = n / NORM_BLOCKS + 1;

#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < NORM_BLOCKS; b++) {
        const size_t begin = b * length < n ? b * length : n;

        block[b] = sum_of_squares(elements, begin, n - begin > length ? begin + length : n);
    }
    for (size_t b = 0; b < NORM_BLOCKS; b++)
        sum += block[b];
    return sqrt(sum);
}

static void norm(struct fa_backend *backend, const fa_real *elements, size_t n, double *norm)
{
    (void)backend;
    *norm = fa_host_norm(elements, n);
}

enum { CHECKSUM_BLOCK = 1 << 18 };

static fa_status checksum(struct fa_backend *backend, const fa_real *elements, size_t n, uint32_t *out)
{
    const size_t n_blocks = (n + CHECKSUM_BLOCK - 1) / CHECKSUM_BLOCK;
    uint32_t *blocks;

    (void)backend;
    FA_TRY(fa_alloc(n_blocks, sizeof *blocks, &blocks));
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < n_blocks; b++) {
        const size_t first = b * CHECKSUM_BLOCK,
                     length = n - first < CHECKSUM_BLOCK ? n - first : CHECKSUM_BLOCK;

        blocks[b] = fa_crc32c(0, elements + first, length * sizeof *elements);
    }
    *out = fa_crc32c(0, blocks, n_blocks * sizeof *blocks);
    fa_free(blocks);
    return FA_OK;
}

/* ---- the update ---- */

static void sgd(struct fa_backend *backend, fa_real *value, fa_real *momentum, const fa_real *grad, size_t n,
                const struct fa_flat_sgd *sgd)
{
    const fa_real scale = (fa_real)sgd->scale, lr = (fa_real)sgd->lr, keep = (fa_real)sgd->momentum,
                  decay = (fa_real)sgd->weight_decay;

    (void)backend;
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++) {
        const fa_real g = grad[i] * scale + decay * value[i];

        momentum[i] = keep * momentum[i] + g;
        value[i] -= lr * momentum[i];
    }
}

static void average(struct fa_backend *backend, fa_real *average, const fa_real *value, size_t n,
                    double decay)
{
    const fa_real keep = (fa_real)decay, take = (fa_real)(1 - decay);

    (void)backend;
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        average[i] = keep * average[i] + take * value[i];
}

const struct fa_flat_ops fa_host_flat_ops = {.clear = clear,
                                             .copy = copy,
                                             .swap = swap,
                                             .fold = fold,
                                             .norm = norm,
                                             .checksum = checksum,
                                             .sgd = sgd,
                                             .average = average};
