#include <omp.h>

#include "fa/memory.h"
#include "lane_private.h"

static fa_status create(struct fa_model *model, const struct fa_anchor_design *anchors, struct fa_flat *grad,
                        struct fa_lane **out)
{
    struct fa_lane *lane;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *lane, &lane));
    status = fa_anchor_cache_create(anchors, &lane->anchors);
    if (status == FA_OK && model != NULL)
        status = fa_workspace_create(model, grad, &lane->workspace);
    if (status == FA_OK)
        status = fa_loss_workspace_create(omp_get_max_threads(), &lane->loss_workspace);
    if (status == FA_OK)
        *out = lane;
    else
        fa_lane_destroy(lane);
    return status;
}

fa_status fa_lane_create(struct fa_model *model, struct fa_flat *grad, struct fa_lane **out)
{
    return create(model, &fa_model_config(model)->anchors, grad, out);
}

fa_status fa_lane_create_for_heads(const struct fa_anchor_design *anchors, struct fa_lane **out)
{
    return create(NULL, anchors, NULL, out);
}

void fa_lane_destroy(struct fa_lane *lane)
{
    if (lane == NULL)
        return;
    fa_lane_forget_work(lane);
    fa_lane_unstage(lane);
    if (lane->head_scratch != NULL)
        fa_backend_head_ops(fa_workspace_queue(lane->workspace))->destroy(lane->head_scratch);
    if (lane->grad_reg != NULL)
        fa_backend_free(fa_workspace_queue(lane->workspace), lane->grad_reg);
    fa_loss_workspace_destroy(lane->loss_workspace);
    fa_workspace_destroy(lane->workspace);
    fa_anchor_cache_destroy(lane->anchors);
    fa_free(lane);
}

struct fa_workspace *fa_lane_workspace(struct fa_lane *lane)
{
    return lane->workspace;
}

struct fa_flat *fa_lane_grad(struct fa_lane *lane)
{
    return fa_workspace_grad(lane->workspace);
}

void fa_lane_phase_ended(const struct fa_lane_observer *observer, enum fa_lane_phase phase)
{
    if (observer != NULL && observer->ended != NULL)
        observer->ended(observer->context, phase);
}
