/*
 * far_flat.c - the loops over flat memory, later: those of the host on the places that a queue may reach.
 */
#include <string.h>

#include "far.h"

/* What any of them may need. */
struct loop {
    fa_real *a, *b;
    const fa_real *from;
    size_t n;
    double decay;
    struct fa_flat_sgd sgd;
    size_t n_left;
    const fa_real *left[FA_FLAT_MOST_LEFT];
    void *host; /* where a result goes */
};

static fa_status clear(void *argument)
{
    const struct loop *loop = argument;

    fa_host_flat_ops.clear(NULL, far_reach(loop->a), loop->n);
    return FA_OK;
}

static fa_status copy(void *argument)
{
    const struct loop *loop = argument;

    fa_host_flat_ops.copy(NULL, far_reach(loop->a), far_reach(loop->from), loop->n);
    return FA_OK;
}

static fa_status swap(void *argument)
{
    const struct loop *loop = argument;

    fa_host_flat_ops.swap(NULL, far_reach(loop->a), far_reach(loop->b), loop->n);
    return FA_OK;
}

static fa_status fold(void *argument)
{
    struct loop *loop = argument;

    for (size_t k = 0; k < loop->n_left; k++)
        loop->left[k] = far_reach(loop->left[k]);
    fa_host_flat_ops.fold(NULL, far_reach(loop->a), loop->left, loop->n_left, far_reach(loop->b), loop->n);
    return FA_OK;
}

static fa_status norm(void *argument)
{
    const struct loop *loop = argument;

    fa_host_flat_ops.norm(NULL, far_reach(loop->from), loop->n, loop->host);
    return FA_OK;
}

static fa_status checksum(void *argument)
{
    const struct loop *loop = argument;

    return fa_host_flat_ops.checksum(NULL, far_reach(loop->from), loop->n, loop->host);
}

static fa_status sgd(void *argument)
{
    const struct loop *loop = argument;

    fa_host_flat_ops.sgd(NULL, far_reach(loop->a), far_reach(loop->b), far_reach(loop->from), loop->n,
                         &loop->sgd);
    return FA_OK;
}

static fa_status average(void *argument)
{
    const struct loop *loop = argument;

    fa_host_flat_ops.average(NULL, far_reach(loop->a), far_reach(loop->from), loop->n, loop->decay);
    return FA_OK;
}

/* ---- asking ---- */

static void ask(struct fa_backend *backend, far_work work, struct loop loop)
{
    if (loop.n > 0)
        far_ask(backend, work, &loop, sizeof loop);
}

static void ask_clear(struct fa_backend *backend, fa_real *elements, size_t n)
{
    ask(backend, clear, (struct loop){.a = elements, .n = n});
}

static void ask_copy(struct fa_backend *backend, fa_real *to, const fa_real *from, size_t n)
{
    ask(backend, copy, (struct loop){.a = to, .from = from, .n = n});
}

static void ask_swap(struct fa_backend *backend, fa_real *a, fa_real *b, size_t n)
{
    ask(backend, swap, (struct loop){.a = a, .b = b, .n = n});
}

static void ask_fold(struct fa_backend *backend, fa_real *sum, const fa_real *const left[], size_t n_left,
                     fa_real *store, size_t n)
{
    struct loop loop = {.a = sum, .b = store, .n = n, .n_left = n_left};

    memcpy(loop.left, left, n_left * sizeof *left);
    ask(backend, fold, loop);
}

static void ask_norm(struct fa_backend *backend, const fa_real *elements, size_t n, double *result)
{
    *result = 0;
    ask(backend, norm, (struct loop){.from = elements, .n = n, .host = result});
}

static fa_status ask_checksum(struct fa_backend *backend, const fa_real *elements, size_t n, uint32_t *result)
{
    if (n == 0)
        return fa_host_flat_ops.checksum(NULL, elements, n, result);
    ask(backend, checksum, (struct loop){.from = elements, .n = n, .host = result});
    return FA_OK;
}

static void ask_sgd(struct fa_backend *backend, fa_real *value, fa_real *momentum, const fa_real *grad,
                    size_t n, const struct fa_flat_sgd *factors)
{
    ask(backend, sgd, (struct loop){.a = value, .b = momentum, .from = grad, .n = n, .sgd = *factors});
}

static void ask_average(struct fa_backend *backend, fa_real *to, const fa_real *value, size_t n, double decay)
{
    ask(backend, average, (struct loop){.a = to, .from = value, .n = n, .decay = decay});
}

const struct fa_flat_ops far_flat_ops = {.clear = ask_clear,
                                         .copy = ask_copy,
                                         .swap = ask_swap,
                                         .fold = ask_fold,
                                         .norm = ask_norm,
                                         .checksum = ask_checksum,
                                         .sgd = ask_sgd,
                                         .average = ask_average};
