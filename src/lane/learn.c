/*
 * learn.c - from an image and its objects to a loss and a gradient.
 */
#include "fa/activity.h"
#include "fa/trace.h"
#include "lane_private.h"

fa_status fa_lane_share(struct fa_lane *lane, const struct fa_loss_config *config, int h, int w,
                        const struct fa_objects *objects, double *share)
{
    const struct fa_anchor_set *set;

    FA_TRY(fa_anchor_cache_get(lane->anchors, h, w, &set));
    return fa_loss_share(config, set->pyramid.n_anchors, set->anchors, objects, lane->loss_workspace, share);
}

static fa_status forward(struct fa_lane *lane, const struct fa_image *image, struct fa_head *head)
{
    const int span = fa_span_begin("forward");

    fa_activity_begin("forward");
    FA_TRY(fa_workspace_forward(lane->workspace, FA_TRAINING, image->chw, image->h, image->w, head));
    fa_span_end(span);
    fa_lane_phase_ended(lane->observer, FA_LANE_FORWARD);
    return FA_OK;
}

/* The gradient by the logits takes the logits' place. */
static fa_status compute_loss(struct fa_lane *lane, const struct fa_loss_config *config,
                              const struct fa_image *image, const struct fa_head *head,
                              const struct fa_objects *objects, double normalizer)
{
    const struct fa_lane_observer *observer = lane->observer;
    const int span = fa_span_begin("loss");
    struct fa_head staged;
    fa_real *grad_reg;

    fa_activity_begin("loss");
    FA_TRY(fa_lane_stage_head(lane, head, &staged));
    if (observer != NULL && observer->saw != NULL)
        FA_TRY(observer->saw(observer->context, &staged));
    FA_TRY(fa_lane_grad_reg(lane, head->n_anchors, &grad_reg));
    FA_TRY(fa_lane_head_loss(lane, config, image->h, image->w, &staged, objects, normalizer, &lane->loss,
                             staged.cls, grad_reg));
    fa_lane_put_gradient(lane, head);
    fa_span_end(span);
    fa_lane_phase_ended(observer, FA_LANE_LOSS);
    return FA_OK;
}

static fa_status backward(struct fa_lane *lane, const struct fa_head *head)
{
    const struct fa_lane_observer *observer = lane->observer;
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
                        const struct fa_lane_observer *observer)
{
    struct fa_head head;

    lane->observer = observer;
    FA_TRY(forward(lane, image, &head));
    FA_TRY(compute_loss(lane, config, image, &head, objects, normalizer));
    FA_TRY(backward(lane, &head));
    lane->ticket = fa_backend_mark(fa_workspace_queue(lane->workspace));
    return FA_OK;
}

fa_status fa_lane_learned(struct fa_lane *lane, struct fa_loss *loss)
{
    const struct fa_lane_observer *observer = lane->observer;
    bool reached;

    for (;;) {
        FA_TRY(fa_ticket_reached(lane->ticket, &reached));
        if (reached)
            break;
        if (observer != NULL && observer->waits != NULL)
            observer->waits(observer->context);
    }
    *loss = lane->loss;
    return FA_OK;
}
