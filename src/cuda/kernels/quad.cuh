/*
 * quad.cuh - a thread has four neighbouring floats of flat buffers, loaded and stored at once but for the
 * first and the last few of a buffer that begins or ends within sixteen bytes.
 */
#ifndef FA_CUDA_QUAD_CUH
#define FA_CUDA_QUAD_CUH

#include "pack.cuh"

enum { QUAD = 4, QUAD_THREADS = 256 };

/* Elements before the buffer in its first sixteen bytes. */
static inline int quad_offset(const void *buffer)
{
    return (int)(reinterpret_cast<uintptr_t>(buffer) / sizeof(float) % QUAD);
}

static inline unsigned quad_blocks(size_t n, const void *buffer)
{
    return fa_blocks(n + (size_t)quad_offset(buffer), QUAD * QUAD_THREADS);
}

struct quad {
    int64_t begin, n; /* the first element, maybe before the buffer; the buffer's elements */

    __device__ quad(size_t n_elements, int offset)
        : begin(((int64_t)blockIdx.x * QUAD_THREADS + threadIdx.x) * QUAD - offset), n((int64_t)n_elements)
    {
    }

    __device__ bool is_whole() const
    {
        return begin >= 0 && begin + QUAD <= n;
    }

    __device__ bool has(int i) const
    {
        return begin + i >= 0 && begin + i < n;
    }

    __device__ pack<float> load(const float *from) const
    {
        pack<float> values = {};

        if (is_whole())
            return load_pack(from + begin);
        for (int i = 0; i < QUAD; i++)
            if (has(i))
                values.of[i] = from[begin + i];
        return values;
    }

    __device__ void store(float *to, const pack<float> &values) const
    {
        if (is_whole()) {
            store_pack(to + begin, values);
            return;
        }
        for (int i = 0; i < QUAD; i++)
            if (has(i))
                to[begin + i] = values.of[i];
    }
};

#endif
