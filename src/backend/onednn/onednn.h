/*
 * onednn.h - what the files of the oneDNN backend share.
 *
 * Activations lie in one uniform layout, so that nothing is reordered between layers: channels in blocks of a
 * vector register (nChw16c, nChw8c), lanes beyond the last channel always zero; an image of up to three
 * channels is plain nchw, which the first convolution reads directly. In bf16 all are nhwc (onednn_bf16.h).
 * Files:
 *
 *   onednn_backend.c      the table; opening the library, errors, working memory
 *   onednn_layout.c       activations: layout, import, export
 *   onednn_weights.c      filters in every layout that a convolution asks for, and their gradients
 *   onednn_order.c        filters between PyTorch's order and blocked layouts
 *   onednn_transpose.c    squares of floats, turned within registers
 *   ../store.c            the memory that they take while they are needed
 *   onednn_reorder.c      one copy into a layout that only oneDNN knows
 *   onednn_choice.c       what computes a convolution
 *   onednn_describe.c     that convolution in oneDNN's words
 *   onednn_winograd.c     by Winograd's algorithm, which is our own
 *   onednn_strips.c       gradients of filters in bf16, which are our own, too
 *   onednn_conv.c         the three directions of a convolution: prepared once for a shape
 *   onednn_conv_run.c     the same, run with pointers
 *   onednn_norm.c         group norm: which thread does which part when
 *   onednn_norm_loops.c   and the loops over one part
 *   onednn_pool.c         max-pooling
 *   onednn_elementwise.c  sums, masks, upsampling, moments
 *   onednn_bf16*.c        in bf16: what takes the place of loops over floats (onednn_bf16.h)
 *   onednn_v2.c, _v3.c    what the versions of oneDNN want differently (onednn_version.h)
 */
#ifndef FA_ONEDNN_H
#define FA_ONEDNN_H

#include "../store.h"
#include "../winograd/winograd.h"
#include "fa/vector.h"
#include "host_norm.h"
#include "onednn_version.h"

#define ONEDNN_MAX_BLOCK      16
#define ONEDNN_IMAGE_CHANNELS 3 /* at most; more are blocked */
#define ONEDNN_TRANSPOSE      16

/* Working memory that only grows, and only while objects are created; its content lives within one call. */
struct onednn_work {
    size_t n_bytes;
    void *memory;
};

struct onednn {
    struct fa_backend base;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct fa_backend_ops ops;           /* as the precision wants it */
    dnnl_primitive_attr_t plain;         /* no fused operations, scratchpad given by us */
    bool is_bf16;                        /* what activations and packed filters are; else floats */
    bool multiplies_by_amx;              /* oneDNN does, in bf16 */
    const struct strips_product *strips; /* of our gradients of filters in bf16; NULL if there is none */
    int block;                           /* channels in a block; of bf16, that are computed together */
    struct onednn_work work; /* oneDNN's scratchpad, and behind it our results on the way to a sum */
    struct fa_store store;   /* packed filters */
    struct fa_store sums;    /* of gradients, which are smaller, and would take what large filters need */
};

static inline struct onednn *onednn_of(const struct fa_backend *backend)
{
    return (struct onednn *)backend;
}

static inline size_t onednn_element_bytes(const struct onednn *onednn)
{
    return onednn->is_bf16 ? sizeof(uint16_t) : sizeof(float);
}

static inline dnnl_data_type_t onednn_element_type(const struct onednn *onednn)
{
    return onednn->is_bf16 ? dnnl_bf16 : dnnl_f32;
}

/* ---- onednn_backend.c */

/* FA_OK, or the one message about a call that failed; `what` is what was being done. */
fa_status onednn_check(dnnl_status_t status, const char *what) FA_CHECK_RESULT;

fa_status onednn_work_reserve(struct onednn_work *work, size_t n_bytes) FA_CHECK_RESULT;

/* oneDNN takes the number of threads from OpenMP, at creation and again at execution. */
void onednn_use_threads(const struct onednn *onednn);

/* As many floats as fill vectors of any width. */
static inline size_t onednn_whole_vectors(size_t n)
{
    return (n + ONEDNN_MAX_BLOCK - 1) / ONEDNN_MAX_BLOCK * ONEDNN_MAX_BLOCK;
}

/* ---- onednn_layout.c */

struct onednn_layout {
    int block, n_blocks; /* element (c, y, x) is at ((c / block * h + y) * w + x) * block + c % block */
};

struct onednn_layout onednn_layout_of(const struct fa_backend *backend, struct fa_shape shape);

/* Floats of an activation, padding lanes included. */
size_t onednn_activation_elements(const struct fa_backend *backend, struct fa_shape shape);

