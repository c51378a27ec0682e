/*
 * winograd.c - the three directions: which thread does which tiles, where points lie, and working memory.
 */
#include "winograd.h"

#include <omp.h>
#include <string.h>

#include "kernels.h"

/* Points of inputs and outputs of the tiles that a thread takes at once: what stays near it. More tiles at
   once read filters less often. */
enum { TILES_BYTES = 6 << 20 };

/* Tiles that the gradient of filters takes at once. Their sums are read and written for each such part. */
enum { GRADIENT_TILES = 256 };

/* Between points, so that those of a tile do not all lie in the same set of a cache. */
enum { GAP = 16 };

const struct winograd_kernels *winograd_kernels_of(int lanes)
{
#ifdef __x86_64__
    if (lanes == 16 && __builtin_cpu_supports("avx512f"))
        return &winograd_avx512;
    if (lanes == 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &winograd_avx2;
#endif
    return lanes == 16 ? &winograd_wide : &winograd_narrow;
}

static size_t lanes_of(const struct winograd_conv *conv)
{
    return (size_t)conv->kernels->lanes;
}

static int tiles_across(const struct winograd_conv *conv)
{
    return (conv->width + WINOGRAD_TILE - 1) / WINOGRAD_TILE;
}

static int tiles_of(const struct winograd_conv *conv)
{
    return (conv->height + WINOGRAD_TILE - 1) / WINOGRAD_TILE * tiles_across(conv);
}

static struct winograd_map block_of(const struct winograd_conv *conv, const float *map, int block)
{
    const size_t n = (size_t)conv->height * (size_t)conv->width * lanes_of(conv);

    return (struct winograd_map){(float *)map + (size_t)block * n, conv->height, conv->width};
}

/* ---- where points lie ---- */

/* Points of the inputs of n tiles: [point][block][tile][lane]. */
static size_t input_point(const struct winograd_conv *conv, int n)
{
    return (size_t)conv->in_blocks * (size_t)n * lanes_of(conv) + GAP;
}

/* Panels, of two blocks of outputs: [point][panel][row][block of the panel][lane]. Rows are tiles or input
 * channels. */
static size_t panels_of(const struct winograd_conv *conv)
{
    return ((size_t)conv->out_blocks + 1) / 2;
}

static size_t panel_point(const struct winograd_conv *conv, size_t n_rows)
{
    return panels_of(conv) * n_rows * 2 * lanes_of(conv) + GAP;
}

static int vectors_of_panel(const struct winograd_conv *conv, int panel)
{
    return 2 * panel + 1 < conv->out_blocks ? 2 : 1;
}

/* Where a block of outputs begins in a point. */
static size_t within_panels(const struct winograd_conv *conv, size_t n_rows, int block)
{
    const size_t lanes = lanes_of(conv);

    return (size_t)(block / 2) * n_rows * 2 * lanes + (size_t)(block % 2) * lanes;
}

static struct winograd_points output_points(const struct winograd_conv *conv, float *data, int n_tiles,
                                            int block)
{
    return (struct winograd_points){data + within_panels(conv, (size_t)n_tiles, block),
                                    panel_point(conv, (size_t)n_tiles), 2 * lanes_of(conv)};
}

static struct winograd_points input_points(const struct winograd_conv *conv, float *data, int n_tiles,
                                           int block)
{
    return (struct winograd_points){data + (size_t)block * (size_t)n_tiles * lanes_of(conv),
                                    input_point(conv, n_tiles), lanes_of(conv)};
}

static size_t in_lanes(const struct winograd_conv *conv)
{
    return (size_t)conv->in_blocks * lanes_of(conv);
}

/* ---- filters ---- */

size_t winograd_filters_bytes(const struct winograd_conv *conv)
{
    return WINOGRAD_POINTS * panel_point(conv, in_lanes(conv)) * sizeof(float);
}

/* Of a block of outputs and an input channel, in PyTorch's order: [tap][lane]. */
static void gather_taps(const struct winograd_filters *filters, enum winograd_direction direction,
                        size_t lanes, size_t first, size_t in, float *taps)
{
    const bool is_forward = direction == WINOGRAD_FORWARD;
    const size_t n_in = (size_t)filters->in_channels, n_out = (size_t)filters->out_channels;
    const size_t n_lanes = is_forward ? n_out : n_in, n_depth = is_forward ? n_in : n_out;

    memset(taps, 0, WINOGRAD_TAPS * lanes * sizeof *taps);
    for (size_t lane = 0; lane < lanes && first + lane < n_lanes && in < n_depth; lane++) {
        const size_t o = is_forward ? first + lane : in, i = is_forward ? in : first + lane;
        const float *from = filters->oihw + (o * n_in + i) * WINOGRAD_TAPS;

        for (size_t k = 0; k < WINOGRAD_TAPS; k++)
            taps[k * lanes + lane] = from[is_forward ? k : WINOGRAD_TAPS - 1 - k] * filters->scale[o];
    }
}

void winograd_pack(const struct winograd_conv *conv, const struct winograd_filters *filters,
                   enum winograd_direction direction, float *packed)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), point = panel_point(conv, n_in);

