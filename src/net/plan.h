/*
 * plan.h - the graph at one image size: shapes, backend objects, and where in the arena each value lies.
 *
 * A plan holds no activations: it runs in any arena of at least arena_bytes, so plans share one. An inference
 * plan keeps values only until their last reader; a training plan also for backward, and has gradients.
 *
 * The gradient of a value is completed by the node's readers in backward order: the last reader (by index)
 * writes it, the others add, the first one masks it by the ReLU. When the last reader has the value as its
 * residual, the reader's own gradient is the contribution and its buffer is taken over.
 *
 * To keep both what goes into a group norm and what comes out of it would double the memory. So its input is
 * kept, and backward makes the output again where that takes nothing that is not kept: see storage.c.
 */
#ifndef FA_NET_PLAN_H
#define FA_NET_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/backend.h"
#include "fa/model.h"
#include "fa/pyramid.h"
#include "graph.h"

struct fa_plan_node {
    struct fa_shape shape; /* of its value */
    struct fa_conv *conv;  /* by kind */
    struct fa_norm *norm;
    struct fa_pool *pool;
    /* Offsets in bytes; the latter three only where backward comes. `again` is where backward finds the
       value; `kept` is for what a pool or norm keeps till then. */
    size_t value, again, grad, kept;
    int again_before; /* the value is made again before the backward of this node; FA_NONE: it was kept */
};

struct fa_plan {
    const struct fa_graph *graph;
    struct fa_backend *backend;
    bool training;
    int h, w;
    size_t arena_bytes;
    struct fa_pyramid pyramid;
    uint64_t last_used; /* the cache's clock */
    uint64_t number;    /* its alone among all that the cache ever held */
    struct fa_plan_node node[FA_GRAPH_MAX_NODES];
};

/* The shapes alone: nothing that could run. */
fa_status fa_plan_outline(const struct fa_graph *graph, struct fa_backend *backend, bool training, int h,
                          int w, struct fa_plan **out) FA_CHECK_RESULT;

/* weights[l] and affine[l] are those of layer l; graph, weights and affine outlive the plan. h and w are
   checked by the caller. */
fa_status fa_plan_create(const struct fa_graph *graph, struct fa_backend *backend,
                         struct fa_weights *const *weights, struct fa_affine *const *affine, bool training,
                         int h, int w, struct fa_plan **out) FA_CHECK_RESULT;
void fa_plan_destroy(struct fa_plan *plan);

/* Of conv node i in this plan. */
struct fa_conv_desc fa_plan_conv_desc(const struct fa_plan *plan, int i);

/* Does backward come to node i? */
static inline bool fa_plan_trains(const struct fa_plan *plan, int i)
{
    return plan->training && plan->graph->node[i].trains;
}

/* Decides offsets, again_before and arena_bytes from the shapes (storage.c). */
fa_status fa_plan_store(struct fa_plan *plan) FA_CHECK_RESULT;

/* The image, of the plan's size, becomes the value of node 0. */
fa_status fa_plan_import(const struct fa_plan *plan, const struct fa_image *image,
                         void *arena) FA_CHECK_RESULT;

/* Computes node i from values in the arena; nothing to do for the image, which is imported. */
fa_status fa_plan_run(const struct fa_plan *plan, void *arena, int i) FA_CHECK_RESULT;

/* The same in backward for a value that was not kept. */
fa_status fa_plan_run_again(const struct fa_plan *plan, void *arena, int i) FA_CHECK_RESULT;

static inline void *fa_at(void *arena, size_t offset)
{
    return (char *)arena + offset;
}

static inline void *fa_plan_value(const struct fa_plan *plan, void *arena, int i)
{
    return fa_at(arena, plan->node[i].value);
}

static inline void *fa_plan_value_again(const struct fa_plan *plan, void *arena, int i)
{
    return fa_at(arena, plan->node[i].again);
}

static inline void *fa_plan_grad(const struct fa_plan *plan, void *arena, int i)
{
    return fa_at(arena, plan->node[i].grad);
}

#endif
