/*
 * detections.h - from head outputs to boxes: score threshold, top-k per level, decoding, class-wise NMS
 * (doc/method.md 8).
 */
#ifndef FA_DETECTIONS_H
#define FA_DETECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/anchors.h"
#include "fa/declarations.h"
#include "fa/loss.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_detection {
    float box[4]; /* x1 y1 x2 y2 in pixels of the original image */
    float score;
    int32_t label;
};

struct fa_detect_config {
    double score_threshold; /* 0.05, strict */
    int pre_nms;            /* 1000 (anchor, class) pairs per level */
    double nms_iou;         /* 0.5 */
    int max_per_image;      /* 100 */
    struct fa_box_coder coder;
};
extern const struct fa_detect_config fa_detect_config_default;

/* What the image pipeline did to the image, to undo it. */
struct fa_detect_image {
    float clip_w, clip_h;  /* size after resizing, before padding */
    float scale_factor[4]; /* resized = original * factor, per coordinate x y x y */
    bool mirrored;         /* left is right; fa_candidates_add alone knows of it */
};

/* The best max_per_image detections, highest score first (ties: candidate order, doc/method.md 8). out has
   room for max_per_image. */
fa_status fa_detections_make(const struct fa_detect_config *config, const struct fa_pyramid *pyramid,
                             const struct fa_head_view *head, const struct fa_detect_image *image,
                             struct fa_detection *out, size_t *n) FA_CHECK_RESULT;

/* The same of several views of one picture: what each of them offers to NMS is collected, and NMS goes once
   over all of it (doc/method.md 8.1). */
struct fa_candidates;

fa_status fa_candidates_create(struct fa_candidates **out) FA_CHECK_RESULT;
void fa_candidates_destroy(struct fa_candidates *candidates); /* NULL is fine */
void fa_candidates_empty(struct fa_candidates *candidates);

/* Ties are between views in the order in which they were added. */
fa_status fa_candidates_add(struct fa_candidates *candidates, const struct fa_detect_config *config,
                            const struct fa_pyramid *pyramid, const struct fa_head_view *head,
                            const struct fa_detect_image *image) FA_CHECK_RESULT;

/* The best max_per_image of all, as fa_detections_make gives them. */
fa_status fa_candidates_detections(const struct fa_candidates *candidates,
                                   const struct fa_detect_config *config, struct fa_detection *out,
                                   size_t *n) FA_CHECK_RESULT;

/* Class-wise greedy NMS over n candidates as the reference does it: boxes shifted by label * (max coordinate
   + 1) in float32, suppress where inter > iou * union. keep receives indices in order of falling score
   (stable). *n_keep <= n. limit stops after that many kept; 0: no limit. */
fa_status fa_nms(size_t n, const float *boxes, const float *scores, const int32_t *labels, float iou,
                 size_t limit, size_t *keep, size_t *n_keep) FA_CHECK_RESULT;

/* The same over detections of several looks at one picture, in place: highest score first, *n of them are
 * kept.
 */
fa_status fa_detections_merge(float iou, struct fa_detection *detections, size_t *n) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
