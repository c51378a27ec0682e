/*
 * winograd.c - the three directions: which thread does which tiles, where points lie, and working memory.
 */
#include "winograd.h"

#include <omp.h>
#include <stdint.h>
#include <string.h>

#include "fa/trace.h"
#include "kernels.h"

/* Points of inputs and outputs of the tiles that a thread takes at once: what stays near it. More tiles at
   once read filters less often. */
enum { TILES_BYTES = 6 << 20 };

/* And of the tiles that the gradient of filters takes at once, whose sums are read and written each time. It
   takes as many outputs at once as have so many bytes of sums. */
enum { GRADIENT_BYTES = 16 << 20, SUMS_BYTES = 28 << 20, LEAST_GRADIENT_TILES = 32 };

enum { MOST_LANES = 16, MOST_TILE = 6 };

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

const struct winograd_kernels *winograd_kernels_of_bf16(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bf16"))
        return &winograd_avx512_bf16;
#endif
    return &winograd_narrow_bf16;
}

static size_t lanes_of(const struct winograd_conv *conv)
{
    return (size_t)conv->kernels->lanes;
}

static size_t points_of(const struct winograd_conv *conv)
{
    const size_t patch = (size_t)conv->kernels->tile + 2;

    return patch * patch;
}

static int tiles_across(const struct winograd_conv *conv)
{
    return (conv->width + conv->kernels->tile - 1) / conv->kernels->tile;
}

int winograd_tiles(const struct winograd_conv *conv)
{
    return (conv->height + conv->kernels->tile - 1) / conv->kernels->tile * tiles_across(conv);
}

static int blocks_of(const struct winograd_conv *conv, int channels)
{
    return (channels + conv->kernels->lanes - 1) / conv->kernels->lanes;
}

static int in_blocks(const struct winograd_conv *conv)
{
    return blocks_of(conv, conv->in_channels);
}

static int out_blocks(const struct winograd_conv *conv)
{
    return blocks_of(conv, conv->out_channels);
}

/* Where a block's channels begin, however they lie. */
static void *begin_of(const struct winograd_conv *conv, const void *map, int block)
{
    const size_t first = (size_t)block * lanes_of(conv);

    if (conv->layout == WINOGRAD_POSITIONS)
        return (uint16_t *)map + first;
    return (float *)map + first * (size_t)conv->height * (size_t)conv->width;
}

/* Of a block all lanes, also those beyond the last channel. */
static struct winograd_channels channels_of(const struct winograd_conv *conv, const void *map, int channels,
                                            int block)
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
static size_t input_point(const struct winograd_conv *conv, int n)
{
    return (size_t)in_blocks(conv) * (size_t)n * lanes_of(conv) + GAP;
}

/* Panels, of two blocks of outputs: [point][panel][row][block of the panel][lane]. Rows are tiles or input
 * channels. */
static size_t panels_of(const struct winograd_conv *conv)
{
    return ((size_t)out_blocks(conv) + 1) / 2;
}

static size_t panel_point(const struct winograd_conv *conv, size_t n_rows)
{
    return panels_of(conv) * n_rows * 2 * lanes_of(conv) + GAP;
}

static int vectors_of_panel(const struct winograd_conv *conv, int panel)
{
    return 2 * panel + 1 < out_blocks(conv) ? 2 : 1;
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
    return (size_t)in_blocks(conv) * lanes_of(conv);
}

/* ---- filters ---- */

size_t winograd_filters_bytes(const struct winograd_conv *conv)
{
    return points_of(conv) * panel_point(conv, in_lanes(conv)) * sizeof(float);
}

/* What is packed. */
struct filters {
    const float *oihw, *scale;
    enum winograd_direction direction;
};

/* The taps that the convolution has from a block of inputs to one of outputs, in PyTorch's order:
   [in lane][tap][out lane]. */
static void gather_taps(const struct winograd_conv *conv, const struct filters *filters, size_t first_out,
                        size_t first_in, float *taps)
{
    const bool is_forward = filters->direction == WINOGRAD_FORWARD;
    const size_t lanes = lanes_of(conv), n_out = (size_t)conv->out_channels, n_in = (size_t)conv->in_channels;

    if (first_out + lanes > n_out || first_in + lanes > n_in)
        memset(taps, 0, lanes * WINOGRAD_TAPS * lanes * sizeof *taps);
    for (size_t out = first_out; out < first_out + lanes && out < n_out; out++)
        for (size_t in = first_in; in < first_in + lanes && in < n_in; in++) {
            const size_t o = is_forward ? out : in, i = is_forward ? in : out;
            const float *from = filters->oihw + (o * (is_forward ? n_in : n_out) + i) * WINOGRAD_TAPS;
            const float scale = filters->scale != NULL ? filters->scale[o] : 1;
            float *to = taps + (in - first_in) * WINOGRAD_TAPS * lanes + (out - first_out);

            for (size_t k = 0; k < WINOGRAD_TAPS; k++)
                to[k * lanes] = from[is_forward ? k : WINOGRAD_TAPS - 1 - k] * scale;
        }
}

