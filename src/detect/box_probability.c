#include "box_probability.h"

#include <string.h>

static void decode_block(const struct fa_box_coder *coder, const struct fa_head_view *head, size_t first,
                         float *predicted)
{
    for (size_t j = first; j < head->n_anchors && j < first + FA_BOX_BLOCK; j++) {
        const fa_real *reg = head->reg + 4 * j;
        const float delta[4] = {(float)reg[0], (float)reg[1], (float)reg[2], (float)reg[3]};

        fa_box_decode(coder, head->anchors + 4 * j, delta, predicted + 4 * j);
    }
}

void fa_predictions_decode(const struct fa_box_coder *coder, const struct fa_head_view *head, int n_threads,
                           float *predicted)
{
#pragma omp parallel for num_threads(n_threads)
    for (size_t first = 0; first < head->n_anchors; first += FA_BOX_BLOCK)
        decode_block(coder, head, first, predicted);
}

/* The saturated linear function: 0 up to the threshold, 1 from the best on. */
static float saturated(float iou, float threshold, float best)
{
    float value = (iou - threshold) / (best - threshold);

    return value < 1.0f ? value : 1.0f;
}

static void raise_row(size_t num_classes, float value, size_t label, float *row, bool *is_set)
{
    if (!*is_set)
        memset(row, 0, num_classes * sizeof *row);
    *is_set = true;
    if (value > row[label])
        row[label] = value;
}

void fa_box_probability_rows(const struct fa_box_block *predicted, const struct fa_objects *objects,
                             const float *best_iou, float threshold, int num_classes, float *table,
                             bool is_set[FA_BOX_BLOCK])
{
    float iou[FA_BOX_BLOCK];

    memset(is_set, 0, FA_BOX_BLOCK * sizeof *is_set);
    for (size_t i = 0; i < objects->n; i++) {
        const float *object = objects->boxes + 4 * i;

        if (!(best_iou[i] > threshold) || !fa_box_block_meets(predicted, object) ||
            !(fa_box_block_iou(predicted, object, iou) > threshold))
            continue;
        for (size_t k = 0; k < predicted->n; k++)
            if (iou[k] > threshold)
                raise_row((size_t)num_classes, saturated(iou[k], threshold, best_iou[i]),
                          (size_t)objects->labels[i], table + k * (size_t)num_classes, &is_set[k]);
    }
}
