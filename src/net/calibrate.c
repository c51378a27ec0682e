/*
 * Batch-norm statistics from data, layer by layer: all images advance together; at a convolution with batch
 * norm it first runs alone over all of them, its output's moments become the statistics, and then it runs as
 * it will be.
 *
 * Each image has an arena of its own; images of one size share a plan. The moments of the image at position p
 * of all callers' images fill slot p of one vector, which is summed over callers and then added up in the
 * order of positions, so that the result does not depend on who had which image.
 */
#include <math.h>

#include "fa/memory.h"
#include "state.h"

struct calibration {
    struct fa_model *model;
    const struct fa_image *images;
    const size_t *position;
    size_t n, n_total;
    fa_sum_fn sum;
    void *context;

    size_t n_plans;
    struct fa_plan **plans;   /* one for each size */
    struct fa_plan **plan_of; /* of each image */
    void **arena;             /* of each image */
    void *raw;                /* a convolution's output before batch norm */
    fa_real *statistics;      /* of one layer */
    double *slots;            /* (n_total, 1 + 2 channels): positions, sums, sums of squares */
};

static fa_status check_images(const struct calibration *run)
{
    if (run->n_total == 0 || run->n > run->n_total)
        return fa_fail(FA_EINVAL, "calibration over %zu images, %zu of them here; it needs at least one",
                       run->n_total, run->n);
    for (size_t k = 0; k < run->n; k++) {
        if (run->position[k] >= run->n_total)
            return fa_fail(FA_EINVAL, "calibration image %zu has position %zu of %zu", k, run->position[k],
                           run->n_total);
        FA_TRY(fa_size_check(run->images[k].h, run->images[k].w));
    }
    return FA_OK;
}

static fa_status find_plan(struct calibration *run, const struct fa_image *image, struct fa_plan **plan)
{
    const struct fa_model *model = run->model;

    for (size_t p = 0; p < run->n_plans; p++) {
        *plan = run->plans[p];
        if ((*plan)->h == image->h && (*plan)->w == image->w)
            return FA_OK;
    }
    FA_TRY(fa_plan_create(&model->graph, model->backend, model->weights, model->affine, false, image->h,
                          image->w, plan));
    run->plans[run->n_plans++] = *plan;
    return FA_OK;
}

static size_t largest_value(const struct calibration *run)
{
    size_t largest = 0;

    for (size_t p = 0; p < run->n_plans; p++)
        for (int i = 0; i < run->model->graph.n_nodes; i++) {
            size_t bytes = fa_backend_activation_bytes(run->model->backend, run->plans[p]->node[i].shape);

            largest = bytes > largest ? bytes : largest;
        }
    return largest;
}

static size_t slot_size(const struct fa_layer *layer)
{
    return 1 + 2 * (size_t)layer->desc.out_channels;
}

static size_t largest_slot(const struct fa_graph *graph)
{
    size_t largest = 0;

    for (int l = 0; l < graph->n_layers; l++)
        if (fa_layer_has_batch_norm(&graph->layer[l]) && slot_size(&graph->layer[l]) > largest)
            largest = slot_size(&graph->layer[l]);
    return largest;
}

static fa_status import_images(struct calibration *run)
{
    struct fa_backend *backend = run->model->backend;

    for (size_t k = 0; k < run->n; k++) {
        FA_TRY(find_plan(run, &run->images[k], &run->plan_of[k]));
        FA_TRY(fa_backend_alloc(backend, run->plan_of[k]->arena_bytes, &run->arena[k]));
        FA_TRY(fa_plan_import(run->plan_of[k], &run->images[k], run->arena[k]));
    }
    return FA_OK;
}

static fa_status prepare(struct calibration *run)
{
    size_t n_slots;

    FA_TRY(fa_alloc_zero(run->n, sizeof *run->plans, &run->plans));
    FA_TRY(fa_alloc_zero(run->n, sizeof *run->plan_of, &run->plan_of));
    FA_TRY(fa_alloc_zero(run->n, sizeof *run->arena, &run->arena));
    FA_TRY(import_images(run));
    FA_TRY(fa_backend_alloc(run->model->backend, largest_value(run), &run->raw));
    if (!fa_size_mul(run->n_total, largest_slot(&run->model->graph), &n_slots))
        return fa_fail(FA_ENOMEM, "calibration over %zu images is too large", run->n_total);
    FA_TRY(fa_alloc(largest_slot(&run->model->graph), sizeof *run->statistics, &run->statistics));
    return fa_alloc(n_slots, sizeof *run->slots, &run->slots);
}

/* Once no work writes to it any more. */
static fa_status clean_up(struct calibration *run)
{
    struct fa_backend *backend = run->model->backend;
    const fa_status status = fa_backend_synchronize(backend);

    for (size_t k = 0; run->arena != NULL && k < run->n; k++)
        fa_backend_free(backend, run->arena[k]);
    for (size_t p = 0; p < run->n_plans; p++)
        fa_plan_destroy(run->plans[p]);
    fa_backend_free(backend, run->raw);
    fa_free(run->plans);
    fa_free(run->plan_of);
    fa_free(run->arena);
    fa_free(run->statistics);
    fa_free(run->slots);
    return status;
}

