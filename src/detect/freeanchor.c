/*
 * freeanchor.c - puts the loss of an image together: bags and best predictions, the positive loss object by
 * object, then the negative loss block by block, whose gradient may take the logits' place, and on top of
 * that the gradient of the positive one.
 */
#include "freeanchor.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "bag.h"
#include "box_probability.h"
#include "loss_workspace.h"
#include "match.h"
#include "negative.h"

/* Everything that the parts of one image's loss share. */
struct image {
    const struct fa_loss_config *config;
    const struct fa_head_view *head;
    const struct fa_objects *objects;
    struct fa_loss_workspace *workspace;
    fa_real *grad_cls, *grad_reg;
};

static size_t bag_size(const struct image *image)
{
    size_t wanted = (size_t)image->config->freeanchor.bag_size;

    return wanted < image->head->n_anchors ? wanted : image->head->n_anchors;
}

static void collect_bags(const struct image *image)
{
    struct fa_loss_workspace *workspace = image->workspace;
    size_t size = bag_size(image);

    for (size_t i = 0; i < image->objects->n; i++)
        workspace->bags[i] =
            (struct fa_ranking){.capacity = size, .n = 0, .items = workspace->bag_items + i * size};
    fa_bags_collect(image->head->anchors, image->head->n_anchors, image->objects, workspace->n_threads,
                    workspace->bags);
}

/* The negative loss of a block of anchors: runs of rows without box probability in one go, the other rows one
   by one. */
static double block_negative(const struct image *image, const struct fa_negative *negative, size_t first,
                             float *table, fa_real *row)
{
    const size_t classes = (size_t)image->head->num_classes;
    const fa_real *logits = image->head->cls + first * classes;
    fa_real *grad = image->grad_cls + first * classes;
    struct fa_box_block predicted;
    bool is_set[FA_BOX_BLOCK];
    double sum = 0;

    fa_box_block_load(image->workspace->predicted, image->head->n_anchors, first, &predicted);
    fa_box_probability_rows(&predicted, image->objects, image->workspace->best_iou,
                            (float)image->config->freeanchor.box_threshold, image->head->num_classes, table,
                            is_set);
    for (size_t k = 0, end; k < predicted.n; k = end) {
        for (end = k; end < predicted.n && !is_set[end]; end++)
            ;
        sum += fa_negative_plain(negative, (end - k) * classes, logits + k * classes, grad + k * classes);
        if (end < predicted.n) {
            sum += fa_negative_row(negative, classes, logits + end * classes, table + end * classes, row,
                                   grad + end * classes);
            end++;
        }
    }
    return sum;
}

static double negative_loss(const struct image *image, double normalizer)
{
    struct fa_loss_workspace *workspace = image->workspace;
    const size_t classes = (size_t)image->head->num_classes;
    const size_t blocks = fa_box_block_count(image->head->n_anchors);
    const struct fa_negative negative = {
        .scale =
            (1 - image->config->freeanchor.alpha) / fmax(1, image->config->freeanchor.bag_size * normalizer),
        .gamma = image->config->freeanchor.gamma,
    };
    double sum = 0;

#pragma omp parallel for num_threads(workspace->n_threads) schedule(dynamic, 4)
    for (size_t b = 0; b < blocks; b++) {
        size_t thread = (size_t)omp_get_thread_num();

        workspace->block_loss[b][FA_PART_NEGATIVE] = block_negative(
            image, &negative, b * FA_BOX_BLOCK, workspace->tables + thread * FA_BOX_BLOCK * classes,
            workspace->rows + thread * classes);
    }
    for (size_t b = 0; b < blocks; b++)
        sum += workspace->block_loss[b][FA_PART_NEGATIVE];
    return sum;
}

static struct fa_bag_gradient *gradients_of(const struct image *image, size_t object)
{
    return image->workspace->bag_gradients + object * bag_size(image);
}

static void positive_loss(const struct image *image, double normalizer, struct fa_loss *loss)
{
    const struct fa_objects *objects = image->objects;
    const double scale = image->config->freeanchor.alpha / fmax(1, normalizer);

    for (size_t i = 0; i < objects->n; i++) {
        double probability;

        loss->part[FA_PART_POSITIVE] +=
            fa_positive_bag(image->config, image->head, objects->boxes + 4 * i, objects->labels[i],
                            &image->workspace->bags[i], scale, image->workspace->members, &probability,
                            gradients_of(image, i));
        loss->bag_probability += probability;
        loss->matched_iou += (double)image->workspace->best_iou[i];
    }
}

static void add_bag_gradient(const struct image *image, size_t object)
{
    const struct fa_ranking *bag = &image->workspace->bags[object];
    const struct fa_bag_gradient *gradients = gradients_of(image, object);
    const size_t classes = (size_t)image->head->num_classes, label = (size_t)image->objects->labels[object];

    for (size_t k = 0; k < bag->n; k++) {
        const size_t anchor = bag->items[k].index;

        image->grad_cls[anchor * classes + label] += gradients[k].logit;
        for (size_t d = 0; d < 4; d++)
            image->grad_reg[4 * anchor + d] += gradients[k].delta[d];
    }
}

fa_status fa_freeanchor_share(const struct fa_loss_config *config, const struct fa_head_view *head,
                              const struct fa_objects *objects, struct fa_loss_workspace *workspace,
                              double *share)
{
    (void)config, (void)head, (void)workspace;
    *share = (double)objects->n;
    return FA_OK;
}

fa_status fa_freeanchor_loss(const struct fa_loss_config *config, const struct fa_head_view *head,
                             const struct fa_objects *objects, double normalizer,
                             struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                             fa_real *grad_reg)
{
    const struct image image = {.config = config,
                                .head = head,
                                .objects = objects,
                                .workspace = workspace,
                                .grad_cls = grad_cls,
                                .grad_reg = grad_reg};

    if (config->freeanchor.bag_size < 1)
        return fa_fail(FA_EINVAL, "a bag of FreeAnchor holds at least one anchor, not %d",
                       config->freeanchor.bag_size);
    FA_TRY(fa_loss_workspace_reserve(workspace, head->n_anchors, objects->n, bag_size(&image),
                                     (size_t)head->num_classes));
    *loss = (struct fa_loss){0};
    fa_predictions_decode(&config->coder, head, workspace->n_threads, workspace->predicted);
    fa_boxes_match(workspace->predicted, head->n_anchors, objects, workspace->n_threads, workspace->best_iou);
    collect_bags(&image);
    positive_loss(&image, normalizer, loss);
    loss->part[FA_PART_NEGATIVE] = negative_loss(&image, normalizer);
    memset(grad_reg, 0, 4 * head->n_anchors * sizeof *grad_reg);
    for (size_t i = 0; i < objects->n; i++)
        add_bag_gradient(&image, i);
    return FA_OK;
}
