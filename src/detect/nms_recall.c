/*
 * nms_recall.c - class by class, so that memory is that of one class; an object takes its best box from any.
 */
#include "fa/nms_recall.h"

#include <string.h>

#include "fa/memory.h"
#include "score.h"

/* One image: what its head says, and how well each object is met so far. */
struct image {
    const struct fa_detect_config *config;
    const struct fa_head_view *head;
    const struct fa_objects *objects;
    fa_real hopeless;
    float *boxes;         /* (n_anchors, 4), of anchors that score in any class */
    size_t *n_scoring;    /* (num_classes) anchors that do in this one */
    double *found, *kept; /* (objects) the largest IoU with a box */
};

/* The boxes of one class that score, in the order of their anchors. */
struct class_boxes {
    size_t n;
    float *boxes, *scores;
    int32_t *labels; /* all 0: NMS sees one class alone */
    size_t *keep;
};

/* ---- overlap, of pixels that are counted: a box from 0 to 1 has two ---- */

static double counted(double from, double to)
{
    return to - from + 1;
}

static double counted_overlap(const float a[4], const float b[4], int axis)
{
    const double from = a[axis] > b[axis] ? a[axis] : b[axis];
    const double to = a[axis + 2] < b[axis + 2] ? a[axis + 2] : b[axis + 2];

    return counted(from, to) > 0 ? counted(from, to) : 0;
}

static double counted_area(const float box[4])
{
    return counted(box[0], box[2]) * counted(box[1], box[3]);
}

static double counted_iou(const float a[4], const float b[4])
{
    const double inter = counted_overlap(a, b, 0) * counted_overlap(a, b, 1);

    return inter / (counted_area(a) + counted_area(b) - inter);
}

static void meet(const struct fa_objects *objects, const float box[4], double *best)
{
    for (size_t i = 0; i < objects->n; i++) {
        const double iou = counted_iou(objects->boxes + 4 * i, box);

        if (iou > best[i])
            best[i] = iou;
    }
}

/* ---- all boxes ---- */

static bool scores(const struct image *image, fa_real logit, float *score)
{
    if (!(logit > image->hopeless))
        return false;
    *score = fa_score(logit);
    return *score > (float)image->config->score_threshold;
}

static bool count_scoring(const struct image *image, size_t anchor)
{
    const size_t classes = (size_t)image->head->num_classes;
    bool any = false;
    float score;

    for (size_t c = 0; c < classes; c++)
        if (scores(image, image->head->cls[anchor * classes + c], &score)) {
            image->n_scoring[c]++;
            any = true;
        }
    return any;
}

static void decode(const struct image *image, const struct fa_detect_image *frame, size_t anchor)
{
    const fa_real *reg = image->head->reg + 4 * anchor;
    const float delta[4] = {(float)reg[0], (float)reg[1], (float)reg[2], (float)reg[3]};
    float *box = image->boxes + 4 * anchor;

    fa_box_decode(&image->config->coder, image->head->anchors + 4 * anchor, delta, box);
    fa_box_clip(frame->clip_w, frame->clip_h, box);
}

static void find(const struct image *image, const struct fa_detect_image *frame)
{
    for (size_t a = 0; a < image->head->n_anchors; a++)
        if (count_scoring(image, a)) {
            decode(image, frame, a);
            meet(image->objects, image->boxes + 4 * a, image->found);
        }
}

/* ---- those that NMS keeps ---- */

static void gather(const struct image *image, size_t label, struct class_boxes *of)
{
    const size_t classes = (size_t)image->head->num_classes;
    float score;

    of->n = 0;
    for (size_t a = 0; a < image->head->n_anchors; a++) {
        if (!scores(image, image->head->cls[a * classes + label], &score))
            continue;
        memcpy(of->boxes + 4 * of->n, image->boxes + 4 * a, 4 * sizeof(float));
        of->scores[of->n++] = score;
    }
}

