/*
 * conv.c - convolutions: a graph and a plan of cuDNN for each direction, and what cuDNN does not do on the
 * way.
 *
 * cuDNN's backward only computes: adding to what other readers gave, masking by a ReLU, and summing over the
 * head's levels are kernels behind it. A plan is bound to places in memory when they are first given; an
 * arena's stay.
 */
#include <string.h>

#include "backend.h"
#include "fa/memory.h"

/* A direction that is wanted. */
struct way {
    struct fa_cudnn_graph graph;
    struct fa_cudnn_plan plan;
    struct fa_cudnn_call call; /* bound to `places` and `workspace`, once there are some */
    struct fa_cudnn_memory places;
    bool is_there, is_bound;
    char name[FA_CUDNN_CHOICE_TEXT_MAX];
};

struct cuda_conv {
    struct fa_conv base;
    struct way way[3]; /* by fa_conv_direction */
};

static struct cuda_conv *conv_of(struct fa_conv *conv)
{
    return (struct cuda_conv *)conv;
}

/* ---- life ---- */

static void close_way(struct way *way)
{
    if (way->is_bound)
        fa_cudnn_call_destroy(&way->call);
    if (way->is_there) {
        fa_cudnn_plan_destroy(&way->plan);
        fa_cudnn_graph_destroy(&way->graph);
    }
    *way = (struct way){.is_there = false};
}

static fa_status create_graph(const struct fa_cuda_device *device, const struct fa_conv_desc *desc,
                              enum fa_conv_direction direction, struct fa_cudnn_graph *graph)
{
    const struct fa_cudnn_conv conv = {.desc = *desc,
                                       .direction = direction,
                                       .precision = device->precision,
                                       .bias = direction == FA_CONV_FORWARD};

    return fa_cudnn_graph_create(device->cudnn, &conv, graph);
}

/* What was asked for by name, where it is an engine that can; else what the heuristics call fastest. */
static fa_status make_plan(const struct fa_cuda_device *device, const char *asked, struct way *way)
{
    struct fa_cudnn_choice choice;

    if (asked != NULL && fa_cudnn_choice_parse(asked, &choice) == FA_OK &&
        fa_cudnn_plan_create(&device->properties, &way->graph, &choice, device->most_workspace_bytes,
                             &way->plan) == FA_OK)
        return FA_OK;
    return fa_cudnn_plan_first(&device->properties, &way->graph, device->most_workspace_bytes, &way->plan);
}

static fa_status open_way(const struct fa_cuda_queue *queue, const struct fa_conv_desc *desc,
                          enum fa_conv_direction direction, struct way *way)
{
    fa_status status;

    FA_TRY(create_graph(queue->device, desc, direction, &way->graph));
    status = make_plan(queue->device, fa_conv_asked_algorithm(&queue->base, desc, direction), way);
    if (status != FA_OK) {
        fa_cudnn_graph_destroy(&way->graph);
        return status;
    }
    way->is_there = true;
    fa_cudnn_choice_print(&way->plan.choice, way->name);
    return FA_OK;
}

static size_t tensor_bytes(const struct way *way, enum fa_cudnn_tensor tensor)
{
    return fa_cudnn_elements(&way->graph.conv, tensor) * fa_cudnn_element_bytes(way->graph.conv.precision);
}

static fa_status make_room(struct fa_cuda_queue *queue, const struct cuda_conv *self)
{
    const struct way *data = &self->way[FA_CONV_BACKWARD_DATA],
                     *weights = &self->way[FA_CONV_BACKWARD_WEIGHTS];

    for (int d = 0; d < 3; d++)
        if (self->way[d].is_there)
            FA_TRY(fa_cuda_room_grow(queue, &queue->workspace, self->way[d].plan.workspace_bytes, false));
    if (self->way[FA_CONV_FORWARD].graph.conv.desc.residual)
        FA_TRY(fa_cuda_room_grow(queue, &queue->gradient,
                                 tensor_bytes(&self->way[FA_CONV_FORWARD], FA_CUDNN_Z), false));
    if (data->is_there)
        FA_TRY(fa_cuda_room_grow(queue, &queue->gradient, tensor_bytes(data, FA_CUDNN_X), false));
    if (weights->is_there)
        FA_TRY(fa_cuda_room_grow(queue, &queue->gradient, tensor_bytes(weights, FA_CUDNN_W), false));
    return FA_OK;
}

