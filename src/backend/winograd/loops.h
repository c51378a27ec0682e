/*
 * loops.h - the loops of kernels.h over vectors of LANES floats, of which MOST_ROWS pairs stay in registers;
 * their table is KERNELS. A file that includes this is compiled for the instructions that it is named after.
 */
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "kernels.h"

#define INLINE static inline __attribute__((always_inline))

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));
typedef int choice __attribute__((vector_size(LANES * sizeof(int)))); /* of each lane: all bits or none */
typedef float anywhere __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef uint16_t halves __attribute__((vector_size(LANES * sizeof(uint16_t))));

INLINE vector load(const float *from)
{
    return *(const anywhere *)from;
}

INLINE void store(vector value, float *to)
{
    *(anywhere *)to = value;
}

INLINE vector where(choice chosen, vector value)
{
    return (vector)((choice)value & chosen);
}

INLINE int smaller(int a, int b)
{
    return a < b ? a : b;
}

INLINE int larger(int a, int b)
{
    return a > b ? a : b;
}

#include "transforms.h"

/* ---- numbers of a map ---- */

/* The first n lanes; of what is read, the others are zero. */
typedef vector reader(const void *map, size_t at, int n);
typedef void writer(vector value, void *map, size_t at, int n);

INLINE vector read_floats(const void *map, size_t at, int n)
{
    const float *from = (const float *)map + at;
    float some[LANES] = {0};

    if (n == LANES)
        return load(from);
    memcpy(some, from, (size_t)n * sizeof *from);
    return load(some);
}

INLINE void write_floats(vector value, void *map, size_t at, int n)
{
    float *to = (float *)map + at;

    if (n == LANES)
        store(value, to);
    else
        memcpy(to, &value, (size_t)n * sizeof *to);
}

INLINE vector read_bf16(const void *map, size_t at, int n)
{
    const uint16_t *from = (const uint16_t *)map + at;
    halves value = {0};

    memcpy(&value, from, n == LANES ? sizeof value : (size_t)n * sizeof *from);
    return (vector)(__builtin_convertvector(value, words) << 16);
}

/* To the nearest, of two to the even one; NaN stays NaN. */
INLINE void write_bf16(vector value, void *map, size_t at, int n)
{
    const words bits = (words)value, nan = (words)(value != value);
    const words rounded = bits + 0x7fff + (bits >> 16 & 1), quiet = bits | 0x400000;
    const halves high = __builtin_convertvector(((rounded & ~nan) | (quiet & nan)) >> 16, halves);
    uint16_t *to = (uint16_t *)map + at;

    memcpy(to, &high, n == LANES ? sizeof high : (size_t)n * sizeof *to);
}

/* ---- tiles to points ---- */

INLINE size_t offset_of(const struct winograd_channels *channels, int y, int x)
{
    return ((size_t)y * (size_t)channels->width + (size_t)x) * channels->step;
}

/* A square of positions, of a map or partly beyond it. */
struct square {
    int y, x, side;
};

INLINE bool is_within(const struct winograd_channels *channels, struct square square)
{
    return square.y >= 0 && square.x >= 0 && square.y + square.side <= channels->height &&
           square.x + square.side <= channels->width;
}

/* One side of a square to its points. */
typedef void transform(const vector *from, vector *to);

/* Of the first n lanes; beyond the map, where it is checked for that, are zeros. */
INLINE void spread_square(const struct winograd_channels *channels, reader *read, int n, struct square square,
                          bool checked, transform *to_points, float *to, size_t point)
{
    vector half[WINOGRAD_PATCH][WINOGRAD_PATCH];

    for (int i = 0; i < square.side; i++) {
        vector row[WINOGRAD_PATCH];

        for (int j = 0; j < square.side; j++) {
            const struct square one = {square.y + i, square.x + j, 1};

            row[j] = checked && !is_within(channels, one)
                         ? (vector){0}
                         : read(channels->data, offset_of(channels, one.y, one.x), n);
        }
        to_points(row, half[i]);
    }
    for (int j = 0; j < WINOGRAD_PATCH; j++) {
        vector column[WINOGRAD_PATCH], points[WINOGRAD_PATCH];

        for (int i = 0; i < square.side; i++)
            column[i] = half[i][j];
        to_points(column, points);
        for (int i = 0; i < WINOGRAD_PATCH; i++)
            store(points[i], to + (size_t)(i * WINOGRAD_PATCH + j) * point);
    }
}