#pragma omp parallel for num_threads(conv->n_threads) collapse(2) schedule(static)
    for (int block = 0; block < conv->out_blocks; block++)
        for (size_t in = 0; in < n_in; in++) {
            float taps[WINOGRAD_TAPS * 16];

            gather_taps(filters, direction, lanes, (size_t)block * lanes, in, taps);
            conv->kernels->pack(taps, lanes, packed + within_panels(conv, n_in, block) + in * 2 * lanes,
                                point);
        }
}

/* ---- forward, and the gradient of inputs ---- */

/* Tiles that are taken at once, and their points. */
struct turn {
    int first, n, room;
    float *inputs, *outputs;
};

/* Parts of a block's tiles, which threads may share. */
enum { PARTS = 4 };

struct part {
    int block, begin, end; /* tiles of the turn */
};

static struct part part_of(int item, int n_tiles)
{
    const int part = item % PARTS;

    return (struct part){item / PARTS, n_tiles * part / PARTS, n_tiles * (part + 1) / PARTS};
}

/* From a tile on, as many of the next as lie beside it. */
static struct winograd_run run_at(const struct winograd_conv *conv, int tile, int most)
{
    const int across = tiles_across(conv), x = tile % across;

    return (struct winograd_run){tile / across * WINOGRAD_TILE, x * WINOGRAD_TILE,
                                 most < across - x ? most : across - x};
}

typedef void spreading(const struct winograd_map *map, struct winograd_run run, struct winograd_points to);

static void spread(const struct winograd_conv *conv, spreading *spread_run, const float *src, int first,
                   struct part part, struct winograd_points to)
{
    const struct winograd_map map = block_of(conv, src, part.block);
    struct winograd_run run;

    to.data += (size_t)part.begin * to.row;
    for (int t = part.begin; t < part.end; t += run.n, to.data += (size_t)run.n * to.row) {
        run = run_at(conv, first + t, part.end - t);
        spread_run(&map, run, to);
    }
}

static void spread_inputs(const struct winograd_conv *conv, const float *src, const struct turn *turn,
                          int item)
{
    const struct part part = part_of(item, turn->n);

    spread(conv, conv->kernels->spread_inputs, src, turn->first, part,
           input_points(conv, turn->inputs, turn->room, part.block));
}

static void spread_outputs(const struct winograd_conv *conv, const float *diff_dst, const struct turn *turn,
                           int item)
{
    const struct part part = part_of(item, turn->n);

    spread(conv, conv->kernels->spread_outputs, diff_dst, turn->first, part,
           output_points(conv, turn->outputs, turn->room, part.block));
}

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
        .n_blocks = conv->in_blocks,
        .block = room * lanes_of(conv)});
}