static fa_status make_sums_room(struct fa_cuda_queue *queue, const struct fa_conv_desc *desc)
{
    const struct fa_shape out = fa_conv_output_shape(desc);

    return fa_cuda_room_grow(queue, &queue->scratch,
                             queue->device->kernels.channel_sums_scratch_bytes(
                                 queue->device->type, fa_cuda_positions(out), fa_cuda_padded(out.c)),
                             true);
}

static fa_status open_ways(struct fa_cuda_queue *queue, const struct fa_conv_desc *desc,
                           struct cuda_conv *self)
{
    FA_TRY(open_way(queue, desc, FA_CONV_FORWARD, &self->way[FA_CONV_FORWARD]));
    if (desc->backward_data)
        FA_TRY(open_way(queue, desc, FA_CONV_BACKWARD_DATA, &self->way[FA_CONV_BACKWARD_DATA]));
    if (desc->backward_weights) {
        FA_TRY(open_way(queue, desc, FA_CONV_BACKWARD_WEIGHTS, &self->way[FA_CONV_BACKWARD_WEIGHTS]));
        FA_TRY(make_sums_room(queue, desc));
    }
    return make_room(queue, self);
}

fa_status fa_cuda_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                              struct fa_weights *weights, struct fa_conv **out)
{
    struct cuda_conv *self;
    fa_status status;

    (void)weights;
    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    status = open_ways(fa_cuda_queue_of(backend), desc, self);
    if (status == FA_OK)
        *out = &self->base;
    else
        fa_cuda_conv_destroy(&self->base);
    return status;
}

void fa_cuda_conv_destroy(struct fa_conv *conv)
{
    for (int d = 0; d < 3; d++)
        close_way(&conv_of(conv)->way[d]);
    fa_free(conv);
}

size_t fa_cuda_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                               enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX])
{
    const struct fa_cuda_device *device = fa_cuda_queue_of(backend)->device;
    struct fa_cudnn_choice choices[FA_MOST_ALGORITHMS];
    struct fa_cudnn_graph graph;
    size_t n_names = 0;
    int n = 0;

    if (create_graph(device, desc, direction, &graph) != FA_OK)
        return 0;
    if (fa_cudnn_choices(&device->properties, &graph, FA_CUDNN_FASTEST, FA_MOST_ALGORITHMS, choices, &n) !=
        FA_OK)
        n = 0;
    fa_cudnn_graph_destroy(&graph);
    for (int i = 0; i < n; i++) {
        char text[FA_CUDNN_CHOICE_TEXT_MAX];

        fa_cudnn_choice_print(&choices[i], text);
        if (strlen(text) < FA_ALGORITHM_NAME_MAX)
            strcpy(names[n_names++], text);
    }
    return n_names;
}

const char *fa_cuda_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    return ((const struct cuda_conv *)conv)->way[direction].name;
}

/* ---- running ---- */

static bool are_same(const struct fa_cudnn_memory *a, const struct fa_cudnn_memory *b)
{
    for (int t = 0; t < FA_CUDNN_N_TENSORS; t++)
        if (a->tensor[t] != b->tensor[t])
            return false;
    return a->workspace == b->workspace;
}

static fa_status bind(struct way *way, const struct fa_cudnn_memory *places)
{
    if (way->is_bound && are_same(&way->places, places))
        return FA_OK;
    if (way->is_bound)
        fa_cudnn_call_destroy(&way->call);
    way->is_bound = false;
    FA_TRY(fa_cudnn_call_create(&way->plan, places, &way->call));
    way->places = *places;
    way->is_bound = true;
    return FA_OK;
}

static fa_status run(struct fa_conv *conv, enum fa_conv_direction direction, struct fa_cudnn_memory places)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(conv->backend);
    struct way *way = &conv_of(conv)->way[direction];

    places.workspace = queue->workspace.memory;
    FA_TRY(bind(way, &places));
    return fa_cudnn_call_run(&way->call, &queue->handle);
}

