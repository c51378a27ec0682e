/*
 * head.cuh - where an anchor's logits and deltas stand, and how many objects there are.
 */
#ifndef FA_CUDA_HEAD_CUH
#define FA_CUDA_HEAD_CUH

#include "head.h"
#include "pack.cuh"

template <typename T> struct anchor_rows {
    T *cls, *reg;
};

template <typename T> __device__ inline anchor_rows<T> rows_of(const fa_cuda_head &head, unsigned anchor)
{
    int level = 0;

    for (; anchor >= FA_CELL_ANCHORS * head.level[level].positions; level++)
        anchor -= FA_CELL_ANCHORS * head.level[level].positions;
    const size_t position = anchor / FA_CELL_ANCHORS, of_cell = anchor % FA_CELL_ANCHORS;

    return {static_cast<T *>(head.level[level].cls) + position * (size_t)head.cls_channels +
                of_cell * (size_t)head.num_classes,
            static_cast<T *>(head.level[level].reg) + position * (size_t)head.reg_channels + of_cell * 4};
}

template <typename T> __device__ inline float4 delta_at(const T *reg)
{
    return make_float4(to_float(reg[0]), to_float(reg[1]), to_float(reg[2]), to_float(reg[3]));
}

/* Some positions of a level. */
struct level_part {
    int level;
    unsigned first, n, first_anchor; /* the anchor: of the image */
};

/* Blocks have so many positions each, or what is left of a level. */
__device__ inline level_part part_of_block(const fa_cuda_head &head, unsigned positions)
{
    unsigned block = blockIdx.x, anchors = 0;
    int level = 0;

    for (unsigned blocks; blocks = fa_blocks(head.level[level].positions, positions), block >= blocks;
         level++) {
        block -= blocks;
        anchors += FA_CELL_ANCHORS * head.level[level].positions;
    }
    const unsigned first = block * positions, rest = head.level[level].positions - first;

    return {level, first, rest < positions ? rest : positions, anchors + first * FA_CELL_ANCHORS};
}

__device__ inline float4 anchor_at(const fa_cuda_head &head, unsigned anchor)
{
    return reinterpret_cast<const float4 *>(head.anchors)[anchor];
}

__device__ inline float4 object_at(const fa_cuda_objects &objects, unsigned object)
{
    return reinterpret_cast<const float4 *>(objects.boxes)[object];
}

__device__ inline bool are_too_many(const fa_cuda_objects &objects)
{
    return *objects.n < 0 || *objects.n > objects.most;
}

/* None where they are too many. */
__device__ inline unsigned number_of(const fa_cuda_objects &objects)
{
    return are_too_many(objects) ? 0 : (unsigned)*objects.n;
}

#endif
