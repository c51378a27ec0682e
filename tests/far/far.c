/*
 * far.c - the table of the far backend: objects are made at once, over those of blas; work on memory is asked
 * of the queue.
 */
#include "far.h"

#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"

/* ---- objects: ours over blas's ---- */

struct far_weights {
    struct fa_weights base;
    struct fa_weights *near;
};

struct far_weights_sum {
    struct fa_weights_sum base;
    struct fa_weights_sum *near;
};

struct far_conv {
    struct fa_conv base;
    struct fa_conv *near;
};

struct far_affine {
    struct fa_affine base;
    struct fa_affine *near;
};

struct far_affine_sum {
    struct fa_affine_sum base;
    struct fa_affine_sum *near;
};

struct far_norm {
    struct fa_norm base;
    struct fa_norm *near;
};

struct far_pool {
    struct fa_pool base;
    struct fa_pool *near;
};

#define NEAR(kind, object) (((const struct far_##kind *)(object))->near)

/* The life of a kind of object: `make` gives blas's. Destroyed once nothing uses it. */
#define LIFE(kind, make, parameters, arguments)                                                              \
    static fa_status kind##_create parameters                                                                \
    {                                                                                                        \
        struct far_##kind *self;                                                                             \
        fa_status status;                                                                                    \
                                                                                                             \
        far_quiet();                                                                                         \
        FA_TRY(fa_alloc_zero(1, sizeof *self, &self));                                                       \
        status = make arguments;                                                                             \
        if (status == FA_OK)                                                                                 \
            *out = &self->base;                                                                              \
        else                                                                                                 \
            fa_free(self);                                                                                   \
        return status;                                                                                       \
    }                                                                                                        \
    static void kind##_destroy(struct fa_##kind *object)                                                     \
    {                                                                                                        \
        far_quiet();                                                                                         \
        fa_##kind##_destroy(NEAR(kind, object));                                                             \
        fa_free(object);                                                                                     \
    }

LIFE(weights, fa_weights_create,
     (struct fa_backend * backend, const struct fa_weights_desc *desc, struct fa_weights **out),
     (far_near(backend), desc, &self->near))
LIFE(weights_sum, fa_weights_sum_create,
     (struct fa_backend * backend, struct fa_weights *weights, struct fa_weights_sum **out),
     (far_near(backend), NEAR(weights, weights), &self->near))
LIFE(conv, fa_conv_create,
     (struct fa_backend * backend, const struct fa_conv_desc *desc, struct fa_weights *weights,
      struct fa_conv **out),
     (far_near(backend), desc, NEAR(weights, weights), &self->near))
LIFE(affine, fa_affine_create, (struct fa_backend * backend, int channels, struct fa_affine **out),
     (far_near(backend), channels, &self->near))
LIFE(affine_sum, fa_affine_sum_create,
     (struct fa_backend * backend, struct fa_affine *affine, struct fa_affine_sum **out),
     (far_near(backend), NEAR(affine, affine), &self->near))
LIFE(norm, fa_norm_create,
     (struct fa_backend * backend, const struct fa_norm_desc *desc, struct fa_affine *affine,
      struct fa_norm **out),
     (far_near(backend), desc, NEAR(affine, affine), &self->near))
LIFE(pool, fa_pool_create, (struct fa_backend * backend, struct fa_shape in, struct fa_pool **out),
     (far_near(backend), in, &self->near))

/* ---- work: what it needs, and how it is done ---- */

struct work {
    void *object; /* of ours */
    struct fa_backend *near;
    struct fa_shape in, out;
    struct fa_frame frame;
    const void *from, *beside, *mask;
    void *to, *kept;
    bool accumulate;
    struct fa_layer_values values;
    struct fa_layer_grads grads;
    double *sum, *squares;
    size_t n_bytes;
    void *host; /* freed after the work */
};

static void ask(struct fa_backend *backend, far_work how, struct work work)
{
    work.near = far_near(backend);
    far_ask(backend, how, &work, sizeof work);
}

/* A copy that the work frees. */
static void *keep(const void *host, size_t n_bytes)
{
    void *copy = malloc(n_bytes > 0 ? n_bytes : 1);

    if (copy == NULL)
        abort();
    return memcpy(copy, host, n_bytes);
}

/* ---- memory ---- */

static fa_status copy_in(void *argument)
{
    const struct work *work = argument;

    memcpy(far_reach(work->to), work->from, work->n_bytes);
    return FA_OK;
}

