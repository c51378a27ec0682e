#include "head.h"

#include <string.h>

#include "fa/memory.h"

/* ---- pairs ---- */

static void pair_clear(struct fa_cuda_queue *queue, struct fa_cuda_pair *pair)
{
    fa_backend_free(&queue->base, pair->room.memory);
    fa_backend_free_host(&queue->base, pair->host);
    *pair = (struct fa_cuda_pair){0};
}

fa_status fa_cuda_pair_grow(struct fa_cuda_queue *queue, struct fa_cuda_pair *pair, size_t n_bytes)
{
    if (n_bytes <= pair->n_bytes)
        return FA_OK;
    pair_clear(queue, pair);
    FA_TRY(fa_backend_alloc_host(&queue->base, n_bytes, &pair->host));
    FA_TRY(fa_cuda_room_grow(queue, &pair->room, n_bytes, false));
    pair->n_bytes = n_bytes;
    return FA_OK;
}

void fa_cuda_pair_put(struct fa_cuda_queue *queue, struct fa_cuda_pair *pair, size_t n_bytes)
{
    fa_backend_put(&queue->base, pair->room.memory, pair->host, n_bytes);
}

void fa_cuda_pair_get(struct fa_cuda_queue *queue, struct fa_cuda_pair *pair, size_t n_bytes)
{
    fa_backend_get(&queue->base, pair->host, pair->room.memory, n_bytes);
}

/* ---- life ---- */

static fa_status create(struct fa_backend *queue, struct fa_head_scratch **out)
{
    FA_TRY(fa_alloc_zero(1, sizeof **out, out));
    (*out)->queue = fa_cuda_queue_of(queue);
    return FA_OK;
}

static void destroy(struct fa_head_scratch *scratch)
{
    struct fa_cuda_queue *queue = scratch->queue;

    fa_backend_free(&queue->base, scratch->scratch.memory);
    fa_backend_free(&queue->base, scratch->assigned.memory);
    pair_clear(queue, &scratch->anchors);
    pair_clear(queue, &scratch->objects);
    pair_clear(queue, &scratch->loss);
    pair_clear(queue, &scratch->geometry);
    pair_clear(queue, &scratch->detections);
    fa_free(scratch);
}

/* ---- the head ---- */

fa_status fa_cuda_send_anchors(struct fa_head_scratch *scratch, const struct fa_anchor_set *set)
{
    const size_t n_bytes = set->pyramid.n_anchors * 4 * sizeof *set->anchors;

    if (scratch->h == set->h && scratch->w == set->w)
        return FA_OK;
    scratch->h = scratch->w = 0;
    FA_TRY(fa_cuda_pair_grow(scratch->queue, &scratch->anchors, n_bytes));
    memcpy(scratch->anchors.host, set->anchors, n_bytes);
    fa_cuda_pair_put(scratch->queue, &scratch->anchors, n_bytes);
    scratch->h = set->h;
    scratch->w = set->w;
    return FA_OK;
}

/* A position's rows, those of its anchors, lie one behind another: that is an activation without padding. */
struct fa_cuda_head fa_cuda_head_of(const struct fa_head_scratch *scratch, const struct fa_device_head *given)
{
    const struct fa_pyramid *pyramid = &given->anchors->pyramid;
    struct fa_cuda_head head = {.type = FA_CUDA_F32,
                                .num_classes = given->num_classes,
                                .cls_channels = FA_CELL_ANCHORS * given->num_classes,
                                .reg_channels = FA_CELL_ANCHORS * 4,
                                .anchors = scratch->anchors.room.memory};

    for (int level = 0; level < FA_LEVELS; level++) {
        head.level[level].cls = given->cls + pyramid->first[level] * (size_t)given->num_classes;
        head.level[level].reg = given->reg + pyramid->first[level] * 4;
        head.level[level].positions = (unsigned)(pyramid->h[level] * pyramid->w[level]);
    }
    return head;
}

const struct fa_head_ops fa_cuda_head_ops = {.create = create,
                                             .destroy = destroy,
                                             .takes_loss = fa_cuda_takes_loss,
                                             .prepare_loss = fa_cuda_prepare_loss,
                                             .ask_loss = fa_cuda_ask_loss,
                                             .loss = fa_cuda_loss,
                                             .takes_detections = fa_cuda_takes_detections,
                                             .prepare_detections = fa_cuda_prepare_detections,
                                             .ask_detections = fa_cuda_ask_detections,
                                             .detections = fa_cuda_detections_of};
