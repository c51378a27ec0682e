/*
 * winograd.c - the three directions: which thread does which tiles, where points lie, and working memory.
 */
#include "winograd.h"

#include <omp.h>
#include <string.h>

#include "kernels.h"

/* Points of inputs and outputs of the tiles that a thread takes at once: what stays near it. More tiles at once read filters less
   often. */
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

static int tiles_of(const struct winograd_conv *conv)
{
    const int down = (conv->height + WINOGRAD_TILE - 1) / WINOGRAD_TILE;
    const int across = (conv->width + WINOGRAD_TILE - 1) / WINOGRAD_TILE;

    return down * across;
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

/* Panels, of two blocks of outputs: [point][panel][row][block of the panel][lane]. Rows are tiles or input channels. */
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

static struct winograd_points output_points(const struct winograd_conv *conv, float *data, int n_tiles, int block)
{
    return (struct winograd_points){data + within_panels(conv, (size_t)n_tiles, block),
                                    panel_point(conv, (size_t)n_tiles), 2 * lanes_of(conv)};
}

static struct winograd_points input_points(const struct winograd_conv *conv, float *data, int n_tiles, int block)
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
static void gather_taps(const struct winograd_filters *filters, enum winograd_direction direction, size_t lanes,
                        size_t first, size_t in, float *taps)
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
            conv->kernels->pack(taps, lanes, packed + within_panels(conv, n_in, block) + in * 2 * lanes, point);
        }
}

/* ---- forward, and the gradient of inputs ---- */

/* Tiles are taken so many at once that every thread has as many turns as the others. */
static int tiles_at_once(const struct winograd_conv *conv)
{
    const size_t n_floats = WINOGRAD_POINTS * (in_lanes(conv) + panels_of(conv) * 2 * lanes_of(conv));
    const int fit = (int)(TILES_BYTES / (n_floats * sizeof(float))), rows = conv->kernels->most_rows;
    const int most = fit > 2 * rows ? fit / rows * rows : 2 * rows, all = tiles_of(conv);
    const int turns = (all + most * conv->n_threads - 1) / (most * conv->n_threads) * conv->n_threads;

    return (all + turns - 1) / turns;
}

static size_t products_floats(const struct winograd_conv *conv)
{
    const int n = tiles_at_once(conv);

    return WINOGRAD_POINTS * (input_point(conv, n) + panel_point(conv, (size_t)n));
}

size_t winograd_products_bytes(const struct winograd_conv *conv)
{
    return (size_t)conv->n_threads * products_floats(conv) * sizeof(float);
}

static void multiply_points(const struct winograd_conv *conv, const float *packed, const float *inputs, int room,
                            int n, float *outputs)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv);

    for (size_t p = 0; p < WINOGRAD_POINTS; p++)
        for (int panel = 0; panel < (int)panels_of(conv); panel++)
            conv->kernels->multiply_tiles(&(struct winograd_product){
                .factor = packed + p * panel_point(conv, n_in) + within_panels(conv, n_in, 2 * panel),
                .numbers = inputs + p * input_point(conv, room),
                .result = outputs + p * panel_point(conv, (size_t)room) +
                          within_panels(conv, (size_t)room, 2 * panel),
                .n_rows = n,
                .n_vectors = vectors_of_panel(conv, panel),
                .n_blocks = conv->in_blocks,
                .block = (size_t)room * lanes});
}

static struct winograd_finish finish_of_block(const struct winograd_conv *conv, const struct winograd_finish *finish,
                                              int block)
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

static void products_of_tiles(const struct winograd_conv *conv, const float *src, const float *packed,
                              const struct winograd_finish *finish, float *dst, int first, int n, float *inputs)
{
    const int room = tiles_at_once(conv);
    float *outputs = inputs + WINOGRAD_POINTS * input_point(conv, room);

    for (int b = 0; b < conv->in_blocks; b++) {
        const struct winograd_map map = block_of(conv, src, b);

        conv->kernels->spread_inputs(&map, first, n, input_points(conv, inputs, room, b));
    }
    multiply_points(conv, packed, inputs, room, n, outputs);
    for (int b = 0; b < conv->out_blocks; b++) {
        const struct winograd_map map = block_of(conv, dst, b);
        const struct winograd_finish own = finish_of_block(conv, finish, b);

        conv->kernels->collect(output_points(conv, outputs, room, b), &map, first, n, &own);
    }
}

void winograd_products(const struct winograd_conv *conv, const float *src, const float *packed,
                       const struct winograd_finish *finish, float *dst, void *work)
{
    const int all = tiles_of(conv), at_once = tiles_at_once(conv);

#pragma omp parallel for num_threads(conv->n_threads) schedule(static)
    for (int first = 0; first < all; first += at_once)
        products_of_tiles(conv, src, packed, finish, dst, first, all - first < at_once ? all - first : at_once,
                          (float *)work + (size_t)omp_get_thread_num() * products_floats(conv));
}

