/*
 * backend.h - what a compute backend does for the network: one image's activations, convolutions, group
 * norms, and the little rest.
 *
 * Memory and time. What a backend computes with lies in its own memory, which may be a device's: only where
 * fa_backend_is_host says so may a caller follow a pointer into it. A handle is a queue of work, done in the
 * order in which it was asked for; a call may return before. A ticket notes how far a queue has been asked;
 * what the work left in host memory is there once it is reached. fa_backend_fork opens a queue beside
 * another.
 *
 * Activations. An activation is a pointer into memory from fa_backend_alloc, laid out as its backend likes
 * (plain CHW in blas; channels in blocks of a vector register in oneDNN, where channels that pad the last
 * block are always zero). fa_backend_activation_bytes gives its size. Callers move it in and out only by
 * import and export.
 *
 * Gradients. The gradient of an activation has its shape and layout. Where the activation came out of a ReLU,
 * the gradient that is passed around is the one *before* the ReLU: whoever completes it masks it
 * (`relu_output` below); a group norm without residual masks its own. Sign and scale are those of
 * dLoss/dActivation.
 *
 * Weights. A fa_weights holds one layer's filters and bias in whatever packed forms its convolutions want;
 * the gradient that they add up is a fa_weights_sum. Several convolutions may share both (the head's over
 * five levels, the same layer over several image sizes).
 *
 * Shared code (backend.c, conv.c ...) checks arguments by assertion; a backend only computes. Nothing here
 * communicates. One thread drives a backend and its forks; inside a call OpenMP uses the threads given at
 * open. What fails after a call returned is told by the next ticket that is asked about.
 */
#ifndef FA_BACKEND_H
#define FA_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/device.h"
#include "fa/frame.h"
#include "fa/real.h"
#include "fa/status.h"
#include "fa/tensor.h"

FA_BEGIN_DECLARATIONS

struct fa_backend;
struct fa_weights;
struct fa_weights_sum;
struct fa_conv;
struct fa_affine;
struct fa_affine_sum;
struct fa_norm;
struct fa_pool;

/* What the user wants of convolutions that several algorithms could compute. */
enum fa_conv_preference {
    FA_CONV_AUTO,   /* the backend's static rule, or what its table lists (algorithms.h) */
    FA_CONV_DIRECT, /* no transform-domain algorithm: strictest agreement between backends */
    FA_CONV_WINOGRAD
};

/* In words, NULL at the end. */
extern const char *const fa_conv_preference_names[];

/* The backends of this build, best first: [0] is the default, NULL comes after the last. */
const char *fa_backend_known(size_t i);

/* Of products, where a backend has a choice. */
enum fa_precision {
    FA_PRECISION_FP32, /* strict: products of floats */
    FA_PRECISION_TF32, /* their factors may have 10 bits */
    FA_PRECISION_BF16  /* activations, and filters as they are multiplied, are bf16; sums are floats */
};

/* In words, NULL at the end. */
extern const char *const fa_precision_names[];

struct fa_backend_config {
    const char *name; /* NULL: the default */
    int n_threads;    /* of OpenMP inside a call, at least 1 */
    enum fa_conv_preference preference;
    int device;                  /* which, of those that this host has; -1: by local_rank */
    int local_rank;              /* of this process among those of its job on this host */
    bool share_device;           /* ... which may be more than it has devices: then they take turns */
    enum fa_precision precision; /* FA_EINVAL if the backend, or the processor, does not have it */
    bool never_records;          /* what it could record is asked for again each time */
};

/* FA_EINVAL if this build has no backend of that name. */
fa_status fa_backend_open(const struct fa_backend_config *config, struct fa_backend **out) FA_CHECK_RESULT;
void fa_backend_close(struct fa_backend *backend);
const char *fa_backend_name(const struct fa_backend *backend);

/* Library and instruction set for people: "oneDNN 2.6.3, AVX-512". Valid as long as the backend. */
const char *fa_backend_description(const struct fa_backend *backend);
int fa_backend_threads(const struct fa_backend *backend);

/* Where it computes; NULL: on the processors. Valid as long as the backend. */
const struct fa_device *fa_backend_device(const struct fa_backend *backend);

/* Whether other ranks may compute on that device too. */
bool fa_backend_shares_device(const struct fa_backend *backend);

/* Of one that has a device: from now on no more threads than this inside a call. */
void fa_backend_limit_threads(struct fa_backend *backend, int most);

/* Its own losses (head_ops.h); NULL: it has none. */
struct fa_head_ops;
const struct fa_head_ops *fa_backend_head_ops(const struct fa_backend *backend);

/* A queue whose work runs beside that of `backend`, in the same memory, on the same weights. Both are closed,
   the fork first. Where work is done when a call returns, it is the same handle again. */
