/*
 * Which memory a plan's values, gradients and pool indices have, and for how long.
 *
 * Steps: forward of node i is step i, backward of node i is step 2n - 1 - i.
 */
#include "plan.h"

#include "lifetime.h"

/* At most a value, a gradient and an index for each node. */
#define MAX_BLOCKS (3 * FA_GRAPH_MAX_NODES)

struct storage {
    const struct fa_plan *plan;
    size_t n;
    struct fa_lifetime block[MAX_BLOCKS];
    size_t value[FA_GRAPH_MAX_NODES], grad[FA_GRAPH_MAX_NODES], index[FA_GRAPH_MAX_NODES]; /* blocks */
};

static int backward_step(const struct fa_plan *plan, int i)
{
    return 2 * plan->graph->n_nodes - 1 - i;
}

/* The first reader whose backward wants the value itself, for its weights' gradient; FA_NONE if none does. */
static int first_learner(const struct fa_plan *plan, int i)
{
    const struct fa_graph *graph = plan->graph;

    for (int j = graph->node[i].first_use; j != FA_NONE && j <= graph->node[i].last_use; j++) {
        const struct fa_node *reader = &graph->node[j];

        if (reader->kind == FA_NODE_CONV && reader->in == i && !graph->layer[reader->layer].frozen)
            return j;
    }
    return FA_NONE;
}

/* The last step of forward that reads the value of node i; outputs leave at once. */
static int last_forward_read(const struct fa_plan *plan, int i)
{
    const struct fa_node *node = &plan->graph->node[i];

    return node->last_use == FA_NONE ? i : node->last_use;
}

/* The last step of a training pass that does. */
static int last_training_read(const struct fa_plan *plan, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    const int learner = first_learner(plan, i);

    if (node->trains && node->relu) /* the first reader masks the gradient by the value */
        return backward_step(plan, node->first_use);
    return learner != FA_NONE ? backward_step(plan, learner) : last_forward_read(plan, i);
}

/* Can node i have its residual's memory for its own value? An inference plan answers as a training plan does,
   for a backend may round differently in place, and both passes shall give the same bits. */
static bool is_in_place(const struct fa_plan *plan, int i)
{
    const int residual = plan->graph->node[i].residual;

    return residual != FA_NONE && last_training_read(plan, residual) == i;
}

static size_t new_block(struct storage *storage, size_t bytes, int first, int last)
{
    storage->block[storage->n] = (struct fa_lifetime){.bytes = bytes, .first = first, .last = last};
    return storage->n++;
}

static size_t activation_bytes(const struct storage *storage, int i)
{
    return fa_backend_activation_bytes(storage->plan->backend, storage->plan->node[i].shape);
}

static void store_value(struct storage *storage, int i)
{
    const struct fa_plan *plan = storage->plan;
    const int last = plan->training ? last_training_read(plan, i) : last_forward_read(plan, i);

    if (is_in_place(plan, i)) {
        storage->value[i] = storage->value[plan->graph->node[i].residual];
        storage->block[storage->value[i]].last = last;
    } else {
        storage->value[i] = new_block(storage, activation_bytes(storage, i), i, last);
    }
}

static void store_grad(struct storage *storage, int i)
{
    const struct fa_plan *plan = storage->plan;
    const int writer = plan->graph->node[i].last_use;
    const int last = backward_step(plan, i);

    if (writer != FA_NONE && plan->graph->node[writer].residual == i) {
        storage->grad[i] = storage->grad[writer];
        storage->block[storage->grad[i]].last = last;
    } else {
        int first = writer == FA_NONE ? last : backward_step(plan, writer);

        storage->grad[i] = new_block(storage, activation_bytes(storage, i), first, last);
    }
}

static void store_index(struct storage *storage, int i)
{
    size_t bytes = (fa_pool_index_bytes(storage->plan->node[i].pool) + 63) / 64 * 64;

    storage->index[i] = new_block(storage, bytes, i, backward_step(storage->plan, i));
}

fa_status fa_plan_store(struct fa_plan *plan)
{
    const int n_nodes = plan->graph->n_nodes;
    struct storage storage = {.plan = plan};

    for (int i = 0; i < n_nodes; i++)
        store_value(&storage, i);
    for (int i = n_nodes - 1; i >= 0; i--)
        if (fa_plan_trains(plan, i))
            store_grad(&storage, i);
    for (int i = 0; i < n_nodes; i++)
        if (fa_plan_trains(plan, i) && plan->node[i].pool != NULL)
            store_index(&storage, i);

    FA_TRY(fa_lifetime_pack(storage.block, storage.n, &plan->arena_bytes));
    for (int i = 0; i < n_nodes; i++) {
        plan->node[i].value = storage.block[storage.value[i]].offset;
        if (fa_plan_trains(plan, i))
            plan->node[i].grad = storage.block[storage.grad[i]].offset;
        if (fa_plan_trains(plan, i) && plan->node[i].pool != NULL)
            plan->node[i].index = storage.block[storage.index[i]].offset;
    }
    return FA_OK;
}