/* Fills the slots of the images of one plan with the moments of conv node i run alone. */
static fa_status measure_size(struct calibration *run, const struct fa_plan *plan, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    const struct fa_layer *layer = &plan->graph->layer[node->layer];
    const struct fa_shape shape = plan->node[i].shape;
    struct fa_conv_desc desc = fa_plan_conv_desc(plan, i);
    struct fa_conv *conv;
    fa_status status = FA_OK;

    desc.relu = desc.residual = false;
    FA_TRY(fa_conv_create(run->model->backend, &desc, run->model->weights[node->layer], &conv));
    for (size_t k = 0; k < run->n && status == FA_OK; k++) {
        double *slot = run->slots + run->position[k] * slot_size(layer);

        if (run->plan_of[k] != plan)
            continue;
        status = fa_conv_forward(conv, fa_plan_value(plan, run->arena[k], node->in), NULL, run->raw);
        slot[0] = (double)shape.h * (double)shape.w;
        if (status == FA_OK)
            fa_backend_moments(run->model->backend, shape, run->raw, slot + 1, slot + 1 + shape.c);
    }
    fa_conv_destroy(conv);
    return status;
}

/* The slots' totals in the order of positions, left in slot 0. */
static void add_slots(struct calibration *run, size_t size)
{
    for (size_t p = 1; p < run->n_total; p++)
        for (size_t s = 0; s < size; s++)
            run->slots[s] += run->slots[p * size + s];
}

static fa_status set_statistics(struct calibration *run, const struct fa_layer *layer)
{
    const size_t channels = layer->mean->n_elem;
    const double count = run->slots[0], *sum = run->slots + 1, *squares = sum + channels;
    fa_real *mean = run->statistics, *var = mean + channels;
    struct fa_flat *value = run->model->params.value;

    if (!(count > 0))
        return fa_fail(FA_EINVAL, "calibration over %zu images, but none was given", run->n_total);
    for (size_t c = 0; c < channels; c++) {
        double m = sum[c] / count;

        mean[c] = (fa_real)m;
        var[c] = (fa_real)fmax(0, squares[c] / count - m * m);
        if (!isfinite(mean[c]) || !isfinite(var[c]))
            return fa_fail(FA_ENUMERIC, "%s: channel %zu has no finite statistics; check images and weights",
                           layer->norm, c);
    }
    FA_TRY(fa_flat_write(value, layer->mean->offset, channels, mean));
    return fa_flat_write(value, layer->var->offset, channels, var);
}

static fa_status calibrate_layer(struct calibration *run, int i)
{
    const int l = run->model->graph.node[i].layer;
    const struct fa_layer *layer = &run->model->graph.layer[l];
    const size_t n_slots = run->n_total * slot_size(layer);

    run->model->is_stale[l] = run->model->any_stale = true; /* for good if this fails */
    FA_TRY(fa_layer_load_raw(run->model, l));
    for (size_t s = 0; s < n_slots; s++)
        run->slots[s] = 0;
    for (size_t p = 0; p < run->n_plans; p++)
        FA_TRY(measure_size(run, run->plans[p], i));
    FA_TRY(fa_backend_synchronize(run->model->backend));
    if (run->sum != NULL)
        FA_TRY(run->sum(run->context, run->slots, n_slots));
    add_slots(run, slot_size(layer));
    FA_TRY(set_statistics(run, layer));
    return fa_layer_fold(run->model, l);
}

static bool has_statistics(const struct fa_graph *graph, int i)
{
    return graph->node[i].kind == FA_NODE_CONV &&
           fa_layer_has_batch_norm(&graph->layer[graph->node[i].layer]);
}

static fa_status calibrate_all(struct calibration *run)
{
    const struct fa_graph *graph = &run->model->graph;
    int end = graph->n_nodes; /* nothing to learn behind the last batch norm */

    FA_TRY(fa_model_fold(run->model));
    while (end > 0 && !has_statistics(graph, end - 1))
        end--;
    for (int i = 0; i < end; i++) {
        if (has_statistics(graph, i))
            FA_TRY(calibrate_layer(run, i));
        for (size_t k = 0; k < run->n; k++)
            FA_TRY(fa_plan_run(run->plan_of[k], run->arena[k], i));
    }
    return FA_OK;
}

fa_status fa_model_calibrate(struct fa_model *model, const struct fa_image *images, const size_t *position,
                             size_t n, size_t n_total, fa_sum_fn sum, void *context)
{
    struct calibration run = {.model = model,
                              .images = images,
                              .position = position,
                              .n = n,
                              .n_total = n_total,
                              .sum = sum,
                              .context = context};
    fa_status status, ended;

    FA_TRY(check_images(&run));
    status = prepare(&run);
    if (status == FA_OK)
        status = calibrate_all(&run);
    ended = clean_up(&run);
    fa_model_params_changed(model);
    return status != FA_OK ? status : ended;
}
