/*
 * tensor.h - shapes, and named views of float32 tensors in host memory.
 */
#ifndef FA_TENSOR_H
#define FA_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* One image's activation: c channels of h rows and w columns. How it lies in memory is its backend's affair.
 */
struct fa_shape {
    int c, h, w;
};

static inline size_t fa_shape_elements(struct fa_shape s)
{
    return (size_t)s.c * (size_t)s.h * (size_t)s.w;
}

static inline bool fa_shape_equal(struct fa_shape a, struct fa_shape b)
{
    return a.c == b.c && a.h == b.h && a.w == b.w;
}

#define FA_TENSOR_MAX_DIMS 4

/* A dense float32 tensor under a name, row-major. Name and data are borrowed. */
struct fa_tensor {
    const char *name;
    int n_dims;
    int64_t dims[FA_TENSOR_MAX_DIMS];
    size_t n_elem;
    float *data;
};

/* The product of dims; FA_ENOMEM if it overflows, FA_EINVAL if one is negative. */
fa_status fa_dims_elements(int n_dims, const int64_t *dims, size_t *n_elem) FA_CHECK_RESULT;

/* "256x64x3x3" into text of size bytes; "scalar" for no dims. */
void fa_dims_print(int n_dims, const int64_t *dims, char *text, size_t size);

bool fa_dims_equal(int n_dims_a, const int64_t *a, int n_dims_b, const int64_t *b);

FA_END_DECLARATIONS

#endif