void winograd_pack(const struct winograd_conv *conv, const float *oihw, const float *scale,
                   enum winograd_direction direction, float *packed)
{
    const struct filters filters = {oihw, scale, direction};
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv);

#pragma omp parallel for num_threads(conv->n_threads) collapse(2) schedule(static)
    for (int out = 0; out < out_blocks(conv); out++)
        for (int in = 0; in < in_blocks(conv); in++) {
            const size_t first_out = (size_t)out * lanes, first_in = (size_t)in * lanes;
            float taps[MOST_LANES * WINOGRAD_TAPS * MOST_LANES];

            gather_taps(conv, &filters, first_out, first_in, taps);
            conv->kernels->pack(taps, packed + within_panels(conv, n_in, out) + first_in * 2 * lanes,
                                panel_point(conv, n_in));
        }
}

fa_status winograd_packed(const struct winograd_conv *conv, const float *oihw, const float *scale,
                          enum winograd_direction direction, struct fa_store *store, float **packed)
{
    int span;

    if (*packed != NULL)
        return FA_OK;
    FA_TRY(fa_store_take(store, winograd_filters_bytes(conv), packed));
    span = fa_span_begin("pack filters");
    winograd_pack(conv, oihw, scale, direction, *packed);
    fa_span_end(span);
    return FA_OK;
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

/* Tiles of planes that are turned into vectors at once: two or four vectors of outputs in a row of a plane,
   which stay in the nearest cache. */
enum { MOST_BESIDE = 8, MOST_PATCH = MOST_TILE + 2, WINDOW_WIDTH = MOST_BESIDE * MOST_TILE + 2 };

/* From a tile on, as many of the next as lie beside it. */
static struct winograd_run run_at(const struct winograd_conv *conv, int tile, int most)
{
    const int across = tiles_across(conv), x = tile % across, side = conv->kernels->tile;
    const int beside = most < across - x ? most : across - x;

    return (struct winograd_run){tile / across * side, x * side,
                                 conv->layout == WINOGRAD_PLANES && beside > MOST_BESIDE ? MOST_BESIDE
                                                                                         : beside};
}

/* What a run's tiles need, `around` more on all sides. */
static struct winograd_window window_of(const struct winograd_conv *conv, struct winograd_run run, int around)
{
    const int side = conv->kernels->tile;

    return (struct winograd_window){run.y - around, run.x - around, side + 2 * around,
                                    run.n * side + 2 * around};
}

/* One side of a convolution that goes to points. */
struct side {
    void (*spread)(const struct winograd_channels *channels, struct winograd_run run,
                   struct winograd_points to);
    const void *map;
    int channels, around;
};

/* A window of planes, turned. */
static struct winograd_channels vectors_of(const struct winograd_conv *conv, float *vectors,
                                           const struct winograd_window *window)
{
    return (struct winograd_channels){vectors, conv->kernels->lanes, window->height, window->width,
                                      lanes_of(conv)};
}

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

static void spread(const struct winograd_conv *conv, const struct side *side, int first, struct part part,
                   struct winograd_points to)
{
    struct winograd_run run;

