/*
 * loss.c - the losses of an image on the GPU, on the head's rows as they are exported.
 */
#include <string.h>

#include "fa/memory.h"
#include "head.h"

enum { LEAST_OBJECTS = 128 };

/* What goes up before the boxes and labels. */
struct given {
    double normalizer;
    int32_t n;
    int32_t unused[5]; /* boxes begin at a multiple of 32 bytes */
};

bool fa_cuda_takes_loss(const struct fa_loss_config *config, int num_classes)
{
    return fa_cuda_rows_are_aligned(num_classes) &&
           (config->kind == FA_LOSS_FOCAL ||
            (config->kind == FA_LOSS_FREEANCHOR && config->freeanchor.bag_size <= FA_CUDA_MOST_OF_BAG));
}

/* ---- objects ---- */

static size_t object_bytes(int most)
{
    return sizeof(struct given) + (size_t)most * (4 * sizeof(float) + sizeof(int32_t));
}

static fa_status make_room(struct fa_head_scratch *scratch, size_t n_objects)
{
    int most = scratch->most_objects > 0 ? scratch->most_objects : LEAST_OBJECTS;

    while ((size_t)most < n_objects)
        most *= 2;
    if (most == scratch->most_objects)
        return FA_OK;
    scratch->most_objects = 0;
    FA_TRY(fa_cuda_pair_grow(scratch->queue, &scratch->objects, object_bytes(most)));
    scratch->most_objects = most;
    return FA_OK;
}

static void stage_objects(struct fa_head_scratch *scratch, const struct fa_objects *objects,
                          double normalizer)
{
    const struct given given = {.normalizer = normalizer, .n = (int32_t)objects->n};
    char *boxes = (char *)scratch->objects.host + sizeof given,
         *labels = boxes + (size_t)scratch->most_objects * 4 * sizeof(float);

    memcpy(scratch->objects.host, &given, sizeof given);
    if (objects->n > 0) {
        memcpy(boxes, objects->boxes, objects->n * 4 * sizeof *objects->boxes);
        memcpy(labels, objects->labels, objects->n * sizeof *objects->labels);
    }
}

static struct fa_cuda_objects objects_of(const struct fa_head_scratch *scratch)
{
    const char *given = scratch->objects.room.memory;
    const char *boxes = given + sizeof(struct given);

    return (struct fa_cuda_objects){
        .most = scratch->most_objects,
        .n = (const int32_t *)(given + offsetof(struct given, n)),
        .boxes = (const float *)boxes,
        .labels = (const int32_t *)(boxes + (size_t)scratch->most_objects * 4 * sizeof(float))};
}

/* ---- preparing ---- */

static size_t scratch_bytes(const struct fa_cuda_kernels *kernels, const struct fa_loss_config *config,
                            const struct fa_cuda_head *head, int most_objects)
{
    if (config->kind == FA_LOSS_FREEANCHOR)
        return kernels->freeanchor_scratch_bytes(config, head, most_objects);
    return fa_size_larger(kernels->focal_assign_scratch_bytes(fa_cuda_head_anchors(head), most_objects),
                          kernels->focal_scratch_bytes(head, most_objects));
}

/* An int32 an anchor, and how many are positive. */
static size_t assigned_bytes(const struct fa_loss_config *config, const struct fa_cuda_head *head)
{
    return config->kind == FA_LOSS_FOCAL ? (fa_cuda_head_anchors(head) + 1) * sizeof(int32_t) : 0;
}

fa_status fa_cuda_prepare_loss(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                               const struct fa_device_head *given, const struct fa_objects *objects,
                               double normalizer)
{
    struct fa_cuda_queue *queue = scratch->queue;
    struct fa_cuda_head head;

    FA_TRY(make_room(scratch, objects->n));
    FA_TRY(fa_cuda_pair_grow(queue, &scratch->loss, sizeof(struct fa_loss)));
    FA_TRY(fa_cuda_send_anchors(scratch, given->anchors));
    head = fa_cuda_head_of(scratch, given);
    FA_TRY(fa_cuda_room_grow(queue, &scratch->scratch,
                             scratch_bytes(&queue->device->kernels, config, &head, scratch->most_objects),
                             true));
    FA_TRY(fa_cuda_room_grow(queue, &scratch->assigned, assigned_bytes(config, &head), false));
    stage_objects(scratch, objects, normalizer);
    return FA_OK;
}

/* ---- the two losses ---- */

static void ask_freeanchor(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                           const struct fa_cuda_head *head, const struct fa_cuda_objects *objects)
{
    struct fa_cuda_queue *queue = scratch->queue;

    fa_cuda_note(queue,
                 queue->device->kernels.freeanchor(queue->stream, config, head, objects,
                                                   scratch->objects.room.memory, scratch->scratch.memory,
                                                   scratch->loss.room.memory),
                 "the FreeAnchor loss");
}

static void ask_focal(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                      const struct fa_cuda_head *head, const struct fa_cuda_objects *objects)
{
    struct fa_cuda_queue *queue = scratch->queue;
    const struct fa_cuda_kernels *kernels = &queue->device->kernels;
    const size_t n_anchors = fa_cuda_head_anchors(head);
    int32_t *assigned = scratch->assigned.memory;

    fa_cuda_note(queue,
                 kernels->focal_assign(queue->stream, &config->focal, n_anchors, head->anchors, objects,
                                       scratch->scratch.memory, assigned, assigned + n_anchors),
                 "the assignment of anchors");
    fa_cuda_note(queue,
                 kernels->focal(queue->stream, config, head, objects, assigned, scratch->objects.room.memory,
                                scratch->scratch.memory, scratch->loss.room.memory),
                 "the focal loss");
}

fa_status fa_cuda_ask_loss(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                           const struct fa_device_head *given)
{
    const struct fa_cuda_head head = fa_cuda_head_of(scratch, given);
    const struct fa_cuda_objects objects = objects_of(scratch);

    fa_cuda_pair_put(scratch->queue, &scratch->objects, object_bytes(scratch->most_objects));
    if (config->kind == FA_LOSS_FOCAL)
        ask_focal(scratch, config, &head, &objects);
    else
        ask_freeanchor(scratch, config, &head, &objects);
    fa_cuda_pair_get(scratch->queue, &scratch->loss, sizeof(struct fa_loss));
    return FA_OK;
}

const struct fa_loss *fa_cuda_loss(const struct fa_head_scratch *scratch)
{
    return scratch->loss.host;
}
