/*
 * loss.h - the loss of one image: value and gradient of the head's outputs in one call. Three kinds:
 * FreeAnchor (doc/method.md 1), RetinaNet's focal loss with anchors assigned by IoU (doc/method.md 5), and
 * the same loss with anchors assigned by ATSS (doc/method.md 5.1).
 *
 * It needs nothing of the rest of the library: any head of any program that has a row of class logits and
 * four deltas for each of its anchors learns by it (doc/examples/learn.c, learn.py). For each batch:
 *
 *     fa_loss_workspace_create(0, &workspace);                            once
 *     fa_loss_share(&config, &head, &objects, workspace, &share);         each image; add the shares up
 *     fa_loss_compute(&config, &head, &objects, sum, workspace, ...);     each image; then go on backwards
 *
 * fa_real is float in an installed library. Memory is O(anchors + objects * bag), whatever the number of
 * objects times anchors. Everything is safe at its edges: no object in the image, fewer anchors than a bag,
 * probabilities that round to 0 or 1, IoU exactly at the threshold (there the box probability is 0, where the
 * reference has 0/0). Given finite inputs every output is finite; a NaN logit makes the loss NaN. Where a
 * probability rounds to 1 the loss keeps the logit (-log(1 - P) is softplus, up to 100 for FreeAnchor and
 * -log(FLT_MIN) = 87.3 for focal), where the reference jumps to that limit. Sums are in double and in a fixed
 * order that does not depend on the number of threads.
 */
#ifndef FA_LOSS_H
#define FA_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/box.h"
#include "fa/declarations.h"
#include "fa/objects.h"
#include "fa/real.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* A head's outputs for an image of any size, in the caller's memory, rows in C's order. Boxes are x1 y1 x2 y2
   in pixels, anchors as objects, x2 > x1 and y2 > y1; anchors may lie outside of the image. */
struct fa_head_view {
    size_t n_anchors;     /* at least 1 */
    int num_classes;      /* at least 1; there is no class of the background */
    const float *anchors; /* (n_anchors, 4) */
    const fa_real *cls;   /* (n_anchors, num_classes) logits: a probability is their sigmoid */
    const fa_real *reg;   /* (n_anchors, 4) deltas dx dy dw dh, as fa_box_decode takes them */

    /* How anchors lie, for ATSS; zeroed: on one level, one at a position. */
    int n_levels;
    const size_t *level_first; /* (n_levels) the first anchor of each level; the first of them is 0 */
    int per_position; /* anchors that follow one another at the same position, n_anchors a multiple */
};

/* A row for each in src/detect/loss.c. */
enum fa_loss_kind { FA_LOSS_FREEANCHOR, FA_LOSS_FOCAL, FA_LOSS_ATSS, FA_LOSS_KINDS };

/* "freeanchor", "focal", "atss": the names in recipes; NULL at the end. */
extern const char *const fa_loss_names[FA_LOSS_KINDS + 1];

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

/* An object's candidates are the anchors of its k nearest positions of every level. Those are positive that
   overlap it at least as much as the mean of the candidates and their standard deviation together, and whose
   centre lies in it; of several objects, for the one that they overlap most. All others are negative. alpha
   and gamma are those of focal. */
struct fa_atss {
    int k; /* 9 */
};

struct fa_loss_config {
    enum fa_loss_kind kind;
    struct fa_freeanchor freeanchor;
    struct fa_focal focal;
    struct fa_box_coder coder; /* the unit of deltas */
    struct fa_atss atss;
};
extern const struct fa_loss_config fa_loss_default; /* FreeAnchor, its coder */

/* The parts of a loss, whose sum is differentiated. */
enum { FA_LOSS_PARTS = 2 };
enum { FA_PART_POSITIVE = 0, FA_PART_NEGATIVE = 1 }; /* FreeAnchor */
enum { FA_PART_CLS = 0, FA_PART_BBOX = 1 };          /* focal, ATSS */

struct fa_loss {
    double part[FA_LOSS_PARTS];
    /* For the journal; sums over the image's objects, not means. */
    double bag_probability; /* Mean-max probability of the bag; 0 where there are no bags */
    double matched_iou;     /* best IoU of a predicted box */
};

/* "positive_bag_loss", "negative_bag_loss"; "loss_cls", "loss_bbox": the names in logs. */
const char *fa_loss_part_name(enum fa_loss_kind kind, int part);

/* "positive", "negative"; "cls", "bbox": the names in files. */
const char *fa_loss_part_label(enum fa_loss_kind kind, int part);

bool fa_loss_has_bags(enum fa_loss_kind kind);

/* Scratch that grows to the largest image seen; one for each thread of the caller's that computes losses, in
   which n_threads of OpenMP work; 0: as many as OpenMP has. */
struct fa_loss_workspace;
fa_status fa_loss_workspace_create(int n_threads, struct fa_loss_workspace **out) FA_CHECK_RESULT;
void fa_loss_workspace_destroy(struct fa_loss_workspace *workspace);

/* What this image adds to the normalizer of its batch; looks at no predictions, whose pointers may be NULL,
   nor at labels; objects are checked by fa_loss_compute. FreeAnchor: its objects; focal, ATSS: its positive
   anchors, at least 1. */
fa_status fa_loss_share(const struct fa_loss_config *config, const struct fa_head_view *head,
                        const struct fa_objects *objects, struct fa_loss_workspace *workspace,
                        double *share) FA_CHECK_RESULT;

/* FA_EINVAL, naming the object, for a label that a head of so many classes does not have or a box without
 * size. */
fa_status fa_loss_check_objects(const struct fa_objects *objects, int num_classes) FA_CHECK_RESULT;

/* loss is this image's share of the batch's: its parts are divided by normalizer, the sum of the shares of
   the batch (FreeAnchor: positive by max(1, normalizer), negative by max(1, bag_size * normalizer); focal
   and ATSS: both by normalizer + FLT_EPSILON). grad_cls and grad_reg, in the shapes of cls and reg, are
   overwritten with the gradient of the parts' sum; grad_cls may be cls itself, whose logits are then gone.
   Fails as fa_loss_check_objects, and with FA_EINVAL and a sentence
   (fa_message) for a configuration or a head that cannot be. */
fa_status fa_loss_compute(const struct fa_loss_config *config, const struct fa_head_view *head,
                          const struct fa_objects *objects, double normalizer,
                          struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                          fa_real *grad_reg) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
