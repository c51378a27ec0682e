/*
 * stage.c - the head's rows where loss and detections are computed by the host: they are the backend's own
 * where its memory is the host's, else they are copied there and back.
 */
#include "fa/log.h"
#include "fa/memory.h"
#include "lane_private.h"

static struct fa_backend *queue_of(const struct fa_lane *lane)
{
    return fa_workspace_queue(lane->workspace);
}

static size_t logit_bytes(const struct fa_head *head)
{
    return head->n_anchors * (size_t)head->num_classes * sizeof(fa_real);
}

static size_t delta_bytes(size_t n_anchors)
{
    return n_anchors * 4 * sizeof(fa_real);
}

void fa_lane_unstage(struct fa_lane *lane)
{
    struct fa_backend *queue = lane->workspace != NULL ? queue_of(lane) : NULL;

    if (lane->staged.cls != NULL)
        fa_backend_free_host(queue, lane->staged.cls);
    if (lane->staged.reg != NULL)
        fa_backend_free_host(queue, (void *)lane->staged.reg);
    if (lane->staged_grad_reg != NULL)
        fa_backend_free_host(queue, lane->staged_grad_reg);
    lane->staged = (struct fa_head){0};
    lane->staged_grad_reg = NULL;
    lane->staged_anchors = 0;
}

static fa_status make_room(struct fa_lane *lane, const struct fa_head *head)
{
    struct fa_backend *queue = queue_of(lane);
    void *cls, *reg, *grad_reg;

    if (head->n_anchors <= lane->staged_anchors)
        return FA_OK;
    fa_lane_unstage(lane);
    FA_TRY(fa_backend_alloc_host(queue, logit_bytes(head), &cls));
    lane->staged.cls = cls;
    FA_TRY(fa_backend_alloc_host(queue, delta_bytes(head->n_anchors), &reg));
    lane->staged.reg = reg;
    FA_TRY(fa_backend_alloc_host(queue, delta_bytes(head->n_anchors), &grad_reg));
    lane->staged_grad_reg = grad_reg;
    lane->staged_anchors = head->n_anchors;
    return FA_OK;
}

fa_status fa_lane_stage_head(struct fa_lane *lane, const struct fa_head *head, struct fa_head *out)
{
    struct fa_backend *queue = queue_of(lane);

    *out = *head;
    if (fa_backend_is_host(queue))
        return FA_OK;
    FA_TRY(make_room(lane, head));
    out->cls = lane->staged.cls;
    out->reg = lane->staged.reg;
    fa_backend_get(queue, out->cls, head->cls, logit_bytes(head));
    fa_backend_get(queue, (void *)out->reg, head->reg, delta_bytes(head->n_anchors));
    return fa_backend_synchronize(queue);
}

fa_status fa_lane_grad_reg(struct fa_lane *lane, size_t n_anchors, fa_real **out)
{
    struct fa_backend *queue = queue_of(lane);

    if (n_anchors > lane->grad_anchors) {
        fa_backend_free(queue, lane->grad_reg);
        lane->grad_reg = NULL;
        lane->grad_anchors = 0;
        FA_TRY(fa_backend_alloc(queue, delta_bytes(n_anchors), &lane->grad_reg));
        lane->grad_anchors = n_anchors;
    }
    *out = fa_backend_is_host(queue) ? lane->grad_reg : lane->staged_grad_reg;
    return FA_OK;
}

void fa_lane_put_gradient(struct fa_lane *lane, const struct fa_head *head)
{
    struct fa_backend *queue = queue_of(lane);

    if (fa_backend_is_host(queue))
        return;
    fa_backend_put(queue, head->cls, lane->staged.cls, logit_bytes(head));
    fa_backend_put(queue, lane->grad_reg, lane->staged_grad_reg, delta_bytes(head->n_anchors));
}
