/*
 * metrics_match.c - what becomes of every detection at every IoU threshold in every area range.
 */
#include <string.h>

#include "fa/memory.h"
#include "metrics_parts.h"

struct match {
    const struct fa_metrics_groups *groups;
    struct fa_metrics_outcome *outcomes;
};

static void match_cell(void *context, const struct fa_metrics_cell *cell, struct fa_metrics_scratch *scratch)
{
    const struct match *match = context;
    const struct fa_metrics_boxes boxes = fa_metrics_boxes_of(match->groups, cell);
    struct fa_metrics_outcome *outcomes = match->outcomes + cell->first_detection;

    memset(outcomes, 0, cell->n_detections * sizeof *outcomes);
    fa_metrics_measure(&boxes, scratch);
    for (int area = 0; area < FA_AREAS; area++) {
        fa_metrics_choose_area(&boxes, area, scratch);
        for (int t = 0; t < FA_IOU_THRESHOLDS; t++) {
            fa_metrics_pair(&boxes, fa_metrics_threshold(t), scratch);
            fa_metrics_note(&boxes, area, t, scratch, outcomes);
        }
    }
}

fa_status fa_metrics_match(const struct fa_metrics_groups *groups, struct fa_metrics_outcome *outcomes)
{
    struct match match = {groups, outcomes};
    struct fa_metrics_room room = {0};

    for (size_t i = 0; i < groups->n_cells; i++) {
        const struct fa_metrics_cell *cell = &groups->cells[i];
        size_t pairs;

        if (!fa_size_mul(cell->n_gt, cell->n_detections, &pairs))
            return fa_fail(FA_ENOMEM, "an image has more pairs of boxes than can be counted");
        room.pairs = fa_size_larger(room.pairs, pairs);
        room.gt = fa_size_larger(room.gt, cell->n_gt);
        room.detections = fa_size_larger(room.detections, cell->n_detections);
    }
    return fa_metrics_each_cell(groups, &room, match_cell, &match);
}