fa_status fa_backend_fork(struct fa_backend *backend, struct fa_backend **out) FA_CHECK_RESULT;

/* ---- memory ---- */

/* May callers follow pointers into its memory, at any time? */
bool fa_backend_is_host(const struct fa_backend *backend);

/* Memory for activations, aligned to 64 bytes, not initialised; counted. */
fa_status fa_backend_alloc(struct fa_backend *backend, size_t n_bytes, void **out) FA_CHECK_RESULT;
void fa_backend_free(struct fa_backend *backend, void *memory);

/* To free, and to destroy an object of a backend, is allowed while work that needs it is asked for: it waits.
 */

/* Memory of the host that moves fast to and from the backend's (page-locked where that matters); from any
   thread. */
fa_status fa_backend_alloc_host(struct fa_backend *backend, size_t n_bytes, void **out) FA_CHECK_RESULT;
void fa_backend_free_host(struct fa_backend *backend, void *memory);

/* Copies from the host's memory, or to it. The host's side stays as it is, or is not looked at, until a later
   ticket is reached. */
void fa_backend_put(struct fa_backend *backend, void *memory, const void *host, size_t n_bytes);
void fa_backend_get(struct fa_backend *backend, void *host, const void *memory, size_t n_bytes);

/* The most of its memory that this process had at once; where that is the host's, the largest resident set.
 */
size_t fa_backend_peak_bytes(const struct fa_backend *backend);

/* How much of its memory is free; only where it has a device. */
fa_status fa_backend_free_bytes(struct fa_backend *backend, size_t *n_bytes) FA_CHECK_RESULT;

/* By which another process of this host finds memory of a backend. Plain bytes. */
struct fa_memory_key {
    unsigned char bytes[64];
};

/* ---- tickets ---- */

/* Zeroed, it is one that was always reached. */
struct fa_ticket {
    struct fa_backend *queue;
    uint64_t number;
};

/* Notes all that the queue has been asked for so far. */
struct fa_ticket fa_backend_mark(struct fa_backend *backend);

/* Is that done? Fails if some of it, or of what came before, failed. */
fa_status fa_ticket_reached(struct fa_ticket ticket, bool *reached) FA_CHECK_RESULT;

/* What is asked of `backend` from now on begins after the ticket, which may be another queue's, is reached.
 */
void fa_backend_follow(struct fa_backend *backend, struct fa_ticket ticket);

/* Waits until all work asked for is done, and tells of its failure. */
fa_status fa_backend_synchronize(struct fa_backend *backend) FA_CHECK_RESULT;

/* ---- recordings ----
 *
 * Work that is asked for again and again costs a device less when it is asked for as one. What is asked of
 * the queue between fa_backend_record and fa_backend_recorded is recorded instead of done: work on memory
 * that stays where it is, for which nothing is taken or freed, marked, followed or waited for meanwhile. It
 * must have been done once before, so that whatever it needs is there.
 */
struct fa_recording;

/* Can the backend record, and may it? */
bool fa_backend_records(const struct fa_backend *backend);

fa_status fa_backend_record(struct fa_backend *backend) FA_CHECK_RESULT;

/* Also after a failure of what was to be recorded, of which it tells. */
fa_status fa_backend_recorded(struct fa_backend *backend, struct fa_recording **out) FA_CHECK_RESULT;

/* Asks its queue for the work once more. */
void fa_recording_ask(struct fa_recording *recording);

/* Is everything that it uses still there? Memory of its queue that was freed, or has grown, ends it. */
bool fa_recording_holds(const struct fa_recording *recording);

void fa_recording_destroy(struct fa_recording *recording); /* NULL is fine; waits for the queue */

/* ---- where its time goes ---- */

/* A span of the trace (fa/trace.h) around work of the queue. Where that is done later, it tells when it was
   asked for until it is settled. */
int fa_backend_span_begin(struct fa_backend *queue, const char *what);
void fa_backend_span_end(struct fa_backend *queue, int span);

/* Waits for the queue, and moves its spans since the last time to when their work was done. */
fa_status fa_backend_settle_spans(struct fa_backend *queue) FA_CHECK_RESULT;

/* What the queue is asked for from now on begins so many seconds after what it was asked for before:
   meanwhile one can ask for much, so that it never waits for us. Nothing where work is done when a call
   returns. */
void fa_backend_hold(struct fa_backend *queue, double seconds);

/* ---- activations ----
 *
 * An activation is memory of the backend, whose layout and type of number are the backend's own: others hand
 * it on, and look at it only through the doors below.
 */

/* Its bytes; a multiple of 64. */
size_t fa_backend_activation_bytes(const struct fa_backend *backend, struct fa_shape shape);

