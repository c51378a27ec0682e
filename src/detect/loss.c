/*
 * loss.c - the table of losses, a row a kind, and what they have in common: defaults and the check of
 * objects.
 */
#include "fa/loss.h"

#include <math.h>

#include "atss.h"
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
    .atss = {.k = 9},
};

const char *const fa_loss_names[] = {
    [FA_LOSS_FREEANCHOR] = "freeanchor", [FA_LOSS_FOCAL] = "focal", [FA_LOSS_ATSS] = "atss", NULL};

/* share and compute are as fa_loss_share and fa_loss_compute, for which objects are checked. */
static const struct kind {
    const char *part_name[FA_LOSS_PARTS], *part_label[FA_LOSS_PARTS];
    bool has_bags;
    fa_status (*share)(const struct fa_loss_config *config, const struct fa_head_view *head,
                       const struct fa_objects *objects, struct fa_loss_workspace *workspace, double *share);
    fa_status (*compute)(const struct fa_loss_config *config, const struct fa_head_view *head,
                         const struct fa_objects *objects, double normalizer,
                         struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                         fa_real *grad_reg);
} kinds[FA_LOSS_KINDS] = {
    [FA_LOSS_FREEANCHOR] = {{"positive_bag_loss", "negative_bag_loss"},
                            {"positive", "negative"},
                            true,
                            fa_freeanchor_share,
                            fa_freeanchor_loss},
    [FA_LOSS_FOCAL] = {{"loss_cls", "loss_bbox"}, {"cls", "bbox"}, false, fa_focal_share, fa_focal_loss},
    [FA_LOSS_ATSS] = {{"loss_cls", "loss_bbox"}, {"cls", "bbox"}, false, fa_atss_share, fa_atss_loss},
};

const char *fa_loss_part_name(enum fa_loss_kind kind, int part)
{
    return kinds[kind].part_name[part];
}

const char *fa_loss_part_label(enum fa_loss_kind kind, int part)
{
    return kinds[kind].part_label[part];
}

bool fa_loss_has_bags(enum fa_loss_kind kind)
{
    return kinds[kind].has_bags;
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

static fa_status check_head(const struct fa_loss_config *config, const struct fa_head_view *head)
{
    if ((int)config->kind < 0 || config->kind >= FA_LOSS_KINDS)
        return fa_fail(FA_EINVAL, "there is no loss %d; they count from 0 to %d", (int)config->kind,
                       FA_LOSS_KINDS - 1);
    if (head->n_anchors < 1)
        return fa_fail(FA_EINVAL, "a loss needs a head of at least one anchor");
    return FA_OK;
}

fa_status fa_loss_share(const struct fa_loss_config *config, const struct fa_head_view *head,
                        const struct fa_objects *objects, struct fa_loss_workspace *workspace, double *share)
{
    FA_TRY(check_head(config, head));
    return kinds[config->kind].share(config, head, objects, workspace, share);
}

fa_status fa_loss_compute(const struct fa_loss_config *config, const struct fa_head_view *head,
                          const struct fa_objects *objects, double normalizer,
                          struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                          fa_real *grad_reg)
{
    FA_TRY(check_head(config, head));
    if (head->num_classes < 1)
        return fa_fail(FA_EINVAL, "a loss needs a head of at least one class, not of %d", head->num_classes);
    FA_TRY(fa_loss_check_objects(objects, head->num_classes));
    return kinds[config->kind].compute(config, head, objects, normalizer, workspace, loss, grad_cls,
                                       grad_reg);
}
