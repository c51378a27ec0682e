/*
 * maps.h - activations to those of another height and width: the nearest-neighbour resize, and max-pool 3x3
 * with stride 2 and padding 1, both with their gradients. channels fill whole packs of 16 bytes.
 */
#ifndef FA_CUDA_MAPS_H
#define FA_CUDA_MAPS_H

#include "types.h"

struct fa_cuda_map {
    int h, w;
};

/* dst = src resized from in to out: position d takes floor(d * in / out).
   Moves: src and dst once. */
FA_CUDA_API int fa_cuda_upsample(fa_cuda_stream stream, enum fa_cuda_type type, struct fa_cuda_map in,
                                 struct fa_cuda_map out, int channels, const void *src, void *dst);

/* diff_src = [diff_src +] the sums of diff_dst over what each source position was copied to, by rows.
   Moves: diff_dst once, diff_src once or twice. */
FA_CUDA_API int fa_cuda_upsample_backward(fa_cuda_stream stream, enum fa_cuda_type type,
                                          struct fa_cuda_map in, struct fa_cuda_map out, int channels,
                                          const void *diff_dst, bool accumulate, void *diff_src);

static inline struct fa_cuda_map fa_cuda_pool_output(struct fa_cuda_map in)
{
    const struct fa_cuda_map out = {(in.h - 1) / 2 + 1, (in.w - 1) / 2 + 1};

    return out;
}

/* index: a byte for each element of dst, which of the window's nine places, row-major, held the first
   maximum; NULL: no backward will follow. NaN wins. Moves: src, dst and index once. */
FA_CUDA_API int fa_cuda_pool(fa_cuda_stream stream, enum fa_cuda_type type, struct fa_cuda_map in,
                             int channels, const void *src, void *dst, uint8_t *index);

/* diff_src is overwritten, then zero where relu_output <= 0 unless that is NULL.
   Moves: diff_dst and index once (four positions share each), diff_src and relu_output once. */
FA_CUDA_API int fa_cuda_pool_backward(fa_cuda_stream stream, enum fa_cuda_type type, struct fa_cuda_map in,
                                      int channels, const uint8_t *index, const void *diff_dst,
                                      const void *relu_output, void *diff_src);

#endif
