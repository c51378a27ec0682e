/*
 * reducer.h - the sum of the gradients of a batch, over the images of a rank and over ranks.
 *
 * The gradient is one flat row whose beginning is final first. It leaves in buckets while backward of the
 * rank's last image still runs; what is not hidden behind backward is measured. Every rank reduces every
 * element every step, whatever its images held. A step is
 *
 *     begin;  for each image { image;  backward with advance as its ready function;  next }  finish
 *
 * where backward adds to the image's row, each element by one addition. Images are asked for in the order of
 * their positions; where they run side by side, each in a row of its own, they may be done in any order.
 */
#ifndef FA_REDUCER_H
#define FA_REDUCER_H

#include <stddef.h>

#include "fa/comm.h"
#include "fa/declarations.h"
#include "fa/flat.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* The order of the sum is part of the interface. */
enum fa_reduction {
    /* A rank's images one after another, then ranks by MPI_Iallreduce: the same number of ranks and bucket
       size give the same bits. */
    FA_REDUCTION_ALLREDUCE,
    /* Images in one binary tree over their positions in the batch: any number of ranks gives the same bits.
     */
    FA_REDUCTION_CANONICAL
};

enum { FA_N_REDUCTIONS = 2 };
extern const char *const fa_reduction_names[FA_N_REDUCTIONS + 1]; /* "allreduce", ...; NULL at the end */

/* How gradients travel between ranks. The bits are the same. */
enum fa_transport {
    FA_TRANSPORT_AUTO,     /* by device where that is possible */
    FA_TRANSPORT_MESSAGES, /* of MPI, between hosts' memories */
    FA_TRANSPORT_DEVICE    /* ranks of one host read each other's devices; of the canonical reduction alone */
};

extern const char *const fa_transport_names[]; /* "auto", ...; NULL at the end */

/* The positions [begin, end) of a batch. */
struct fa_batch_slice {
    size_t begin, end;
};

/* Those of a rank: in the order of ranks, and where these do not divide the batch some hold one image more.
 */
struct fa_batch_slice fa_batch_slice_of(size_t batch, int n_ranks, int rank);

/* The same on all ranks. */
struct fa_reducer_config {
    enum fa_reduction reduction;
    enum fa_transport transport;
    size_t batch;        /* images of a step over all ranks, at least one each */
    size_t n_rows;       /* that a rank's add to in turn, its image i to row i % n_rows; 0: all to the sum
                            itself; may differ between ranks */
    size_t bucket_bytes; /* at most 2^29; the last bucket is an eighth of it, since nothing hides it */
};

struct fa_reducer;

/* sum and the n_rows rows, none of which is the sum, are of one length and one queue, and outlive the
   reducer. Memory besides: a few buckets; and for the tree over more than two images of a rank, n, log2(n) -
   1 gradients, up to twice as many if n is not a power of two; one more where there are rows. */
fa_status fa_reducer_create(struct fa_comm *comm, const struct fa_reducer_config *config, struct fa_flat *sum,
                            struct fa_flat *const rows[], struct fa_reducer **out) FA_CHECK_RESULT;
void fa_reducer_destroy(struct fa_reducer *reducer);

/* Collective, once after all ranks have created theirs: looks for the transport of the configuration. Without
   it gradients go by messages. Fails where the configuration demands device and that is not possible. */
fa_status fa_reducer_connect(struct fa_reducer *reducer) FA_CHECK_RESULT;

/* Which was found: MESSAGES or DEVICE. *why_messages, unless NULL: what was in the way of another; "" if none
   was looked for. */
enum fa_transport fa_reducer_transport(const struct fa_reducer *reducer, const char **why_messages);

/* Clears sum and rows. */
void fa_reducer_begin(struct fa_reducer *reducer);

/* The row of the image that comes is free once this ticket, of the sum's queue, is reached. */
struct fa_ticket fa_reducer_image(struct fa_reducer *reducer);

/* Once the ticket is reached, [0, n) of the row will not change any more for this image; n never falls. Also
   lets messages go on their way, so it is worth calling with the same n. */
void fa_reducer_advance(void *reducer, size_t n, struct fa_ticket ticket);

/* The gradient of this image is complete at this ticket; nobody but the reducer may read its row before
 * finish. */
void fa_reducer_next(struct fa_reducer *reducer, struct fa_ticket ticket);

/* Lets messages go on their way, between next and finish. */
void fa_reducer_poll(struct fa_reducer *reducer);

/* Collective: on return sum holds the sum over the batch, the same bits on all ranks. A rank that did not
   come to its last image spoils the sum and must say so elsewhere. Fails if the backend did. */
fa_status fa_reducer_finish(struct fa_reducer *reducer) FA_CHECK_RESULT;

/* Seconds spent inside the functions above since create: what reduction costs on top of backward. */
double fa_reducer_seconds(const struct fa_reducer *reducer);

FA_END_DECLARATIONS

#endif
