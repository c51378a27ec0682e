/*
 * logit_tile.cuh - the logits of some positions, the work of one block. A thread first looks after one anchor
 * and does what its box asks for; those logits it marks. Then all logits that are not marked go by in packs
 * of 16 bytes.
 */
#ifndef FA_CUDA_LOGIT_TILE_CUH
#define FA_CUDA_LOGIT_TILE_CUH

#include "head.cuh"
#include "warp.cuh"

enum { TILE_THREADS = 128, TILE_POSITIONS = TILE_THREADS / FA_CELL_ANCHORS, MOST_TILE_MARKS = 46 * 1024 * 8 };

/* Positions of a tile: the marks, one bit a logit, have to find room in the memory of a block. */
__host__ __device__ static inline unsigned tile_positions(const fa_cuda_head &head)
{
    const unsigned most = MOST_TILE_MARKS / (unsigned)head.cls_channels;

    return most < TILE_POSITIONS ? most : (unsigned)TILE_POSITIONS;
}

static inline bool is_possible_tile(const fa_cuda_head &head)
{
    return tile_positions(head) > 0;
}

static inline size_t tile_bytes(const fa_cuda_head &head)
{
    return fa_blocks((size_t)tile_positions(head) * (size_t)head.cls_channels, 32) * sizeof(unsigned);
}

/* How many tiles, which do not reach over the end of a level. */
static inline unsigned logit_tiles(const fa_cuda_head &head)
{
    unsigned n = 0;

    for (int level = 0; level < FA_LEVELS; level++)
        n += fa_blocks(head.level[level].positions, tile_positions(head));
    return n;
}

template <typename T> struct logit_tile {
    T *cls, *reg;
    unsigned *marks;
    unsigned first_anchor, n_anchors, n_logits;
    unsigned channels, num_classes, reg_channels;
};

template <typename T> __device__ inline logit_tile<T> tile_of_block(const fa_cuda_head &head, unsigned *marks)
{
    const level_part part = part_of_block(head, tile_positions(head));
    const unsigned channels = (unsigned)head.cls_channels, reg_channels = (unsigned)head.reg_channels;

    return {static_cast<T *>(head.level[part.level].cls) + (size_t)part.first * channels,
            static_cast<T *>(head.level[part.level].reg) + (size_t)part.first * reg_channels,
            marks,
            part.first_anchor,
            part.n * FA_CELL_ANCHORS,
            part.n * channels,
            channels,
            (unsigned)head.num_classes,
            reg_channels};
}

/* Of the tile's k-th anchor. */
template <typename T>
__device__ inline unsigned logit_of(const logit_tile<T> &tile, unsigned k, unsigned label)
{
    return k / FA_CELL_ANCHORS * tile.channels + k % FA_CELL_ANCHORS * tile.num_classes + label;
}

template <typename T> __device__ inline T *deltas_of(const logit_tile<T> &tile, unsigned k)
{
    return tile.reg + k / FA_CELL_ANCHORS * tile.reg_channels + k % FA_CELL_ANCHORS * 4;
}

/* Whether this call was the first to mark the logit. */
template <typename T> __device__ inline bool mark(const logit_tile<T> &tile, unsigned logit)
{
    const unsigned bit = 1u << logit % 32;

    return (atomicOr(&tile.marks[logit / 32], bit) & bit) == 0;
}

/* By all threads of the block: no logit is marked, only padding, which stays what it is. */
template <typename T> __device__ inline void clear_marks(const logit_tile<T> &tile)
{
    const unsigned used = FA_CELL_ANCHORS * tile.num_classes;

    for (unsigned word = threadIdx.x; word < (tile.n_logits + 31) / 32; word += blockDim.x)
        tile.marks[word] = 0;
    __syncthreads();
    if (used < tile.channels)
        for (unsigned i = threadIdx.x; i < tile.n_logits; i += blockDim.x)
            if (i % tile.channels >= used)
                mark(tile, i);
    __syncthreads();
}

/* Puts in place of each logit that is not marked its gradient; returns the sum of their values, value =
   plain(logit, &gradient). */
template <typename T, typename Plain>
__device__ inline double pass_unmarked(const logit_tile<T> &tile, Plain plain)
{
    constexpr unsigned n = pack<T>::n;
    double sum = 0;

    for (unsigned at = n * threadIdx.x; at < tile.n_logits; at += n * blockDim.x) {
        const unsigned marked = tile.marks[at / 32] >> at % 32;
        pack<T> values = load_pack(tile.cls + at);
        float part = 0;

        for (unsigned i = 0; i < n; i++) {
            float gradient;
            const float value = plain(values.of[i], &gradient);
            const bool is_marked = marked >> i & 1;

            part += is_marked ? 0 : value;
            values.of[i] = is_marked ? values.of[i] : gradient;
        }
        store_pack(tile.cls + at, values);
        sum += (double)part;
    }
    return sum;
}

#endif