struct onednn_tensor onednn_activation_tensor(const struct fa_backend *backend, struct fa_shape shape);

size_t onednn_activation_bytes(const struct fa_backend *backend, struct fa_shape shape);
void onednn_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw, void *activation);
void onednn_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                       fa_real *hwc);
void onednn_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                       void *activation);

/* ---- onednn_reorder.c */

struct onednn_reorder {
    struct onednn *onednn;
    dnnl_primitive_t primitive;
    dnnl_memory_t from, to, scratchpad;
};

fa_status onednn_reorder_create(struct onednn *onednn, onednn_md from, onednn_md to,
                                struct onednn_reorder *out) FA_CHECK_RESULT;
void onednn_reorder_destroy(struct onednn_reorder *reorder);
fa_status onednn_reorder_run(struct onednn_reorder *reorder, const void *from, void *to) FA_CHECK_RESULT;

/* ---- onednn_order.c */

/* Channel c of an axis is lane c % block of block c / block. */
struct onednn_axis {
    int block;
    size_t stride, lane; /* from block to block, from lane to lane; in floats, as all below */
};

static inline size_t onednn_along(const struct onednn_axis *axis, size_t channel)
{
    const size_t block = (size_t)axis->block;

    return channel / block * axis->stride + channel % block * axis->lane;
}

/* Where the filter of output channel o, input channel i, row y, column x lies. */
struct onednn_order {
    size_t first; /* the output channel with which it begins */
    size_t group; /* from group to group; 0 without groups */
    struct onednn_axis out, in;
    int width; /* of the kernel */
    size_t row, column;
};

/* False if the layout is not of this kind. */
bool onednn_order_of(onednn_md md, struct onednn_order *order);

struct onednn_weights;

/* The filters of output channels first to first + n: from those loaded, scaled, and back to OIHW. Threads may
   do different channels at once. Lanes without a filter are left as they are. */
void onednn_order_pack(const struct onednn_weights *weights, const struct onednn_order *order, size_t first,
                       size_t n, float *packed);
void onednn_order_unpack(const struct onednn_weights *weights, const struct onednn_order *order, size_t first,
                         size_t n, const float *packed, float *oihw);

/* ---- onednn_transpose.c */

/* to[j][i] = from[i][j] * factor[i]; factor NULL: 1. */
void onednn_transpose(const float *const from[ONEDNN_TRANSPOSE], const float *factor,
                      float *const to[ONEDNN_TRANSPOSE]);

/* ---- onednn_bf16_filters.c */

struct onednn_filters;
struct onednn_places;

/* Where filters lie in a layout of bf16. Destroyed after a failure, too, unless it is NULL. */
fa_status onednn_places_create(onednn_md md, struct onednn_places **out) FA_CHECK_RESULT;
void onednn_places_destroy(struct onednn_places *places);

/* Fills in data from the filters loaded; lanes without a filter with zeros. */
fa_status onednn_bf16_pack(struct fa_store *store, const struct onednn_weights *weights,
                           const struct onednn_filters *filters) FA_CHECK_RESULT;

/* ---- onednn_weights.c */

/* The filters in one layout. Owned by their weights. */
struct onednn_filters {
    struct onednn_filters *next;
    onednn_md md, plain;          /* plain: (g)oihw of the merged groups */
    size_t n_bytes;               /* padding included */
    struct onednn_places *places; /* where bf16 lie; NULL for floats */
    bool has_order;               /* else only oneDNN knows the layout */
    struct onednn_order order;
    struct onednn_reorder reorder; /* from the plain layout, where there is no order */
    void *data;                    /* NULL: not packed since the last load */
};

/* How the gradient of filters lies in a sum; that of the bias comes behind it. */
struct onednn_gradient {
    struct onednn_order order;
    size_t n_elem; /* of the filters, padding included */
};

struct onednn_weights {
    struct fa_weights base;
    int merged; /* that many groups are computed as one, with zeros between them; see onednn_weights.c */
    int groups; /* after merging */
    const float *oihw;   /* loaded filters; the caller's */
    float *scale, *bias; /* of each output channel, in whole vectors */
    struct onednn_filters *packed;
    float *winograd[WINOGRAD_DIRECTIONS]; /* at their points; NULL: not since the last load */
    struct onednn_gradient gradient;
};

struct onednn_weights_sum {
    struct fa_weights_sum base;
    float *data; /* NULL: zero */
};

fa_status onednn_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                                struct fa_weights **out) FA_CHECK_RESULT;
void onednn_weights_destroy(struct fa_weights *weights);
fa_status onednn_weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                              const fa_real *bias) FA_CHECK_RESULT;
void onednn_weights_forget(struct fa_weights *weights);