static fa_status keep_class(const struct image *image, size_t label, struct class_boxes *of)
{
    size_t n_keep;

    gather(image, label, of);
    FA_TRY(fa_nms(of->n, of->boxes, of->scores, of->labels, (float)image->config->nms_iou, 0, of->keep,
                  &n_keep));
    for (size_t k = 0; k < n_keep; k++)
        meet(image->objects, of->boxes + 4 * of->keep[k], image->kept);
    return FA_OK;
}

static size_t most_scoring(const struct image *image)
{
    size_t most = 0;

    for (int c = 0; c < image->head->num_classes; c++)
        most = image->n_scoring[c] > most ? image->n_scoring[c] : most;
    return most;
}

static fa_status keep_all(const struct image *image)
{
    const size_t room = most_scoring(image);
    struct class_boxes of = {0};
    fa_status status = fa_alloc(room, 4 * sizeof(float), &of.boxes);

    if (status == FA_OK)
        status = fa_alloc(room, sizeof(float), &of.scores);
    if (status == FA_OK)
        status = fa_alloc_zero(room, sizeof(int32_t), &of.labels);
    if (status == FA_OK)
        status = fa_alloc(room, sizeof(size_t), &of.keep);
    for (int c = 0; c < image->head->num_classes && status == FA_OK; c++)
        if (image->n_scoring[c] > 0)
            status = keep_class(image, (size_t)c, &of);
    fa_free(of.boxes);
    fa_free(of.scores);
    fa_free(of.labels);
    fa_free(of.keep);
    return status;
}

/* ---- the whole ---- */

static void count(const double *best, size_t n_objects, uint64_t n[FA_NMS_RECALL_IOUS])
{
    for (size_t i = 0; i < n_objects; i++)
        for (int k = 0; k < FA_NMS_RECALL_IOUS; k++)
            n[k] += best[i] > fa_nms_recall_iou(k);
}

static fa_status measure(struct image *image, const struct fa_detect_image *frame)
{
    FA_TRY(fa_alloc(image->head->n_anchors, 4 * sizeof(float), &image->boxes));
    FA_TRY(fa_alloc_zero((size_t)image->head->num_classes, sizeof(size_t), &image->n_scoring));
    FA_TRY(fa_alloc_zero(image->objects->n, sizeof(double), &image->found));
    FA_TRY(fa_alloc_zero(image->objects->n, sizeof(double), &image->kept));
    find(image, frame);
    return keep_all(image);
}

fa_status fa_nms_recall_add(const struct fa_detect_config *config, const struct fa_head_view *head,
                            const struct fa_detect_image *image, const struct fa_objects *objects,
                            struct fa_nms_recall *recall)
{
    struct image of = {.config = config,
                       .head = head,
                       .objects = objects,
                       .hopeless = fa_hopeless_logit(config->score_threshold)};
    const fa_status status = objects->n > 0 ? measure(&of, image) : FA_OK;

    if (status == FA_OK) {
        count(of.found, objects->n, recall->found);
        count(of.kept, objects->n, recall->kept);
    }
    fa_free(of.boxes);
    fa_free(of.n_scoring);
    fa_free(of.found);
    fa_free(of.kept);
    return status;
}

/* ---- as numbers ---- */

double fa_nms_recall_iou(int i)
{
    return (10 + i) / 20.0; /* the number nearest to what its decimals say */
}

double fa_nms_recall_at(const struct fa_nms_recall *recall, int i)
{
    return (double)recall->kept[i] / (double)(recall->found[i] > 0 ? recall->found[i] : 1);
}

double fa_nms_recall_mean(const struct fa_nms_recall *recall)
{
    double sum = 0;

    for (int i = 0; i < FA_NMS_RECALL_IOUS; i++)
        sum += fa_nms_recall_at(recall, i);
    return sum / FA_NMS_RECALL_IOUS;
}