/* Squares of a run's tiles, which begin `before` positions above and left of them. */
INLINE void spread(const struct winograd_channels *channels, reader *read, struct winograd_run run,
                   int before, int side, transform *to_points, struct winograd_points to)
{
    for (int t = 0; t < run.n; t++) {
        const struct square square = {run.y - before, run.x - before + t * WINOGRAD_TILE, side};
        float *row = to.data + (size_t)t * to.row;

        if (channels->n < LANES)
            spread_square(channels, read, channels->n, square, true, to_points, row, to.point);
        else if (!is_within(channels, square))
            spread_square(channels, read, LANES, square, true, to_points, row, to.point);
        else
            spread_square(channels, read, LANES, square, false, to_points, row, to.point);
    }
}

/* ---- and back ---- */

INLINE void collect_tile(const float *from, size_t point, vector to[WINOGRAD_TILE][WINOGRAD_TILE])
{
    vector half[WINOGRAD_TILE][WINOGRAD_PATCH];

    for (int j = 0; j < WINOGRAD_PATCH; j++) {
        vector column[WINOGRAD_PATCH], outputs[WINOGRAD_TILE];

        for (int i = 0; i < WINOGRAD_PATCH; i++)
            column[i] = load(from + (size_t)(i * WINOGRAD_PATCH + j) * point);
        points_to_outputs(column, outputs);
        for (int i = 0; i < WINOGRAD_TILE; i++)
            half[i][j] = outputs[i];
    }
    for (int i = 0; i < WINOGRAD_TILE; i++)
        points_to_outputs(half[i], to[i]);
}

/* The first n lanes, at the same place of all maps. NaN passes, so that a broken step is noticed by its
   loss. */
INLINE vector finished(vector value, const struct winograd_finish *finish, vector bias, reader *read,
                       size_t at, int n)
{
    value += bias;
    if (finish->added != NULL)
        value += read(finish->added, at, n);
    if (finish->relu)
        value = where(~(value < 0), value);
    if (finish->positive != NULL)
        value = where(read(finish->positive, at, n) > 0, value);
    return value;
}

INLINE void collect_lanes(struct winograd_points from, const struct winograd_channels *channels, reader *read,
                          writer *write, int n, struct winograd_run run, const struct winograd_finish *finish)
{
    const vector bias = finish->bias != NULL ? load(finish->bias) : (vector){0};

    for (int t = 0; t < run.n; t++) {
        const int first = run.x + t * WINOGRAD_TILE;
        const int end_y = smaller(run.y + WINOGRAD_TILE, channels->height);
        const int end_x = smaller(first + WINOGRAD_TILE, channels->width);
        vector tile[WINOGRAD_TILE][WINOGRAD_TILE];

        collect_tile(from.data + (size_t)t * from.row, from.point, tile);
        for (int y = run.y; y < end_y; y++)
            for (int x = first; x < end_x; x++) {
                const size_t at = offset_of(channels, y, x);

                write(finished(tile[y - run.y][x - first], finish, bias, read, at, n), channels->data, at, n);
            }
    }
}

INLINE void collect(struct winograd_points from, const struct winograd_channels *channels, reader *read,
                    writer *write, struct winograd_run run, const struct winograd_finish *finish)
{
    if (channels->n == LANES)
        collect_lanes(from, channels, read, write, LANES, run, finish);
    else
        collect_lanes(from, channels, read, write, channels->n, run, finish);
}

/* Of positions: in float over a row, four at a time, and in double over rows. */
INLINE void sum(const struct winograd_channels *channels, reader *read, bool add, float *sums)
{
    double total[LANES] = {0};

    for (int y = 0; y < channels->height; y++) {
        vector part[4] = {{0}};

        for (int x = 0; x < channels->width; x++)
            part[x & 3] += read(channels->data, offset_of(channels, y, x), channels->n);
        part[0] = (part[0] + part[1]) + (part[2] + part[3]);
        for (int lane = 0; lane < LANES; lane++)
            total[lane] += (double)part[0][lane];
    }
    for (int lane = 0; lane < LANES; lane++)
        sums[lane] = (float)(add ? (double)sums[lane] + total[lane] : total[lane]);
}