fa_status onednn_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                    struct fa_weights_sum **out) FA_CHECK_RESULT;
void onednn_weights_sum_destroy(struct fa_weights_sum *sum);
void onednn_weights_sum_clear(struct fa_weights_sum *sum);
void onednn_weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw,
                             fa_real *bias);

/* Filters of any layout, for a convolution to choose from; biases; gradients of filters, in the layout in
   which every algorithm gives them. */
struct onednn_tensor onednn_weights_any_tensor(const struct onednn_weights *weights);
struct onednn_tensor onednn_weights_bias_tensor(const struct onednn_weights *weights);
struct onednn_tensor onednn_weights_gradient_tensor(const struct onednn_weights *weights);

/* The packed copy in this layout; listed if it is the first of its kind. */
fa_status onednn_weights_packed(struct onednn_weights *weights, onednn_md md,
                                struct onednn_filters **out) FA_CHECK_RESULT;

/* Packs the loaded filters unless that has happened since the load. */
fa_status onednn_filters_refresh(const struct onednn_weights *weights,
                                 struct onednn_filters *packed) FA_CHECK_RESULT;

/* Of a sum's data; and memory for it, not initialised. */
size_t onednn_gradient_bytes(const struct onednn_weights *weights);
fa_status onednn_weights_sum_begin(struct onednn_weights_sum *sum) FA_CHECK_RESULT;

/* ---- onednn_choice.c */

/* What a convolution can run. The first three have the values of enum fa_conv_direction. */
enum onednn_operation {
    ONEDNN_FORWARD, /* a residual is summed in place */
    ONEDNN_BACKWARD_DATA,
    ONEDNN_BACKWARD_WEIGHTS,
    ONEDNN_FORWARD_BESIDE, /* forward with the residual in memory of its own, which saves a copy */
    ONEDNN_N_OPERATIONS
};

struct onednn_choice {
    dnnl_primitive_desc_t desc;
    const char *name; /* "direct" or "reference" */
};

/* Of an operation in oneDNN; the caller destroys out->desc. `forward` is the hint that the backward
   directions need. out->desc is NULL if there is no fast ONEDNN_FORWARD_BESIDE. */
fa_status onednn_choose(const struct fa_conv *conv, enum onednn_operation operation,
                        const_dnnl_primitive_desc_t forward, struct onednn_choice *out) FA_CHECK_RESULT;

/* Who computes it. */
enum onednn_method { ONEDNN_ITSELF, ONEDNN_STRIPS, ONEDNN_WINOGRAD };
enum { ONEDNN_METHODS = ONEDNN_WINOGRAD + 1 };

/* As algorithms are named: "direct", "winograd", and strips after their product. */
const char *onednn_method_name(const struct fa_backend *backend, enum onednn_method method);

enum onednn_method onednn_method_of(const struct fa_conv *conv, enum fa_conv_direction direction);
size_t onednn_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                              enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX]);

/* ---- onednn_describe.c */

/* The convolution as oneDNN would compute it; *out is NULL if it has nothing of the kind. forward is what
   backward is the gradient of, or NULL. */
fa_status onednn_describe(const struct fa_conv *conv, enum onednn_operation operation,
                          const_dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out) FA_CHECK_RESULT;

/* ---- onednn_winograd.c */

int onednn_winograd_tiles(const struct fa_conv *conv);

/* Of working memory. */
size_t onednn_winograd_bytes(const struct fa_conv *conv, enum fa_conv_direction direction);

/* As the public functions; `sum` is written or added to. */
fa_status onednn_winograd_forward(const struct fa_conv *conv, const void *src, const void *residual,
                                  void *dst) FA_CHECK_RESULT;
fa_status onednn_winograd_backward_data(const struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                        const void *relu_output, void *diff_src) FA_CHECK_RESULT;
void onednn_winograd_backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst,
                                      bool add, float *sum);

/* ---- onednn_strips.c */

/* Of working memory. */
size_t onednn_strips_gradient_bytes(const struct fa_conv *conv);

/* `sum` is written or added to. */
void onednn_strips_backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst,
                                    bool add, float *sum);

/* ---- onednn_conv.c, onednn_conv_run.c */

enum { ONEDNN_MAX_ARGS = 6 };

/* The scratchpad is the last argument. */
struct onednn_prepared {
    const char *chosen;
    enum onednn_method method;
    dnnl_primitive_t primitive; /* NULL if this operation will not be asked for, or is not oneDNN's */
    int n_args;
    dnnl_exec_arg_t args[ONEDNN_MAX_ARGS];
    struct onednn_filters *filters; /* packed; NULL where they are a gradient */
    size_t scratchpad_bytes;        /* our result on the way to a sum lies behind it */
};

