/*
 * Which memory a plan's values, gradients and what pools and norms keep have, and for how long.
 *
 * Steps: forward of node i is step i, backward of node i is step 2n - 1 - i.
 *
 * Of a group norm's input and output a training pass keeps the input. The output is made again in backward,
 * right before the first node there that reads it; one that adds a residual only where the residual is kept,
 * so of the outputs of a stage's blocks every second one.
 */
#include "plan.h"

#include "lifetime.h"

/* At most a value, that value made again, a gradient and something kept for each node. */
#define MAX_BLOCKS (4 * FA_GRAPH_MAX_NODES)

/* The first and last step of backward that reads a value; FA_NONE if none does. */
struct reads {
    int first, last;
};

struct storage {
    const struct fa_plan *plan;
    size_t n;
    struct fa_lifetime block[MAX_BLOCKS];
    struct reads reads[FA_GRAPH_MAX_NODES];
    size_t value[FA_GRAPH_MAX_NODES], again[FA_GRAPH_MAX_NODES], grad[FA_GRAPH_MAX_NODES],
        kept[FA_GRAPH_MAX_NODES]; /* blocks */
};

static int backward_step(const struct fa_plan *plan, int i)
{
    return 2 * plan->graph->n_nodes - 1 - i;
}

/* ---- who reads a value in backward ---- */

/* Does node j want the value that it reads for its weights' gradient? */
static bool learns(const struct fa_graph *graph, int j)
{
    return graph->node[j].kind == FA_NODE_CONV && !graph->layer[graph->node[j].layer].frozen;
}

static bool has_learner(const struct fa_graph *graph, int i)
{
    for (int j = graph->node[i].first_use; j != FA_NONE && j <= graph->node[i].last_use; j++)
        if (learns(graph, j) && graph->node[j].in == i)
            return true;
    return false;
}

static bool is_made_again(const struct fa_graph *graph, int i)
{
    const struct fa_node *node = &graph->node[i];

    if (node->kind != FA_NODE_NORM || !node->trains || !has_learner(graph, i))
        return false;
    return node->residual == FA_NONE ||
           (has_learner(graph, node->residual) && !is_made_again(graph, node->residual));
}

static void add_read(struct storage *storage, int i, int step)
{
    struct reads *reads = &storage->reads[i];

    reads->first = reads->first == FA_NONE || step < reads->first ? step : reads->first;
    reads->last = step > reads->last ? step : reads->last;
}

/* What node i reads in its backward, and to be made again; all its readers have been here before. */
static void add_reads_of(struct storage *storage, int i)
{
    const struct fa_graph *graph = storage->plan->graph;
    const struct fa_node *node = &graph->node[i];

    if (node->trains && node->relu && !fa_node_masks_itself(node)) /* the first reader masks by the value */
        add_read(storage, i, backward_step(storage->plan, node->first_use));
    if (learns(graph, i) || (node->kind == FA_NODE_NORM && node->trains))
        add_read(storage, node->in, backward_step(storage->plan, i));
    if (!is_made_again(graph, i))
        return;
    add_read(storage, node->in, storage->reads[i].first);
    if (node->residual != FA_NONE)
        add_read(storage, node->residual, storage->reads[i].first);
}

static void find_reads(struct storage *storage)
{
    const int n_nodes = storage->plan->graph->n_nodes;

    for (int i = 0; i < n_nodes; i++)
        storage->reads[i] = (struct reads){FA_NONE, FA_NONE};
    for (int i = n_nodes - 1; i >= 0; i--)
        add_reads_of(storage, i);
}

/* The last step of forward that reads the value of node i; outputs leave at once. */
static int last_forward_read(const struct fa_plan *plan, int i)
{
    const struct fa_node *node = &plan->graph->node[i];

    return node->last_use == FA_NONE ? i : node->last_use;
}

/* The last step of a training pass that does, before the value is made again. */
static int last_training_read(const struct storage *storage, int i)
{
    const bool is_kept = storage->reads[i].last != FA_NONE && !is_made_again(storage->plan->graph, i);

    return is_kept ? storage->reads[i].last : last_forward_read(storage->plan, i);
}

/* ---- values ---- */

/* Can node i have its residual's memory for its own value? An inference plan answers as a training plan does,
   for a backend may round differently in place, and both passes shall give the same bits. */
static bool is_over_residual(const struct storage *storage, int i)
{
    const int residual = storage->plan->graph->node[i].residual;

    return residual != FA_NONE && last_training_read(storage, residual) == i;
}