/* The two doors of an image: host CHW floats, no longer needed on return; or pixels, which give the floats of
 * fa_frame_to_chw for an image padded to shape, and stay as they are until a later ticket is reached. The
 * same values have the same bits by both. */
void fa_backend_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw,
                           void *activation);
fa_status fa_backend_import_frame(struct fa_backend *backend, struct fa_shape shape,
                                  const struct fa_frame *frame, void *activation) FA_CHECK_RESULT;

/* Rows in and out, in the backend's memory: row (y * w + x) has c channels. This is the order in which the
 * head speaks to the loss. */
void fa_backend_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                           fa_real *hwc);
void fa_backend_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                           void *activation);

/* ---- weights ---- */

struct fa_weights_desc {
    int out_channels, in_channels, groups, kernel; /* filters are (out, in / groups, kernel, kernel) */
};

fa_status fa_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                            struct fa_weights **out) FA_CHECK_RESULT;
void fa_weights_destroy(struct fa_weights *weights);

/* A layer's parameters, as they lie in the backend's memory: filters in OIHW order. gamma NULL: no batch
   norm, and mean and var are not looked at; bias NULL: all zero. */
struct fa_layer_values {
    const fa_real *filters, *bias, *gamma, *mean, *var;
};

/* Where their gradients are added. gamma NULL where there is no batch norm; bias NULL: it has none. */
struct fa_layer_grads {
    fa_real *filters, *bias, *gamma;
};

/* From now on the weights are those of the layer with its batch norm folded in (doc/method.md 2.6). filters
   is borrowed: it must stay as it is until the next fold or load. */
fa_status fa_weights_fold(struct fa_weights *weights, const struct fa_layer_values *values) FA_CHECK_RESULT;

/* The same from given factors: filters are oihw[o] * scale[o] (scale NULL: 1), and bias[o]. oihw, of the
   backend's memory, is borrowed; scale and bias, of the host's, are copied. */
fa_status fa_weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                          const fa_real *bias) FA_CHECK_RESULT;

/* Gives back the memory of packed forms, which the next use makes anew: worth it where that use is far. */
void fa_weights_forget(struct fa_weights *weights);

/* The gradient with respect to the loaded (scaled) filters and the bias, as the convolutions of one image add
   it up: weights have one for each image that is on its way at the same time. They must outlive it. It
   belongs to the queue of `backend`. */
fa_status fa_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                struct fa_weights_sum **out) FA_CHECK_RESULT;
void fa_weights_sum_destroy(struct fa_weights_sum *sum);

/* From now on it is zero; gives back what memory can be taken anew. */
void fa_weights_sum_clear(struct fa_weights_sum *sum);

/* Adds it, as the gradient of the parameters that the weights were folded from. */
void fa_weights_sum_unfold(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                           const struct fa_layer_grads *grads);

/* Of output channels first to first + n, to the backend's memory. Several threads may read different channels
   at once. */
void fa_weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw, fa_real *bias);

/* ---- convolution ---- */

struct fa_conv_desc {
    struct fa_shape in;
    int out_channels, groups, kernel, stride,
        pad;                              /* square kernel; out = (in + 2 pad - kernel) / stride + 1 */
    bool relu;                            /* the output passes a ReLU */
    bool residual;                        /* a second input of the output's shape is added before the ReLU */
    bool backward_data, backward_weights; /* which gradients will be asked for */
};

struct fa_shape fa_conv_output_shape(const struct fa_conv_desc *desc);

/* Multiply-adds of one forward pass. */
double fa_conv_macs(const struct fa_conv_desc *desc);

/* Binds a shape to weights, which must outlive it; chooses algorithms and layouts. All memory is taken here.
 */
fa_status fa_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                         struct fa_weights *weights, struct fa_conv **out) FA_CHECK_RESULT;
void fa_conv_destroy(struct fa_conv *conv);

/* "direct", "winograd", "amx", "avx512_bf16": what was chosen for forward, backward data, backward weights. */
enum fa_conv_direction { FA_CONV_FORWARD, FA_CONV_BACKWARD_DATA, FA_CONV_BACKWARD_WEIGHTS };
extern const char *const fa_conv_direction_names[]; /* NULL at the end */
const char *fa_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction);

/* dst = relu(conv(src) + bias + residual). residual may be dst itself (summed in place); NULL if the desc has
 * none. */
fa_status fa_conv_forward(struct fa_conv *conv, const void *src, const void *residual,
                          void *dst) FA_CHECK_RESULT;

/* diff_src = [diff_src +] conv^T(diff_dst), then zero where relu_output <= 0 unless that is NULL. diff_dst is
   the gradient before the ReLU. */
