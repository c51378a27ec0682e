/*
 * strip.c - a strip of a map, turned.
 */
#include "strip.h"

#include <immintrin.h>

#include "product.h"

/* ---- how a convolution is cut ---- */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int even_blocks(int channels)
{
    return (channels + 2 * STRIP_LANES - 1) / (2 * STRIP_LANES) * 2;
}

static size_t rounded_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Lanes lie an odd number of cache lines apart, so that they do not meet in the same places of a cache. */
static size_t spread(size_t positions)
{
    return rounded_up(positions, STRIP_DEPTH) | STRIP_DEPTH;
}

static int rows_of(const struct strips *strips, int s)
{
    return smaller(strips->height, strips->conv.out_height - s * strips->height);
}

static size_t depth_of(const struct strips *strips, int n_rows)
{
    return rounded_up((size_t)(n_rows * strips->pitch), STRIP_DEPTH);
}

/* Positions that the taps of so many see. */
static size_t seen(const struct strips *strips, size_t depth)
{
    const int reach = (strips->conv.kernel - 1) / strips->conv.stride;

    return depth + (size_t)(reach * strips->pitch + reach);
}

/* In as few strips as there can be, of nearly the same height. */
static void set_height(struct strips *strips, int most)
{
    const int all = strips->conv.out_height;

    strips->n = (all + most - 1) / most;
    strips->height = (all + strips->n - 1) / strips->n;
    strips->most_depth = depth_of(strips, strips->height);
    strips->in_length = spread(seen(strips, strips->most_depth));
}

static bool has_rows(const struct strips_conv *conv)
{
    return conv->kernel > 1 || conv->stride > 1 || conv->pad > 0;
}

static struct strips_conv without_rows(const struct strips_conv *conv)
{
    struct strips_conv own = *conv;

    own.in_width = own.out_width = STRIP_DEPTH;
    own.in_height = own.out_height = (conv->in_height * conv->in_width + STRIP_DEPTH - 1) / STRIP_DEPTH;
    return own;
}

static size_t area(int height, int width)
{
    return (size_t)height * (size_t)width;
}

struct strips strips_of(const struct strips_conv *conv)
{
    struct strips strips = {.conv = has_rows(conv) ? *conv : without_rows(conv),
                            .in_positions = area(conv->in_height, conv->in_width),
                            .out_positions = area(conv->out_height, conv->out_width),
                            .planes = smaller(conv->kernel, conv->stride),
                            .in_blocks = even_blocks(conv->in_channels),
                            .out_blocks = even_blocks(conv->out_channels)};
    const int channels = (strips.in_blocks * strips.planes * strips.planes + strips.out_blocks) * STRIP_LANES;
    size_t row;
    int height;

    strips.pitch = strips.conv.out_width + (conv->kernel - 1) / conv->stride;
    row = (size_t)channels * (size_t)strips.pitch * sizeof(uint16_t);
    height = smaller(strips.conv.out_height, (int)(conv->product->most_bytes / row));
    set_height(&strips, height > 0 ? height : 1);
    return strips;
}

static size_t x_numbers(const struct strips *strips)
{
    return (size_t)(strips->in_blocks * strips->planes * strips->planes * STRIP_LANES) * strips->in_length;
}

static size_t dy_numbers(const struct strips *strips)
{
    return (size_t)(strips->out_blocks * STRIP_LANES) * strips->most_depth;
}

size_t strip_bytes(const struct strips *strips)
{
    return (x_numbers(strips) + dy_numbers(strips)) * sizeof(uint16_t);
}

struct strip strip_of(const struct strips *strips, int s, void *work)
{
    uint16_t *x = work;

    return (struct strip){x, x + x_numbers(strips), depth_of(strips, rows_of(strips, s))};
}

/* ---- where a tile's positions are in a map ---- */

/* A map of which every step-th row and column is looked at, from a first one that may lie outside. */
struct grid {
    const uint16_t *map;
    size_t n_positions;
    int height, width, channels;
    int first_row, first_column, step;
    int n_rows, n_columns; /* beyond which nothing is looked at */
    int pitch;
};

struct places {
    const uint16_t *at[STRIP_DEPTH]; /* the first channel */
    __mmask16 is_there[STRIP_DEPTH]; /* all bits, or none: it is not of the map, and zero */
};

static void find_place(const struct grid *grid, int row, int column, struct places *places, int p)
{
    const int y = grid->first_row + row * grid->step, x = grid->first_column + column * grid->step;
    const bool is_within = row < grid->n_rows && column < grid->n_columns && y >= 0 && y < grid->height &&
                           x >= 0 && x < grid->width;
    const size_t position = is_within ? (size_t)y * (size_t)grid->width + (size_t)x : 0;
    const bool is_there = is_within && position < grid->n_positions;

    places->at[p] = grid->map + (is_there ? position * (size_t)grid->channels : 0);
    places->is_there[p] = is_there ? 0xffff : 0;
}

static void find_places(const struct grid *grid, size_t first, struct places *places)
{
    int row = (int)(first / (size_t)grid->pitch), column = (int)(first % (size_t)grid->pitch);

    for (int p = 0; p < STRIP_DEPTH; p++) {
        find_place(grid, row, column, places, p);
        if (++column == grid->pitch) {
            column = 0;
            row++;
        }
    }
}

static __mmask16 lanes_of(const struct grid *grid, int block)
{
    const int n = grid->channels - block * STRIP_LANES;

    return (__mmask16)(n >= STRIP_LANES ? 0xffff : n > 0 ? (1 << n) - 1 : 0);
}

static inline __m256i lanes_at(const struct places *places, int p, int block, __mmask16 lanes)
{
    return _mm256_maskz_loadu_epi16(lanes & places->is_there[p],
                                    places->at[p] + (size_t)(block * STRIP_LANES));
}

