/*
 * state.h - what a model and its workspaces consist of; shared by the files that implement fa/model.h.
 */
#ifndef FA_NET_STATE_H
#define FA_NET_STATE_H

#include "fa/model.h"
#include "graph.h"
#include "plan.h"

enum { FA_MOST_PLANS = 1024, FA_LEAST_PLANS = 64 };

struct fa_model {
    struct fa_model_config config;
    struct fa_backend *backend;
    struct fa_graph graph;
    struct fa_params params;

    struct fa_weights *weights[FA_GRAPH_MAX_LAYERS];
    struct fa_affine *affine[FA_GRAPH_MAX_LAYERS]; /* NULL without group norm */
    bool is_stale[FA_GRAPH_MAX_LAYERS];            /* the backend's weights are not those of params */
    bool any_stale;
    struct fa_ticket folded; /* after which they are */
    uint64_t version;        /* of the parameters' values, as far as anybody told */
};

struct fa_workspace {
    struct fa_model *model;
    struct fa_backend *queue; /* that its work goes to */
    struct fa_flat *grad;     /* of the trainable parameters */

    int n_plans, most_plans; /* at most FA_MOST_PLANS */
    struct fa_plan *plan[FA_MOST_PLANS];
    uint64_t clock, n_planned;
    size_t largest_arena; /* of all plans that ever were */

    void *arena; /* shared by all plans; grows */
    size_t arena_bytes;
    void *cls, *reg; /* the head's rows; grow */
    size_t head_anchors;

    /* What backward adds up for a layer; NULL before the first training pass, and without group norm. */
    struct fa_weights_sum *weights_sum[FA_GRAPH_MAX_LAYERS];
    struct fa_affine_sum *affine_sum[FA_GRAPH_MAX_LAYERS];

    const struct fa_plan *taken;   /* with an image to run on; NULL: none */
    const struct fa_plan *trained; /* whose training values are in the arena; NULL: nobody's */
    uint64_t trained_version;      /* of the parameters that made them */
};

/* ---- plan_cache.c ---- */

/* FA_EINVAL unless an image may have this size. */
fa_status fa_size_check(int h, int w) FA_CHECK_RESULT;

/* The plan for this pass and size, made if need be at the expense of the least recently used. Invalidates
   what the last training forward kept. */
fa_status fa_workspace_plan(struct fa_workspace *workspace, enum fa_pass pass, int h, int w,
                            struct fa_plan **plan) FA_CHECK_RESULT;

/* Makes arena and head rows large enough for the plan, and if it trains the sums. */
fa_status fa_workspace_reserve(struct fa_workspace *workspace, const struct fa_plan *plan) FA_CHECK_RESULT;

/* ---- fold.c ---- */

fa_status fa_model_create_weights(struct fa_model *model) FA_CHECK_RESULT;
void fa_model_destroy_weights(struct fa_model *model);

/* Brings the backend's weights up to date with the parameters. */
fa_status fa_model_fold(struct fa_model *model) FA_CHECK_RESULT;

/* The same for one layer; raw: the filters alone, without batch norm or bias. */
fa_status fa_layer_fold(struct fa_model *model, int layer) FA_CHECK_RESULT;
fa_status fa_layer_load_raw(struct fa_model *model, int layer) FA_CHECK_RESULT;

/* Forgets what backward added up for the layer. */
void fa_layer_clear_sum(struct fa_workspace *workspace, int layer);

/* Moves the layer's sum, which is the gradient of the folded weights, to that of its parameters. */
void fa_layer_unfold(struct fa_workspace *workspace, int layer);

#endif
