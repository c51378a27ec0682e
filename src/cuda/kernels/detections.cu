/*
 * The image's scratch, and the steps one after another.
 */
#include "detections.h"

#include <math.h>

#include "detection_image.h"
#include "take.h"

enum { MOST_SLICES = 256 }; /* about: each level's last one is smaller */

/* A logit that no score above the threshold can come from, with room for rounding; as the host has it. */
static float hopeless_logit(double threshold)
{
    if (threshold <= 0)
        return -INFINITY;
    return threshold < 1 ? (float)(log(threshold) - log1p(-threshold) - 1e-3) : INFINITY;
}

static unsigned slice_positions(const fa_cuda_head &head)
{
    return fa_blocks(fa_cuda_head_anchors(&head) / FA_CELL_ANCHORS, MOST_SLICES);
}

static size_t lay_out(detection_image *image, void *scratch)
{
    const size_t candidates = (size_t)FA_LEVELS * image->pre_nms;
    size_t n = 0, slices = 0;

    for (int level = 0; level < FA_LEVELS; level++)
        slices += slices_of_level(*image, level);
    take_counters(scratch, &n);
    image->keys = take<uint64_t>(scratch, &n, slices * image->pre_nms);
    image->n_keys = take<unsigned>(scratch, &n, slices);
    image->boxes = take<float4>(scratch, &n, candidates);
    image->scores = take<float>(scratch, &n, candidates);
    image->labels = take<int>(scratch, &n, candidates);
    image->n_candidates = take<unsigned>(scratch, &n, FA_LEVELS);
    image->shifted = take<float4>(scratch, &n, candidates);
    image->source = take<unsigned>(scratch, &n, candidates);
    return n;
}

static detection_image image_of(const fa_detect_config *config, const fa_cuda_head *head)
{
    detection_image image = {};

    image.head = *head;
    image.coder = config->coder;
    image.hopeless = hopeless_logit(config->score_threshold);
    image.threshold = (float)config->score_threshold;
    image.nms_iou = (float)config->nms_iou;
    image.pre_nms = (unsigned)config->pre_nms;
    image.most = (unsigned)config->max_per_image;
    image.slice_positions = slice_positions(*head);
    return image;
}

size_t fa_cuda_detections_scratch_bytes(const struct fa_detect_config *config,
                                        const struct fa_cuda_head *head)
{
    detection_image image = image_of(config, head);

    return lay_out(&image, nullptr);
}

static bool is_possible(const fa_detect_config *config, const fa_cuda_head &head)
{
    for (const auto &level : head.level)
        if ((uint64_t)level.positions * FA_CELL_ANCHORS * (uint64_t)head.num_classes >> 32 != 0)
            return false;
    return config->pre_nms >= 1 && config->pre_nms <= FA_CUDA_MOST_PRE_NMS && config->max_per_image >= 1;
}

int fa_cuda_detections(fa_cuda_stream stream, const struct fa_detect_config *config,
                       const struct fa_cuda_head *head, const struct fa_detect_image *geometry, void *scratch,
                       struct fa_detection *out, int32_t *n)
{
    detection_image image = image_of(config, head);
    int error;

    if (!is_possible(config, *head))
        return FA_CUDA_INVALID_VALUE;
    image.image = geometry;
    image.out = out;
    image.n = n;
    lay_out(&image, scratch);
    error = fa_cuda_detections_rank(stream, image);
    if (error == 0)
        error = fa_cuda_detections_decode(stream, image);
    if (error == 0)
        error = fa_cuda_detections_nms(stream, image);
    return error;
}
