/*
 * reducer_canonical.c - images are added in the one tree over their positions (tree.h), on any ranks.
 *
 * Each rank folds its images into the nodes of the tree that its slice of the batch covers: one, where slices
 * are aligned powers of two (image_sum.h). Over the ranks nodes go by an exchange (canonical.h), of which
 * there are two kinds with the same bits.
 */
#include <stdio.h>

#include "canonical.h"
#include "fa/memory.h"

/* ---- the reduction ---- */

static void settle(struct fa_reducer *reducer, size_t begin, size_t end)
{
    fa_image_sum_add(&fa_canonical_of(reducer)->images, reducer->image, fa_reducer_row(reducer), reducer->sum,
                     begin, end);
}

static void start(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    fa_canonical_of(reducer)->ops->start(reducer, bucket);
}

static bool poll(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    return fa_canonical_of(reducer)->ops->poll(reducer, bucket);
}

/* ---- the exchange ---- */

static void close_exchange(struct fa_reducer *reducer)
{
    struct fa_canonical *canonical = fa_canonical_of(reducer);

    if (canonical->ops != NULL)
        canonical->ops->destroy(reducer);
    canonical->exchanges = NULL;
    canonical->ops = NULL;
}

static fa_status open_exchange(struct fa_reducer *reducer, const struct fa_exchange_ops *ops)
{
    close_exchange(reducer);
    fa_canonical_of(reducer)->ops = ops;
    return ops->create(reducer);
}

static fa_status connect(struct fa_reducer *reducer)
{
    const fa_status status = open_exchange(reducer, &fa_exchange_by_device);

    if (status == FA_OK) {
        reducer->transport = FA_TRANSPORT_DEVICE;
        return FA_OK;
    }
    snprintf(reducer->why_messages, sizeof reducer->why_messages, "%s", fa_message());
    if (reducer->config.transport == FA_TRANSPORT_DEVICE)
        return fa_prefix(status, "train.transport is device");
    return fa_comm_agree(reducer->comm, open_exchange(reducer, &fa_exchange_by_messages));
}

/* ---- life ---- */

/* What rank brings, and how the tree merges it with what is on the stack from the ranks before. */
static fa_status add_rank(struct fa_canonical *canonical, struct fa_tree_stack *stack, int rank, int n_ranks)
{
    const struct fa_batch_slice slice = fa_batch_slice_of(stack->n, n_ranks, rank);
    struct fa_tree_stack own = {.n = stack->n};

    fa_tree_push_leaves(&own, slice.begin, slice.end);
    FA_TRY(fa_realloc(&canonical->parts, canonical->n_parts + own.depth, sizeof *canonical->parts));
    for (size_t i = 0; i < own.depth; i++)
        canonical->parts[canonical->n_parts++] =
            (struct fa_part){.rank = rank, .index = i, .n_merges = fa_tree_push(stack, own.node[i])};
    return FA_OK;
}

static fa_status list_parts(struct fa_reducer *reducer)
{
    const int n_ranks = fa_comm_size(reducer->comm);
    struct fa_tree_stack stack = {.n = reducer->config.batch};

    for (int r = 0; r < n_ranks; r++)
        FA_TRY(add_rank(fa_canonical_of(reducer), &stack, r, n_ranks));
    return FA_OK;
}

static fa_status create(struct fa_reducer *reducer)
{
    const size_t batch = reducer->config.batch;
    const struct fa_batch_slice own =
        fa_batch_slice_of(batch, fa_comm_size(reducer->comm), fa_comm_rank(reducer->comm));
    const struct fa_image_sum_slice slice = {
        .n = batch, .begin = own.begin, .end = own.end, .n_rows = reducer->n_rows};
    struct fa_canonical *canonical;

    FA_TRY(fa_alloc_zero(1, sizeof *canonical, &canonical));
    reducer->state = canonical;
    FA_TRY(fa_image_sum_create(&canonical->images, &slice, fa_flat_backend(reducer->sum), reducer->n));
    FA_TRY(list_parts(reducer));
    return reducer->buckets.n > 0 ? open_exchange(reducer, &fa_exchange_by_messages) : FA_OK;
}

static void destroy(struct fa_reducer *reducer)
{
    struct fa_canonical *canonical = fa_canonical_of(reducer);

    if (canonical == NULL)
        return;
    close_exchange(reducer);
    fa_free(canonical->parts);
    fa_image_sum_destroy(&canonical->images);
    fa_free(canonical);
}

const struct fa_reduction_ops fa_reduction_canonical = {
    .create = create, .connect = connect, .destroy = destroy, .settle = settle, .start = start, .poll = poll};
