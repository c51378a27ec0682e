/*
 * learn.c - from an image and its objects to a loss and a gradient.
 */
#include "fa/activity.h"
#include "fa/memory.h"
#include "fa/trace.h"
#include "lane_private.h"

fa_status fa_lane_share(struct fa_lane *lane, const struct fa_loss_config *config, int h, int w,
                        const struct fa_objects *objects, double *share)
{
    const struct fa_anchor_set *set;

    FA_TRY(fa_anchor_cache_get(lane->anchors, h, w, &set));
    return fa_loss_share(config, set->pyramid.n_anchors, set->anchors, objects, lane->loss_workspace, share);
}

static fa_status make_room(struct fa_lane *lane, size_t n_anchors)
{
    if (n_anchors <= lane->grad_anchors)
        return FA_OK;
    FA_TRY(fa_realloc(&lane->grad_reg, n_anchors * 4, sizeof *lane->grad_reg));
    lane->grad_anchors = n_anchors;
    return FA_OK;
}

static fa_status forward(struct fa_lane *lane, const struct fa_image *image,
                         const struct fa_lane_observer *observer, struct fa_head *head)
{
    const int span = fa_span_begin("forward");

    fa_activity_begin("forward");
    FA_TRY(fa_workspace_forward(lane->workspace, FA_TRAINING, image->chw, image->h, image->w, head));
    fa_span_end(span);
    fa_lane_phase_ended(observer, FA_LANE_FORWARD);
    if (observer == NULL || observer->saw == NULL)
        return FA_OK;
    return observer->saw(observer->context, head);
}

/* The gradient by the logits takes the logits' place. */
static fa_status compute_loss(struct fa_lane *lane, const struct fa_loss_config *config,
                              const struct fa_image *image, const struct fa_head *head,
                              const struct fa_objects *objects, double normalizer,
                              const struct fa_lane_observer *observer, struct fa_loss *loss)
{
    const int span = fa_span_begin("loss");

    fa_activity_begin("loss");
    FA_TRY(make_room(lane, head->n_anchors));
    FA_TRY(fa_lane_head_loss(lane, config, image->h, image->w, head, objects, normalizer, loss, head->cls,
                             lane->grad_reg));
    fa_span_end(span);
    fa_lane_phase_ended(observer, FA_LANE_LOSS);
    return FA_OK;
}

static fa_status backward(struct fa_lane *lane, const struct fa_head *head,
                          const struct fa_lane_observer *observer)
{
    const int span = fa_span_begin("backward");

    fa_activity_begin("backward");
    FA_TRY(fa_workspace_backward(lane->workspace, head->cls, lane->grad_reg,
                                 observer == NULL ? NULL : observer->ready,
                                 observer == NULL ? NULL : observer->context));
    fa_span_end(span);
    fa_lane_phase_ended(observer, FA_LANE_BACKWARD);
    return FA_OK;
}

fa_status fa_lane_learn(struct fa_lane *lane, const struct fa_loss_config *config,
                        const struct fa_image *image, const struct fa_objects *objects, double normalizer,
                        const struct fa_lane_observer *observer, struct fa_loss *loss)
{
    struct fa_head head;

    FA_TRY(forward(lane, image, observer, &head));
    FA_TRY(compute_loss(lane, config, image, &head, objects, normalizer, observer, loss));
    return backward(lane, &head, observer);
}