static fa_status copy_out(void *argument)
{
    const struct work *work = argument;

    memcpy(work->to, far_reach(work->from), work->n_bytes);
    return FA_OK;
}

static void put(struct fa_backend *backend, void *to, const void *host, size_t n_bytes)
{
    if (n_bytes > 0)
        ask(backend, copy_in, (struct work){.to = to, .from = host, .n_bytes = n_bytes});
}

static void get(struct fa_backend *backend, void *host, const void *from, size_t n_bytes)
{
    if (n_bytes > 0)
        ask(backend, copy_out, (struct work){.to = host, .from = from, .n_bytes = n_bytes});
}

static fa_status alloc_host(struct fa_backend *backend, size_t n_bytes, void **out)
{
    (void)backend;
    return fa_alloc(n_bytes, 1, out);
}

static void free_host(struct fa_backend *backend, void *host)
{
    (void)backend;
    far_quiet();
    fa_free(host);
}

/* ---- activations ---- */

static size_t activation_bytes(const struct fa_backend *backend, struct fa_shape shape)
{
    return fa_backend_activation_bytes(far_near(backend), shape);
}

static fa_status do_import_chw(void *argument)
{
    const struct work *work = argument;

    fa_backend_import_chw(work->near, work->in, work->host, far_reach(work->to));
    free(work->host);
    return FA_OK;
}

static void import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw, void *activation)
{
    void *copy = keep(chw, fa_shape_elements(shape) * sizeof *chw);

    ask(backend, do_import_chw, (struct work){.in = shape, .host = copy, .to = activation});
}

static fa_status do_import_frame(void *argument)
{
    const struct work *work = argument;

    return fa_backend_import_frame(work->near, work->in, &work->frame, far_reach(work->to));
}

/* Pixels are read when it is done, not before. */
static fa_status import_frame(struct fa_backend *backend, struct fa_shape shape, const struct fa_frame *frame,
                              void *activation)
{
    ask(backend, do_import_frame, (struct work){.in = shape, .frame = *frame, .to = activation});
    return FA_OK;
}

static fa_status do_export_hwc(void *argument)
{
    const struct work *work = argument;

    fa_backend_export_hwc(work->near, work->in, far_reach(work->from), far_reach(work->to));
    return FA_OK;
}

static void export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                       fa_real *hwc)
{
    ask(backend, do_export_hwc, (struct work){.in = shape, .from = activation, .to = hwc});
}

static fa_status do_import_hwc(void *argument)
{
    const struct work *work = argument;

    fa_backend_import_hwc(work->near, work->in, far_reach(work->from), far_reach(work->to));
    return FA_OK;
}

static void import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                       void *activation)
{
    ask(backend, do_import_hwc, (struct work){.in = shape, .from = hwc, .to = activation});
}

static fa_status do_upsample(void *argument)
{
    const struct work *work = argument;

    fa_backend_upsample(work->near, work->in, work->out, far_reach(work->from), far_reach(work->to));
    return FA_OK;
}

static void upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                     void *dst)
{
    ask(backend, do_upsample, (struct work){.in = in, .out = out, .from = src, .to = dst});
}

static fa_status do_upsample_backward(void *argument)
{
    const struct work *work = argument;

    fa_backend_upsample_backward(work->near, work->in, work->out, far_reach(work->from), work->accumulate,
                                 far_reach(work->to));
    return FA_OK;
}

static void upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                              const void *diff_dst, bool accumulate, void *diff_src)
{
    ask(backend, do_upsample_backward,
        (struct work){.in = in, .out = out, .from = diff_dst, .accumulate = accumulate, .to = diff_src});
}

static fa_status do_add_masked(void *argument)
{
    const struct work *work = argument;

    fa_backend_add_masked(work->near, work->in, far_reach(work->from), far_reach(work->mask),
                          far_reach(work->to));
    return FA_OK;
}

static void add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                       const void *relu_output, void *dst)
{
    ask(backend, do_add_masked, (struct work){.in = shape, .from = src, .mask = relu_output, .to = dst});
}

static fa_status do_moments(void *argument)
{
    const struct work *work = argument;

    fa_backend_moments(work->near, work->in, far_reach(work->from), work->sum, work->squares);
    return FA_OK;
}

static void moments(struct fa_backend *backend, struct fa_shape shape, const void *activation, double *sum,
                    double *sum_of_squares)
{
    ask(backend, do_moments,
        (struct work){.in = shape, .from = activation, .sum = sum, .squares = sum_of_squares});
}

/* ---- weights ---- */

