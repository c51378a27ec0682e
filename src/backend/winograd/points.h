/*
 * points.h - the blocks of a convolution's maps, and where its points lie.
 */
#ifndef FA_WINOGRAD_POINTS_H
#define FA_WINOGRAD_POINTS_H

#include <stdint.h>

#include "kernels.h"

enum { MOST_LANES = 16, MOST_TILE = 6 };

/* Between points, so that those of a tile do not all lie in the same set of a cache. */
enum { GAP = 16 };

static inline size_t lanes_of(const struct winograd_conv *conv)
{
    return (size_t)conv->kernels->lanes;
}

static inline size_t points_of(const struct winograd_conv *conv)
{
    const size_t patch = (size_t)conv->kernels->tile + 2;

    return patch * patch;
}

static inline int tiles_across(const struct winograd_conv *conv)
{
    return (conv->width + conv->kernels->tile - 1) / conv->kernels->tile;
}

static inline int blocks_of(const struct winograd_conv *conv, int channels)
{
    return (channels + conv->kernels->lanes - 1) / conv->kernels->lanes;
}

static inline int in_blocks(const struct winograd_conv *conv)
{
    return blocks_of(conv, conv->in_channels);
}

static inline int out_blocks(const struct winograd_conv *conv)
{
    return blocks_of(conv, conv->out_channels);
}

/* Where a block's channels begin, however they lie. */
static inline void *begin_of(const struct winograd_conv *conv, const void *map, int block)
{
    const size_t first = (size_t)block * lanes_of(conv);

    if (conv->layout == WINOGRAD_POSITIONS)
        return (uint16_t *)map + first;
    return (float *)map + first * (size_t)conv->height * (size_t)conv->width;
}

/* Of a block all lanes, also those beyond the last channel. */
static inline struct winograd_channels channels_of(const struct winograd_conv *conv, const void *map,
                                                   int channels, int block)
{
    const int lanes = conv->kernels->lanes, left = channels - block * lanes;
    const bool is_whole = conv->layout == WINOGRAD_BLOCKS || left >= lanes;
    const size_t steps[] = {
        [WINOGRAD_BLOCKS] = (size_t)lanes, [WINOGRAD_PLANES] = 1, [WINOGRAD_POSITIONS] = (size_t)channels};

    return (struct winograd_channels){begin_of(conv, map, block), is_whole ? lanes : left, conv->height,
                                      conv->width, steps[conv->layout]};
}

/* ---- where points lie ---- */

/* Points of the inputs of n tiles: [point][block][tile][lane]. */
static inline size_t input_point(const struct winograd_conv *conv, int n)
{
    return (size_t)in_blocks(conv) * (size_t)n * lanes_of(conv) + GAP;
}

/* Panels, of two blocks of outputs: [point][panel][row][block of the panel][lane]. Rows are tiles or input
 * channels. */
static inline size_t panels_of(const struct winograd_conv *conv)
{
    return ((size_t)out_blocks(conv) + 1) / 2;
}

static inline size_t panel_point(const struct winograd_conv *conv, size_t n_rows)
{
    return panels_of(conv) * n_rows * 2 * lanes_of(conv) + GAP;
}

static inline int vectors_of_panel(const struct winograd_conv *conv, int panel)
{
    return 2 * panel + 1 < out_blocks(conv) ? 2 : 1;
}

/* Where a block of outputs begins in a point. */
static inline size_t within_panels(const struct winograd_conv *conv, size_t n_rows, int block)
{
    const size_t lanes = lanes_of(conv);

    return (size_t)(block / 2) * n_rows * 2 * lanes + (size_t)(block % 2) * lanes;
}

static inline struct winograd_points output_points(const struct winograd_conv *conv, float *data, int n_tiles,
                                                   int block)
{
    return (struct winograd_points){data + within_panels(conv, (size_t)n_tiles, block),
                                    panel_point(conv, (size_t)n_tiles), 2 * lanes_of(conv)};
}

static inline struct winograd_points input_points(const struct winograd_conv *conv, float *data, int n_tiles,
                                                  int block)
{
    return (struct winograd_points){data + (size_t)block * (size_t)n_tiles * lanes_of(conv),
                                    input_point(conv, n_tiles), lanes_of(conv)};
}

static inline size_t in_lanes(const struct winograd_conv *conv)
{
    return (size_t)in_blocks(conv) * lanes_of(conv);
}

#endif
