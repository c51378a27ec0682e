/*
 * The image's scratch, and the steps one after another.
 */
#include "freeanchor.h"

#include "freeanchor_image.h"
#include "logit_tile.cuh"
#include "match.h"
#include "take.h"

static unsigned bag_of(const fa_loss_config *config, size_t n_anchors)
{
    const size_t wanted = (size_t)config->freeanchor.bag_size;

    return (unsigned)(wanted < n_anchors ? wanted : n_anchors);
}

/* Lays the scratch out; returns its size. With scratch NULL that is all. */
static size_t lay_out(freeanchor_image *image, void *scratch)
{
    const size_t anchors = image->n_anchors, groups = fa_blocks(anchors, WARP);
    const size_t objects = (size_t)image->objects.most, members = objects * image->bag;
    size_t n = 0;

    image->arrived = take_counters(scratch, &n);
    image->predicted = take<float4>(scratch, &n, anchors);
    image->predicted_bounds = take<float4>(scratch, &n, groups);
    image->anchor_bounds = take<float4>(scratch, &n, groups);
    image->best_iou = take<float>(scratch, &n, objects);
    image->candidates = take<uint64_t>(scratch, &n, SEGMENTS * members);
    image->members = take<bag_member>(scratch, &n, members);
    image->positive = take<double>(scratch, &n, objects);
    image->probability = take<double>(scratch, &n, objects);
    image->negative = take<double>(scratch, &n, logit_tiles(image->head));
    return n;
}

size_t fa_cuda_freeanchor_scratch_bytes(const struct fa_loss_config *config, const struct fa_cuda_head *head,
                                        int most_objects)
{
    freeanchor_image image = {};

    image.head = *head;
    image.objects.most = most_objects;
    image.n_anchors = (unsigned)fa_cuda_head_anchors(head);
    image.bag = bag_of(config, image.n_anchors);
    return lay_out(&image, nullptr);
}

static int predict(fa_cuda_stream stream, const freeanchor_image &image)
{
    return fa_cuda_match_predict(stream, image.coder, image.head, image.predicted, image.predicted_bounds,
                                 image.anchor_bounds, {image.objects, image.best_iou});
}

int fa_cuda_freeanchor(fa_cuda_stream stream, const struct fa_loss_config *config,
                       const struct fa_cuda_head *head, const struct fa_cuda_objects *objects,
                       const double *normalizer, void *scratch, struct fa_loss *loss)
{
    static int (*const steps[])(fa_cuda_stream, const freeanchor_image &) = {
        predict, fa_cuda_freeanchor_bags, fa_cuda_freeanchor_positive, fa_cuda_freeanchor_negative,
        fa_cuda_freeanchor_add_bags};
    freeanchor_image image = {};
    int error = 0;

    if (config->freeanchor.bag_size > FA_CUDA_MOST_OF_BAG || !is_possible_tile(*head))
        return FA_CUDA_INVALID_VALUE;
    image.config = config->freeanchor;
    image.coder = config->coder;
    image.head = *head;
    image.objects = *objects;
    image.normalizer = normalizer;
    image.loss = loss;
    image.n_anchors = (unsigned)fa_cuda_head_anchors(head);
    image.bag = bag_of(config, image.n_anchors);
    lay_out(&image, scratch);
    for (const auto step : steps)
        if (error == 0)
            error = step(stream, image);
    return error;
}