/* cuDNN writes its result beside what it reads: a residual in the result's place is moved first. */
static const void *residual_beside(struct fa_conv *conv, const void *residual, const void *dst)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(conv->backend);
    const struct fa_cuda *cuda = queue->device->runtime;
    const size_t n_bytes = tensor_bytes(&conv_of(conv)->way[FA_CONV_FORWARD], FA_CUDNN_Y);
    int span;

    if (residual == NULL || residual != dst)
        return residual;
    span = fa_backend_span_begin(conv->backend, "copy residual");
    fa_cuda_note(queue,
                 cuda->cudaMemcpyAsync(queue->gradient.memory, residual, n_bytes,
                                       FA_CUDA_MemcpyDeviceToDevice, queue->stream),
                 "moving a residual");
    fa_backend_span_end(conv->backend, span);
    return queue->gradient.memory;
}

fa_status fa_cuda_conv_forward(struct fa_conv *conv, const void *src, const void *residual, void *dst)
{
    const struct fa_cuda_weights *weights = (const struct fa_cuda_weights *)conv->weights;
    const void *beside = residual_beside(conv, residual, dst);
    const struct fa_cudnn_memory places = {.tensor = {[FA_CUDNN_X] = (void *)src,
                                                      [FA_CUDNN_W] = weights->filters,
                                                      [FA_CUDNN_Y] = dst,
                                                      [FA_CUDNN_Z] = (void *)beside,
                                                      [FA_CUDNN_B] = weights->bias}};

    return run(conv, FA_CONV_FORWARD, places);
}

fa_status fa_cuda_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                     const void *relu_output, void *diff_src)
{
    const struct fa_cuda_weights *weights = (const struct fa_cuda_weights *)conv->weights;
    void *const result = accumulate ? fa_cuda_queue_of(conv->backend)->gradient.memory : diff_src;
    const struct fa_cudnn_memory places = {
        .tensor = {[FA_CUDNN_X] = result, [FA_CUDNN_W] = weights->filters, [FA_CUDNN_Y] = (void *)diff_dst}};

    int span;

    FA_TRY(run(conv, FA_CONV_BACKWARD_DATA, places));
    if (!accumulate && relu_output == NULL)
        return FA_OK;
    span = fa_backend_span_begin(conv->backend, "add and mask");
    fa_cuda_add_masked_map(conv->backend, conv->desc.in, accumulate ? result : NULL, relu_output, diff_src);
    fa_backend_span_end(conv->backend, span);
    return FA_OK;
}

fa_status fa_cuda_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                        struct fa_weights_sum *sum)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(conv->backend);
    struct fa_cuda_weights_sum *sums = (struct fa_cuda_weights_sum *)sum;
    const struct fa_cuda_kernels *kernels = &queue->device->kernels;
    const enum fa_cuda_type type = queue->device->type;
    const struct way *way = &conv_of(conv)->way[FA_CONV_BACKWARD_WEIGHTS];
    const struct fa_cudnn_memory places = {.tensor = {[FA_CUDNN_X] = (void *)src,
                                                      [FA_CUDNN_W] = queue->gradient.memory,
                                                      [FA_CUDNN_Y] = (void *)diff_dst}};

    int span;

    FA_TRY(run(conv, FA_CONV_BACKWARD_WEIGHTS, places));
    span = fa_backend_span_begin(conv->backend, "add gradients");
    fa_cuda_note(queue,
                 kernels->sum_gradients(queue->stream, type, fa_cudnn_elements(&way->graph.conv, FA_CUDNN_W),
                                        queue->gradient.memory, sums->has_some, sums->filters),
                 "adding filters' gradients");
    fa_cuda_note(queue,
                 kernels->channel_sums(queue->stream, type, fa_cuda_positions(conv->out),
                                       fa_cuda_padded(conv->out.c), diff_dst, sums->has_some,
                                       queue->scratch.memory, sums->bias),
                 "adding a bias's gradient");
    fa_backend_span_end(conv->backend, span);
    sums->has_some = true;
    return FA_OK;
}
