/*
 * detections.c - candidates level by level, then NMS over all of them.
 */
#include "fa/detections.h"

#include <string.h>

#include "fa/memory.h"
#include "ranking.h"
#include "score.h"

const struct fa_detect_config fa_detect_config_default = {
    .score_threshold = 0.05,
    .pre_nms = 1000,
    .nms_iou = 0.5,
    .max_per_image = 100,
    .coder = {.std = {0.1f, 0.1f, 0.2f, 0.2f}},
};

/* In the order view, level, score. */
struct fa_candidates {
    size_t n, room;
    float *boxes; /* (n, 4), pixels of the original image */
    float *scores;
    int32_t *labels;
};

static fa_status make_room(struct fa_candidates *candidates, size_t more)
{
    const size_t room = candidates->n + more;

    if (room <= candidates->room)
        return FA_OK;
    FA_TRY(fa_realloc(&candidates->boxes, room, 4 * sizeof(float)));
    FA_TRY(fa_realloc(&candidates->scores, room, sizeof(float)));
    FA_TRY(fa_realloc(&candidates->labels, room, sizeof(int32_t)));
    candidates->room = room;
    return FA_OK;
}

static void candidates_clear(struct fa_candidates *candidates)
{
    fa_free(candidates->boxes);
    fa_free(candidates->scores);
    fa_free(candidates->labels);
}

/* The best (anchor, class) pairs of the level, index = (anchor in the level) * classes + class. */
static void rank_level(const struct fa_detect_config *config, const struct fa_head_view *head, size_t first,
                       size_t n_anchors, struct fa_ranking *ranking)
{
    const size_t classes = (size_t)head->num_classes;
    const fa_real *logits = head->cls + first * classes,
                  hopeless = fa_hopeless_logit(config->score_threshold);
    const float threshold = (float)config->score_threshold;

    ranking->n = 0;
    for (size_t i = 0; i < n_anchors * classes; i++) {
        float score;

        if (!(logits[i] > hopeless))
            continue;
        score = fa_score(logits[i]);
        if (score > threshold && fa_ranking_wants(ranking, score))
            fa_ranking_offer(ranking, score, i);
    }
    fa_ranking_sort(ranking);
}

/* Its two sides, seen in the mirror. */
static void unmirror(float w, float box[4])
{
    const float left = box[0];

    box[0] = w - box[2];
    box[2] = w - left;
}

static void decode_candidate(const struct fa_detect_config *config, const struct fa_head_view *head,
                             size_t anchor, const struct fa_detect_image *image, float box[4])
{
    const fa_real *reg = head->reg + 4 * anchor;
    const float delta[4] = {(float)reg[0], (float)reg[1], (float)reg[2], (float)reg[3]};

    fa_box_decode(&config->coder, head->anchors + 4 * anchor, delta, box);
    fa_box_clip(image->clip_w, image->clip_h, box);
    if (image->mirrored)
        unmirror(image->clip_w, box);
    for (int k = 0; k < 4; k++)
        box[k] /= image->scale_factor[k];
}

static void add_level(const struct fa_detect_config *config, const struct fa_head_view *head, size_t first,
                      const struct fa_detect_image *image, const struct fa_ranking *ranking,
                      struct fa_candidates *candidates)
{
    const size_t classes = (size_t)head->num_classes;

    for (size_t k = 0; k < ranking->n; k++, candidates->n++) {
        size_t index = ranking->items[k].index;

        decode_candidate(config, head, first + index / classes, image, candidates->boxes + 4 * candidates->n);
        candidates->scores[candidates->n] = ranking->items[k].value;
        candidates->labels[candidates->n] = (int32_t)(index % classes);
    }
}

static void collect_candidates(const struct fa_detect_config *config, const struct fa_pyramid *pyramid,
                               const struct fa_head_view *head, const struct fa_detect_image *image,
                               struct fa_ranking *ranking, struct fa_candidates *candidates)
{
    for (int level = 0; level < FA_LEVELS; level++) {
        size_t first = pyramid->first[level];
        size_t end = level + 1 < FA_LEVELS ? pyramid->first[level + 1] : pyramid->n_anchors;

        rank_level(config, head, first, end - first, ranking);
        add_level(config, head, first, image, ranking, candidates);
    }
}

