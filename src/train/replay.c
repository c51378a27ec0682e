#include "fa/replay.h"

#include <math.h>
#include <omp.h>

#include "fa/memory.h"
#include "fa/sgd.h"
#include "replay_private.h"

/* What the size of the image decides, and what a loss needs. */
static fa_status begin(struct fa_replay *r)
{
    fa_pyramid_make(r->given->h, r->given->w, &r->pyramid);
    FA_TRY(fa_alloc(r->pyramid.n_anchors, 4 * sizeof *r->anchors, &r->anchors));
    fa_anchors_make(&r->pyramid, r->anchors);
    return fa_loss_workspace_create(omp_get_max_threads(), &r->workspace);
}

static void end(struct fa_replay *r)
{
    fa_free(r->detections);
    fa_free(r->grad_reg);
    fa_free(r->grad_cls);
    fa_loss_workspace_destroy(r->workspace);
    fa_free(r->anchors);
}

static fa_status choose_normalizer(struct fa_replay *r, const struct fa_loss_config *loss)
{
    r->normalizer = r->given->normalizer;
    if (r->given->has_normalizer)
        return FA_OK;
    return fa_loss_share(loss, r->pyramid.n_anchors, r->anchors, &r->given->objects, r->workspace,
                         &r->normalizer);
}

/* From the case, or from the network. */
static fa_status take_head(struct fa_replay *r)
{
    const struct fa_case *given = r->given;
    struct fa_head head;

    r->head = (struct fa_head_view){given->n_anchors, given->num_classes, r->anchors, given->cls, given->reg};
    if (given->image == NULL)
        return FA_OK;
    FA_TRY(fa_model_forward(r->model, FA_TRAINING, given->image, given->h, given->w, &head));
    r->head = (struct fa_head_view){head.n_anchors, head.num_classes, r->anchors, head.cls, head.reg};
    return FA_OK;
}

static fa_status compute_loss(struct fa_replay *r)
{
    FA_TRY(choose_normalizer(r, &r->config->loss));
    FA_TRY(fa_alloc(r->head.n_anchors * (size_t)r->head.num_classes, sizeof *r->grad_cls, &r->grad_cls));
    FA_TRY(fa_alloc(r->head.n_anchors * 4, sizeof *r->grad_reg, &r->grad_reg));
    return fa_loss_compute(&r->config->loss, &r->head, &r->given->objects, r->normalizer, r->workspace,
                           &r->loss, r->grad_cls, r->grad_reg);
}

static fa_status go_back(struct fa_replay *r)
{
    if (r->given->image == NULL)
        return FA_OK;
    r->params = fa_model_params(r->model);
    fa_params_clear_grad(fa_model_params(r->model));
    return fa_model_backward(r->model, r->grad_cls, r->grad_reg, NULL, NULL);
}

static fa_status detect(struct fa_replay *r)
{
    FA_TRY(fa_alloc((size_t)r->config->detect.max_per_image, sizeof *r->detections, &r->detections));
    return fa_detections_make(&r->config->detect, &r->pyramid, &r->head, &r->given->frame, r->detections,
                              &r->n_detections);
}

static double norm_of_head(const struct fa_replay *r)
{
    return hypot(fa_gradient_norm(r->grad_cls, r->head.n_anchors * (size_t)r->head.num_classes),
                 fa_gradient_norm(r->grad_reg, r->head.n_anchors * 4));
}

static void measure(const struct fa_replay *r, struct fa_replay_result *out)
{
    *out = (struct fa_replay_result){.loss = r->loss,
                                     .normalizer = r->normalizer,
                                     .head_grad_norm = norm_of_head(r),
                                     .n_detections = r->n_detections};
    if (r->params != NULL)
        out->grad_norm = fa_gradient_norm(r->params->grad, r->params->n_trainable);
    out->is_finite = isfinite(out->loss.part[0]) && isfinite(out->loss.part[1]) &&
                     isfinite(out->head_grad_norm) && isfinite(out->grad_norm);
}

static fa_status run(struct fa_replay *r)
{
    FA_TRY(begin(r));
    FA_TRY(take_head(r));
    FA_TRY(compute_loss(r));
    FA_TRY(go_back(r));
    return detect(r);
}

fa_status fa_replay(const struct fa_replay_config *config, struct fa_model *model,
                    const struct fa_case *given, const char *out_path, struct fa_replay_result *result)
{
    struct fa_replay replay = {.config = config, .model = model, .given = given};
    fa_status status = run(&replay);

    if (status == FA_OK)
        status = fa_replay_write(out_path, &replay);
    if (status == FA_OK)
        measure(&replay, result);
    end(&replay);
    return status;
}

fa_status fa_replay_normalizer(const struct fa_loss_config *loss, const struct fa_case *given,
                               double *normalizer)
{
    struct fa_case alone = *given;
    struct fa_replay replay = {.given = &alone};
    fa_status status;

    alone.has_normalizer = false;
    status = begin(&replay);
    if (status == FA_OK)
        status = choose_normalizer(&replay, loss);
    *normalizer = replay.normalizer;
    end(&replay);
    return status;
}