struct onednn_conv {
    struct fa_conv base;
    struct onednn_prepared operations[ONEDNN_N_OPERATIONS];
};

/* A failure is told with the shape of the convolution in front. */
fa_status onednn_name_shape(fa_status status, const struct fa_conv_desc *desc) FA_CHECK_RESULT;

fa_status onednn_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                             struct fa_weights *weights, struct fa_conv **out) FA_CHECK_RESULT;
void onednn_conv_destroy(struct fa_conv *conv);
const char *onednn_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction);
fa_status onednn_conv_forward(struct fa_conv *conv, const void *src, const void *residual,
                              void *dst) FA_CHECK_RESULT;
fa_status onednn_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                    const void *relu_output, void *diff_src) FA_CHECK_RESULT;
fa_status onednn_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                       struct fa_weights_sum *sum) FA_CHECK_RESULT;

/* ---- onednn_norm.c */

fa_status onednn_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                             struct fa_affine *affine, struct fa_norm **out) FA_CHECK_RESULT;
void onednn_norm_destroy(struct fa_norm *norm);
fa_status onednn_norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                              void *statistics) FA_CHECK_RESULT;
fa_status onednn_norm_repeat(struct fa_norm *norm, const void *src, const void *residual,
                             const void *statistics, void *dst) FA_CHECK_RESULT;
fa_status onednn_norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                               const void *diff_dst, void *diff_src,
                               struct fa_affine_sum *sum) FA_CHECK_RESULT;

/* ---- onednn_norm_loops.c */

/* What one block of channels needs, lane by lane, a block of 8 twice; see struct fa_norm_channel and
   fa_norm_slope. Lanes beyond the last channel are zero. */
struct onednn_norm_lanes {
    float mean[ONEDNN_MAX_BLOCK], slope[ONEDNN_MAX_BLOCK], beta[ONEDNN_MAX_BLOCK];
    float tilt[ONEDNN_MAX_BLOCK], shift[ONEDNN_MAX_BLOCK];
};

/* Two sums of each lane: of values and their squares, or of gradients before the ReLU and their products with
   src - mean. */
struct onednn_norm_sums {
    double first[ONEDNN_MAX_BLOCK], second[ONEDNN_MAX_BLOCK];
};

/* The channels of one block at some positions. */
struct onednn_stretch {
    size_t n_positions, step; /* from one position to the next */
    int n_lanes;              /* that have a channel */
};

/* Over a stretch. residual may be NULL; dst and diff_src may be any of the inputs. masks: diff is the
   gradient after the ReLU. */
struct onednn_norm_loops {
    void (*measure)(const struct onednn_stretch *stretch, const void *src, struct onednn_norm_sums *sums);
    void (*apply)(const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes, bool relu,
                  const void *src, const void *residual, void *dst);
    void (*multiply)(const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes, bool masks,
                     const void *src, const void *diff, struct onednn_norm_sums *sums);
    void (*differentiate)(const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes,
                          bool masks, const void *src, const void *diff, void *diff_src);
};

extern const struct onednn_norm_loops onednn_norm_loops, onednn_bf16_norm_loops;

/* ---- onednn_pool.c */

fa_status onednn_pool_create(struct fa_backend *backend, struct fa_shape in,
                             struct fa_pool **out) FA_CHECK_RESULT;
void onednn_pool_destroy(struct fa_pool *pool);
size_t onednn_pool_index_bytes(const struct fa_pool *pool);
fa_status onednn_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index) FA_CHECK_RESULT;
fa_status onednn_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                               const void *relu_output, void *diff_src) FA_CHECK_RESULT;

/* ---- onednn_elementwise.c */

/* dst = (dst + src) where relu_output > 0, else 0, over n floats; src or relu_output may be NULL. */
void onednn_add_masked_n(const struct onednn *onednn, size_t n, const float *src, const float *relu_output,
                         float *dst);

void onednn_copy(const struct onednn *onednn, size_t n_bytes, const void *src, void *dst);

/* The first of n_out rows, or columns, that upsampling copies from one of n_in that is at least s. */
int onednn_first_copy(int s, int n_in, int n_out);

void onednn_upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                     void *dst);
void onednn_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                              const void *diff_dst, bool accumulate, void *diff_src);
void onednn_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                       const void *relu_output, void *dst);
void onednn_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation, double *sum,
                    double *sum_of_squares);

#endif