static void write_detections(const struct fa_candidates *candidates, size_t n, const size_t *keep,
                             struct fa_detection *out)
{
    for (size_t k = 0; k < n; k++) {
        const float *box = candidates->boxes + 4 * keep[k];

        out[k] = (struct fa_detection){.box = {box[0], box[1], box[2], box[3]},
                                       .score = candidates->scores[keep[k]],
                                       .label = candidates->labels[keep[k]]};
    }
}

static fa_status check_limits(const struct fa_detect_config *config)
{
    if (config->pre_nms < 1 || config->max_per_image < 1)
        return fa_fail(FA_EINVAL, "detection needs pre_nms and max_per_image of at least 1, not %d and %d",
                       config->pre_nms, config->max_per_image);
    return FA_OK;
}

fa_status fa_candidates_create(struct fa_candidates **out)
{
    return fa_alloc_zero(1, sizeof **out, out);
}

void fa_candidates_destroy(struct fa_candidates *candidates)
{
    if (candidates == NULL)
        return;
    candidates_clear(candidates);
    fa_free(candidates);
}

void fa_candidates_empty(struct fa_candidates *candidates)
{
    candidates->n = 0;
}

fa_status fa_candidates_add(struct fa_candidates *candidates, const struct fa_detect_config *config,
                            const struct fa_pyramid *pyramid, const struct fa_head_view *head,
                            const struct fa_detect_image *image)
{
    struct fa_ranking ranking = {.capacity = (size_t)config->pre_nms, .n = 0, .items = NULL};

    FA_TRY(check_limits(config));
    FA_TRY(make_room(candidates, FA_LEVELS * ranking.capacity));
    FA_TRY(fa_alloc(ranking.capacity, sizeof *ranking.items, &ranking.items));
    collect_candidates(config, pyramid, head, image, &ranking, candidates);
    fa_free(ranking.items);
    return FA_OK;
}

fa_status fa_candidates_detections(const struct fa_candidates *candidates,
                                   const struct fa_detect_config *config, struct fa_detection *out, size_t *n)
{
    size_t *keep = NULL;
    fa_status status;

    *n = 0;
    FA_TRY(fa_alloc((size_t)config->max_per_image, sizeof *keep, &keep));
    status = fa_nms(candidates->n, candidates->boxes, candidates->scores, candidates->labels,
                    (float)config->nms_iou, (size_t)config->max_per_image, keep, n);
    if (status == FA_OK)
        write_detections(candidates, *n, keep, out);
    fa_free(keep);
    return status;
}

fa_status fa_detections_make(const struct fa_detect_config *config, const struct fa_pyramid *pyramid,
                             const struct fa_head_view *head, const struct fa_detect_image *image,
                             struct fa_detection *out, size_t *n)
{
    struct fa_candidates candidates = {0};
    fa_status status;

    *n = 0;
    status = fa_candidates_add(&candidates, config, pyramid, head, image);
    if (status == FA_OK)
        status = fa_candidates_detections(&candidates, config, out, n);
    candidates_clear(&candidates);
    return status;
}

static void add_detection(struct fa_candidates *candidates, const struct fa_detection *detection)
{
    memcpy(candidates->boxes + 4 * candidates->n, detection->box, sizeof detection->box);
    candidates->scores[candidates->n] = detection->score;
    candidates->labels[candidates->n++] = detection->label;
}

fa_status fa_detections_merge(float iou, struct fa_detection *detections, size_t *n)
{
    struct fa_candidates candidates = {0};
    size_t *keep = NULL;
    fa_status status = make_room(&candidates, *n);

    if (status == FA_OK)
        status = fa_alloc(*n, sizeof *keep, &keep);
    if (status != FA_OK)
        goto out;
    for (size_t i = 0; i < *n; i++)
        add_detection(&candidates, &detections[i]);
    status = fa_nms(candidates.n, candidates.boxes, candidates.scores, candidates.labels, iou, 0, keep, n);
    if (status == FA_OK)
        write_detections(&candidates, *n, keep, detections);
out:
    fa_free(keep);
    candidates_clear(&candidates);
    return status;
}