static struct fa_layer_values reach_values(const struct fa_layer_values *values)
{
    return (struct fa_layer_values){.filters = far_reach(values->filters),
                                    .bias = far_reach(values->bias),
                                    .gamma = far_reach(values->gamma),
                                    .mean = far_reach(values->mean),
                                    .var = far_reach(values->var)};
}

static fa_status do_fold(void *argument)
{
    const struct work *work = argument;
    const struct fa_layer_values values = reach_values(&work->values);

    return fa_weights_fold(NEAR(weights, work->object), &values);
}

static fa_status weights_fold(struct fa_weights *weights, const struct fa_layer_values *values)
{
    ask(weights->backend, do_fold, (struct work){.object = weights, .values = *values});
    return FA_OK;
}

static fa_status do_unfold(void *argument)
{
    const struct work *work = argument;
    const struct fa_layer_values values = reach_values(&work->values);
    const struct fa_layer_grads grads = {.filters = far_reach(work->grads.filters),
                                         .bias = far_reach(work->grads.bias),
                                         .gamma = far_reach(work->grads.gamma)};

    fa_weights_sum_unfold(NEAR(weights_sum, work->object), &values, &grads);
    return FA_OK;
}

static void weights_unfold(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                           const struct fa_layer_grads *grads)
{
    ask(sum->backend, do_unfold, (struct work){.object = sum, .values = *values, .grads = *grads});
}

/* host: the factors, then the bias. */
static fa_status do_load(void *argument)
{
    const struct work *work = argument;
    const struct fa_weights *weights = work->object;
    const fa_real *bias = (const fa_real *)work->host + weights->desc.out_channels;
    const fa_status status = fa_weights_load(NEAR(weights, weights), far_reach(work->from), work->host, bias);

    free(work->host);
    return status;
}

static fa_status weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                              const fa_real *bias)
{
    const int n = weights->desc.out_channels;
    fa_real *factors = malloc(2 * (size_t)n * sizeof *factors);

    if (factors == NULL)
        abort();
    for (int o = 0; o < n; o++) {
        factors[o] = scale != NULL ? scale[o] : 1;
        factors[n + o] = bias[o];
    }
    ask(weights->backend, do_load, (struct work){.object = weights, .from = oihw, .host = factors});
    return FA_OK;
}

static fa_status do_clear_sum(void *argument)
{
    const struct work *work = argument;

    fa_weights_sum_clear(NEAR(weights_sum, work->object));
    return FA_OK;
}

static void weights_sum_clear(struct fa_weights_sum *sum)
{
    ask(sum->backend, do_clear_sum, (struct work){.object = sum});
}

struct reading {
    const struct fa_weights_sum *sum;
    int first, n;
    fa_real *oihw, *bias;
};

static fa_status do_read(void *argument)
{
    const struct reading *r = argument;

    fa_weights_sum_read(NEAR(weights_sum, r->sum), r->first, r->n, far_reach(r->oihw), far_reach(r->bias));
    return FA_OK;
}

static void weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw, fa_real *bias)
{
    const struct reading reading = {sum, first, n, oihw, bias};

    far_ask(sum->backend, do_read, &reading, sizeof reading);
}

/* ---- convolution ---- */

static const char *conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    return fa_conv_chosen(NEAR(conv, conv), direction);
}

static fa_status do_conv_forward(void *argument)
{
    const struct work *work = argument;

    return fa_conv_forward(NEAR(conv, work->object), far_reach(work->from), far_reach(work->beside),
                           far_reach(work->to));
}

static fa_status conv_forward(struct fa_conv *conv, const void *src, const void *residual, void *dst)
{
    ask(conv->backend, do_conv_forward,
        (struct work){.object = conv, .from = src, .beside = residual, .to = dst});
    return FA_OK;
}

static fa_status do_conv_backward_data(void *argument)
{
    const struct work *work = argument;

    return fa_conv_backward_data(NEAR(conv, work->object), far_reach(work->from), work->accumulate,
                                 far_reach(work->mask), far_reach(work->to));
}

static fa_status conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                    const void *relu_output, void *diff_src)
{
    ask(conv->backend, do_conv_backward_data,
        (struct work){
            .object = conv, .from = diff_dst, .accumulate = accumulate, .mask = relu_output, .to = diff_src});
    return FA_OK;
}

static fa_status do_conv_backward_weights(void *argument)
{
    const struct work *work = argument;

    return fa_conv_backward_weights(NEAR(conv, work->object), far_reach(work->from), far_reach(work->beside),
                                    NEAR(weights_sum, work->kept));
}

