/*
 * loss.h - the FreeAnchor loss of one image: value and gradient of the head's outputs in one call (spec
 * section 1).
 *
 * Memory is O(anchors + objects * bag), whatever the number of objects times anchors. Everything is safe at
 * its edges: no object in the image, fewer anchors than a bag, probabilities that round to 0 or 1, IoU
 * exactly at the threshold (there the box probability is 0, where the reference has 0/0). Given finite inputs
 * every output is finite; a NaN logit makes the loss NaN. Where a probability rounds to 1 the loss keeps the
 * logit (-log(1 - P) is softplus, up to 100), where the reference jumps to 100. Sums are in double and in a
 * fixed order that does not depend on the number of threads.
 */
#ifndef FA_LOSS_H
#define FA_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "fa/box.h"
#include "fa/real.h"
#include "fa/status.h"

/* The objects of one image: n may be 0. */
struct fa_objects {
    size_t n;
    const float *boxes;    /* (n, 4), pixels of the padded image, each of positive width and height */
    const int32_t *labels; /* (n), 0 .. num_classes - 1 */
};

struct fa_head_view {
    size_t n_anchors;
    int num_classes;
    const float *anchors; /* (n_anchors, 4) */
    const fa_real *cls;   /* (n_anchors, num_classes) logits */
    const fa_real *reg;   /* (n_anchors, 4) deltas */
};

struct fa_freeanchor {
    double alpha;            /* 0.5: weight of the positive part; 1 - alpha of the negative */
    double gamma;            /* 2: focal exponent */
    int bag_size;            /* 50 */
    double box_threshold;    /* 0.6 */
    double smooth_l1_beta;   /* 0.11 */
    double smooth_l1_weight; /* 0.75 */
    struct fa_box_coder coder;
};
extern const struct fa_freeanchor fa_freeanchor_default;

struct fa_loss {
    double positive; /* positive_bag_loss */
    double negative; /* negative_bag_loss */
    /* For the journal; sums over the image's objects, not means. */
    double bag_probability; /* Mean-max probability of the bag */
    double matched_iou;     /* best IoU of a predicted box */
};

/* Scratch that grows to the largest image seen; one per thread that computes losses. */
struct fa_loss_workspace;
fa_status fa_loss_workspace_create(int n_threads, struct fa_loss_workspace **out) FA_CHECK_RESULT;
void fa_loss_workspace_destroy(struct fa_loss_workspace *workspace);

/* loss is this image's share of the batch's: both parts are divided by normalizer (positive by max(1,
   normalizer), negative by max(1, bag_size * normalizer)), the number of objects of the batch. grad_cls and
   grad_reg, in the shapes of cls and reg, are overwritten with the gradient of positive + negative.
   FA_EINVAL, naming the object, for a label that the head does not have or a box without size. */
fa_status fa_freeanchor_loss(const struct fa_freeanchor *config, const struct fa_head_view *head,
                             const struct fa_objects *objects, double normalizer,
                             struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                             fa_real *grad_reg) FA_CHECK_RESULT;

#endif
