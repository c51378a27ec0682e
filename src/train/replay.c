#include "fa/replay.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/sgd.h"
#include "replay_private.h"

static void end(struct fa_replay *r)
{
    fa_free(r->detections);
    fa_free(r->grad_reg);
    fa_free(r->grad_cls);
    fa_free(r->reg);
    fa_free(r->head.cls);
    fa_lane_destroy(r->lane);
}

static fa_status choose_normalizer(struct fa_replay *r, const struct fa_loss_config *loss)
{
    const struct fa_case *given = r->given;

    r->normalizer = given->normalizer;
    if (given->has_normalizer)
        return FA_OK;
    return fa_lane_share(r->lane, loss, given->h, given->w, &given->objects, &r->normalizer);
}

/* The rows of a head are kept, since the lane's are gone after the loss. */
static fa_status keep_head(void *context, const struct fa_head *head)
{
    struct fa_replay *r = context;
    const size_t n_logits = head->n_anchors * (size_t)head->num_classes, n_deltas = head->n_anchors * 4;

    FA_TRY(fa_alloc(n_logits, sizeof *r->head.cls, &r->head.cls));
    FA_TRY(fa_alloc(n_deltas, sizeof *r->reg, &r->reg));
    memcpy(r->head.cls, head->cls, n_logits * sizeof *head->cls);
    memcpy(r->reg, head->reg, n_deltas * sizeof *head->reg);
    r->head.n_anchors = head->n_anchors;
    r->head.num_classes = head->num_classes;
    r->head.reg = r->reg;
    return FA_OK;
}

static fa_status run_network(struct fa_replay *r)
{
    const struct fa_case *given = r->given;
    const struct fa_image image = {.chw = given->image, .h = given->h, .w = given->w};
    const struct fa_lane_observer observer = {.saw = keep_head, .context = r};

    fa_flat_clear(fa_lane_grad(r->lane));
    FA_TRY(fa_lane_learn(r->lane, &r->config->loss, &image, &given->objects, r->normalizer, &observer));
    FA_TRY(fa_lane_learned(r->lane, &r->loss));
    r->params = fa_model_params(r->model);
    return FA_OK;
}

/* The head's outputs are the case's, or those of the network. */
static fa_status take_head(struct fa_replay *r)
{
    const struct fa_case *given = r->given;
    const struct fa_head head = {.n_anchors = given->n_anchors,
                                 .num_classes = given->num_classes,
                                 .cls = (fa_real *)(uintptr_t)given->cls,
                                 .reg = given->reg};

    return given->image == NULL ? keep_head(r, &head) : run_network(r);
}

static fa_status compute_loss(struct fa_replay *r)
{
    const struct fa_case *given = r->given;

    FA_TRY(fa_alloc(r->head.n_anchors * (size_t)r->head.num_classes, sizeof *r->grad_cls, &r->grad_cls));
    FA_TRY(fa_alloc(r->head.n_anchors * 4, sizeof *r->grad_reg, &r->grad_reg));
    return fa_lane_head_loss(r->lane, &r->config->loss, given->h, given->w, &r->head, &given->objects,
                             r->normalizer, &r->loss, r->grad_cls, r->grad_reg);
}

static fa_status detect(struct fa_replay *r)
{
    FA_TRY(fa_alloc((size_t)r->config->detect.max_per_image, sizeof *r->detections, &r->detections));
    return fa_lane_head_detections(r->lane, &r->config->detect, r->given->h, r->given->w, &r->head,
                                   &r->given->frame, r->detections, &r->n_detections);
}

static double norm_of_head(const struct fa_replay *r)
{
    return hypot(fa_host_norm(r->grad_cls, r->head.n_anchors * (size_t)r->head.num_classes),
                 fa_host_norm(r->grad_reg, r->head.n_anchors * 4));
}

static fa_status measure(const struct fa_replay *r, struct fa_replay_result *out)
{
    *out = (struct fa_replay_result){.loss = r->loss,
                                     .normalizer = r->normalizer,
                                     .head_grad_norm = norm_of_head(r),
                                     .n_detections = r->n_detections};
    if (r->params != NULL)
        FA_TRY(fa_flat_norm(r->params->grad, 0, r->params->n_trainable, &out->grad_norm));
    out->is_finite = isfinite(out->loss.part[0]) && isfinite(out->loss.part[1]) &&
                     isfinite(out->head_grad_norm) && isfinite(out->grad_norm);
    return FA_OK;
}

/* A head's rows tell its levels. */
static fa_status create_lane_for_heads(const struct fa_replay_config *config, struct fa_replay *r)
{
    struct fa_anchor_design anchors = *fa_anchors_meant(&config->anchors);

    if (r->given->finest_level != 0)
        anchors.finest_level = r->given->finest_level;
    return fa_lane_create_for_heads(&anchors, &r->lane);
}

static fa_status run(struct fa_replay *r)
{
    FA_TRY(r->model != NULL ? fa_lane_create(r->model, NULL, &r->lane) : create_lane_for_heads(r->config, r));
    FA_TRY(choose_normalizer(r, &r->config->loss));
    FA_TRY(take_head(r));
    FA_TRY(compute_loss(r));
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
        status = measure(&replay, result);
    end(&replay);
    return status;
}

fa_status fa_replay_normalizer(const struct fa_replay_config *config, const struct fa_case *given,
                               double *normalizer)
{
    struct fa_case alone = *given;
    struct fa_replay replay = {.given = &alone};
    fa_status status;

    alone.has_normalizer = false;
    status = create_lane_for_heads(config, &replay);
    if (status == FA_OK)
        status = choose_normalizer(&replay, &config->loss);
    *normalizer = replay.normalizer;
    end(&replay);
    return status;
}
