/*
 * nms_recall.h - how many of the objects that a head has found NMS leaves found (doc/method.md 9.4): the
 * measure by which the FreeAnchor paper shows that scores agree with boxes.
 */
#ifndef FA_NMS_RECALL_H
#define FA_NMS_RECALL_H

#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/detections.h"
#include "fa/loss.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

enum { FA_NMS_RECALL_IOUS = 9 };

/* Objects that some box overlaps by more than 0.50, 0.55 .. 0.90, over any number of images; zeroed: none. */
struct fa_nms_recall {
    uint64_t found[FA_NMS_RECALL_IOUS]; /* of all boxes */
    uint64_t kept[FA_NMS_RECALL_IOUS];  /* of those that NMS keeps */
};

/* Adds the objects of an image, in pixels of the padded image as the anchors are. All pairs of anchor and
   class that score above the threshold count, whatever config says of their number; boxes are clipped to the
   image. Memory is that of the boxes of one class. */
fa_status fa_nms_recall_add(const struct fa_detect_config *config, const struct fa_head_view *head,
                            const struct fa_detect_image *image, const struct fa_objects *objects,
                            struct fa_nms_recall *recall) FA_CHECK_RESULT;

/* 0.50 for i = 0. */
double fa_nms_recall_iou(int i);

/* Of what was found, the part that was kept; 0 where nothing was found. */
double fa_nms_recall_at(const struct fa_nms_recall *recall, int i);
double fa_nms_recall_mean(const struct fa_nms_recall *recall);

FA_END_DECLARATIONS

#endif
