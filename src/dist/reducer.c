/*
 * reducer.c - the gradient's sum over ranks, bucket by bucket.
 *
 * Buckets are fixed by the length of the gradient alone and are reduced in order, so the same number of ranks
 * gives the same bits whatever each rank's images held and however fast it was. All of them are reduced in
 * finish; what advance says is only held to its contract.
 */
#include "fa/reducer.h"

#include <assert.h>

#include "fa/memory.h"

/* 16 MiB of float32: long enough for the network's full rate, short enough to stay in the last-level cache.
 */
#define BUCKET ((size_t)1 << 22)

struct fa_reducer {
    struct fa_comm *comm;
    fa_real *grad;
    size_t n;
    size_t n_final; /* grad[0, n_final) will not change any more on this rank */
};

fa_status fa_reducer_create(struct fa_comm *comm, fa_real *grad, size_t n, struct fa_reducer **out)
{
    FA_TRY(fa_alloc_zero(1, sizeof **out, out));
    **out = (struct fa_reducer){.comm = comm, .grad = grad, .n = n};
    return FA_OK;
}

void fa_reducer_destroy(struct fa_reducer *reducer)
{
    fa_free(reducer);
}

void fa_reducer_begin(struct fa_reducer *reducer)
{
    reducer->n_final = 0;
}

void fa_reducer_advance(void *context, size_t n)
{
    struct fa_reducer *reducer = context;

    assert(n >= reducer->n_final && n <= reducer->n);
    reducer->n_final = n;
}

fa_status fa_reducer_finish(struct fa_reducer *reducer)
{
    for (size_t done = 0; done < reducer->n; done += BUCKET) {
        size_t left = reducer->n - done;

        fa_comm_sum_real(reducer->comm, reducer->grad + done, left < BUCKET ? left : BUCKET);
    }
    return FA_OK;
}
