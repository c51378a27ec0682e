/*
 * head.c - from the head's outputs to loss and detections: where its rows meet their anchors.
 */
#include <assert.h>

#include "lane_private.h"

static struct fa_head_view view_of(const struct fa_head *head, const struct fa_anchor_set *set)
{
    assert(head->n_anchors == set->pyramid.n_anchors);
    return (struct fa_head_view){.n_anchors = head->n_anchors,
                                 .num_classes = head->num_classes,
                                 .anchors = set->anchors,
                                 .cls = head->cls,
                                 .reg = head->reg,
                                 .n_levels = FA_LEVELS,
                                 .level_first = set->pyramid.first,
                                 .per_position = FA_CELL_ANCHORS};
}

static fa_status view_head(struct fa_lane *lane, int h, int w, const struct fa_head *head,
                           const struct fa_anchor_set **set, struct fa_head_view *view)
{
    FA_TRY(fa_anchor_cache_get(lane->anchors, h, w, set));
    *view = view_of(head, *set);
    return FA_OK;
}

fa_status fa_lane_share(struct fa_lane *lane, const struct fa_loss_config *config, int h, int w,
                        const struct fa_objects *objects, double *share)
{
    const struct fa_anchor_set *set;
    struct fa_head_view view;

    FA_TRY(fa_anchor_cache_get(lane->anchors, h, w, &set));
    view = view_of(&(struct fa_head){.n_anchors = set->pyramid.n_anchors}, set);
    return fa_loss_share(config, &view, objects, lane->loss_workspace, share);
}

fa_status fa_lane_head_loss(struct fa_lane *lane, const struct fa_loss_config *config, int h, int w,
                            const struct fa_head *head, const struct fa_objects *objects, double normalizer,
                            struct fa_loss *loss, fa_real *grad_cls, fa_real *grad_reg)
{
    const struct fa_anchor_set *set;
    struct fa_head_view view;

    FA_TRY(view_head(lane, h, w, head, &set, &view));
    return fa_loss_compute(config, &view, objects, normalizer, lane->loss_workspace, loss, grad_cls,
                           grad_reg);
}

fa_status fa_lane_head_detections(struct fa_lane *lane, const struct fa_detect_config *config, int h, int w,
                                  const struct fa_head *head, const struct fa_detect_image *frame,
                                  struct fa_detection *out, size_t *n)
{
    const struct fa_anchor_set *set;
    struct fa_head_view view;

    FA_TRY(view_head(lane, h, w, head, &set, &view));
    return fa_detections_make(config, &set->pyramid, &view, frame, out, n);
}

fa_status fa_lane_head_candidates(struct fa_lane *lane, const struct fa_detect_config *config, int h, int w,
                                  const struct fa_head *head, const struct fa_detect_image *frame,
                                  struct fa_candidates *candidates)
{
    const struct fa_anchor_set *set;
    struct fa_head_view view;

    FA_TRY(view_head(lane, h, w, head, &set, &view));
    return fa_candidates_add(candidates, config, &set->pyramid, &view, frame);
}

fa_status fa_lane_head_nms_recall(struct fa_lane *lane, const struct fa_detect_config *config, int h, int w,
                                  const struct fa_head *head, const struct fa_detect_image *frame,
                                  const struct fa_objects *objects, struct fa_nms_recall *recall)
{
    const struct fa_anchor_set *set;
    struct fa_head_view view;

    FA_TRY(view_head(lane, h, w, head, &set, &view));
    return fa_nms_recall_add(config, &view, frame, objects, recall);
}

fa_status fa_lane_device_head(struct fa_lane *lane, const struct fa_head *head, int h, int w,
                              struct fa_device_head *out)
{
    struct fa_backend *queue = fa_workspace_queue(lane->workspace);

    *out = (struct fa_device_head){
        .num_classes = head->num_classes, .cls = head->cls, .reg = (fa_real *)head->reg};
    FA_TRY(fa_anchor_cache_get(lane->anchors, h, w, &out->anchors));
    assert(head->n_anchors == out->anchors->pyramid.n_anchors);
    if (lane->head_scratch == NULL)
        FA_TRY(fa_backend_head_ops(queue)->create(queue, &lane->head_scratch));
    return FA_OK;
}
