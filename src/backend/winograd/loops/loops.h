/*
 * loops.h - the loops of kernels.h, whose table is KERNELS: over vectors of LANES floats, of which MOST_ROWS
 * pairs stay in registers, on tiles of TILE x TILE outputs, of maps of bf16 (BF16 is 1) or of floats (0). A
 * file that includes this is compiled for the instructions that it is named after.
 *
 *   vectors.h          LANES floats at a time
 *   transforms.h       one side of a tile to its points and back
 *   floats.h, bf16.h   numbers of a map
 *   tiles.h            tiles to points and back
 *   planes.h           planes turned into vectors of channels and back
 *   products.h         products at points
 *   filters.h          filters to points, and sums to gradients of filters
 */
#include "../kernels.h"

#include "vectors.h"

#include "transforms.h"

#if BF16
#include "bf16.h"
#else
#include "floats.h"
#endif

#include "tiles.h"

#if !BF16
#include "planes.h"
#endif

#include "filters.h"
#include "products.h"

const struct winograd_kernels KERNELS = {
    .lanes = LANES,
    .tile = TILE,
    .most_rows = MOST_ROWS,
    .spread_inputs = spread_inputs,
    .spread_outputs = spread_outputs,
    .collect = collect,
    .sum = sum,
#if !BF16
    .gather_planes = gather_planes,
    .scatter_planes = scatter_planes,
#endif
    .multiply_tiles = multiply_tiles,
    .multiply_lanes = multiply_lanes,
    .pack = pack,
    .unpack = unpack,
};