static struct winograd_finish finish_of_block(const struct winograd_conv *conv,
                                              const struct winograd_finish *finish, int block)
{
    struct winograd_finish own = *finish;

    if (own.bias != NULL)
        own.bias += (size_t)block * lanes_of(conv);
    if (own.added != NULL)
        own.added = block_of(conv, own.added, block).data;
    if (own.positive != NULL)
        own.positive = block_of(conv, own.positive, block).data;
    return own;
}

static void collect_part(const struct winograd_conv *conv, const struct winograd_finish *finish, float *dst,
                         const struct turn *turn, int item)
{
    const struct part part = part_of(item, turn->n);
    const struct winograd_map map = block_of(conv, dst, part.block);
    const struct winograd_finish own = finish_of_block(conv, finish, part.block);
    struct winograd_points from = output_points(conv, turn->outputs, turn->room, part.block);
    struct winograd_run run;

    from.data += (size_t)part.begin * from.row;
    for (int t = part.begin; t < part.end; t += run.n, from.data += (size_t)run.n * from.row) {
        run = run_at(conv, turn->first + t, part.end - t);
        conv->kernels->collect(from, &map, run, &own);
    }
}

/* Of so few tiles that threads would each read all filters for a few rows, all are taken at once by all
   threads; else each thread takes its own, as many at once as stay near it, and all have as many turns. */
static bool is_shared(const struct winograd_conv *conv)
{
    return conv->n_threads > 1 && tiles_of(conv) < 2 * conv->kernels->most_rows * conv->n_threads;
}

static int tiles_at_once(const struct winograd_conv *conv)
{
    const size_t n_floats = WINOGRAD_POINTS * (in_lanes(conv) + panels_of(conv) * 2 * lanes_of(conv));
    const int fit = (int)(TILES_BYTES / (n_floats * sizeof(float))), rows = conv->kernels->most_rows;
    const int most = fit > 2 * rows ? fit / rows * rows : 2 * rows, all = tiles_of(conv);
    const int turns = (all + most * conv->n_threads - 1) / (most * conv->n_threads) * conv->n_threads;

    return is_shared(conv) ? all : (all + turns - 1) / turns;
}

static size_t turn_floats(const struct winograd_conv *conv, int room)
{
    return WINOGRAD_POINTS * (input_point(conv, room) + panel_point(conv, (size_t)room));
}

size_t winograd_products_bytes(const struct winograd_conv *conv)
{
    const size_t n_turns = is_shared(conv) ? 1 : (size_t)conv->n_threads;

    return n_turns * turn_floats(conv, tiles_at_once(conv)) * sizeof(float);
}

static struct turn turn_of(const struct winograd_conv *conv, int first, int room, float *work)
{
    const int left = tiles_of(conv) - first;

    return (struct turn){first, left < room ? left : room, room, work,
                         work + WINOGRAD_POINTS * input_point(conv, room)};
}

static void take_alone(const struct winograd_conv *conv, const float *src, const float *packed,
                       const struct winograd_finish *finish, float *dst, const struct turn *turn)
{
    for (int item = 0; item < PARTS * conv->in_blocks; item++)
        spread_inputs(conv, src, turn, item);
    for (int item = 0; item < WINOGRAD_POINTS * (int)panels_of(conv); item++)
        multiply_point(conv, packed, turn, item);
    for (int item = 0; item < PARTS * conv->out_blocks; item++)
        collect_part(conv, finish, dst, turn, item);
}

static void take_together(const struct winograd_conv *conv, const float *src, const float *packed,
                          const struct winograd_finish *finish, float *dst, const struct turn *turn)
{
#pragma omp parallel num_threads(conv->n_threads)
    {
#pragma omp for schedule(static)
        for (int item = 0; item < PARTS * conv->in_blocks; item++)
            spread_inputs(conv, src, turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < WINOGRAD_POINTS * (int)panels_of(conv); item++)
            multiply_point(conv, packed, turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < PARTS * conv->out_blocks; item++)
            collect_part(conv, finish, dst, turn, item);
    }
}

