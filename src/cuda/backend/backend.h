/*
 * backend.h - what the backend `cuda` consists of; shared by the files of this folder.
 *
 * A handle is a stream of one GPU with what its work needs meanwhile: a workspace for cuDNN, scratch for
 * kernels, room for parameters on their way up, events for tickets. Forks share the device, the libraries and
 * the weights. Memory is taken when objects are made, never while work is asked for; what it is taken for is
 * larger then, so it is freed only once the stream is done with it (cudaFree waits).
 *
 * A function that asks for work and fails keeps the failure in its queue, which tells it with the next
 * ticket.
 */
#ifndef FA_CUDA_BACKEND_H
#define FA_CUDA_BACKEND_H

#include "../../backend/flat_ops.h"
#include "../../backend/ops.h"
#include "../cudnn/execute.h"
#include "../kernels.h"
#include "../runtime.h"
#include "fa/head_ops.h"

/* Of all queues of one opened backend. */
struct fa_cuda_device {
    struct fa_cuda *runtime;
    struct fa_cudnn *cudnn;
    struct fa_cuda_kernels kernels;
    struct fa_cudnn_device properties;
    struct fa_device place;
    enum fa_cudnn_precision precision;
    enum fa_cuda_type type; /* of activations and packed filters */
    size_t most_workspace_bytes;
    int n_queues; /* that use it */
};

/* Device memory that grows. */
struct fa_cuda_room {
    void *memory;
    size_t n_bytes;
};

enum {
    FA_CUDA_EVENTS = 4096, /* tickets that are told apart */
    FA_CUDA_SLOTS = 256,   /* parameters on their way up */
    FA_CUDA_SLOT_BYTES = 256,
    FA_CUDA_STAMPS = 8192 /* spans of a trace between two settlings */
};

struct fa_cuda_queue {
    struct fa_backend base;
    struct fa_cuda_device *device;
    struct CUstream_st *stream;
    struct fa_cudnn_handle handle;

    struct fa_cuda_room workspace; /* of cuDNN */
    struct fa_cuda_room gradient;  /* of one convolution's filters, or input, before it is added to others */
    struct fa_cuda_room scratch;   /* of kernels; zero before its first use */
    struct fa_cuda_room rows;      /* floats on their way in */
    struct fa_cuda_room pixels;    /* on their way in */
    void *staged;                  /* floats in page-locked memory */
    size_t staged_bytes;

    char *slots, *slots_up; /* page-locked, and on the device */
    uint64_t n_slots;       /* taken, ever */

    struct CUevent_st *event[FA_CUDA_EVENTS];
    uint64_t n_marked;
    uint64_t n_freed; /* device memory, ever: what was recorded before may have used it */

    struct fa_cuda_stamps *stamps; /* NULL until a trace wants them */

    fa_status status; /* the first failure */
    char message[FA_MESSAGE_MAX];
};

static inline struct fa_cuda_queue *fa_cuda_queue_of(const struct fa_backend *backend)
{
    return (struct fa_cuda_queue *)backend;
}

/* ---- queue.c ---- */

/* Keeps a failure of what was asked for; an int is a cudaError_t. */
void fa_cuda_note(struct fa_cuda_queue *queue, int error, const char *doing);
void fa_cuda_note_status(struct fa_cuda_queue *queue, fa_status status);

/* Room for at least so many bytes; what was in it is lost. zero: it is zero at first. */
fa_status fa_cuda_room_grow(struct fa_cuda_queue *queue, struct fa_cuda_room *room, size_t n_bytes,
                            bool zero) FA_CHECK_RESULT;

/* n_bytes, at most FA_CUDA_SLOT_BYTES, as they are now, for work that is asked for next; on the device. */
void *fa_cuda_send_up(struct fa_cuda_queue *queue, const void *host, size_t n_bytes);

extern const struct fa_memory_ops fa_cuda_memory_ops;

/* ---- share.c ---- */

fa_status fa_cuda_lend(struct fa_backend *backend, void *memory, struct fa_memory_key *key);
fa_status fa_cuda_borrow(struct fa_backend *backend, const struct fa_memory_key *key, void **out);
void fa_cuda_end_loan(struct fa_backend *backend, void *memory);

/* ---- record.c ---- */

fa_status fa_cuda_record(struct fa_backend *backend);
fa_status fa_cuda_recorded(struct fa_backend *backend, struct fa_recording **out);
void fa_cuda_ask_recording(struct fa_recording *asked);
bool fa_cuda_recording_holds(const struct fa_recording *recording);
void fa_cuda_forget_recording(struct fa_recording *forgotten);

/* ---- choose_device.c ---- */

/* Takes the GPU that the configuration means, for this thread, into device->place: that of the rank's number
   on its host, or the only one that its launcher shows to it. */
fa_status fa_cuda_choose_device(struct fa_cuda_device *device, const struct fa_backend *base) FA_CHECK_RESULT;

/* ---- stamps.c ---- */

void fa_cuda_stamps_free(struct fa_cuda_queue *queue);