/* ---- the gradient of filters ---- */

static int gradient_tiles(const struct winograd_conv *conv)
{
    const int all = tiles_of(conv);

    return all < GRADIENT_TILES ? all : GRADIENT_TILES;
}

/* Its three parts of working memory. */
struct gradient_work {
    int room; /* tiles */
    float *inputs, *outputs, *sums;
};

static size_t inputs_floats(const struct winograd_conv *conv)
{
    return WINOGRAD_POINTS * input_point(conv, gradient_tiles(conv));
}

static size_t outputs_floats(const struct winograd_conv *conv)
{
    return WINOGRAD_POINTS * panel_point(conv, (size_t)gradient_tiles(conv));
}

size_t winograd_gradient_bytes(const struct winograd_conv *conv)
{
    return (inputs_floats(conv) + outputs_floats(conv)) * sizeof(float) + winograd_filters_bytes(conv);
}

static struct gradient_work gradient_work_of(const struct winograd_conv *conv, float *work)
{
    return (struct gradient_work){gradient_tiles(conv), work, work + inputs_floats(conv),
                                  work + inputs_floats(conv) + outputs_floats(conv)};
}

/* A quarter of the tiles of one block of inputs or outputs. */
static void spread_part(const struct winograd_conv *conv, const float *src, const float *diff_dst, int first, int n,
                        const struct gradient_work *work, int item)
{
    const int block = item / 4, quarter = item % 4, begin = n * quarter / 4, end = n * (quarter + 1) / 4;
    const bool is_input = block < conv->in_blocks;
    const int own = is_input ? block : block - conv->in_blocks;
    const struct winograd_map map = block_of(conv, is_input ? src : diff_dst, own);
    struct winograd_points to = is_input ? input_points(conv, work->inputs, work->room, own)
                                         : output_points(conv, work->outputs, work->room, own);

    to.data += (size_t)begin * to.row;
    (is_input ? conv->kernels->spread_inputs : conv->kernels->spread_outputs)(&map, first + begin, end - begin, to);
}

/* The sums of one point and panel. */
static void multiply_panel(const struct winograd_conv *conv, const struct gradient_work *work, int n, bool add, int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), room = (size_t)work->room;
    const int panel = item % (int)panels_of(conv);
    const size_t p = (size_t)item / panels_of(conv);

    for (size_t b = 0; b < (size_t)conv->in_blocks; b++)
        conv->kernels->multiply_lanes(&(struct winograd_product){
            .factor = work->outputs + p * panel_point(conv, room) + within_panels(conv, room, 2 * panel),
            .numbers = work->inputs + p * input_point(conv, work->room) + b * room * lanes,
            .result = work->sums + p * panel_point(conv, n_in) + within_panels(conv, n_in, 2 * panel) +
                      b * lanes * 2 * lanes,
            .n_vectors = vectors_of_panel(conv, panel),
            .depth = n,
            .add = add});
}

/* One block of inputs by one of outputs. */
static void unpack_block(const struct winograd_conv *conv, const float *sums, bool add, float *filters, int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), in = (size_t)(item % conv->in_blocks) * lanes;
    const float *from = sums + within_panels(conv, n_in, item / conv->in_blocks) + in * 2 * lanes;
    float *to = filters + (size_t)item * WINOGRAD_TAPS * lanes * lanes;

    for (size_t lane = 0; lane < lanes; lane++)
        conv->kernels->unpack(from + lane * 2 * lanes, panel_point(conv, n_in), add, to + lane * lanes,
                              lanes * lanes);
}

void winograd_gradient(const struct winograd_conv *conv, const float *src, const float *diff_dst, bool add,
                       float *filters, float *bias, void *memory)
{
    const struct gradient_work work = gradient_work_of(conv, memory);
    const int all = tiles_of(conv), n_blocks = conv->in_blocks + conv->out_blocks;

#pragma omp parallel num_threads(conv->n_threads)
    {
        for (int first = 0; first < all; first += work.room) {
            const int n = all - first < work.room ? all - first : work.room;

#pragma omp for schedule(static)
            for (int item = 0; item < 4 * n_blocks; item++)
                spread_part(conv, src, diff_dst, first, n, &work, item);
#pragma omp for schedule(static)
            for (int item = 0; item < WINOGRAD_POINTS * (int)panels_of(conv); item++)
                multiply_panel(conv, &work, n, first > 0, item);
        }
#pragma omp for schedule(static) nowait
        for (int item = 0; item < conv->in_blocks * conv->out_blocks; item++)
            unpack_block(conv, work.sums, add, filters, item);
#pragma omp for schedule(static)
        for (int b = 0; b < conv->out_blocks; b++) {
            const struct winograd_map map = block_of(conv, diff_dst, b);

            conv->kernels->sum(&map, add, bias + (size_t)b * lanes_of(conv));
        }
    }
}
