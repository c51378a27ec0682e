/*
 * ops.h - the table that a backend fills in, and the heads of the objects that it makes.
 *
 * backend.c and conv.c hold the public functions of fa/backend.h: they assert shapes and arguments, then call
 * the table. Meanings are those of the public functions of the same name. A backend embeds the structs below
 * as the first members of its own; the heads of all but the backend are filled in for it once its
 * create entry has succeeded, so a create entry reads its arguments and not the head.
 */
#ifndef FA_BACKEND_OPS_H
#define FA_BACKEND_OPS_H

#include "fa/algorithms.h"
#include "fa/backend.h"

enum { FA_MOST_ALGORITHMS = 16 }; /* of a convolution */

struct fa_backend_ops {
    const char *name;
    /* open copies `base`, which is complete but for the description. */
    fa_status (*open)(const struct fa_backend *base, struct fa_backend **out);
    void (*close)(struct fa_backend *backend);

    /* Optional, all or none of these: a memory and queues of its own. NULL: the host's memory, counted, and
       work that is complete when a call returns. */
    const struct fa_memory_ops *memory;
    const struct fa_flat_ops *flat; /* loops over that memory; NULL: the host's (flat_ops.h) */
    const struct fa_head_ops *head; /* its losses; NULL: the host computes them (fa/head_ops.h) */
    bool has_precisions;            /* open refuses those that it lacks; else it computes in fp32 alone */

    size_t (*activation_bytes)(const struct fa_backend *backend, struct fa_shape shape);
    void (*import_chw)(struct fa_backend *backend, struct fa_shape shape, const float *chw, void *activation);
    /* Optional. NULL: by way of import_chw. */
    fa_status (*import_frame)(struct fa_backend *backend, struct fa_shape shape, const struct fa_frame *frame,
                              void *activation);
    void (*export_hwc)(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                       fa_real *hwc);
    void (*import_hwc)(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                       void *activation);

    fa_status (*weights_create)(struct fa_backend *backend, const struct fa_weights_desc *desc,
                                struct fa_weights **out);
    void (*weights_destroy)(struct fa_weights *weights);
    fa_status (*weights_load)(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                              const fa_real *bias);
    /* Optional, both or neither. NULL: by the host's loops, weights_load and weights_sum_read. */
    fa_status (*weights_fold)(struct fa_weights *weights, const struct fa_layer_values *values);
    void (*weights_unfold)(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                           const struct fa_layer_grads *grads);
    /* Optional. NULL: there is nothing to forget. */
    void (*weights_forget)(struct fa_weights *weights);

    fa_status (*weights_sum_create)(struct fa_backend *backend, struct fa_weights *weights,
                                    struct fa_weights_sum **out);
    void (*weights_sum_destroy)(struct fa_weights_sum *sum);
    void (*weights_sum_clear)(struct fa_weights_sum *sum);
    void (*weights_sum_read)(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw,
                             fa_real *bias);

    fa_status (*conv_create)(struct fa_backend *backend, const struct fa_conv_desc *desc,
                             struct fa_weights *weights, struct fa_conv **out);
    void (*conv_destroy)(struct fa_conv *conv);
    /* Optional. Writes the names of the algorithms that could compute the direction; returns how many, at
       most FA_MOST_ALGORITHMS. NULL: there is one alone. */
    size_t (*conv_algorithms)(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                              enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX]);
    const char *(*conv_chosen)(const struct fa_conv *conv, enum fa_conv_direction direction);
    fa_status (*conv_forward)(struct fa_conv *conv, const void *src, const void *residual, void *dst);
    fa_status (*conv_backward_data)(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                    const void *relu_output, void *diff_src);
    fa_status (*conv_backward_weights)(struct fa_conv *conv, const void *src, const void *diff_dst,
                                       struct fa_weights_sum *sum);

    fa_status (*affine_create)(struct fa_backend *backend, int channels, struct fa_affine **out);
    void (*affine_destroy)(struct fa_affine *affine);
    fa_status (*affine_load)(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta);

    fa_status (*affine_sum_create)(struct fa_backend *backend, struct fa_affine *affine,
                                   struct fa_affine_sum **out);
    void (*affine_sum_destroy)(struct fa_affine_sum *sum);
    void (*affine_sum_clear)(struct fa_affine_sum *sum);
    void (*affine_sum_add)(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta);

    fa_status (*norm_create)(struct fa_backend *backend, const struct fa_norm_desc *desc,
                             struct fa_affine *affine, struct fa_norm **out);
    void (*norm_destroy)(struct fa_norm *norm);
    size_t (*norm_statistics_bytes)(const struct fa_norm *norm);
    fa_status (*norm_forward)(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                              void *statistics);
    fa_status (*norm_repeat)(struct fa_norm *norm, const void *src, const void *residual,
                             const void *statistics, void *dst);
    fa_status (*norm_backward)(struct fa_norm *norm, const void *src, const void *statistics,
                               const void *diff_dst, void *diff_src, struct fa_affine_sum *sum);

    fa_status (*pool_create)(struct fa_backend *backend, struct fa_shape in, struct fa_pool **out);
    void (*pool_destroy)(struct fa_pool *pool);
    size_t (*pool_index_bytes)(const struct fa_pool *pool);
    fa_status (*pool_forward)(struct fa_pool *pool, const void *src, void *dst, void *index);
    fa_status (*pool_backward)(struct fa_pool *pool, const void *index, const void *diff_dst,
                               const void *relu_output, void *diff_src);

    void (*upsample)(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                     void *dst);
    void (*upsample_backward)(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                              const void *diff_dst, bool accumulate, void *diff_src);
    void (*add_masked)(struct fa_backend *backend, struct fa_shape shape, const void *src,
                       const void *relu_output, void *dst);
    void (*moments)(struct fa_backend *backend, struct fa_shape shape, const void *activation, double *sum,
                    double *sum_of_squares);
};