static fa_status conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                       struct fa_weights_sum *sum)
{
    ask(conv->backend, do_conv_backward_weights,
        (struct work){.object = conv, .from = src, .beside = diff_dst, .kept = sum});
    return FA_OK;
}

/* ---- group norm ---- */

static fa_status do_affine_load(void *argument)
{
    const struct work *work = argument;

    return fa_affine_load(NEAR(affine, work->object), far_reach(work->from), far_reach(work->beside));
}

static fa_status affine_load(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta)
{
    ask(affine->backend, do_affine_load, (struct work){.object = affine, .from = gamma, .beside = beta});
    return FA_OK;
}

static fa_status do_clear_affine(void *argument)
{
    const struct work *work = argument;

    fa_affine_sum_clear(NEAR(affine_sum, work->object));
    return FA_OK;
}

static void affine_sum_clear(struct fa_affine_sum *sum)
{
    ask(sum->backend, do_clear_affine, (struct work){.object = sum});
}

static fa_status do_affine_add(void *argument)
{
    const struct work *work = argument;

    fa_affine_sum_add(NEAR(affine_sum, work->object), far_reach(work->to), far_reach(work->kept));
    return FA_OK;
}

static void affine_sum_add(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta)
{
    ask(sum->backend, do_affine_add, (struct work){.object = (void *)sum, .to = gamma, .kept = beta});
}

static size_t norm_statistics_bytes(const struct fa_norm *norm)
{
    return fa_norm_statistics_bytes(NEAR(norm, norm));
}

static fa_status do_norm_forward(void *argument)
{
    const struct work *work = argument;

    return fa_norm_forward(NEAR(norm, work->object), far_reach(work->from), far_reach(work->beside),
                           far_reach(work->to), far_reach(work->kept));
}

static fa_status norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                              void *statistics)
{
    ask(norm->backend, do_norm_forward,
        (struct work){.object = norm, .from = src, .beside = residual, .to = dst, .kept = statistics});
    return FA_OK;
}

static fa_status do_norm_repeat(void *argument)
{
    const struct work *work = argument;

    return fa_norm_repeat(NEAR(norm, work->object), far_reach(work->from), far_reach(work->beside),
                          far_reach(work->kept), far_reach(work->to));
}

static fa_status norm_repeat(struct fa_norm *norm, const void *src, const void *residual,
                             const void *statistics, void *dst)
{
    ask(norm->backend, do_norm_repeat,
        (struct work){
            .object = norm, .from = src, .beside = residual, .kept = (void *)statistics, .to = dst});
    return FA_OK;
}

static fa_status do_norm_backward(void *argument)
{
    const struct work *work = argument;

    return fa_norm_backward(NEAR(norm, work->object), far_reach(work->from), far_reach(work->mask),
                            far_reach(work->beside), far_reach(work->to), NEAR(affine_sum, work->kept));
}

static fa_status norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                               const void *diff_dst, void *diff_src, struct fa_affine_sum *sum)
{
    ask(norm->backend, do_norm_backward,
        (struct work){.object = norm,
                      .from = src,
                      .mask = statistics,
                      .beside = diff_dst,
                      .to = diff_src,
                      .kept = sum});
    return FA_OK;
}

/* ---- max-pool ---- */

static size_t pool_index_bytes(const struct fa_pool *pool)
{
    return fa_pool_index_bytes(NEAR(pool, pool));
}

static fa_status do_pool_forward(void *argument)
{
    const struct work *work = argument;

    return fa_pool_forward(NEAR(pool, work->object), far_reach(work->from), far_reach(work->to),
                           far_reach(work->kept));
}

static fa_status pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index)
{
    ask(pool->backend, do_pool_forward, (struct work){.object = pool, .from = src, .to = dst, .kept = index});
    return FA_OK;
}

static fa_status do_pool_backward(void *argument)
{
    const struct work *work = argument;

    return fa_pool_backward(NEAR(pool, work->object), far_reach(work->kept), far_reach(work->from),
                            far_reach(work->mask), far_reach(work->to));
}

static fa_status pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                               const void *relu_output, void *diff_src)
{
    ask(pool->backend, do_pool_backward,
        (struct work){
            .object = pool, .kept = (void *)index, .from = diff_dst, .mask = relu_output, .to = diff_src});
    return FA_OK;
}

/* ---- life ---- */

