/*
 * loss.c - what the two kinds of loss have in common: names, defaults, the check of objects, and who computes
 * them.
 */
#include "fa/loss.h"

#include <assert.h>
#include <math.h>

#include "focal.h"
#include "freeanchor.h"

const struct fa_loss_config fa_loss_default = {
    .kind = FA_LOSS_FREEANCHOR,
    .freeanchor = {.alpha = 0.5,
                   .gamma = 2,
                   .bag_size = 50,
                   .box_threshold = 0.6,
                   .smooth_l1_beta = 0.11,
                   .smooth_l1_weight = 0.75},
    .focal = {.alpha = 0.25, .gamma = 2, .positive_iou = 0.5, .negative_iou = 0.4, .min_positive_iou = 0},
    .coder = {.std = {0.1f, 0.1f, 0.2f, 0.2f}},
};

const char *fa_loss_part_name(enum fa_loss_kind kind, int part)
{
    static const char *const names[][FA_LOSS_PARTS] = {
        [FA_LOSS_FREEANCHOR] = {"positive_bag_loss", "negative_bag_loss"},
        [FA_LOSS_FOCAL] = {"loss_cls", "loss_bbox"},
    };

    return names[kind][part];
}

const char *fa_loss_part_label(enum fa_loss_kind kind, int part)
{
    static const char *const labels[][FA_LOSS_PARTS] = {
        [FA_LOSS_FREEANCHOR] = {"positive", "negative"},
        [FA_LOSS_FOCAL] = {"cls", "bbox"},
    };

    return labels[kind][part];
}

fa_status fa_loss_check_objects(const struct fa_objects *objects, int num_classes)
{
    for (size_t i = 0; i < objects->n; i++) {
        const float *box = objects->boxes + 4 * i;

        if (objects->labels[i] < 0 || objects->labels[i] >= num_classes)
            return fa_fail(FA_EINVAL, "object %zu has label %d, but the model has %d classes", i,
                           (int)objects->labels[i], num_classes);
        if (!(box[2] > box[0]) || !(box[3] > box[1]) || !isfinite(box[0] + box[1] + box[2] + box[3]))
            return fa_fail(FA_EINVAL, "object %zu is not a box of positive size: %g %g %g %g", i,
                           (double)box[0], (double)box[1], (double)box[2], (double)box[3]);
    }
    return FA_OK;
}

fa_status fa_loss_share(const struct fa_loss_config *config, size_t n_anchors, const float *anchors,
                        const struct fa_objects *objects, struct fa_loss_workspace *workspace, double *share)
{
    if (config->kind == FA_LOSS_FOCAL)
        return fa_focal_share(&config->focal, n_anchors, anchors, objects, workspace, share);
    *share = (double)objects->n;
    return FA_OK;
}

fa_status fa_loss_compute(const struct fa_loss_config *config, const struct fa_head_view *head,
                          const struct fa_objects *objects, double normalizer,
                          struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                          fa_real *grad_reg)
{
    fa_status status = fa_loss_check_objects(objects, head->num_classes);

    assert(head->n_anchors > 0 && head->num_classes > 0);
    if (status != FA_OK)
        return status;
    if (config->kind == FA_LOSS_FOCAL)
        return fa_focal_loss(config, head, objects, normalizer, workspace, loss, grad_cls, grad_reg);
    return fa_freeanchor_loss(config, head, objects, normalizer, workspace, loss, grad_cls, grad_reg);
}
