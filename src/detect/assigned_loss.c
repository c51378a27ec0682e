#include "assigned_loss.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "box_probability.h"
#include "loss_workspace.h"
#include "match.h"
#include "sigmoid_focal.h"

/* Everything that the parts of one image's loss share. */
struct image {
    const struct fa_loss_config *config;
    const struct fa_head_view *head;
    const struct fa_objects *objects;
    const struct fa_assignment *assignment;
    struct fa_sigmoid_focal focal;
    double box_scale;
    fa_real *grad_cls, *grad_reg;
};

/* ---- the share ---- */

double fa_assigned_share(const struct fa_assignment *assignment, const struct fa_head_view *head,
                         const struct fa_loss_workspace *workspace)
{
    const size_t blocks = fa_box_block_count(head->n_anchors);
    size_t n = 0;

#pragma omp parallel for num_threads(workspace->n_threads) reduction(+ : n)
    for (size_t b = 0; b < blocks; b++) {
        struct fa_box_block block;
        int32_t assigned[FA_BOX_BLOCK];

        fa_box_block_load(head->anchors, head->n_anchors, b * FA_BOX_BLOCK, &block);
        assignment->of_block(assignment, &block, assigned);
        for (size_t k = 0; k < block.n; k++)
            n += assigned[k] >= 0;
    }
    return fmax(1, (double)n);
}

/* ---- the loss ---- */

/* No loss and no gradient, but a NaN is not hidden. */
static double ignored_loss(size_t n, const fa_real *logit, fa_real *grad)
{
    bool has_nan = false;

    for (size_t i = 0; i < n; i++)
        has_nan |= isnan(logit[i]) != 0;
    memset(grad, 0, n * sizeof *grad);
    return has_nan ? NAN : 0;
}

static double positive_row(const struct image *image, size_t label, const fa_real *logit, fa_real *grad)
{
    const struct fa_sigmoid_focal *focal = &image->focal;
    size_t next = label + 1, others = (size_t)image->head->num_classes - next;

    return fa_focal_negative(focal, label, logit, grad) +
           fa_focal_positive(focal, logit[label], grad + label) +
           fa_focal_negative(focal, others, logit + next, grad + next);
}

/* Runs of negative rows in one go, the others one by one. */
static double block_cls(const struct image *image, const struct fa_box_block *anchors,
                        const int32_t assigned[FA_BOX_BLOCK])
{
    const size_t classes = (size_t)image->head->num_classes;
    const fa_real *logit = image->head->cls + anchors->first * classes;
    fa_real *grad = image->grad_cls + anchors->first * classes;
    double sum = 0;

    for (size_t k = 0, end; k < anchors->n; k = end) {
        for (end = k; end < anchors->n && assigned[end] == FA_ANCHOR_NEGATIVE; end++)
            ;
        sum += fa_focal_negative(&image->focal, (end - k) * classes, logit + k * classes, grad + k * classes);
        if (end == anchors->n)
            break;
        if (assigned[end] == FA_ANCHOR_IGNORED)
            sum += ignored_loss(classes, logit + end * classes, grad + end * classes);
        else
            sum += positive_row(image, (size_t)image->objects->labels[assigned[end]], logit + end * classes,
                                grad + end * classes);
        end++;
    }
    return sum;
}

static double l1_row(const struct image *image, size_t anchor, const float object[4])
{
    const fa_real *delta = image->head->reg + 4 * anchor;
    fa_real *grad = image->grad_reg + 4 * anchor;
    float target[4];
    double sum = 0;

    fa_box_encode(&image->config->coder, image->head->anchors + 4 * anchor, object, target);
    for (int k = 0; k < 4; k++) {
        double error = (double)delta[k] - (double)target[k];

        sum += fabs(error);
        grad[k] = (fa_real)(image->box_scale * ((error > 0) - (error < 0)));
    }
    return sum;
}

static double block_bbox(const struct image *image, const struct fa_box_block *anchors,
                         const int32_t assigned[FA_BOX_BLOCK])
{
    double sum = 0;

    memset(image->grad_reg + 4 * anchors->first, 0, 4 * anchors->n * sizeof *image->grad_reg);
    for (size_t k = 0; k < anchors->n; k++)
        if (assigned[k] >= 0)
            sum += l1_row(image, anchors->first + k, image->objects->boxes + 4 * assigned[k]);
    return image->box_scale * sum;
}

static void add_blocks(const struct image *image, struct fa_loss_workspace *workspace, struct fa_loss *loss)
{
    const size_t n_anchors = image->head->n_anchors, blocks = fa_box_block_count(n_anchors);

#pragma omp parallel for num_threads(workspace->n_threads) schedule(dynamic, 4)
    for (size_t b = 0; b < blocks; b++) {
        struct fa_box_block anchors;
        int32_t assigned[FA_BOX_BLOCK];

        fa_box_block_load(image->head->anchors, n_anchors, b * FA_BOX_BLOCK, &anchors);
        image->assignment->of_block(image->assignment, &anchors, assigned);
        workspace->block_loss[b][FA_PART_CLS] = block_cls(image, &anchors, assigned);
        workspace->block_loss[b][FA_PART_BBOX] = block_bbox(image, &anchors, assigned);
    }
    for (size_t b = 0; b < blocks; b++)
        for (int i = 0; i < FA_LOSS_PARTS; i++)
            loss->part[i] += workspace->block_loss[b][i];
}

/* For the journal alone: how well the objects are found. */
static double matched_iou(const struct fa_loss_config *config, const struct fa_head_view *head,
                          const struct fa_objects *objects, struct fa_loss_workspace *workspace)
{
    double sum = 0;

    fa_predictions_decode(&config->coder, head, workspace->n_threads, workspace->predicted);
    fa_boxes_match(workspace->predicted, head->n_anchors, objects, workspace->n_threads, workspace->best_iou);
    for (size_t i = 0; i < objects->n; i++)
        sum += (double)workspace->best_iou[i];
    return sum;
}

void fa_assigned_loss(const struct fa_assignment *assignment, const struct fa_loss_config *config,
                      const struct fa_head_view *head, const struct fa_objects *objects, double normalizer,
                      struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                      fa_real *grad_reg)
{
    const double divisor = normalizer + (double)FLT_EPSILON;
    const struct image image = {.config = config,
                                .head = head,
                                .objects = objects,
                                .assignment = assignment,
                                .focal = {.gamma = config->focal.gamma,
                                          .positive = config->focal.alpha / divisor,
                                          .negative = (1 - config->focal.alpha) / divisor},
                                .box_scale = 1 / divisor,
                                .grad_cls = grad_cls,
                                .grad_reg = grad_reg};

    *loss = (struct fa_loss){0};
    add_blocks(&image, workspace, loss);
    loss->matched_iou = matched_iou(config, head, objects, workspace);
}
