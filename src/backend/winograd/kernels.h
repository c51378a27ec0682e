/*
 * kernels.h - the loops over vectors that loops.h compiles for each set of instructions.
 */
#ifndef FA_WINOGRAD_KERNELS_H
#define FA_WINOGRAD_KERNELS_H

#include "winograd.h"

/* One block's vectors: of each point and row. */
struct winograd_points {
    float *data;
    size_t point, row; /* floats from one to the next */
};

/* Up to `lanes` channels of a map: of a block all, also those beyond the map's last. */
struct winograd_channels {
    void *data; /* the first one's */
    int n, height, width;
    size_t step; /* numbers from a position to the next; of planes 1 */
};

/* Rows and columns of a map, of which some may lie beyond it. */
struct winograd_window {
    int y, x, height, width;
};

/* Tiles side by side: n, of which the first begins at (y, x). */
struct winograd_run {
    int y, x, n;
};

/* One point's product: result[row][0 .. n_vectors * lanes) = sum over the depth of number(row, depth) *
   factor[depth][..]. Rows of factor and result are two vectors apart. */
struct winograd_product {
    const float *factor, *numbers;
    float *result;
    int n_rows, n_vectors; /* one or two */
    int n_blocks;          /* of the depth, in multiply_tiles */
    size_t block;          /* floats from one to the next */
    int depth;             /* in multiply_lanes */
    bool add;              /* to what the result holds */
};

struct winograd_kernels {
    int lanes;
    int tile;      /* outputs along its sides */
    int most_rows; /* of a result, that stay in registers */

    /* Of channels that lie side by side: a run's tiles, as inputs or as outputs, to their points; rows 0 to
     * n. */
    void (*spread_inputs)(const struct winograd_channels *channels, struct winograd_run run,
                          struct winograd_points to);
    void (*spread_outputs)(const struct winograd_channels *channels, struct winograd_run run,
                           struct winograd_points to);

    /* And back; `finish` has the maps and the bias of those channels. */
    void (*collect)(struct winograd_points from, const struct winograd_channels *channels,
                    struct winograd_run run, const struct winograd_finish *finish);

    /* Adds up all positions. */
    void (*sum)(const struct winograd_channels *channels, bool add, float *sums);

    /* Of floats alone: a window of planes as vectors, [y][x][lane]; zero where there is no channel or
       position. And back, where there are; `finish` has the maps and the bias of those channels. */
    void (*gather_planes)(const struct winograd_channels *planes, const struct winograd_window *window,
                          float *to);
    void (*scatter_planes)(const float *from, const struct winograd_channels *planes,
                           const struct winograd_window *window, const struct winograd_finish *finish);

    /* Rows are tiles: number(row, depth) is lane depth % lanes of vector `row` in block depth / lanes. */
    void (*multiply_tiles)(const struct winograd_product *product);

    /* Rows are lanes, as many as there are: number(row, depth) is lane `row` of vector `depth`. */
    void (*multiply_lanes)(const struct winograd_product *product);

    /* The taps of `lanes` rows, [row][tap][lane], to their points, of which rows are two vectors apart. */
    void (*pack)(const float *taps, float *to, size_t point);

    /* The points of one row to its taps, which are written or added to. */
    void (*unpack)(const float *from, size_t point, bool add, float *taps, size_t tap);
};

/* For maps of floats, F(4x4, 3x3), and of bf16, F(6x6, 3x3). */
extern const struct winograd_kernels winograd_wide, winograd_narrow, winograd_narrow_bf16;
#ifdef __x86_64__
extern const struct winograd_kernels winograd_avx512, winograd_avx512_bf16, winograd_avx2;
#endif

#endif
