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
#ifndef FA_STRIPS_STRIP_H
#define FA_STRIPS_STRIP_H

#include "strips.h"

enum { STRIP_LANES = 16, STRIP_DEPTH = 32 }; /* channels of a block; positions in a tile */

/* How a convolution is cut, the same for all of its strips. One of 1x1 and stride 1 has no rows: its maps are
   sequences of positions, cut into rows of a tile, of which the last may end before. */
struct strips {
    struct strips_conv conv;
    size_t in_positions, out_positions; /* of a map */
    int height, n;             /* rows of outputs in a strip, of which the last may have fewer; strips */
    int pitch;                 /* positions from row to row */
    int planes;                /* along each side */
    int in_blocks, out_blocks; /* an even number */
    size_t most_depth;         /* positions of a strip that are multiplied, in whole tiles */
    size_t in_length;          /* positions of a lane of x, with those that shifts reach */
};

struct strips strips_of(const struct strips_conv *conv);

/* Of working memory, for one strip after the other. */
size_t strip_bytes(const struct strips *strips);

struct strip {
    uint16_t *x, *dy;
    size_t depth; /* at most most_depth */
};

struct strip strip_of(const struct strips *strips, int s, void *work);

/* Fills in one strip; each thread of a parallel region calls it, and does a part. */
void strip_turn(const struct strips *strips, int s, const uint16_t *src, const uint16_t *diff_dst,
                const struct strip *strip);

/* Where a block of x begins as a tap sees it; lanes are in_length apart. */
static inline const uint16_t *strip_tap(const struct strips *strips, const uint16_t *x, int block, int tap)
{
    const int stride = strips->conv.stride, row = tap / strips->conv.kernel,
              column = tap % strips->conv.kernel;
    const int plane = row % stride * strips->planes + column % stride;
    const size_t lanes = (size_t)(block * strips->planes * strips->planes + plane) * STRIP_LANES;

    return x + lanes * strips->in_length + row / stride * strips->pitch + column / stride;
}

/* Where the pairs of a block of dy begin. */
static inline const uint16_t *strip_pairs(const struct strips *strips, const uint16_t *dy, int block)
{
    return dy + (size_t)block * strips->most_depth * STRIP_LANES;
}

#endif