/* Spans of a queue's work (fa/backend.h): begin and end mark a span of the trace, settle moves all of them
   since the last time to when they were. */
struct fa_trace_ops {
    void (*begin)(struct fa_backend *queue, int span);
    void (*end)(struct fa_backend *queue, int span);
    fa_status (*settle)(struct fa_backend *queue);
    void (*hold)(struct fa_backend *queue, double seconds);
};

struct fa_memory_ops {
    fa_status (*alloc)(struct fa_backend *backend, size_t n_bytes, void **out);
    void (*free)(struct fa_backend *backend, void *memory);
    fa_status (*alloc_host)(struct fa_backend *backend, size_t n_bytes, void **out);
    void (*free_host)(struct fa_backend *backend, void *memory);
    void (*put)(struct fa_backend *backend, void *memory, const void *host, size_t n_bytes);
    void (*get)(struct fa_backend *backend, void *host, const void *memory, size_t n_bytes);
    size_t (*peak_bytes)(void); /* optional. NULL: it is counted as the host's */

    fa_status (*free_bytes)(struct fa_backend *backend, size_t *n_bytes); /* of a backend that has a device */

    /* Optional, all or none: what alloc gave, in other processes (flat.h). */
    fa_status (*lend)(struct fa_backend *backend, void *memory, struct fa_memory_key *key);
    fa_status (*borrow)(struct fa_backend *backend, const struct fa_memory_key *key, void **out);
    void (*end_loan)(struct fa_backend *backend, void *memory);

    /* open's counterpart: another queue over the same memory. */
    fa_status (*fork)(struct fa_backend *backend, struct fa_backend **out);
    uint64_t (*mark)(struct fa_backend *backend);
    fa_status (*reached)(struct fa_backend *backend, uint64_t number, bool *reached);
    void (*follow)(struct fa_backend *backend, struct fa_ticket ticket);
    fa_status (*synchronize)(struct fa_backend *backend);

    /* Optional, all or none: recordings. */
    fa_status (*record)(struct fa_backend *backend);
    fa_status (*recorded)(struct fa_backend *backend, struct fa_recording **out);
    void (*ask)(struct fa_recording *recording);
    bool (*holds)(const struct fa_recording *recording);
    void (*forget)(struct fa_recording *recording);

    const struct fa_trace_ops *trace; /* optional. NULL: spans tell when work was asked for */
};

struct fa_backend {
    const struct fa_backend_ops *ops;
    struct fa_backend *first; /* of the queues over one memory, that which was opened */
    int n_handles;            /* of a host's: how often it is to be closed */
    int n_threads;
    enum fa_conv_preference preference;
    int device, local_rank; /* as in the configuration */
    bool share_device;
    enum fa_precision precision;
    bool never_records;
    uint64_t n_replayed;                     /* recordings asked of it, ever */
    struct fa_algorithms algorithms;         /* obeyed where the preference is FA_CONV_AUTO */
    const struct fa_algorithm_choice *trial; /* goes before them; NULL but while one is measured */
    char description[128];
    const struct fa_device *place; /* of a backend with memory of its own; filled in by open */
    struct fa_fold_scratch {
        fa_real *filters; /* of a few output channels, for each thread */
        size_t filters_per_thread;
        fa_real *scale, *bias; /* of the channels of the largest layer */
        size_t channels;
    } fold; /* of the host's loops (fold.c) */
    struct {
        float *chw; /* NULL until the first one */
        size_t n;   /* how much fits */
    } frame;        /* an image on its way in (frame.c) */
};

struct fa_recording {
    struct fa_backend *queue;
};

struct fa_weights {
    struct fa_backend *backend;
    struct fa_weights_desc desc;
};

struct fa_weights_sum {
    struct fa_backend *backend;
    struct fa_weights *weights;
};

struct fa_conv {
    struct fa_backend *backend;
    struct fa_weights *weights;
    struct fa_conv_desc desc;
    struct fa_shape out;
};

struct fa_affine {
    struct fa_backend *backend;
    int channels;
};

struct fa_affine_sum {
    struct fa_backend *backend;
    struct fa_affine *affine;
};

struct fa_norm {
    struct fa_backend *backend;
    struct fa_affine *affine;
    struct fa_norm_desc desc;
};

struct fa_pool {
    struct fa_backend *backend;
    struct fa_shape in, out;
};

/* fold.c: makes room for such a layer, and gives it all back. */
fa_status fa_fold_scratch_grow(struct fa_fold_scratch *scratch, int n_threads,
                               const struct fa_weights_desc *desc) FA_CHECK_RESULT;
void fa_fold_scratch_free(struct fa_fold_scratch *scratch);

/* fold.c: the host's loops. */
fa_status fa_host_weights_fold(struct fa_weights *weights,
                               const struct fa_layer_values *values) FA_CHECK_RESULT;
void fa_host_weights_unfold(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                            const struct fa_layer_grads *grads);

/* The name of what a convolution shall be computed by in a direction; NULL: by the backend's static rule. */
const char *fa_conv_asked_algorithm(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                                    enum fa_conv_direction direction);

extern const struct fa_backend_ops fa_backend_blas;

/* Adds a backend to those that can be opened, after all others. */
void fa_backend_offer(const struct fa_backend_ops *table);

/* For tests: opened in place of every backend, whatever its name; NULL: none. */
extern const struct fa_backend_ops *fa_backend_stand_in;
#ifdef FA_HAVE_ONEDNN /* the library was found and onednn/ has sources */
extern const struct fa_backend_ops fa_backend_onednn;
#endif

#endif
