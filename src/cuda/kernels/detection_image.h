/*
 * detection_image.h - everything that the steps from one image's head to its detections share, and their
 * launches.
 */
#ifndef FA_CUDA_DETECTION_IMAGE_H
#define FA_CUDA_DETECTION_IMAGE_H

#include "detections.h"
#include "device.h"

struct detection_image {
    fa_cuda_head head;
    fa_box_coder coder;
    float hopeless, threshold; /* no score above the threshold comes from a logit up to hopeless */
    float nms_iou;
    unsigned pre_nms, most;   /* most: detections */
    unsigned slice_positions; /* of each block's slice of a level */
    const fa_detect_image *image;
    fa_detection *out;
    int32_t *n;
    /* Scratch. Candidates of level l are from l * pre_nms on, highest score first. */
    uint64_t *keys;         /* (slices, pre_nms) of pairs of anchor and class, best first */
    unsigned *n_keys;       /* (slices) */
    float4 *boxes;          /* (levels, pre_nms), in pixels of the original image */
    float *scores;          /* (levels, pre_nms) */
    int *labels;            /* (levels, pre_nms) */
    unsigned *n_candidates; /* (levels) */
    float4 *shifted;        /* (levels, pre_nms), over all levels by score */
    unsigned *source;       /* (levels, pre_nms): the candidate of each of these */
};

/* The best pairs of each slice. */
int fa_cuda_detections_rank(fa_cuda_stream stream, const detection_image &image);

/* The best pairs of each level, and their boxes. */
int fa_cuda_detections_decode(fa_cuda_stream stream, const detection_image &image);

/* The detections. */
int fa_cuda_detections_nms(fa_cuda_stream stream, const detection_image &image);

__host__ __device__ static inline unsigned slices_of_level(const detection_image &image, int level)
{
    return fa_blocks(image.head.level[level].positions, image.slice_positions);
}

#endif
