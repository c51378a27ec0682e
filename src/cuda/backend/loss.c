/*
 * loss.c - the FreeAnchor loss of an image on the GPU, on the head's rows as they are exported.
 *
 * What differs between images of one size goes up in page-locked memory: objects, how many, and the
 * normalizer. So that an image's copy is not overwritten by the next one's, a lane's image is over when the
 * next is asked for.
 */
#include <string.h>

#include "backend.h"
#include "fa/memory.h"

enum { LEAST_OBJECTS = 128, PACK_FLOATS = 4 };

/* What goes up before the boxes and labels. */
struct given {
    double normalizer;
    int32_t n;
    int32_t unused[5]; /* boxes begin at a multiple of 32 bytes */
};

struct fa_device_loss {
    struct fa_cuda_queue *queue;
    struct fa_cuda_room anchors, objects, scratch, loss;
    int h, w; /* of the image whose anchors are there; 0: none */
    int most_objects;
    char *staged;           /* page-locked: given, boxes, labels */
    struct fa_loss *result; /* page-locked */
};

static size_t object_bytes(int most)
{
    return sizeof(struct given) + (size_t)most * (4 * sizeof(float) + sizeof(int32_t));
}

/* ---- life ---- */

static bool takes(const struct fa_loss_config *config, int num_classes)
{
    return config->kind == FA_LOSS_FREEANCHOR && config->freeanchor.bag_size <= FA_CUDA_MOST_OF_BAG &&
           num_classes % PACK_FLOATS == 0;
}

static void destroy(struct fa_device_loss *loss)
{
    struct fa_backend *backend = &loss->queue->base;

    fa_backend_free(backend, loss->anchors.memory);
    fa_backend_free(backend, loss->objects.memory);
    fa_backend_free(backend, loss->scratch.memory);
    fa_backend_free(backend, loss->loss.memory);
    fa_backend_free_host(backend, loss->staged);
    fa_backend_free_host(backend, loss->result);
    fa_free(loss);
}

static fa_status create(struct fa_backend *backend, struct fa_device_loss **out)
{
    struct fa_device_loss *loss;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *loss, &loss));
    loss->queue = fa_cuda_queue_of(backend);
    status = fa_backend_alloc_host(backend, sizeof *loss->result, (void **)&loss->result);
    if (status == FA_OK)
        status = fa_cuda_room_grow(loss->queue, &loss->loss, sizeof *loss->result, false);
    if (status == FA_OK)
        *out = loss;
    else
        destroy(loss);
    return status;
}

/* ---- what an image brings ---- */

static fa_status make_room(struct fa_device_loss *loss, size_t n_objects)
{
    struct fa_backend *backend = &loss->queue->base;
    int most = loss->most_objects > 0 ? loss->most_objects : LEAST_OBJECTS;

    while ((size_t)most < n_objects)
        most *= 2;
    if (most == loss->most_objects)
        return FA_OK;
    loss->most_objects = 0;
    fa_backend_free_host(backend, loss->staged);
    loss->staged = NULL;
    FA_TRY(fa_backend_alloc_host(backend, object_bytes(most), (void **)&loss->staged));
    FA_TRY(fa_cuda_room_grow(loss->queue, &loss->objects, object_bytes(most), false));
    loss->most_objects = most;
    return FA_OK;
}

static void send_objects(struct fa_device_loss *loss, const struct fa_objects *objects, double normalizer)
{
    const struct given given = {.normalizer = normalizer, .n = (int32_t)objects->n};
    char *boxes = loss->staged + sizeof given,
         *labels = boxes + (size_t)loss->most_objects * 4 * sizeof(float);

    memcpy(loss->staged, &given, sizeof given);
    if (objects->n > 0) {
        memcpy(boxes, objects->boxes, objects->n * 4 * sizeof *objects->boxes);
        memcpy(labels, objects->labels, objects->n * sizeof *objects->labels);
    }
    fa_backend_put(&loss->queue->base, loss->objects.memory, loss->staged, object_bytes(loss->most_objects));
}

/* Pageable memory of a cache that may change: it is waited for. */
static fa_status send_anchors(struct fa_device_loss *loss, const struct fa_anchor_set *set)
{
    const size_t n_bytes = set->pyramid.n_anchors * 4 * sizeof *set->anchors;

    if (loss->h == set->h && loss->w == set->w)
        return FA_OK;
    loss->h = loss->w = 0;
    FA_TRY(fa_cuda_room_grow(loss->queue, &loss->anchors, n_bytes, false));
    fa_backend_put(&loss->queue->base, loss->anchors.memory, set->anchors, n_bytes);
    FA_TRY(fa_backend_synchronize(&loss->queue->base));
    loss->h = set->h;
    loss->w = set->w;
    return FA_OK;
}

/* ---- the loss ---- */

/* A position's rows, those of its anchors, lie one behind another: that is an activation without padding. */
static struct fa_cuda_head head_of(const struct fa_device_loss *loss, const struct fa_device_head *head)
{
    const struct fa_pyramid *pyramid = &head->anchors->pyramid;
    struct fa_cuda_head out = {.type = FA_CUDA_F32,
                               .num_classes = head->num_classes,
                               .cls_channels = FA_CELL_ANCHORS * head->num_classes,
                               .reg_channels = FA_CELL_ANCHORS * 4,
                               .anchors = loss->anchors.memory};

    for (int level = 0; level < FA_LEVELS; level++) {
        out.level[level].cls = head->cls + pyramid->first[level] * (size_t)head->num_classes;
        out.level[level].reg = head->reg + pyramid->first[level] * 4;
        out.level[level].positions = (unsigned)(pyramid->h[level] * pyramid->w[level]);
    }
    return out;
}

static struct fa_cuda_objects objects_of(const struct fa_device_loss *loss)
{
    const char *given = loss->objects.memory;
    const char *boxes = given + sizeof(struct given);

    return (struct fa_cuda_objects){
        .most = loss->most_objects,
        .n = (const int32_t *)(given + offsetof(struct given, n)),
        .boxes = (const float *)boxes,
        .labels = (const int32_t *)(boxes + (size_t)loss->most_objects * 4 * sizeof(float))};
}

static fa_status compute(struct fa_device_loss *loss, const struct fa_loss_config *config,
                         const struct fa_device_head *given, const struct fa_objects *objects,
                         double normalizer, const struct fa_loss **result)
{
    struct fa_cuda_queue *queue = loss->queue;
    const struct fa_cuda_kernels *kernels = &queue->device->kernels;
    struct fa_cuda_head head;
    struct fa_cuda_objects on_device;

    FA_TRY(make_room(loss, objects->n));
    FA_TRY(send_anchors(loss, given->anchors));
    head = head_of(loss, given);
    FA_TRY(fa_cuda_room_grow(queue, &loss->scratch,
                             kernels->freeanchor_scratch_bytes(config, &head, loss->most_objects), true));
    send_objects(loss, objects, normalizer);
    on_device = objects_of(loss);
    fa_cuda_note(queue,
                 kernels->freeanchor(queue->stream, config, &head, &on_device, loss->objects.memory,
                                     loss->scratch.memory, loss->loss.memory),
                 "loss");
    fa_backend_get(&queue->base, loss->result, loss->loss.memory, sizeof *loss->result);
    *result = loss->result;
    return FA_OK;
}

const struct fa_head_ops fa_cuda_head_ops = {
    .takes = takes, .create = create, .destroy = destroy, .compute = compute};
