/*
 * products.c - forward, and the gradient of inputs.
 */
#include <omp.h>

#include "turn.h"

/* Points of inputs and outputs of the tiles that a thread takes at once: what stays near it. More tiles at
   once read filters less often. */
enum { TILES_BYTES = 6 << 20 };

/* One point of a panel of outputs. */
static void multiply_point(const struct winograd_conv *conv, const float *packed, const struct turn *turn,
                           int item)
{
    const size_t n_in = in_lanes(conv), room = (size_t)turn->room, p = (size_t)item / panels_of(conv);
    const int panel = item % (int)panels_of(conv);

    conv->kernels->multiply_tiles(&(struct winograd_product){
        .factor = packed + p * panel_point(conv, n_in) + within_panels(conv, n_in, 2 * panel),
        .numbers = turn->inputs + p * input_point(conv, turn->room),
        .result = turn->outputs + p * panel_point(conv, room) + within_panels(conv, room, 2 * panel),
        .n_rows = turn->n,
        .n_vectors = vectors_of_panel(conv, panel),
        .n_blocks = in_blocks(conv),
        .block = room * lanes_of(conv)});
}

static struct winograd_finish finish_of_block(const struct winograd_conv *conv,
                                              const struct winograd_finish *finish, int block)
{
    struct winograd_finish own = *finish;

    if (own.bias != NULL)
        own.bias += (size_t)block * lanes_of(conv);
    if (own.added != NULL)
        own.added = begin_of(conv, own.added, block);
    if (own.positive != NULL)
        own.positive = begin_of(conv, own.positive, block);
    return own;
}

static void collect_run(const struct winograd_conv *conv, struct winograd_points from, int block,
                        struct winograd_run run, const struct winograd_finish *finish, void *dst)
{
    const struct winograd_channels channels = channels_of(conv, dst, conv->out_channels, block);
    float vectors[MOST_TILE * WINDOW_WIDTH * MOST_LANES];

    if (conv->layout == WINOGRAD_PLANES) {
        const struct winograd_window window = window_of(conv, run, 0);
        const struct winograd_channels turned = vectors_of(conv, vectors, &window);

        conv->kernels->collect(from, &turned, (struct winograd_run){0, 0, run.n},
                               &(struct winograd_finish){0});
        conv->kernels->scatter_planes(vectors, &channels, &window, finish);
    } else {
        conv->kernels->collect(from, &channels, run, finish);
    }
}

static void collect_part(const struct winograd_conv *conv, const struct winograd_finish *finish, void *dst,
                         const struct turn *turn, int item)
{
    const struct part part = part_of(item, turn->n);
    const struct winograd_finish own = finish_of_block(conv, finish, part.block);
    struct winograd_points from = output_points(conv, turn->outputs, turn->room, part.block);
    struct winograd_run run;

    from.data += (size_t)part.begin * from.row;
    for (int t = part.begin; t < part.end; t += run.n, from.data += (size_t)run.n * from.row) {
        run = run_at(conv, turn->first + t, part.end - t);
        collect_run(conv, from, part.block, run, &own, dst);
    }
}

/* Of so few tiles that threads would each read all filters for a few rows, all are taken at once by all
   threads; else each thread takes its own, as many at once as stay near it, and all have as many turns. */
static bool is_shared(const struct winograd_conv *conv)
{
    return conv->n_threads > 1 && winograd_tiles(conv) < 2 * conv->kernels->most_rows * conv->n_threads;
}

static int tiles_at_once(const struct winograd_conv *conv)
{
    const int fit = tiles_in(conv, TILES_BYTES), rows = conv->kernels->most_rows;
    const int most = fit > 2 * rows ? fit / rows * rows : 2 * rows, all = winograd_tiles(conv);
    const int turns = (all + most * conv->n_threads - 1) / (most * conv->n_threads) * conv->n_threads;

    return is_shared(conv) ? all : (all + turns - 1) / turns;
}

size_t winograd_products_bytes(const struct winograd_conv *conv)
{
    const size_t n_turns = is_shared(conv) ? 1 : (size_t)conv->n_threads;

    return n_turns * turn_floats(conv, tiles_at_once(conv)) * sizeof(float);
}

static void take_alone(const struct winograd_conv *conv, const void *src, const float *packed,
                       const struct winograd_finish *finish, void *dst, const struct turn *turn)
{
    for (int item = 0; item < PARTS * in_blocks(conv); item++)
        winograd_spread_inputs(conv, src, turn, item);
    for (int item = 0; item < (int)(points_of(conv) * panels_of(conv)); item++)
        multiply_point(conv, packed, turn, item);
    for (int item = 0; item < PARTS * out_blocks(conv); item++)
        collect_part(conv, finish, dst, turn, item);
}

static void take_together(const struct winograd_conv *conv, const void *src, const float *packed,
                          const struct winograd_finish *finish, void *dst, const struct turn *turn)
{
#pragma omp parallel num_threads(conv->n_threads)
    {
#pragma omp for schedule(static)
        for (int item = 0; item < PARTS * in_blocks(conv); item++)
            winograd_spread_inputs(conv, src, turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < (int)(points_of(conv) * panels_of(conv)); item++)
            multiply_point(conv, packed, turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < PARTS * out_blocks(conv); item++)
            collect_part(conv, finish, dst, turn, item);
    }
}

void winograd_products(const struct winograd_conv *conv, const void *src, const float *packed,
                       const struct winograd_finish *finish, void *dst, void *work)
{
    const int all = winograd_tiles(conv), at_once = tiles_at_once(conv);

    if (is_shared(conv)) {
        const struct turn turn = turn_of(conv, 0, at_once, work);

        take_together(conv, src, packed, finish, dst, &turn);
        return;
    }
#pragma omp parallel for num_threads(conv->n_threads) schedule(static)
    for (int first = 0; first < all; first += at_once) {
        float *own = (float *)work + (size_t)omp_get_thread_num() * turn_floats(conv, at_once);
        const struct turn turn = turn_of(conv, first, at_once, own);

        take_alone(conv, src, packed, finish, dst, &turn);
    }
}