    to.data += (size_t)part.begin * to.row;
    for (int t = part.begin; t < part.end; t += run.n, to.data += (size_t)run.n * to.row) {
        run = run_at(conv, first + t, part.end - t);
        spread_run(conv, side, part.block, run, to);
    }
}

static void spread_inputs(const struct winograd_conv *conv, const void *src, const struct turn *turn,
                          int item)
{
    const struct side side = {conv->kernels->spread_inputs, src, conv->in_channels, 1};
    const struct part part = part_of(item, turn->n);

    spread(conv, &side, turn->first, part, input_points(conv, turn->inputs, turn->room, part.block));
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

/* So many bytes hold the points of. */
static int tiles_in(const struct winograd_conv *conv, size_t n_bytes)
{
    const size_t n_floats = points_of(conv) * (in_lanes(conv) + panels_of(conv) * 2 * lanes_of(conv));

    return (int)(n_bytes / (n_floats * sizeof(float)));
}

static int tiles_at_once(const struct winograd_conv *conv)
{
    const int fit = tiles_in(conv, TILES_BYTES), rows = conv->kernels->most_rows;
    const int most = fit > 2 * rows ? fit / rows * rows : 2 * rows, all = winograd_tiles(conv);
    const int turns = (all + most * conv->n_threads - 1) / (most * conv->n_threads) * conv->n_threads;

    return is_shared(conv) ? all : (all + turns - 1) / turns;
}

static size_t turn_floats(const struct winograd_conv *conv, int room)
{
    return points_of(conv) * (input_point(conv, room) + panel_point(conv, (size_t)room));
}

size_t winograd_products_bytes(const struct winograd_conv *conv)
{
    const size_t n_turns = is_shared(conv) ? 1 : (size_t)conv->n_threads;

    return n_turns * turn_floats(conv, tiles_at_once(conv)) * sizeof(float);
}

static struct turn turn_of(const struct winograd_conv *conv, int first, int room, float *work)
{
    const int left = winograd_tiles(conv) - first;

    return (struct turn){first, left < room ? left : room, room, work,
                         work + points_of(conv) * input_point(conv, room)};
}

static void take_alone(const struct winograd_conv *conv, const void *src, const float *packed,
                       const struct winograd_finish *finish, void *dst, const struct turn *turn)
{
    for (int item = 0; item < PARTS * in_blocks(conv); item++)
        spread_inputs(conv, src, turn, item);
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
            spread_inputs(conv, src, turn, item);
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

/* ---- the gradient of filters ---- */

/* Some outputs of a convolution, as one of its own; of which block of the whole its first one is. */
struct share {
    const struct winograd_conv *whole;
    struct winograd_conv conv;
    int first;
};

/* Blocks of outputs of a share, in whole panels: as few shares as there can be, of nearly the same size. */
static int share_blocks(const struct winograd_conv *conv)
{
    const size_t panel = points_of(conv) * in_lanes(conv) * 2 * lanes_of(conv) * sizeof(float);
    const int most = SUMS_BYTES / panel > 1 ? (int)(SUMS_BYTES / panel) : 1, all = (int)panels_of(conv);
    const int n_shares = (all + most - 1) / most;

    return (all + n_shares - 1) / n_shares * 2;
}

static struct share share_at(const struct winograd_conv *conv, int first)
{
    const int left = conv->out_channels - first * conv->kernels->lanes;
    const int most = share_blocks(conv) * conv->kernels->lanes;
    struct share share = {conv, *conv, first};

    share.conv.out_channels = left < most ? left : most;
    return share;
}

static int gradient_tiles(const struct winograd_conv *conv)
{
    const int fit = tiles_in(conv, GRADIENT_BYTES);
    const int most = fit > LEAST_GRADIENT_TILES ? fit : LEAST_GRADIENT_TILES;
    const int all = winograd_tiles(conv), turns = (all + most - 1) / most;

    return (all + turns - 1) / turns;
}

/* A turn, and behind it the sums; the first share is the largest. */
size_t winograd_gradient_bytes(const struct winograd_conv *conv)
{
    const struct share share = share_at(conv, 0);

    return turn_floats(&share.conv, gradient_tiles(&share.conv)) * sizeof(float) +
           winograd_filters_bytes(&share.conv);
}

static void spread_outputs(const struct share *share, const void *diff_dst, const struct turn *turn, int item)
{
    const struct winograd_conv *conv = &share->conv;
    const struct side side = {conv->kernels->spread_outputs, diff_dst, share->whole->out_channels, 0};
    struct part part = part_of(item, turn->n);
    const struct winograd_points to = output_points(conv, turn->outputs, turn->room, part.block);

    part.block += share->first;
    spread(conv, &side, turn->first, part, to);
}

/* The sums of one point and panel. */
static void multiply_panel(const struct winograd_conv *conv, const struct turn *turn, float *sums, int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), room = (size_t)turn->room;
    const size_t p = (size_t)item / panels_of(conv);
    const int panel = item % (int)panels_of(conv);

    for (size_t b = 0; b < (size_t)in_blocks(conv); b++)
        conv->kernels->multiply_lanes(&(struct winograd_product){
            .factor = turn->outputs + p * panel_point(conv, room) + within_panels(conv, room, 2 * panel),
            .numbers = turn->inputs + p * input_point(conv, turn->room) + b * room * lanes,
            .result = sums + p * panel_point(conv, n_in) + within_panels(conv, n_in, 2 * panel) +
                      b * lanes * 2 * lanes,
            .n_vectors = vectors_of_panel(conv, panel),
            .depth = turn->n,
            .add = turn->first > 0});
}

/* A block of inputs by one of outputs, [tap][in lane][out lane], into OIHW. */
static void turn_block(const struct winograd_conv *conv, const float *block, size_t first_out,
                       size_t first_in, bool add, float *oihw)
{
    const size_t lanes = lanes_of(conv), n_in = (size_t)conv->in_channels;
    const size_t n_out = (size_t)conv->out_channels;

    for (size_t o = 0; o < lanes && first_out + o < n_out; o++)
        for (size_t i = 0; i < lanes && first_in + i < n_in; i++) {
            float *to = oihw + ((first_out + o) * n_in + first_in + i) * WINOGRAD_TAPS;

            for (size_t k = 0; k < WINOGRAD_TAPS; k++)
                to[k] = (add ? to[k] : 0) + block[(k * lanes + i) * lanes + o];
        }
}

/* One block of inputs by one of outputs. */
static void unpack_block(const struct winograd_conv *conv, const float *sums, bool add, float *filters,
                         int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), in = (size_t)(item % in_blocks(conv)) * lanes;
    const size_t out = (size_t)(item / in_blocks(conv)) * lanes;
    const float *from = sums + within_panels(conv, n_in, item / in_blocks(conv)) + in * 2 * lanes;
    const bool is_turned = conv->layout == WINOGRAD_PLANES;
    float own[WINOGRAD_TAPS * MOST_LANES * MOST_LANES];
    float *to = is_turned ? own : filters + (size_t)item * WINOGRAD_TAPS * lanes * lanes;

    for (size_t lane = 0; lane < lanes; lane++)
        conv->kernels->unpack(from + lane * 2 * lanes, panel_point(conv, n_in), add && !is_turned,
                              to + lane * lanes, lanes * lanes);
    if (is_turned)
        turn_block(conv, own, out, in, add, filters);
}

/* Where a share's gradient begins. */
static float *filters_of(const struct share *share, float *filters)
{
    const struct winograd_conv *conv = &share->conv;
    const size_t n_in = conv->layout == WINOGRAD_PLANES ? (size_t)conv->in_channels : in_lanes(conv);

    return filters + (size_t)share->first * lanes_of(conv) * n_in * WINOGRAD_TAPS;
}

/* Each thread of a parallel region calls it, and does a part. */
static void take_share(const struct share *share, const void *src, const void *diff_dst, bool add,
                       float *filters, float *work)
{
    const struct winograd_conv *conv = &share->conv;
    const int all = winograd_tiles(conv), at_once = gradient_tiles(conv);
    float *sums = work + turn_floats(conv, at_once);

    for (int first = 0; first < all; first += at_once) {
        const struct turn turn = turn_of(conv, first, at_once, work);

#pragma omp for schedule(static) nowait
        for (int item = 0; item < PARTS * in_blocks(conv); item++)
            spread_inputs(conv, src, &turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < PARTS * out_blocks(conv); item++)
            spread_outputs(share, diff_dst, &turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < (int)(points_of(conv) * panels_of(conv)); item++)
            multiply_panel(conv, &turn, sums, item);
    }
#pragma omp for schedule(static)
    for (int item = 0; item < in_blocks(conv) * out_blocks(conv); item++)
        unpack_block(conv, sums, add, filters_of(share, filters), item);
}

static void sum_bias(const struct winograd_conv *conv, const void *diff_dst, bool add, float *bias)
{
#pragma omp for schedule(static)
    for (int b = 0; b < out_blocks(conv); b++) {
        const struct winograd_channels channels = channels_of(conv, diff_dst, conv->out_channels, b);

        conv->kernels->sum(&channels, add, bias + (size_t)b * lanes_of(conv));
    }
}

void winograd_gradient(const struct winograd_conv *conv, const void *src, const void *diff_dst, bool add,
                       float *filters, float *bias, void *work)
{
#pragma omp parallel num_threads(conv->n_threads)
    {
        for (int first = 0; first < out_blocks(conv); first += share_blocks(conv)) {
            const struct share share = share_at(conv, first);

            take_share(&share, src, diff_dst, add, filters, work);
        }
        if (bias != NULL)
            sum_bias(conv, diff_dst, add, bias);
    }
}
