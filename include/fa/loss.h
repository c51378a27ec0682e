/*
 * loss.h - the loss of one image: value and gradient of the head's outputs in one call. Two kinds: FreeAnchor
 * (doc/method.md 1) and RetinaNet's focal loss with anchors assigned by IoU (doc/method.md 5).
 *
 * Memory is O(anchors + objects * bag), whatever the number of objects times anchors. Everything is safe at
 * its edges: no object in the image, fewer anchors than a bag, probabilities that round to 0 or 1, IoU
 * exactly at the threshold (there the box probability is 0, where the reference has 0/0). Given finite inputs
 * every output is finite; a NaN logit makes the loss NaN. Where a probability rounds to 1 the loss keeps the
 * logit (-log(1 - P) is softplus, up to 100 for FreeAnchor and -log(FLT_MIN) = 87.3 for focal), where the
 * reference jumps to that limit. Sums are in double and in a fixed order that does not depend on the number
 * of threads.
 */
#ifndef FA_LOSS_H
#define FA_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "fa/box.h"
#include "fa/declarations.h"
#include "fa/objects.h"
#include "fa/real.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_head_view {
    size_t n_anchors;
    int num_classes;
    const float *anchors; /* (n_anchors, 4) */
    const fa_real *cls;   /* (n_anchors, num_classes) logits */
    const fa_real *reg;   /* (n_anchors, 4) deltas */
};

enum fa_loss_kind { FA_LOSS_FREEANCHOR, FA_LOSS_FOCAL };

struct fa_freeanchor {
    double alpha;            /* 0.5: weight of the positive part; 1 - alpha of the negative */
    double gamma;            /* 2: focal exponent */
    int bag_size;            /* 50 */
    double box_threshold;    /* 0.6 */
    double smooth_l1_beta;   /* 0.11 */
    double smooth_l1_weight; /* 0.75 */
};

/* An anchor is positive for the object that it overlaps most, from positive_iou on, and negative below
   negative_iou; in between it has no loss. Then each object in turn takes the anchors that overlap it exactly
   as much as its best one, if that is at least min_positive_iou. */
struct fa_focal {
    double alpha;            /* 0.25: weight of an object's class; 1 - alpha of all others */
    double gamma;            /* 2: focal exponent */
    double positive_iou;     /* 0.5 */
    double negative_iou;     /* 0.4 */
    double min_positive_iou; /* 0: then an object that no anchor overlaps takes all anchors, as the reference
                                does */
};

struct fa_loss_config {
    enum fa_loss_kind kind;
    struct fa_freeanchor freeanchor;
    struct fa_focal focal;
    struct fa_box_coder coder;
};
extern const struct fa_loss_config fa_loss_default; /* FreeAnchor, its coder */

/* The parts of a loss, whose sum is differentiated. */
enum { FA_LOSS_PARTS = 2 };
enum { FA_PART_POSITIVE = 0, FA_PART_NEGATIVE = 1 }; /* FreeAnchor */
enum { FA_PART_CLS = 0, FA_PART_BBOX = 1 };          /* focal */

struct fa_loss {
    double part[FA_LOSS_PARTS];
    /* For the journal; sums over the image's objects, not means. */
    double bag_probability; /* Mean-max probability of the bag; 0 for focal */
    double matched_iou;     /* best IoU of a predicted box */
};

/* "positive_bag_loss", "negative_bag_loss"; "loss_cls", "loss_bbox": the names in logs. */
const char *fa_loss_part_name(enum fa_loss_kind kind, int part);

/* "positive", "negative"; "cls", "bbox": the names in files. */
const char *fa_loss_part_label(enum fa_loss_kind kind, int part);

/* Scratch that grows to the largest image seen; one per thread that computes losses. */
struct fa_loss_workspace;
fa_status fa_loss_workspace_create(int n_threads, struct fa_loss_workspace **out) FA_CHECK_RESULT;
void fa_loss_workspace_destroy(struct fa_loss_workspace *workspace);

/* What this image adds to the normalizer of its batch; needs no predictions. FreeAnchor: its objects; focal:
   its positive anchors, at least 1. */
fa_status fa_loss_share(const struct fa_loss_config *config, size_t n_anchors, const float *anchors,
                        const struct fa_objects *objects, struct fa_loss_workspace *workspace,
                        double *share) FA_CHECK_RESULT;

/* FA_EINVAL, naming the object, for a label that a head of so many classes does not have or a box without
 * size. */
fa_status fa_loss_check_objects(const struct fa_objects *objects, int num_classes) FA_CHECK_RESULT;

/* loss is this image's share of the batch's: its parts are divided by normalizer, the sum of the shares of
   the batch (FreeAnchor: positive by max(1, normalizer), negative by max(1, bag_size * normalizer); focal:
   both by normalizer + FLT_EPSILON). grad_cls and grad_reg, in the shapes of cls and reg, are overwritten
   with the gradient of the parts' sum; grad_cls may be cls itself, whose logits are then gone. Fails as
   fa_loss_check_objects. */
fa_status fa_loss_compute(const struct fa_loss_config *config, const struct fa_head_view *head,
                          const struct fa_objects *objects, double normalizer,
                          struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                          fa_real *grad_reg) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
