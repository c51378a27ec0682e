/*
 * focal.c - RetinaNet's loss: the best overlap of every object, from which each block of anchors is assigned
 * as it goes by. Assignments are not kept: they cost less than the memory of them.
 */
#include "focal.h"

#include "assign.h"
#include "loss_workspace.h"
#include "match.h"

static void assign_block(const struct fa_assignment *assignment, const struct fa_box_block *anchors,
                         int32_t assigned[FA_BOX_BLOCK])
{
    fa_anchors_assign(&assignment->config->focal, anchors, assignment->objects, assignment->best_iou,
                      assigned);
}

static fa_status match(const struct fa_loss_config *config, const struct fa_head_view *head,
                       const struct fa_objects *objects, struct fa_loss_workspace *workspace,
                       struct fa_assignment *assignment)
{
    FA_TRY(fa_loss_workspace_reserve(workspace, head->n_anchors, objects->n, 0, 0));
    fa_boxes_match(head->anchors, head->n_anchors, objects, workspace->n_threads, workspace->best_iou);
    *assignment = (struct fa_assignment){
        .of_block = assign_block, .config = config, .objects = objects, .best_iou = workspace->best_iou};
    return FA_OK;
}

fa_status fa_focal_share(const struct fa_loss_config *config, const struct fa_head_view *head,
                         const struct fa_objects *objects, struct fa_loss_workspace *workspace, double *share)
{
    struct fa_assignment assignment;

    FA_TRY(match(config, head, objects, workspace, &assignment));
    *share = fa_assigned_share(&assignment, head, workspace);
    return FA_OK;
}

fa_status fa_focal_loss(const struct fa_loss_config *config, const struct fa_head_view *head,
                        const struct fa_objects *objects, double normalizer,
                        struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                        fa_real *grad_reg)
{
    struct fa_assignment assignment;

    FA_TRY(match(config, head, objects, workspace, &assignment));
    fa_assigned_loss(&assignment, config, head, objects, normalizer, workspace, loss, grad_cls, grad_reg);
    return FA_OK;
}
