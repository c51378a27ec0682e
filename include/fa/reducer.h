/*
 * reducer.h - the sum of all ranks' gradients.
 *
 * The gradient is one flat buffer whose beginning is final first. Every rank reduces every element every
 * step, whatever its images held. begin, then any number of advance with growing n while backward runs, then
 * finish.
 */
#ifndef FA_REDUCER_H
#define FA_REDUCER_H

#include <stddef.h>

#include "fa/comm.h"
#include "fa/real.h"
#include "fa/status.h"

struct fa_reducer;

/* grad has n elements and outlives the reducer. */
fa_status fa_reducer_create(struct fa_comm *comm, fa_real *grad, size_t n,
                            struct fa_reducer **out) FA_CHECK_RESULT;
void fa_reducer_destroy(struct fa_reducer *reducer);

void fa_reducer_begin(struct fa_reducer *reducer);

/* grad[0, n) will not change any more on this rank. Same signature as fa_grad_ready_fn. */
void fa_reducer_advance(void *reducer, size_t n);

/* Collective: on return grad holds the sum over ranks, the same bits on all of them. */
fa_status fa_reducer_finish(struct fa_reducer *reducer) FA_CHECK_RESULT;

#endif
