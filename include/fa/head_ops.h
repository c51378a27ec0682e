/*
 * head_ops.h - losses and detections where a backend makes them itself: what it fills in, and the lane calls.
 *
 * What a backend without this table, or one that does not take a configuration, leaves to the host is
 * computed there: the head's rows are copied to it, and the gradient back.
 */
#ifndef FA_HEAD_OPS_H
#define FA_HEAD_OPS_H

#include <stdbool.h>

#include "fa/anchor_cache.h"
#include "fa/detections.h"
#include "fa/loss.h"
#include "fa/real.h"

struct fa_backend;

/* What one lane's losses and detections need beside the head, on its queue. */
struct fa_head_scratch;

/* The head's rows in the backend's memory, of an image whose anchors are the set's. */
struct fa_device_head {
    const struct fa_anchor_set *anchors; /* of the host's memory; until it was asked for */
    int num_classes;
    fa_real *cls, *reg;
};

/* In the host's memory. */
struct fa_device_detections {
    int32_t n;
    struct fa_detection detection[];
};

/* What is prepared serves the asking that comes next; an image is over before the next is prepared. Results
   are the scratch's own: they are there once a later ticket of the queue is reached, until the next image. */
struct fa_head_ops {
    fa_status (*create)(struct fa_backend *queue, struct fa_head_scratch **out);
    void (*destroy)(struct fa_head_scratch *scratch); /* once no work needs it */

    /* Can it compute this loss of so many classes? */
    bool (*takes_loss)(const struct fa_loss_config *config, int num_classes);

    /* What an image brings; makes whatever its size needs. objects are checked, and no longer needed on
       return. */
    fa_status (*prepare_loss)(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                              const struct fa_device_head *head, const struct fa_objects *objects,
                              double normalizer);

    /* As fa_loss_compute, later: logits and deltas become the gradient by them. The same work for every image
       of a size. */
    fa_status (*ask_loss)(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                          const struct fa_device_head *head);

    const struct fa_loss *(*loss)(const struct fa_head_scratch *scratch);

    bool (*takes_detections)(const struct fa_detect_config *config, int num_classes);

    /* The same for fa_detections_make. */
    fa_status (*prepare_detections)(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                    const struct fa_device_head *head, const struct fa_detect_image *image);
    fa_status (*ask_detections)(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                const struct fa_device_head *head);
    const struct fa_device_detections *(*detections)(const struct fa_head_scratch *scratch);
};

#endif
