/*
 * far_head.c - FreeAnchor losses and detections of the far backend: the host's, later; the focal loss it
 * leaves to the host.
 */
#include <stdlib.h>
#include <string.h>

#include "fa/head_ops.h"
#include "fa/memory.h"
#include "far.h"

struct fa_head_scratch {
    struct fa_backend *queue;
    struct fa_loss_workspace *workspace;

    /* ---- prepared: copies of what the caller had ---- */
    struct fa_pyramid pyramid;
    float *anchors, *boxes;
    int32_t *labels;
    size_t n_objects;
    double normalizer;
    struct fa_detect_image image;

    /* ---- results ---- */
    struct fa_loss loss;
    struct fa_device_detections *found; /* with room for max_per_image */
};

/* What is asked for: the same for every image of a size. */
struct head_work {
    struct fa_head_scratch *scratch;
    int num_classes;
    fa_real *cls, *reg; /* of the far memory */
    struct fa_loss_config loss;
    struct fa_detect_config detect;
};

/* Takes the place of what *copy was. */
static fa_status replace(void *copy, const void *host, size_t n, size_t element)
{
    FA_TRY(fa_realloc((void **)copy, n + 1, element));
    if (n > 0)
        memcpy(*(void **)copy, host, n * element);
    return FA_OK;
}

static fa_status keep_anchors(struct fa_head_scratch *scratch, const struct fa_anchor_set *set)
{
    scratch->pyramid = set->pyramid;
    return replace(&scratch->anchors, set->anchors, 4 * set->pyramid.n_anchors, sizeof *scratch->anchors);
}

/* Where a queue may reach them. */
static struct fa_head_view view_of(const struct head_work *work)
{
    return (struct fa_head_view){.n_anchors = work->scratch->pyramid.n_anchors,
                                 .num_classes = work->num_classes,
                                 .anchors = work->scratch->anchors,
                                 .cls = far_reach(work->cls),
                                 .reg = far_reach(work->reg)};
}

static fa_status create(struct fa_backend *queue, struct fa_head_scratch **out)
{
    struct fa_head_scratch *scratch;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *scratch, &scratch));
    scratch->queue = queue;
    status = fa_loss_workspace_create(1, &scratch->workspace);
    if (status == FA_OK)
        *out = scratch;
    else
        fa_free(scratch);
    return status;
}

static void destroy(struct fa_head_scratch *scratch)
{
    far_quiet();
    fa_loss_workspace_destroy(scratch->workspace);
    fa_free(scratch->anchors);
    fa_free(scratch->boxes);
    fa_free(scratch->labels);
    fa_free(scratch->found);
    fa_free(scratch);
}

/* ---- loss ---- */

static bool takes_loss(const struct fa_loss_config *config, int num_classes)
{
    (void)num_classes;
    return config->kind == FA_LOSS_FREEANCHOR;
}

static fa_status prepare_loss(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                              const struct fa_device_head *head, const struct fa_objects *objects,
                              double normalizer)
{
    (void)config;
    scratch->n_objects = objects->n;
    scratch->normalizer = normalizer;
    FA_TRY(replace(&scratch->boxes, objects->boxes, 4 * objects->n, sizeof *scratch->boxes));
    FA_TRY(replace(&scratch->labels, objects->labels, objects->n, sizeof *scratch->labels));
    return keep_anchors(scratch, head->anchors);
}

/* The gradient by the logits may take their place at once, that by the deltas once all are read. */
static fa_status do_loss(void *argument)
{
    const struct head_work *work = argument;
    struct fa_head_scratch *scratch = work->scratch;
    const struct fa_head_view head = view_of(work);
    const struct fa_objects objects = {scratch->n_objects, scratch->boxes, scratch->labels};
    const size_t n_bytes = 4 * head.n_anchors * sizeof(fa_real);
    fa_real *grad_reg = malloc(n_bytes);
    fa_status status;

    if (grad_reg == NULL)
        abort();
    status = fa_loss_compute(&work->loss, &head, &objects, scratch->normalizer, scratch->workspace,
                             &scratch->loss, far_reach(work->cls), grad_reg);
    memcpy(far_reach(work->reg), grad_reg, n_bytes);
    free(grad_reg);
    return status;
}

static struct head_work work_of(struct fa_head_scratch *scratch, const struct fa_device_head *head)
{
    return (struct head_work){
        .scratch = scratch, .num_classes = head->num_classes, .cls = head->cls, .reg = head->reg};
}

static fa_status ask_loss(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                          const struct fa_device_head *head)
{
    struct head_work work = work_of(scratch, head);

    work.loss = *config;
    far_ask(scratch->queue, do_loss, &work, sizeof work);
    return FA_OK;
}

static const struct fa_loss *loss_of(const struct fa_head_scratch *scratch)
{
    return &scratch->loss;
}

/* ---- detections ---- */

static bool takes_detections(const struct fa_detect_config *config, int num_classes)
{
    (void)num_classes;
    return config->pre_nms >= 1 && config->max_per_image >= 1;
}

static fa_status prepare_detections(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                    const struct fa_device_head *head, const struct fa_detect_image *image)
{
    scratch->image = *image;
    FA_TRY(fa_realloc(
        &scratch->found,
        sizeof *scratch->found + (size_t)config->max_per_image * sizeof scratch->found->detection[0], 1));
    return keep_anchors(scratch, head->anchors);
}

static fa_status do_detections(void *argument)
{
    const struct head_work *work = argument;
    const struct fa_head_view head = view_of(work);
    struct fa_head_scratch *scratch = work->scratch;
    size_t n = 0;
    fa_status status;

    status = fa_detections_make(&work->detect, &scratch->pyramid, &head, &scratch->image,
                                scratch->found->detection, &n);
    scratch->found->n = (int32_t)n;
    return status;
}

static fa_status ask_detections(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                const struct fa_device_head *head)
{
    struct head_work work = work_of(scratch, head);

    work.detect = *config;
    far_ask(scratch->queue, do_detections, &work, sizeof work);
    return FA_OK;
}

static const struct fa_device_detections *detections_of(const struct fa_head_scratch *scratch)
{
    return scratch->found;
}

const struct fa_head_ops far_head_ops = {.create = create,
                                         .destroy = destroy,
                                         .takes_loss = takes_loss,
                                         .prepare_loss = prepare_loss,
                                         .ask_loss = ask_loss,
                                         .loss = loss_of,
                                         .takes_detections = takes_detections,
                                         .prepare_detections = prepare_detections,
                                         .ask_detections = ask_detections,
                                         .detections = detections_of};