/* And a norm its input's? That makes no difference to the bits. */
static bool is_over_input(const struct storage *storage, int i)
{
    return storage->plan->graph->node[i].kind == FA_NODE_NORM && !fa_plan_trains(storage->plan, i);
}

static size_t new_block(struct storage *storage, size_t bytes, int first, int last)
{
    storage->block[storage->n] = (struct fa_lifetime){.bytes = bytes, .first = first, .last = last};
    return storage->n++;
}

static size_t take_over(struct storage *storage, size_t block, int last)
{
    storage->block[block].last = last;
    return block;
}

static size_t activation_bytes(const struct storage *storage, int i)
{
    return fa_backend_activation_bytes(storage->plan->backend, storage->plan->node[i].shape);
}

static void store_value(struct storage *storage, int i)
{
    const struct fa_plan *plan = storage->plan;
    const struct fa_node *node = &plan->graph->node[i];
    const int last = plan->training ? last_training_read(storage, i) : last_forward_read(plan, i);

    if (is_over_residual(storage, i))
        storage->value[i] = take_over(storage, storage->value[node->residual], last);
    else if (is_over_input(storage, i))
        storage->value[i] = take_over(storage, storage->value[node->in], last);
    else
        storage->value[i] = new_block(storage, activation_bytes(storage, i), i, last);
    storage->again[i] = storage->value[i];
    if (plan->training && is_made_again(plan->graph, i))
        storage->again[i] =
            new_block(storage, activation_bytes(storage, i), storage->reads[i].first, storage->reads[i].last);
}

/* ---- gradients ---- */

/* The gradient of a norm's input takes the place of that of its output; or of the input, where the output's
   goes on to the residual. */
static size_t block_before_norm(const struct storage *storage, int norm)
{
    const struct fa_node *node = &storage->plan->graph->node[norm];

    return node->residual == FA_NONE ? storage->grad[norm] : storage->value[node->in];
}

static void store_grad(struct storage *storage, int i)
{
    const struct fa_plan *plan = storage->plan;
    const struct fa_graph *graph = plan->graph;
    const int writer = graph->node[i].last_use;
    const int last = backward_step(plan, i);

    if (writer != FA_NONE && graph->node[writer].residual == i) {
        storage->grad[i] = take_over(storage, storage->grad[writer], last);
    } else if (writer != FA_NONE && graph->node[writer].kind == FA_NODE_NORM) {
        storage->grad[i] = take_over(storage, block_before_norm(storage, writer), last);
    } else {
        int first = writer == FA_NONE ? last : backward_step(plan, writer);

        storage->grad[i] = new_block(storage, activation_bytes(storage, i), first, last);
    }
}

/* ---- what is kept ---- */

static void store_kept(struct storage *storage, int i)
{
    const struct fa_plan_node *node = &storage->plan->node[i];
    const size_t bytes =
        node->norm != NULL ? fa_norm_statistics_bytes(node->norm) : fa_pool_index_bytes(node->pool);

    storage->kept[i] = new_block(storage, (bytes + 63) / 64 * 64, i, backward_step(storage->plan, i));
}

static bool keeps(const struct fa_plan *plan, int i)
{
    return fa_plan_trains(plan, i) && (plan->node[i].norm != NULL || plan->node[i].pool != NULL);
}

/* ---- all ---- */

static void place_node(const struct storage *storage, struct fa_plan *plan, int i)
{
    struct fa_plan_node *node = &plan->node[i];

    node->value = storage->block[storage->value[i]].offset;
    node->again = storage->block[storage->again[i]].offset;
    node->again_before = FA_NONE;
    if (plan->training && is_made_again(plan->graph, i))
        node->again_before = backward_step(plan, storage->reads[i].first);
    if (fa_plan_trains(plan, i))
        node->grad = storage->block[storage->grad[i]].offset;
    if (keeps(plan, i))
        node->kept = storage->block[storage->kept[i]].offset;
}

fa_status fa_plan_store(struct fa_plan *plan)
{
    const int n_nodes = plan->graph->n_nodes;
    struct storage storage = {.plan = plan};

    find_reads(&storage);
    for (int i = 0; i < n_nodes; i++)
        store_value(&storage, i);
    for (int i = n_nodes - 1; i >= 0; i--)
        if (fa_plan_trains(plan, i))
            store_grad(&storage, i);
    for (int i = 0; i < n_nodes; i++)
        if (keeps(plan, i))
            store_kept(&storage, i);

    FA_TRY(fa_lifetime_pack(storage.block, storage.n, &plan->arena_bytes));
    for (int i = 0; i < n_nodes; i++)
        place_node(&storage, plan, i);
    return FA_OK;
}
