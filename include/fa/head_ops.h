/*
 * head_ops.h - losses where a backend computes them itself: what it fills in, and the lane calls.
 *
 * A backend without this table, or that does not take a configuration, has its losses computed by the host,
 * to which the head's rows are copied and the gradient back.
 */
#ifndef FA_HEAD_OPS_H
#define FA_HEAD_OPS_H

#include <stdbool.h>

#include "fa/anchor_cache.h"
#include "fa/loss.h"
#include "fa/real.h"

struct fa_backend;

/* Scratch of one lane for its losses, on its queue. */
struct fa_device_loss;

/* The head's rows in the backend's memory, of an image whose anchors are the set's. */
struct fa_device_head {
    const struct fa_anchor_set *anchors; /* of the host's memory; until the call returns */
    int num_classes;
    fa_real *cls, *reg;
};

struct fa_head_ops {
    /* Can it compute this loss of so many classes? */
    bool (*takes)(const struct fa_loss_config *config, int num_classes);

    fa_status (*create)(struct fa_backend *queue, struct fa_device_loss **out);
    void (*destroy)(struct fa_device_loss *loss); /* once no work needs it */

    /* As fa_loss_compute, later: logits and deltas become the gradient by them; *result, the scratch's own,
       has the loss once a later ticket of the queue is reached, until the next call. objects are checked, and
       no longer needed on return. */
    fa_status (*compute)(struct fa_device_loss *loss, const struct fa_loss_config *config,
                         const struct fa_device_head *head, const struct fa_objects *objects,
                         double normalizer, const struct fa_loss **result);
};

#endif
