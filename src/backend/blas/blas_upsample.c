/*
 * blas_upsample.c - nearest-neighbour resize and its transpose. Target d takes source floor(d * in / out), so
 * source s is copied to the targets ceil(s * out / in) .. ceil((s + 1) * out / in) - 1.
 */
#include "blas.h"

static size_t source_of(int target, int in, int out)
{
    return (size_t)((int64_t)target * in / out);
}

static int first_target(int source, int in, int out)
{
    return (int)(((int64_t)source * out + in - 1) / in);
}

void fa_blas_upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                      void *dst)
{
    size_t in_w = (size_t)in.w, out_w = (size_t)out.w;
    const fa_real *sources = src;
    fa_real *targets = dst;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (int c = 0; c < in.c; c++)
        for (int y = 0; y < out.h; y++) {
            const fa_real *from = sources + ((size_t)c * (size_t)in.h + source_of(y, in.h, out.h)) * in_w;
            fa_real *to = targets + ((size_t)c * (size_t)out.h + (size_t)y) * out_w;

            for (int x = 0; x < out.w; x++)
                to[x] = from[source_of(x, in.w, out.w)];
        }
}

/* The sum of one channel's diff_dst over the targets of source (sy, sx). */
static fa_real sum_of_targets(struct fa_shape in, struct fa_shape out, const fa_real *diff_dst, int sy,
                              int sx)
{
    int y_end = first_target(sy + 1, in.h, out.h), x_end = first_target(sx + 1, in.w, out.w);
    fa_real sum = 0;

    for (int y = first_target(sy, in.h, out.h); y < y_end; y++)
        for (int x = first_target(sx, in.w, out.w); x < x_end; x++)
            sum += diff_dst[(size_t)y * (size_t)out.w + (size_t)x];
    return sum;
}

void fa_blas_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                               const void *diff_dst, bool accumulate, void *diff_src)
{
    size_t out_plane = (size_t)out.h * (size_t)out.w;
    const fa_real *targets = diff_dst;
    fa_real *sources = diff_src;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (int c = 0; c < in.c; c++) {
        fa_real *to = sources + (size_t)c * (size_t)in.h * (size_t)in.w;

        for (int y = 0; y < in.h; y++)
            for (int x = 0; x < in.w; x++, to++)
                *to = (accumulate ? *to : 0) + sum_of_targets(in, out, targets + (size_t)c * out_plane, y, x);
    }
}