/* ---- x: positions of a lane side by side ---- */

/* Within each quarter of registers, eight rows of eight numbers. */
static inline void transpose_quarters(__m512i v[8])
{
    __m512i pairs[8], fours[8];

    for (int i = 0; i < 4; i++) {
        pairs[2 * i] = _mm512_unpacklo_epi16(v[2 * i], v[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi16(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int half = 0; half < 2; half++) {
            fours[i + 2 * half] = _mm512_unpacklo_epi32(pairs[i + half], pairs[i + 2 + half]);
            fours[i + 2 * half + 1] = _mm512_unpackhi_epi32(pairs[i + half], pairs[i + 2 + half]);
        }
    for (int i = 0; i < 4; i++) {
        v[2 * i] = _mm512_unpacklo_epi64(fours[i], fours[i + 4]);
        v[2 * i + 1] = _mm512_unpackhi_epi64(fours[i], fours[i + 4]);
    }
}

/* Positions p and p + 16 share a register: their lanes 0 to 7 and 8 to 15 are its quarters. */
static inline void turn_block(const struct places *places, int block, __mmask16 lanes, uint16_t *to,
                              size_t length)
{
    const __m512i even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const __m512i odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    __m512i v[STRIP_LANES];

    for (int p = 0; p < STRIP_LANES; p++)
        v[p] = _mm512_inserti64x4(_mm512_castsi256_si512(lanes_at(places, p, block, lanes)),
                                  lanes_at(places, p + STRIP_LANES, block, lanes), 1);
    transpose_quarters(v);
    transpose_quarters(v + 8);
    for (int lane = 0; lane < 8; lane++) {
        _mm512_store_si512(to + (size_t)lane * length, _mm512_permutex2var_epi64(v[lane], even, v[lane + 8]));
        _mm512_store_si512(to + (size_t)(lane + 8) * length,
                           _mm512_permutex2var_epi64(v[lane], odd, v[lane + 8]));
    }
}

/* The tile that begins at position `first` of one plane, in all blocks. */
static void turn_inputs(const struct strips *strips, const struct grid *grid, size_t first, uint16_t *plane)
{
    const size_t n_planes = (size_t)(strips->planes * strips->planes), length = strips->in_length;
    struct places places;

    find_places(grid, first, &places);
    for (int block = 0; block < strips->in_blocks; block++)
        turn_block(&places, block, lanes_of(grid, block),
                   plane + (size_t)block * n_planes * STRIP_LANES * length + first, length);
}

/* ---- dy: in pairs of positions ---- */

static inline void pair_block(const struct places *places, int block, __mmask16 lanes, uint16_t *to)
{
    for (int p = 0; p < STRIP_DEPTH; p += 2) {
        const __m512i first = _mm512_cvtepu16_epi32(lanes_at(places, p, block, lanes));
        const __m512i second = _mm512_cvtepu16_epi32(lanes_at(places, p + 1, block, lanes));

        _mm512_store_si512(to + p * STRIP_LANES, _mm512_or_si512(first, _mm512_slli_epi32(second, 16)));
    }
}

static void pair_outputs(const struct strips *strips, const struct grid *grid, size_t first, uint16_t *dy)
{
    struct places places;

    find_places(grid, first, &places);
    for (int block = 0; block < strips->out_blocks; block++)
        pair_block(&places, block, lanes_of(grid, block),
                   dy + ((size_t)block * strips->most_depth + first) * STRIP_LANES);
}

/* ---- a strip ---- */

static struct grid inputs(const struct strips *strips, int s, int plane, const uint16_t *src)
{
    const struct strips_conv *conv = &strips->conv;

    return (struct grid){.map = src,
                         .n_positions = strips->in_positions,
                         .height = conv->in_height,
                         .width = conv->in_width,
                         .channels = conv->in_channels,
                         .first_row = s * strips->height * conv->stride + plane / strips->planes - conv->pad,
                         .first_column = plane % strips->planes - conv->pad,
                         .step = conv->stride,
                         .n_rows = strips->height + (conv->kernel - 1) / conv->stride,
                         .n_columns = strips->pitch,
                         .pitch = strips->pitch};
}

static struct grid outputs(const struct strips *strips, int s, const uint16_t *diff_dst)
{
    const struct strips_conv *conv = &strips->conv;

    return (struct grid){.map = diff_dst,
                         .n_positions = strips->out_positions,
                         .height = conv->out_height,
                         .width = conv->out_width,
                         .channels = conv->out_channels,
                         .first_row = s * strips->height,
                         .step = 1,
                         .n_rows = strips->height,
                         .n_columns = conv->out_width,
                         .pitch = strips->pitch};
}

void strip_turn(const struct strips *strips, int s, const uint16_t *src, const uint16_t *diff_dst,
                const struct strip *strip)
{
    const int n_planes = strips->planes * strips->planes;
    const int n_in = (int)(rounded_up(seen(strips, strip->depth), STRIP_DEPTH) / STRIP_DEPTH);
    const int n_out = (int)(strip->depth / STRIP_DEPTH);

#pragma omp for schedule(static) nowait
    for (int i = 0; i < n_in * n_planes; i++) {
        const struct grid grid = inputs(strips, s, i / n_in, src);

        turn_inputs(strips, &grid, (size_t)(i % n_in * STRIP_DEPTH),
                    strip->x + (size_t)(i / n_in * STRIP_LANES) * strips->in_length);
    }
#pragma omp for schedule(static)
    for (int i = 0; i < n_out; i++) {
        const struct grid grid = outputs(strips, s, diff_dst);

        pair_outputs(strips, &grid, (size_t)(i * STRIP_DEPTH), strip->dy);
    }
}
