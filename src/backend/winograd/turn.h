/*
 * turn.h - the tiles of a map that are taken at once, on their way to points and back.
 */
#ifndef FA_WINOGRAD_TURN_H
#define FA_WINOGRAD_TURN_H

#include "points.h"

/* Tiles that are taken at once, and their points. */
struct turn {
    int first, n, room;
    float *inputs, *outputs;
};

/* As many tiles as have points of so many bytes. */
static inline int tiles_in(const struct winograd_conv *conv, size_t n_bytes)
{
    const size_t n_floats = points_of(conv) * (in_lanes(conv) + panels_of(conv) * 2 * lanes_of(conv));

    return (int)(n_bytes / (n_floats * sizeof(float)));
}

static inline size_t turn_floats(const struct winograd_conv *conv, int room)
{
    return points_of(conv) * (input_point(conv, room) + panel_point(conv, (size_t)room));
}

static inline struct turn turn_of(const struct winograd_conv *conv, int first, int room, float *work)
{
    const int left = winograd_tiles(conv) - first;

    return (struct turn){first, left < room ? left : room, room, work,
                         work + points_of(conv) * input_point(conv, room)};
}

/* Parts of a block's tiles, which threads may share. */
enum { PARTS = 4 };

struct part {
    int block, begin, end; /* tiles of the turn */
};

static inline struct part part_of(int item, int n_tiles)
{
    const int part = item % PARTS;

    return (struct part){item / PARTS, n_tiles * part / PARTS, n_tiles * (part + 1) / PARTS};
}

/* ---- runs of tiles ---- */

/* Tiles of planes that are turned into vectors at once: two or four vectors of outputs in a row of a plane,
   which stay in the nearest cache. */
enum { MOST_BESIDE = 8, MOST_PATCH = MOST_TILE + 2, WINDOW_WIDTH = MOST_BESIDE * MOST_TILE + 2 };

/* From a tile on, as many of the next as lie beside it. */
static inline struct winograd_run run_at(const struct winograd_conv *conv, int tile, int most)
{
    const int across = tiles_across(conv), x = tile % across, side = conv->kernels->tile;
    const int beside = most < across - x ? most : across - x;

    return (struct winograd_run){tile / across * side, x * side,
                                 conv->layout == WINOGRAD_PLANES && beside > MOST_BESIDE ? MOST_BESIDE
                                                                                         : beside};
}

/* What a run's tiles need, `around` more on all sides. */
static inline struct winograd_window window_of(const struct winograd_conv *conv, struct winograd_run run,
                                               int around)
{
    const int side = conv->kernels->tile;

    return (struct winograd_window){run.y - around, run.x - around, side + 2 * around,
                                    run.n * side + 2 * around};
}

/* A window of planes, turned. */
static inline struct winograd_channels vectors_of(const struct winograd_conv *conv, float *vectors,
                                                  const struct winograd_window *window)
{
    return (struct winograd_channels){vectors, conv->kernels->lanes, window->height, window->width,
                                      lanes_of(conv)};
}

/* ---- to points ---- */

/* One side of a convolution that goes to points. */
struct side {
    void (*spread)(const struct winograd_channels *channels, struct winograd_run run,
                   struct winograd_points to);
    const void *map;
    int channels, around;
};

/* The tiles of a part, of a turn whose first tile is `first`; `to` is the block's. */
void winograd_spread(const struct winograd_conv *conv, const struct side *side, int first, struct part part,
                     struct winograd_points to);

/* Item: a part of a block of inputs. */
void winograd_spread_inputs(const struct winograd_conv *conv, const void *src, const struct turn *turn,
                            int item);

#endif