/* first: of whose memory this is another queue; NULL: the first. Its blas takes the weights of that one's. */
static fa_status open_queue(const struct fa_backend *base, const struct fa_backend *first,
                            struct fa_backend **out)
{
    const struct fa_backend_ops *stand_in = fa_backend_stand_in;
    struct far_backend *self;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    self->base = *base;
    fa_backend_stand_in = NULL;
    status = fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = base->n_threads},
                             &self->near);
    fa_backend_stand_in = stand_in;
    if (status == FA_OK)
        status = far_queue_open(&self->queue);
    if (status != FA_OK) {
        fa_backend_close(self->near);
        fa_free(self);
        return status;
    }
    if (first != NULL)
        self->near->first = far_near(first);
    *out = &self->base;
    return FA_OK;
}

static fa_status far_open(const struct fa_backend *base, struct fa_backend **out)
{
    FA_TRY(open_queue(base, NULL, out));
    strcpy((*out)->description, "far, over blas");
    return FA_OK;
}

static fa_status far_fork(struct fa_backend *backend, struct fa_backend **out)
{
    const struct fa_backend base = {.ops = backend->ops, .n_handles = 1, .n_threads = backend->n_threads};

    return open_queue(&base, backend->first, out);
}

static void far_close(struct fa_backend *backend)
{
    struct far_backend *self = (struct far_backend *)backend;

    far_queue_close(self->queue);
    fa_backend_close(self->near);
    fa_free(self);
}

static const struct fa_memory_ops far_memory_ops = {.alloc = far_alloc,
                                                    .free = far_free,
                                                    .alloc_host = alloc_host,
                                                    .free_host = free_host,
                                                    .put = put,
                                                    .get = get,
                                                    .fork = far_fork,
                                                    .mark = far_mark,
                                                    .reached = far_reached,
                                                    .follow = far_follow,
                                                    .synchronize = far_synchronize,
                                                    .record = far_record,
                                                    .recorded = far_recorded,
                                                    .ask = far_ask_recorded,
                                                    .holds = far_recording_holds,
                                                    .forget = far_forget_recording};

const struct fa_backend_ops fa_backend_far = {.name = "far",
                                              .open = far_open,
                                              .close = far_close,
                                              .memory = &far_memory_ops,
                                              .flat = &far_flat_ops,
                                              .head = &far_head_ops,
                                              .activation_bytes = activation_bytes,
                                              .import_chw = import_chw,
                                              .import_frame = import_frame,
                                              .export_hwc = export_hwc,
                                              .import_hwc = import_hwc,
                                              .weights_create = weights_create,
                                              .weights_destroy = weights_destroy,
                                              .weights_load = weights_load,
                                              .weights_fold = weights_fold,
                                              .weights_unfold = weights_unfold,
                                              .weights_sum_create = weights_sum_create,
                                              .weights_sum_destroy = weights_sum_destroy,
                                              .weights_sum_clear = weights_sum_clear,
                                              .weights_sum_read = weights_sum_read,
                                              .conv_create = conv_create,
                                              .conv_destroy = conv_destroy,
                                              .conv_chosen = conv_chosen,
                                              .conv_forward = conv_forward,
                                              .conv_backward_data = conv_backward_data,
                                              .conv_backward_weights = conv_backward_weights,
                                              .affine_create = affine_create,
                                              .affine_destroy = affine_destroy,
                                              .affine_load = affine_load,
                                              .affine_sum_create = affine_sum_create,
                                              .affine_sum_destroy = affine_sum_destroy,
                                              .affine_sum_clear = affine_sum_clear,
                                              .affine_sum_add = affine_sum_add,
                                              .norm_create = norm_create,
                                              .norm_destroy = norm_destroy,
                                              .norm_statistics_bytes = norm_statistics_bytes,
                                              .norm_forward = norm_forward,
                                              .norm_repeat = norm_repeat,
                                              .norm_backward = norm_backward,
                                              .pool_create = pool_create,
                                              .pool_destroy = pool_destroy,
                                              .pool_index_bytes = pool_index_bytes,
                                              .pool_forward = pool_forward,
                                              .pool_backward = pool_backward,
                                              .upsample = upsample,
                                              .upsample_backward = upsample_backward,
                                              .add_masked = add_masked,
                                              .moments = moments};

__attribute__((constructor)) static void stand_in(void)
{
    const char *asked = getenv("FA_TEST_BACKEND");

    if (asked != NULL && strcmp(asked, "far") == 0)
        fa_backend_stand_in = &fa_backend_far;
}
