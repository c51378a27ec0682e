/*
 * strip.h - a strip of rows of a convolution's maps, as the products of gradient.c want it.
 *
 * Rows follow each other in one sequence, `pitch` positions apart: those of the outputs, and so many more
 * that taps of the next row, or of the padding, find their inputs there too. With stride s inputs come apart
 * into planes, of rows and columns with the same rest modulo s, in which neighbours are neighbours again. So
 * a tap is a plane and a shift, the same for all positions of the strip; where there is no output, dy is
 * zero, and where there is no input, x.
 *
 *     x     [in block][plane][in lane][position]
 *     dy    [out block][pair of positions][out lane][2]
 */
#ifndef FA_AMX_STRIP_H
#define FA_AMX_STRIP_H

#include "amx.h"

enum { AMX_LANES = 16, AMX_DEPTH = 32 }; /* channels of a block; positions in a tile */

/* How a convolution is cut, the same for all of its strips. */
struct amx_strips {
    const struct amx_conv *conv;
    int height, n;             /* rows of outputs in a strip, of which the last may have fewer; strips */
    int pitch;                 /* positions from row to row */
    int planes;                /* along each side */
    int in_blocks, out_blocks; /* an even number */
    size_t depth;              /* positions that are multiplied, in whole tiles */
    size_t in_length;          /* positions of a lane of x, with those that shifts reach */
};

struct amx_strips amx_strips_of(const struct amx_conv *conv);

size_t amx_strip_x_bytes(const struct amx_strips *strips);
size_t amx_strip_dy_bytes(const struct amx_strips *strips);

struct amx_strip {
    uint16_t *x, *dy;
};

/* Fills in one strip; each thread of a parallel region calls it, and does a part. */
void amx_strip_turn(const struct amx_strips *strips, int s, const uint16_t *src, const uint16_t *diff_dst,
                    const struct amx_strip *strip);

/* Where a block of x begins as a tap sees it; lanes are in_length apart. */
static inline const uint16_t *amx_strip_tap(const struct amx_strips *strips, const uint16_t *x, int block,
                                            int tap)
{
    const int stride = strips->conv->stride, row = tap / strips->conv->kernel,
              column = tap % strips->conv->kernel;
    const int plane = row % stride * strips->planes + column % stride;
    const size_t lanes = (size_t)(block * strips->planes * strips->planes + plane) * AMX_LANES;

    return x + lanes * strips->in_length + row / stride * strips->pitch + column / stride;
}

/* Where the pairs of a block of dy begin. */
static inline const uint16_t *amx_strip_pairs(const struct amx_strips *strips, const uint16_t *dy, int block)
{
    return dy + (size_t)block * strips->depth * AMX_LANES;
}

#endif
