/*
 * freeanchor_image.h - everything that the steps of one image's FreeAnchor loss share, and their launches.
 */
#ifndef FA_CUDA_FREEANCHOR_IMAGE_H
#define FA_CUDA_FREEANCHOR_IMAGE_H

#include "device.h"
#include "freeanchor.h"

/* One anchor of a bag, and the gradient of the positive loss by what it predicts. */
struct bag_member {
    unsigned anchor;
    float logit, delta[4];
};

struct freeanchor_image {
    fa_freeanchor config;
    fa_box_coder coder;
    fa_cuda_head head;
    fa_cuda_objects objects;
    const double *normalizer;
    fa_loss *loss;
    unsigned n_anchors, bag; /* bag: anchors of each, config's bag_size or all of the image's */
    /* Scratch. */
    unsigned *arrived;        /* blocks of the negative loss */
    float4 *predicted;        /* (anchors) */
    float4 *predicted_bounds; /* (groups of anchors) */
    float4 *anchor_bounds;    /* (groups of anchors) */
    float *best_iou;          /* (objects): of a predicted box */
    uint64_t *candidates;     /* (objects, segments, bag): keys of anchors, best first */
    bag_member *members;      /* (objects, bag): by anchor */
    double *positive;         /* (objects): loss */
    double *probability;      /* (objects): Mean-max */
    double *negative;         /* (tiles): loss, not yet scaled */
};

/* After match.h's prediction: finds best_iou, and the candidates for each bag. */
int fa_cuda_freeanchor_bags(fa_cuda_stream stream, const freeanchor_image &image);

/* The positive loss, object by object; reads logits and deltas. */
int fa_cuda_freeanchor_positive(fa_cuda_stream stream, const freeanchor_image &image);

/* Puts the negative loss's gradient in place of the logits and 0 in place of the deltas; then all sums are
 * known. */
int fa_cuda_freeanchor_negative(fa_cuda_stream stream, const freeanchor_image &image);

/* Adds the positive loss's gradient. */
int fa_cuda_freeanchor_add_bags(fa_cuda_stream stream, const freeanchor_image &image);

#endif