fa_status fa_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                const void *relu_output, void *diff_src) FA_CHECK_RESULT;

/* Adds the gradients of filters and bias to a sum of the convolution's weights. */
fa_status fa_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                   struct fa_weights_sum *sum) FA_CHECK_RESULT;

/* What a variance is added to before its root is taken, by batch norm as by group norm. */
#define FA_NORM_EPSILON 1e-5

/* ---- group norm ----
 * The channels of one image are normalised in `groups` runs of equal length: with the mean m and the (biased)
 * variance v of all values of a run,
 *
 *     dst = relu(gamma (src - m) / sqrt(v + FA_NORM_EPSILON) + beta + residual)
 *
 * with gamma and beta by channel. Sums are in double, in a fixed order whatever the number of threads. */

/* The gamma and beta of one layer. Several norms may share them (the head's over five levels). */
fa_status fa_affine_create(struct fa_backend *backend, int channels, struct fa_affine **out) FA_CHECK_RESULT;
void fa_affine_destroy(struct fa_affine *affine);

/* From now on gamma and beta, of the backend's memory, have these values, which are copied. */
fa_status fa_affine_load(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta) FA_CHECK_RESULT;

/* Their gradient, as the norms of one image add it up; as fa_weights_sum. */
fa_status fa_affine_sum_create(struct fa_backend *backend, struct fa_affine *affine,
                               struct fa_affine_sum **out) FA_CHECK_RESULT;
void fa_affine_sum_destroy(struct fa_affine_sum *sum);
void fa_affine_sum_clear(struct fa_affine_sum *sum);

/* Adds it to gamma and beta, in the backend's memory. */
void fa_affine_sum_add(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta);

struct fa_norm_desc {
    struct fa_shape shape; /* of input and output */
    int groups;            /* divides shape.c */
    bool relu;             /* the output passes a ReLU */
    bool residual;         /* a second input of the same shape is added before the ReLU */
};

/* Binds a shape to gamma and beta, which must outlive it. All memory is taken here. */
fa_status fa_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                         struct fa_affine *affine, struct fa_norm **out) FA_CHECK_RESULT;
void fa_norm_destroy(struct fa_norm *norm);
size_t fa_norm_statistics_bytes(const struct fa_norm *norm); /* memory between forward and backward */

/* dst may be src or residual. statistics NULL: inference, neither of the two below will follow. residual NULL
   if the desc has none. */
fa_status fa_norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                          void *statistics) FA_CHECK_RESULT;

/* Makes the output of that forward again, bit for bit, from its inputs and statistics. */
fa_status fa_norm_repeat(struct fa_norm *norm, const void *src, const void *residual, const void *statistics,
                         void *dst) FA_CHECK_RESULT;

/* Adds the gradients of gamma and beta to a sum of the norm's affine; diff_src, which may be diff_dst or src,
   becomes that of the input. diff_dst is the gradient before the ReLU if there is a residual, which has it
   too; else it is the one after the ReLU, and is masked here, so that the output need not be at hand. */
fa_status fa_norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                           const void *diff_dst, void *diff_src, struct fa_affine_sum *sum) FA_CHECK_RESULT;

/* ---- max-pool 3x3, stride 2, pad 1 ----
 * It pads with -inf; the gradient goes to the first maximum in row-major order. */

struct fa_shape fa_pool_output_shape(struct fa_shape in);
fa_status fa_pool_create(struct fa_backend *backend, struct fa_shape in,
                         struct fa_pool **out) FA_CHECK_RESULT;
void fa_pool_destroy(struct fa_pool *pool);
size_t fa_pool_index_bytes(const struct fa_pool *pool); /* memory between forward and backward */
/* index NULL: inference, no backward will follow. */
fa_status fa_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index) FA_CHECK_RESULT;
/* diff_src is overwritten, then zero where relu_output <= 0 unless that is NULL. */
fa_status fa_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                           const void *relu_output, void *diff_src) FA_CHECK_RESULT;

/* ---- the rest ---- */

/* dst = src resized to out by nearest neighbour, source index floor(d * in / out); out.c == in.c. */
void fa_backend_upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                         void *dst);
/* diff_src = [diff_src +] the sums of diff_dst over what each source element was copied to. */
void fa_backend_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                                  const void *diff_dst, bool accumulate, void *diff_src);

/* dst = (dst + src) where relu_output > 0, else 0. src NULL: only masks. relu_output NULL: only adds. */
void fa_backend_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                           const void *relu_output, void *dst);

/* Per channel: the sum, and the sum of squares, over all positions, in double and in a fixed order. The host
   has them once a later ticket is reached. */
void fa_backend_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                        double *sum, double *sum_of_squares);

FA_END_DECLARATIONS

#endif
