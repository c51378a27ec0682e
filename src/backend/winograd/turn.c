/*
 * turn.c - tiles of maps to their points.
 */
#include "turn.h"

static void spread_run(const struct winograd_conv *conv, const struct side *side, int block,
                       struct winograd_run run, struct winograd_points to)
{
    struct winograd_channels channels = channels_of(conv, side->map, side->channels, block);
    float vectors[MOST_PATCH * WINDOW_WIDTH * MOST_LANES];

    if (conv->layout == WINOGRAD_PLANES) {
        const struct winograd_window window = window_of(conv, run, side->around);

        conv->kernels->gather_planes(&channels, &window, vectors);
        channels = vectors_of(conv, vectors, &window);
        run.y = run.x = side->around;
    }
    side->spread(&channels, run, to);
}

void winograd_spread(const struct winograd_conv *conv, const struct side *side, int first, struct part part,
                     struct winograd_points to)
{
    struct winograd_run run;

    to.data += (size_t)part.begin * to.row;
    for (int t = part.begin; t < part.end; t += run.n, to.data += (size_t)run.n * to.row) {
        run = run_at(conv, first + t, part.end - t);
        spread_run(conv, side, part.block, run, to);
    }
}

void winograd_spread_inputs(const struct winograd_conv *conv, const void *src, const struct turn *turn,
                            int item)
{
    const struct side side = {conv->kernels->spread_inputs, src, conv->in_channels, 1};
    const struct part part = part_of(item, turn->n);

    winograd_spread(conv, &side, turn->first, part, input_points(conv, turn->inputs, turn->room, part.block));
}