extern const struct fa_trace_ops fa_cuda_trace_ops;

/* ---- open.c ---- */

/* Another queue on the device, which it keeps open. */
fa_status fa_cuda_queue_open(const struct fa_backend *base, struct fa_cuda_device *device,
                             struct fa_backend **out) FA_CHECK_RESULT;

extern const struct fa_backend_ops fa_backend_cuda;

/* ---- the table's parts ---- */

extern const struct fa_flat_ops fa_cuda_flat_ops;
extern const struct fa_head_ops fa_cuda_head_ops;

size_t fa_cuda_activation_bytes(const struct fa_backend *backend, struct fa_shape shape);
void fa_cuda_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw,
                        void *activation);
fa_status fa_cuda_import_frame(struct fa_backend *backend, struct fa_shape shape,
                               const struct fa_frame *frame, void *activation);
void fa_cuda_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                        fa_real *hwc);
void fa_cuda_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                        void *activation);
void fa_cuda_upsample_map(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                          const void *src, void *dst);
void fa_cuda_upsample_map_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                                   const void *diff_dst, bool accumulate, void *diff_src);
void fa_cuda_add_masked_map(struct fa_backend *backend, struct fa_shape shape, const void *src,
                            const void *relu_output, void *dst);
void fa_cuda_channel_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                             double *sum, double *sum_of_squares);

fa_status fa_cuda_pool_create(struct fa_backend *backend, struct fa_shape in, struct fa_pool **out);
void fa_cuda_pool_destroy(struct fa_pool *pool);
size_t fa_cuda_pool_index_bytes(const struct fa_pool *pool);
fa_status fa_cuda_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index);
fa_status fa_cuda_pool_unpool(struct fa_pool *pool, const void *index, const void *diff_dst,
                              const void *relu_output, void *diff_src);

/* Filters and bias as cuDNN takes them, folded. */
struct fa_cuda_weights {
    struct fa_weights base;
    int out, in; /* channels with padding; in: of a group */
    void *filters, *bias;
    float *loaded; /* of fa_weights_load: scaled filters and bias as floats; NULL at first */
};

/* In floats, of the padded shape. */
struct fa_cuda_weights_sum {
    struct fa_weights_sum base;
    float *filters, *bias;
    bool has_some; /* else what is in them does not count */
};

fa_status fa_cuda_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                                 struct fa_weights **out);
void fa_cuda_weights_destroy(struct fa_weights *weights);
fa_status fa_cuda_weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                               const fa_real *bias);
fa_status fa_cuda_weights_fold(struct fa_weights *weights, const struct fa_layer_values *values);
void fa_cuda_weights_unfold(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                            const struct fa_layer_grads *grads);
fa_status fa_cuda_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                     struct fa_weights_sum **out);
void fa_cuda_weights_sum_destroy(struct fa_weights_sum *sum);
void fa_cuda_weights_sum_clear(struct fa_weights_sum *sum);
void fa_cuda_weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw,
                              fa_real *bias);

fa_status fa_cuda_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                              struct fa_weights *weights, struct fa_conv **out);
void fa_cuda_conv_destroy(struct fa_conv *conv);
size_t fa_cuda_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                               enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX]);
const char *fa_cuda_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction);
fa_status fa_cuda_conv_forward(struct fa_conv *conv, const void *src, const void *residual, void *dst);
fa_status fa_cuda_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                     const void *relu_output, void *diff_src);
fa_status fa_cuda_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                        struct fa_weights_sum *sum);

fa_status fa_cuda_affine_create(struct fa_backend *backend, int channels, struct fa_affine **out);
void fa_cuda_affine_destroy(struct fa_affine *affine);
fa_status fa_cuda_affine_load(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta);
fa_status fa_cuda_affine_sum_create(struct fa_backend *backend, struct fa_affine *affine,
                                    struct fa_affine_sum **out);
void fa_cuda_affine_sum_destroy(struct fa_affine_sum *sum);
void fa_cuda_affine_sum_clear(struct fa_affine_sum *sum);
void fa_cuda_affine_sum_add(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta);
fa_status fa_cuda_group_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                                    struct fa_affine *affine, struct fa_norm **out);
void fa_cuda_group_norm_destroy(struct fa_norm *norm);
size_t fa_cuda_group_norm_statistics_bytes(const struct fa_norm *norm);
fa_status fa_cuda_group_norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                                     void *statistics);
fa_status fa_cuda_group_norm_repeat(struct fa_norm *norm, const void *src, const void *residual,
                                    const void *statistics, void *dst);
fa_status fa_cuda_group_norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                                      const void *diff_dst, void *diff_src, struct fa_affine_sum *sum);

/* Channels with padding, and positions, of an activation. */
static inline int fa_cuda_padded(int channels)
{
    return fa_cudnn_channels(channels);
}

static inline size_t fa_cuda_positions(struct fa_shape shape)
{
    return (size_t)shape.h * (size_t)shape.w;
}

#endif