#define LOOPS_OVER(numbers)                                                                                  \
    static void spread_inputs_of_##numbers(const struct winograd_channels *channels,                         \
                                           struct winograd_run run, struct winograd_points to)               \
    {                                                                                                        \
        spread(channels, read_##numbers, run, 1, WINOGRAD_PATCH, inputs_to_points, to);                      \
    }                                                                                                        \
                                                                                                             \
    static void spread_outputs_of_##numbers(const struct winograd_channels *channels,                        \
                                            struct winograd_run run, struct winograd_points to)              \
    {                                                                                                        \
        spread(channels, read_##numbers, run, 0, WINOGRAD_TILE, outputs_to_points, to);                      \
    }                                                                                                        \
                                                                                                             \
    static void collect_##numbers(struct winograd_points from, const struct winograd_channels *channels,     \
                                  struct winograd_run run, const struct winograd_finish *finish)             \
    {                                                                                                        \
        collect(from, channels, read_##numbers, write_##numbers, run, finish);                               \
    }                                                                                                        \
                                                                                                             \
    static void sum_##numbers(const struct winograd_channels *channels, bool add, float *sums)               \
    {                                                                                                        \
        sum(channels, read_##numbers, add, sums);                                                            \
    }

LOOPS_OVER(floats)
LOOPS_OVER(bf16)
#undef LOOPS_OVER

#define LOOPS(numbers)                                                                                       \
    {                                                                                                        \
        spread_inputs_of_##numbers, spread_outputs_of_##numbers, collect_##numbers, sum_##numbers            \
    }

/* ---- planes ---- */

#if LANES == 16
#define LOW_HALVES  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#else
#define LOW_HALVES  0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#endif

#ifdef __clang__
#define ZIP(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define ZIP(a, b, ...) __builtin_shuffle(a, b, (choice){__VA_ARGS__})
#endif

/* Each round moves one bit of a number's row into its column, and one back. */
INLINE void transpose(vector square[LANES])
{
    for (int round = 1; round < LANES; round *= 2) {
        vector next[LANES];

        for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = ZIP(square[i], square[i + LANES / 2], LOW_HALVES);
            next[2 * i + 1] = ZIP(square[i], square[i + LANES / 2], HIGH_HALVES);
        }
        memcpy(square, next, sizeof next);
    }
}

/* Positions from x to end of the row that begins at position `row`. Whole vectors are read, if need be from
   before x on. */
INLINE void gather_row(const struct winograd_channels *planes, size_t row, int x, int end, float *to)
{
    const size_t plane = (size_t)planes->height * (size_t)planes->width;

    for (int p = x; p < end; p += LANES) {
        const int first = larger(smaller(p, planes->width - LANES), 0);
        const int last = smaller(first + LANES, end);
        vector square[LANES];

        for (int c = 0; c < LANES; c++)
            square[c] = c < planes->n ? read_floats(planes->data, (size_t)c * plane + row + (size_t)first,
                                                    smaller(LANES, planes->width - first))
                                      : (vector){0};
        transpose(square);
        for (int i = p; i < last; i++)
            store(square[i - first], to + (size_t)(i - x) * LANES);
    }
}

static void gather_planes(const struct winograd_channels *planes, const struct winograd_window *window,
                          float *to)
{
    const int x = larger(window->x, 0), end = smaller(window->x + window->width, planes->width);
    const size_t row = (size_t)window->width * LANES, before = (size_t)(x - window->x) * LANES;
    const size_t within = (size_t)(end - x) * LANES;

    for (int y = window->y; y < window->y + window->height; y++, to += row) {
        if (y < 0 || y >= planes->height) {
            memset(to, 0, row * sizeof *to);
            continue;
        }
        memset(to, 0, before * sizeof *to);
        gather_row(planes, (size_t)y * (size_t)planes->width, x, end, to + before);
        memset(to + before + within, 0, (row - before - within) * sizeof *to);
    }
}

static void scatter_planes(const float *from, const struct winograd_channels *planes,
                           const struct winograd_window *window, const struct winograd_finish *finish)
{
    const size_t plane = (size_t)planes->height * (size_t)planes->width;
    const int end_y = smaller(window->y + window->height, planes->height);
    const int end_x = smaller(window->x + window->width, planes->width);

    for (int y = window->y; y < end_y; y++, from += (size_t)window->width * LANES)
        for (int x = window->x; x < end_x; x += LANES) {
            const int n = smaller(LANES, end_x - x);
            vector square[LANES];

            for (int i = 0; i < LANES; i++)
                square[i] = i < n ? load(from + (size_t)(x - window->x + i) * LANES) : (vector){0};
            transpose(square);
            for (int c = 0; c < planes->n; c++) {
                const vector bias = (vector){0} + (finish->bias != NULL ? finish->bias[c] : 0);
                const size_t at = (size_t)c * plane + (size_t)y * (size_t)planes->width + (size_t)x;

                write_floats(finished(square[c], finish, bias, read_floats, at, n), planes->data, at, n);
            }
        }
}

/* ---- products ---- */

enum { SOME_LANES = LANES > MOST_ROWS ? LANES / 2 : LANES }; /* rows of a group, of a power of two */

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Where one vector of a pair is left out, so is its work. */
INLINE void start(const struct winograd_product *product, const float *result, int n_rows, int n_vectors,
                  vector sum[MOST_ROWS][2])
{
    UNROLL
    for (int r = 0; r < n_rows; r++, result += 2 * LANES) {
        sum[r][0] = product->add ? load(result) : (vector){0};
        if (n_vectors == 2)
            sum[r][1] = product->add ? load(result + LANES) : (vector){0};
    }
}

INLINE void add_depth(const float *factor, const float *number, int n_rows, size_t row, int n_vectors,
                      vector sum[MOST_ROWS][2])
{
    const vector f[2] = {load(factor), n_vectors == 2 ? load(factor + LANES) : (vector){0}};

    UNROLL
    for (int r = 0; r < n_rows; r++) {
        sum[r][0] += f[0] * number[(size_t)r * row];
        if (n_vectors == 2)
            sum[r][1] += f[1] * number[(size_t)r * row];
    }
}

INLINE void end(vector sum[MOST_ROWS][2], int n_rows, int n_vectors, float *result)
{
    UNROLL
    for (int r = 0; r < n_rows; r++, result += 2 * LANES) {
        store(sum[r][0], result);
        if (n_vectors == 2)
            store(sum[r][1], result + LANES);
    }
}

INLINE void multiply_some_tiles(const struct winograd_product *product, int first, int n_rows, int n_vectors)
{
    const float *factor = product->factor, *number = product->numbers + (size_t)first * LANES;
    float *result = product->result + (size_t)first * 2 * LANES;
    vector sum[MOST_ROWS][2];

    start(product, result, n_rows, n_vectors, sum);
    for (int b = 0; b < product->n_blocks; b++, number += product->block)
        for (int lane = 0; lane < LANES; lane++, factor += 2 * LANES)
            add_depth(factor, number + lane, n_rows, LANES, n_vectors, sum);
    end(sum, n_rows, n_vectors, result);
}

static void multiply_group(const struct winograd_product *product, int first, int n_rows)
{
#define ROWS(n)                                                                                              \
    case n:                                                                                                  \
        if (product->n_vectors == 2)                                                                         \
            multiply_some_tiles(product, first, n, 2);                                                       \
        else                                                                                                 \
            multiply_some_tiles(product, first, n, 1);                                                       \
        break

    switch (n_rows) {
        ROWS(1);
        ROWS(2);
        ROWS(3);
        ROWS(4);
        ROWS(5);
        ROWS(6);
#if MOST_ROWS >= 8
        ROWS(7);
        ROWS(8);
#endif
#if MOST_ROWS >= 14
        ROWS(9);
        ROWS(10);
        ROWS(11);
        ROWS(12);
        ROWS(13);
        ROWS(14);
#endif
    }
#undef ROWS
}

/* In as few groups of rows as there can be, of nearly the same size. */
static void multiply_tiles(const struct winograd_product *product)
{
    const int n_rows = product->n_rows, n_groups = (n_rows + MOST_ROWS - 1) / MOST_ROWS;

    for (int g = 0; g < n_groups; g++) {
        const int first = n_rows * g / n_groups;

        multiply_group(product, first, n_rows * (g + 1) / n_groups - first);
    }
}

INLINE void multiply_some_lanes(const struct winograd_product *product, int first, int n_vectors)
{
    const float *factor = product->factor, *number = product->numbers + first;
    float *result = product->result + (size_t)first * 2 * LANES;
    vector sum[MOST_ROWS][2];

    start(product, result, SOME_LANES, n_vectors, sum);
    for (int d = 0; d < product->depth; d++, factor += 2 * LANES, number += LANES)
        add_depth(factor, number, SOME_LANES, 1, n_vectors, sum);
    end(sum, SOME_LANES, n_vectors, result);
}

static void multiply_lanes(const struct winograd_product *product)
{
    for (int first = 0; first < LANES; first += SOME_LANES)
        if (product->n_vectors == 2)
            multiply_some_lanes(product, first, 2);
        else
            multiply_some_lanes(product, first, 1);
}

/* ---- filters ---- */

/* Past the caches, which do not hold the filters of a network. */
INLINE void stream(vector value, float *to)
{
#if defined(__AVX512F__) && LANES == 16
    _mm512_stream_ps(to, (__m512)value);
#elif defined(__AVX__) && LANES == 8
    _mm256_stream_ps(to, (__m256)value);
#else
    store(value, to);
#endif
}

/* Other threads see what was streamed before what this one does next. */
INLINE void end_stream(void)
{
#ifdef __SSE__
    _mm_sfence();
#endif
}

INLINE void pack_taps(const float *taps, float *to, size_t point)
{
    vector half[3][WINOGRAD_PATCH];

    for (int i = 0; i < 3; i++) {
        const float *from = taps + (size_t)(3 * i) * LANES;
        const vector row[3] = {load(from), load(from + LANES), load(from + 2 * LANES)};

        filters_to_points(row, half[i]);
    }
    for (int j = 0; j < WINOGRAD_PATCH; j++) {
        const vector column[3] = {half[0][j], half[1][j], half[2][j]};
        vector points[WINOGRAD_PATCH];

        filters_to_points(column, points);
        for (int i = 0; i < WINOGRAD_PATCH; i++)
            stream(points[i], to + (size_t)(i * WINOGRAD_PATCH + j) * point);
    }
}

static void pack(const float *taps, float *to, size_t point)
{
    for (int row = 0; row < LANES; row++)
        pack_taps(taps + (size_t)row * WINOGRAD_TAPS * LANES, to + (size_t)row * 2 * LANES, point);
    end_stream();
}

static void unpack(const float *from, size_t point, bool add, float *taps, size_t tap)
{
    vector half[3][WINOGRAD_PATCH];

    for (int j = 0; j < WINOGRAD_PATCH; j++) {
        vector column[WINOGRAD_PATCH], row[3];

        for (int i = 0; i < WINOGRAD_PATCH; i++)
            column[i] = load(from + (size_t)(i * WINOGRAD_PATCH + j) * point);
        points_to_filters(column, row);
        for (int i = 0; i < 3; i++)
            half[i][j] = row[i];
    }
    for (int i = 0; i < 3; i++) {
        vector row[3];

        points_to_filters(half[i], row);
        for (int j = 0; j < 3; j++) {
            float *to = taps + (size_t)(3 * i + j) * tap;

            store(add ? load(to) + row[j] : row[j], to);
        }
    }
}

const struct winograd_kernels KERNELS = {
    .lanes = LANES,
    .most_rows = MOST_ROWS,
    .blocks = LOOPS(floats),
    .positions = LOOPS(bf16),
    .gather_planes = gather_planes,
    .scatter_planes = scatter_planes,
    .multiply_tiles = multiply_tiles,
    .multiply_lanes = multiply_lanes,
    .pack = pack,
    .unpack = unpack,
};