void winograd_products(const struct winograd_conv *conv, const float *src, const float *packed,
                       const struct winograd_finish *finish, float *dst, void *work)
{
    const int all = tiles_of(conv), at_once = tiles_at_once(conv);

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

/* ---- the gradient of filters ---- */

static int gradient_tiles(const struct winograd_conv *conv)
{
    const int all = tiles_of(conv);

    return all < GRADIENT_TILES ? all : GRADIENT_TILES;
}

/* A turn, and behind it the sums. */
size_t winograd_gradient_bytes(const struct winograd_conv *conv)
{
    return turn_floats(conv, gradient_tiles(conv)) * sizeof(float) + winograd_filters_bytes(conv);
}

/* The sums of one point and panel. */
static void multiply_panel(const struct winograd_conv *conv, const struct turn *turn, float *sums, int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), room = (size_t)turn->room;
    const size_t p = (size_t)item / panels_of(conv);
    const int panel = item % (int)panels_of(conv);

    for (size_t b = 0; b < (size_t)conv->in_blocks; b++)
        conv->kernels->multiply_lanes(&(struct winograd_product){
            .factor = turn->outputs + p * panel_point(conv, room) + within_panels(conv, room, 2 * panel),
            .numbers = turn->inputs + p * input_point(conv, turn->room) + b * room * lanes,
            .result = sums + p * panel_point(conv, n_in) + within_panels(conv, n_in, 2 * panel) +
                      b * lanes * 2 * lanes,
            .n_vectors = vectors_of_panel(conv, panel),
            .depth = turn->n,
            .add = turn->first > 0});
}

/* One block of inputs by one of outputs. */
static void unpack_block(const struct winograd_conv *conv, const float *sums, bool add, float *filters,
                         int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), in = (size_t)(item % conv->in_blocks) * lanes;
    const float *from = sums + within_panels(conv, n_in, item / conv->in_blocks) + in * 2 * lanes;
    float *to = filters + (size_t)item * WINOGRAD_TAPS * lanes * lanes;

    for (size_t lane = 0; lane < lanes; lane++)
        conv->kernels->unpack(from + lane * 2 * lanes, panel_point(conv, n_in), add, to + lane * lanes,
                              lanes * lanes);
}

void winograd_gradient(const struct winograd_conv *conv, const float *src, const float *diff_dst, bool add,
                       float *filters, float *bias, void *work)
{
    const int all = tiles_of(conv), at_once = gradient_tiles(conv);
    float *sums = (float *)work + turn_floats(conv, at_once);

#pragma omp parallel num_threads(conv->n_threads)
    {
        for (int first = 0; first < all; first += at_once) {
            const struct turn turn = turn_of(conv, first, at_once, work);

#pragma omp for schedule(static) nowait
            for (int item = 0; item < PARTS * conv->in_blocks; item++)
                spread_inputs(conv, src, &turn, item);
#pragma omp for schedule(static)
            for (int item = 0; item < PARTS * conv->out_blocks; item++)
                spread_outputs(conv, diff_dst, &turn, item);
#pragma omp for schedule(static)
            for (int item = 0; item < WINOGRAD_POINTS * (int)panels_of(conv); item++)
                multiply_panel(conv, &turn, sums, item);
        }
#pragma omp for schedule(static) nowait
        for (int item = 0; item < conv->in_blocks * conv->out_blocks; item++)
            unpack_block(conv, sums, add, filters, item);
#pragma omp for schedule(static)
        for (int b = 0; b < conv->out_blocks; b++) {
            const struct winograd_map map = block_of(conv, diff_dst, b);

            conv->kernels->sum(&map, add, bias + (size_t)b * lanes_of(conv));
        }
    }
}
