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
    FA_TRY(fa_workspace_forward(lane->workspace, FA_TRAINING, image, head));
    fa_span_end(span);
    fa_lane_phase_ended(lane->observer, FA_LANE_FORWARD);
    return FA_OK;
}

/* The gradient by the logits takes the logits' place. */
static fa_status compute_on_host(struct fa_lane *lane, const struct fa_loss_config *config,
                                 const struct fa_image *image, const struct fa_head *head,
                                 const struct fa_objects *objects, double normalizer, fa_real **grad_reg)
{
    const struct fa_lane_observer *observer = lane->observer;
    struct fa_head staged;

    FA_TRY(fa_lane_stage_head(lane, head, &staged));
    if (observer != NULL && observer->saw != NULL)
        FA_TRY(observer->saw(observer->context, &staged));
    FA_TRY(fa_lane_grad_reg(lane, head->n_anchors, grad_reg));
    FA_TRY(fa_lane_head_loss(lane, config, image->h, image->w, &staged, objects, normalizer, &lane->loss,
                             staged.cls, *grad_reg));
    fa_lane_put_gradient(lane, head);
    lane->result = &lane->loss;
    *grad_reg = lane->grad_reg;
    return FA_OK;
}

/* Who wants to see the head sees it in the host's memory. */
static bool backend_computes(const struct fa_lane *lane, const struct fa_loss_config *config,
                             const struct fa_head *head)
{
    const struct fa_head_ops *ops = fa_backend_head_ops(fa_workspace_queue(lane->workspace));

    return ops != NULL && ops->takes(config, head->num_classes) &&
           (lane->observer == NULL || lane->observer->saw == NULL);
}

/* The gradients take the places of logits and deltas. */
static fa_status compute_on_backend(struct fa_lane *lane, const struct fa_loss_config *config,
                                    const struct fa_image *image, const struct fa_head *head,
                                    const struct fa_objects *objects, double normalizer, fa_real **grad_reg)
{
    struct fa_backend *queue = fa_workspace_queue(lane->workspace);
    const struct fa_head_ops *ops = fa_backend_head_ops(queue);
    struct fa_device_head rows = {
        .num_classes = head->num_classes, .cls = head->cls, .reg = (fa_real *)head->reg};

    FA_TRY(fa_loss_check_objects(objects, head->num_classes));
    FA_TRY(fa_anchor_cache_get(lane->anchors, image->h, image->w, &rows.anchors));
    if (lane->device_loss == NULL)
        FA_TRY(ops->create(queue, &lane->device_loss));
    *grad_reg = rows.reg;
    return ops->compute(lane->device_loss, config, &rows, objects, normalizer, &lane->result);
}

static fa_status compute_loss(struct fa_lane *lane, const struct fa_loss_config *config,
                              const struct fa_image *image, const struct fa_head *head,
                              const struct fa_objects *objects, double normalizer, fa_real **grad_reg)
{
    const int span = fa_span_begin("loss");

    fa_activity_begin("loss");
    if (backend_computes(lane, config, head))
        FA_TRY(compute_on_backend(lane, config, image, head, objects, normalizer, grad_reg));
    else
        FA_TRY(compute_on_host(lane, config, image, head, objects, normalizer, grad_reg));
    fa_span_end(span);
    fa_lane_phase_ended(lane->observer, FA_LANE_LOSS);
    return FA_OK;
}

static fa_status backward(struct fa_lane *lane, const struct fa_head *head, const fa_real *grad_reg)
{
    const struct fa_lane_observer *observer = lane->observer;
    const int span = fa_span_begin("backward");

    fa_activity_begin("backward");
    FA_TRY(fa_workspace_backward(lane->workspace, head->cls, grad_reg,
                                 observer == NULL ? NULL : observer->ready,
                                 observer == NULL ? NULL : observer->context));
    fa_span_end(span);
    fa_lane_phase_ended(observer, FA_LANE_BACKWARD);
    return FA_OK;
}

static fa_status ask(struct fa_lane *lane, const struct fa_loss_config *config, const struct fa_image *image,
                     const struct fa_objects *objects, double normalizer)
{
    struct fa_head head;
    fa_real *grad_reg;

    FA_TRY(forward(lane, image, &head));
    FA_TRY(compute_loss(lane, config, image, &head, objects, normalizer, &grad_reg));
    return backward(lane, &head, grad_reg);
}

fa_status fa_lane_learn(struct fa_lane *lane, const struct fa_loss_config *config,
                        const struct fa_image *image, const struct fa_objects *objects, double normalizer,
                        const struct fa_lane_observer *observer)
{
    fa_status status;

    lane->observer = observer;
    lane->result = &lane->loss;
    status = ask(lane, config, image, objects, normalizer);
    lane->ticket = fa_backend_mark(fa_workspace_queue(lane->workspace)); /* pixels are read until then */
    return status;
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
    *loss = *lane->result;
    return FA_OK;
}
