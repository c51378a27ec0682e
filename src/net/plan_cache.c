/*
 * Plans by size, a bounded number of them, and the memory that they share.
 */
#include "fa/memory.h"
#include "fa/trace.h"
#include "state.h"

#define MAX_SIDE 16384 /* keeps every count of elements of one plane within an int */

fa_status fa_size_check(int h, int w)
{
    if (h > 0 && w > 0 && h <= MAX_SIDE && w <= MAX_SIDE && h % FA_SIZE_DIVISOR == 0 &&
        w % FA_SIZE_DIVISOR == 0)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "an image of %dx%d does not fit the network; pad it to multiples of %d, at most %d", w, h,
                   FA_SIZE_DIVISOR, MAX_SIDE);
}

static struct fa_plan *cached(struct fa_model *model, bool training, int h, int w)
{
    for (int p = 0; p < model->n_plans; p++) {
        struct fa_plan *plan = model->plan[p];

        if (plan->training == training && plan->h == h && plan->w == w)
            return plan;
    }
    return NULL;
}

static void evict_oldest(struct fa_model *model)
{
    int oldest = 0;

    for (int p = 1; p < model->n_plans; p++)
        if (model->plan[p]->last_used < model->plan[oldest]->last_used)
            oldest = p;
    fa_plan_destroy(model->plan[oldest]);
    model->plan[oldest] = model->plan[--model->n_plans];
}

static fa_status create_plan(struct fa_model *model, bool training, int h, int w, struct fa_plan **plan)
{
    const int span = fa_span_begin("plan");
    fa_status status =
        fa_plan_create(&model->graph, model->backend, model->weights, model->affine, training, h, w, plan);

    fa_span_end(span);
    return status;
}

fa_status fa_model_plan(struct fa_model *model, enum fa_pass pass, int h, int w, struct fa_plan **out)
{
    const bool training = pass == FA_TRAINING;
    struct fa_plan *plan;

    FA_TRY(fa_size_check(h, w));
    model->trained = NULL;
    plan = cached(model, training, h, w);
    if (plan == NULL) {
        FA_TRY(create_plan(model, training, h, w, &plan));
        if (model->n_plans == FA_MAX_PLANS)
            evict_oldest(model);
        model->plan[model->n_plans++] = plan;
        if (plan->arena_bytes > model->largest_arena)
            model->largest_arena = plan->arena_bytes;
    }
    plan->last_used = ++model->clock;
    *out = plan;
    return FA_OK;
}

static fa_status grow_arena(struct fa_model *model, size_t n_bytes)
{
    if (n_bytes <= model->arena_bytes)
        return FA_OK;
    fa_backend_free(model->backend, model->arena);
    model->arena = NULL;
    model->arena_bytes = 0;
    FA_TRY(fa_backend_alloc(model->backend, n_bytes, &model->arena));
    model->arena_bytes = n_bytes;
    return FA_OK;
}

static fa_status grow_head(struct fa_model *model, size_t n_anchors)
{
    if (n_anchors <= model->head_anchors)
        return FA_OK;
    model->head_anchors = 0;
    FA_TRY(fa_realloc(&model->cls, n_anchors, (size_t)model->config.num_classes * sizeof(fa_real)));
    FA_TRY(fa_realloc(&model->reg, n_anchors, 4 * sizeof(fa_real)));
    model->head_anchors = n_anchors;
    return FA_OK;
}

fa_status fa_model_reserve(struct fa_model *model, const struct fa_plan *plan)
{
    FA_TRY(grow_arena(model, plan->arena_bytes));
    return grow_head(model, plan->pyramid.n_anchors);
}
