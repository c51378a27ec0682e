/*
 * test_winograd.c - the loops of every set of instructions that this processor has, on maps of every layout,
 * against sums of products in double, taken by the definition of a convolution.
 *
 * Errors are relative to the largest value. With 33 channels those of F(4x4, 3x3) stay below 2.5e-6, those of
 * F(6x6, 3x3) below 6.5e-6; a tap or a channel that is wrong, or left out, is off by a hundredth. A map of
 * bf16 holds exactly what is computed with, and its results are rounded once, by up to 2^-8 of each number.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fa/memory.h"
#include "support.h"
#include "winograd/kernels.h"
#include "worst.h"

#define TOLERANCE_4X4 4e-6
#define TOLERANCE_6X6 1e-5
#define ROUNDING      0x1p-8

enum { TAPS = WINOGRAD_TAPS };

static const struct size {
    int in, out, height, width;
} sizes[] = {
    {1, 1, 1, 1},   {16, 16, 4, 4}, {33, 20, 5, 7},   {3, 17, 1, 29},
    {17, 3, 23, 1}, {20, 33, 9, 3}, {48, 16, 13, 30}, {4, 17, 66, 67}, /* more tiles than at once */
};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- what this processor can run ---- */

enum { MOST_KERNELS = 4 };

static size_t kernels_of_floats(const struct winograd_kernels *out[MOST_KERNELS])
{
    size_t n = 0;

    out[n++] = &winograd_wide;
    out[n++] = &winograd_narrow;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        out[n++] = &winograd_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        out[n++] = &winograd_avx2;
#endif
    return n;
}

static size_t kernels_of_bf16(const struct winograd_kernels *out[MOST_KERNELS])
{
    size_t n = 0;

    out[n++] = &winograd_narrow_bf16;
    if (winograd_kernels_of_bf16() != out[0])
        out[n++] = winograd_kernels_of_bf16();
    return n;
}

/* ---- a problem, and its answer by the definition ---- */

/* Where in pages. */
enum place { AT_BEGIN, BEHIND_ONE, AT_END };

struct problem {
    struct size size;
    int lanes;
    enum winograd_layout layout;
    enum place place;              /* of maps */
    float *filters, *scale, *bias; /* OIHW */
    float *src, *diff_dst, *added; /* added has the shape of dst */
    float *gradient_added;         /* of src */
};

static int blocks(int channels, int lanes)
{
    return (channels + lanes - 1) / lanes;
}

/* Of all channels, with the lanes beyond the last: gradients of all but planes. */
static int whole_blocks(const struct problem *p, int channels)
{
    return p->layout == WINOGRAD_PLANES ? channels : blocks(channels, p->lanes) * p->lanes;
}

/* Of a map, whose floats all tests keep in the order of its layout; only bf16 are others in memory. */
static int map_channels(const struct problem *p, int channels)
{
    return p->layout == WINOGRAD_BLOCKS ? whole_blocks(p, channels) : channels;
}

static size_t map_numbers(const struct problem *p, int channels)
{
    return (size_t)map_channels(p, channels) * (size_t)p->size.height * (size_t)p->size.width;
}

/* Of a map with n channels. */
static size_t at(const struct problem *p, int n, int c, int y, int x)
{
    const size_t position = (size_t)y * (size_t)p->size.width + (size_t)x;
    const size_t plane = (size_t)p->size.height * (size_t)p->size.width;

    switch (p->layout) {
    case WINOGRAD_PLANES:
        return (size_t)c * plane + position;
    case WINOGRAD_POSITIONS:
        return position * (size_t)n + (size_t)c;
    default:
        return ((size_t)(c / p->lanes) * plane + position) * (size_t)p->lanes + (size_t)(c % p->lanes);
    }
}

static size_t src_at(const struct problem *p, int i, int y, int x)
{
    return at(p, p->size.in, i, y, x);
}

static size_t dst_at(const struct problem *p, int o, int y, int x)
{
    return at(p, p->size.out, o, y, x);
}

static float *zeros(size_t n)
{
    float *values;

    assert_ok(fa_alloc_zero(n, sizeof *values, &values));
    return values;
}

static float random_value(void)
{
    return (float)(rand() / (RAND_MAX + 1.0) * 2 - 1);
}

static float *random_values(size_t n)
{
    float *values = zeros(n);

    for (size_t i = 0; i < n; i++)
        values[i] = random_value();
    return values;
}

/* Of bf16: what eight bits hold. */
static float value_of(const struct problem *p, float value)
{
    return p->layout == WINOGRAD_POSITIONS ? roundf(value * 128) / 128 : value;
}

static float *random_map(const struct problem *p, int channels)
{
    float *map = zeros(map_numbers(p, channels));

    for (int c = 0; c < channels; c++)
        for (int y = 0; y < p->size.height; y++)
            for (int x = 0; x < p->size.width; x++)
                map[at(p, channels, c, y, x)] = value_of(p, random_value());
    return map;
}

static struct problem problem_new(struct size size, int lanes, enum winograd_layout layout)
{
    struct problem p = {.size = size, .lanes = lanes, .layout = layout};

    srand(7);
    p.filters = random_values((size_t)(size.out * size.in * TAPS));
    p.scale = random_values((size_t)size.out);
    p.bias = zeros((size_t)whole_blocks(&p, size.out));
    for (int o = 0; o < size.out; o++)
        p.bias[o] = random_value();
    p.src = random_map(&p, size.in);
    p.diff_dst = random_map(&p, size.out);
    p.added = random_map(&p, size.out);
    p.gradient_added = random_map(&p, size.in);
    return p;
}

static void problem_free(struct problem *p)
{
    fa_free(p->filters);
    fa_free(p->scale);
    fa_free(p->bias);
    fa_free(p->src);
    fa_free(p->diff_dst);
    fa_free(p->added);
    fa_free(p->gradient_added);
}

static bool is_inside(const struct problem *p, int y, int x)
{
    return y >= 0 && x >= 0 && y < p->size.height && x < p->size.width;
}

static double filter(const struct problem *p, int o, int i, int k)
{
    return (double)p->filters[(o * p->size.in + i) * TAPS + k] * p->scale[o];
}

static double forward_sum(const struct problem *p, int o, int y, int x)
{
    double sum = 0;

    for (int i = 0; i < p->size.in; i++)
        for (int k = 0; k < TAPS; k++)
            if (is_inside(p, y + k / 3 - 1, x + k % 3 - 1))
                sum += filter(p, o, i, k) * p->src[src_at(p, i, y + k / 3 - 1, x + k % 3 - 1)];
    return sum;
}

static double backward_sum(const struct problem *p, int i, int y, int x)
{
    double sum = 0;

    for (int o = 0; o < p->size.out; o++)
        for (int k = 0; k < TAPS; k++)
            if (is_inside(p, y - k / 3 + 1, x - k % 3 + 1))
                sum += filter(p, o, i, k) * p->diff_dst[dst_at(p, o, y - k / 3 + 1, x - k % 3 + 1)];
    return sum;
}

static double filter_sum(const struct problem *p, int o, int i, int k)
{
    double sum = 0;

    for (int y = 0; y < p->size.height; y++)
        for (int x = 0; x < p->size.width; x++)
            if (is_inside(p, y + k / 3 - 1, x + k % 3 - 1))
                sum += (double)p->diff_dst[dst_at(p, o, y, x)] *
                       p->src[src_at(p, i, y + k / 3 - 1, x + k % 3 - 1)];
    return sum;
}

/* ---- what Winograd's loops say ---- */

static struct winograd_conv conv_of(const struct problem *p, const struct winograd_kernels *kernels,
                                    bool turned, int n_threads)
{
    const int in = p->size.in, out = p->size.out;

    return (struct winograd_conv){.kernels = kernels,
                                  .n_threads = n_threads,
                                  .layout = p->layout,
                                  .in_channels = turned ? out : in,
                                  .out_channels = turned ? in : out,
                                  .height = p->size.height,
                                  .width = p->size.width};
}

/* Memory that is full of NaN, as working memory may be. */
static void *work_new(size_t n_bytes)
{
    float *work = zeros(n_bytes / sizeof *work);

    for (size_t i = 0; i < n_bytes / sizeof *work; i++)
        work[i] = NAN;
    return work;
}

static size_t number_bytes(const struct problem *p)
{
    return p->layout == WINOGRAD_POSITIONS ? sizeof(uint16_t) : sizeof(float);
}

/* Numbers in pages of their own, between two that nobody may touch; none: NULL. */
struct stored {
    void *map;
    char *pages;
    size_t n_bytes; /* of all pages */
};

static struct stored stored_new(size_t n, size_t number_bytes, enum place place)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), n_map = n * number_bytes;
    const size_t n_own = (n_map + number_bytes + page - 1) / page * page;
    struct stored to = {.n_bytes = page + n_own + page};

    to.pages = mmap(NULL, to.n_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(to.pages, MAP_FAILED);
    assert_int_equal(mprotect(to.pages + page, n_own, PROT_READ | PROT_WRITE), 0);
    to.map =
        to.pages + page + (place == AT_END ? n_own - n_map : 0) + (place == BEHIND_ONE ? number_bytes : 0);
    return to;
}

/* Working memory, full of NaN, as it may be. */
static struct stored stored_work(size_t n_bytes)
{
    const struct stored work = stored_new(n_bytes / sizeof(float), sizeof(float), AT_END);

    memset(work.map, 0xff, n_bytes);
    return work;
}

/* From floats come those of their bytes, the last ones, that the map has. */
static struct stored stored(const struct problem *p, const float *map, size_t n)
{
    const size_t bytes = number_bytes(p);
    struct stored to = {NULL};

    if (map == NULL)
        return to;
    to = stored_new(n, bytes, p->place);
    for (size_t i = 0; i < n; i++)
        memcpy((char *)to.map + i * bytes, (const char *)&map[i] + sizeof *map - bytes, bytes);
    return to;
}

static void stored_free(struct stored *from)
{
    if (from->map != NULL)
        assert_int_equal(munmap(from->pages, from->n_bytes), 0);
}

static float *loaded(const struct problem *p, const struct stored *from, size_t n)
{
    const size_t bytes = number_bytes(p);
    float *map = zeros(n);

    for (size_t i = 0; i < n; i++)
        memcpy((char *)&map[i] + sizeof *map - bytes, (const char *)from->map + i * bytes, bytes);
    return map;
}

static float *products(const struct problem *p, const struct winograd_kernels *kernels,
                       enum winograd_direction direction, const struct winograd_finish *finish, int n_threads)
{
    const bool turned = direction == WINOGRAD_BACKWARD;
    const struct winograd_conv conv = conv_of(p, kernels, turned, n_threads);
    const size_t n_src = map_numbers(p, conv.in_channels), n_dst = map_numbers(p, conv.out_channels);
    float *packed = work_new(winograd_filters_bytes(&conv));
    float *nan = work_new(n_dst * sizeof *nan), *result;
    struct stored src = stored(p, turned ? p->diff_dst : p->src, n_src), dst = stored(p, nan, n_dst);
    struct stored added = stored(p, finish->added, n_dst), positive = stored(p, finish->positive, n_dst);
    struct stored work = stored_work(winograd_products_bytes(&conv));

    winograd_pack(&conv, p->filters, p->scale, direction, packed);
    winograd_products(&conv, src.map, packed,
                      &(struct winograd_finish){finish->bias, added.map, positive.map, finish->relu}, dst.map,
                      work.map);
    result = loaded(p, &dst, n_dst);
    fa_free(packed);
    fa_free(nan);
    stored_free(&src);
    stored_free(&dst);
    stored_free(&added);
    stored_free(&positive);
    stored_free(&work);
    return result;
}

/* The gradient of filters and, but of planes, behind it that of the bias. */
static size_t gradient_floats(const struct problem *p)
{
    const int in = whole_blocks(p, p->size.in), out = whole_blocks(p, p->size.out);

    return (size_t)(in * out * TAPS + (p->layout == WINOGRAD_PLANES ? 0 : out));
}

static float *bias_of(const struct problem *p, float *gradient)
{
    if (p->layout == WINOGRAD_PLANES)
        return NULL;
    return gradient + gradient_floats(p) - (size_t)whole_blocks(p, p->size.out);
}

static float *gradient(const struct problem *p, const struct winograd_kernels *kernels, int n_times,
                       int n_threads)
{
    const struct winograd_conv conv = conv_of(p, kernels, false, n_threads);
    float *sum = work_new(gradient_floats(p) * sizeof *sum);
    struct stored src = stored(p, p->src, map_numbers(p, p->size.in));
    struct stored diff_dst = stored(p, p->diff_dst, map_numbers(p, p->size.out));
    struct stored work = stored_work(winograd_gradient_bytes(&conv));

    for (int i = 0; i < n_times; i++)
        winograd_gradient(&conv, src.map, diff_dst.map, i > 0, sum, bias_of(p, sum), work.map);
    stored_free(&src);
    stored_free(&diff_dst);
    stored_free(&work);
    return sum;
}

static float gradient_of(const struct problem *p, const float *sum, int o, int i, int k)
{
    if (p->layout == WINOGRAD_PLANES)
        return sum[(o * p->size.in + i) * TAPS + k];

    const int lanes = p->lanes, block = o / lanes * blocks(p->size.in, lanes) + i / lanes;

    return sum[((block * TAPS + k) * lanes + i % lanes) * lanes + o % lanes];
}

/* ---- comparisons ---- */

static void assert_padding_is_zero(const struct problem *p, const float *map, int channels)
{
    for (int c = channels; c < map_channels(p, channels); c++)
        for (int y = 0; y < p->size.height; y++)
            for (int x = 0; x < p->size.width; x++)
                assert_true(map[at(p, channels, c, y, x)] == 0);
}

/* Of a map: what its rounding allows is no difference. */
static void compare_stored(const struct problem *p, struct worst *worst, double got, double want)
{
    const double rounding = p->layout == WINOGRAD_POSITIONS ? ROUNDING * fabs(want) : 0;
    const double difference = fabs(got - want);

    compare(worst, want + (difference <= rounding ? 0 : difference - rounding), want);
}

static double tolerance_of(const struct winograd_kernels *kernels)
{
    return kernels->tile == 4 ? TOLERANCE_4X4 : TOLERANCE_6X6;
}

/* ---- tests ---- */

static void check_forward(const struct problem *p, const struct winograd_kernels *kernels)
{
    const struct winograd_finish finish = {.bias = p->bias, .added = p->added, .relu = true};
    float *got = products(p, kernels, WINOGRAD_FORWARD, &finish, 2);
    struct worst worst = {0};

    for (int o = 0; o < p->size.out; o++)
        for (int y = 0; y < p->size.height; y++)
            for (int x = 0; x < p->size.width; x++)
                compare_stored(p, &worst, got[dst_at(p, o, y, x)],
                               fmax(0, forward_sum(p, o, y, x) + p->bias[o] + p->added[dst_at(p, o, y, x)]));
    assert_close(&worst, tolerance_of(kernels));
    assert_padding_is_zero(p, got, p->size.out);
    fa_free(got);
}

static void check_backward(const struct problem *p, const struct winograd_kernels *kernels)
{
    const struct winograd_finish finish = {.added = p->gradient_added, .positive = p->src};
    float *got = products(p, kernels, WINOGRAD_BACKWARD, &finish, 2);
    struct worst worst = {0};

    for (int i = 0; i < p->size.in; i++)
        for (int y = 0; y < p->size.height; y++)
            for (int x = 0; x < p->size.width; x++) {
                const size_t here = src_at(p, i, y, x);

                compare_stored(p, &worst, got[here],
                               p->src[here] > 0 ? backward_sum(p, i, y, x) + p->gradient_added[here] : 0);
            }
    assert_close(&worst, tolerance_of(kernels));
    assert_padding_is_zero(p, got, p->size.in);
    fa_free(got);
}

static void check_gradient(const struct problem *p, const struct winograd_kernels *kernels)
{
    float *got = gradient(p, kernels, 2, 2);
    const float *bias = bias_of(p, got);
    struct worst worst = {0}, worst_bias = {0};

    for (int o = 0; o < p->size.out; o++) {
        double sum = 0;

        for (int i = 0; i < p->size.in; i++)
            for (int k = 0; k < TAPS; k++)
                compare(&worst, gradient_of(p, got, o, i, k), 2 * filter_sum(p, o, i, k));
        for (int y = 0; y < p->size.height; y++)
            for (int x = 0; x < p->size.width; x++)
                sum += p->diff_dst[dst_at(p, o, y, x)];
        if (bias != NULL)
            compare(&worst_bias, bias[o], 2 * sum);
    }
    assert_close(&worst, tolerance_of(kernels));
    assert_close(&worst_bias, tolerance_of(kernels));
    fa_free(got);
}

static void for_all(void (*check)(const struct problem *p, const struct winograd_kernels *kernels))
{
    for (int layout = 0; layout < WINOGRAD_LAYOUTS; layout++) {
        const struct winograd_kernels *kernels[MOST_KERNELS];
        const size_t n = layout == WINOGRAD_POSITIONS ? kernels_of_bf16(kernels) : kernels_of_floats(kernels);

        for (size_t i = 0; i < n * N_SIZES; i++) {
            const struct winograd_kernels *own = kernels[i / N_SIZES];
            struct problem p = problem_new(sizes[i % N_SIZES], own->lanes, (enum winograd_layout)layout);

            check(&p, own);
            problem_free(&p);
        }
    }
}

static void forward_is_the_convolution(void **state)
{
    (void)state;
    for_all(check_forward);
}

static void backward_is_its_gradient_of_inputs(void **state)
{
    (void)state;
    for_all(check_backward);
}

static void and_of_filters_and_bias(void **state)
{
    (void)state;
    for_all(check_gradient);
}

static const struct winograd_kernels *best_kernels(enum winograd_layout layout)
{
    return layout == WINOGRAD_POSITIONS ? winograd_kernels_of_bf16() : winograd_kernels_of(16);
}

/* Than a gradient takes at once. */
static void and_of_more_filters(void **state)
{
    (void)state;
    for (int layout = 0; layout < WINOGRAD_LAYOUTS; layout++) {
        const struct winograd_kernels *kernels = best_kernels((enum winograd_layout)layout);
        struct problem p =
            problem_new((struct size){1040, 200, 1, 2}, kernels->lanes, (enum winograd_layout)layout);

        check_gradient(&p, kernels);
        problem_free(&p);
    }
}

/* A gradient of many filters, of which some are looked at. */
static void check_some_filters(const struct problem *p, const struct winograd_kernels *kernels)
{
    float *got = gradient(p, kernels, 1, 2);
    struct worst worst = {0};

    for (int o = 0; o < p->size.out; o++) {
        const int i = o % p->size.in, k = 3 + o % 3;

        compare(&worst, gradient_of(p, got, o, i, k), filter_sum(p, o, i, k));
    }
    assert_close(&worst, tolerance_of(kernels));
    fa_free(got);
}

/* The last share has fewer outputs, so more of its tiles would fit: with them it would need more memory than
   the first one. */
static void and_where_the_last_share_is_smaller(void **state)
{
    (void)state;
    for (int layout = 0; layout < WINOGRAD_LAYOUTS; layout++) {
        const struct winograd_kernels *kernels = best_kernels((enum winograd_layout)layout);
        const int tile = kernels->tile;
        struct problem p = problem_new((struct size){tile == 4 ? 1040 : 512, 352, 1, 96 * tile},
                                       kernels->lanes, (enum winograd_layout)layout);

        check_some_filters(&p, kernels);
        problem_free(&p);
    }
}

static void check_threads(const struct problem *p, const struct winograd_kernels *kernels)
{
    const struct winograd_finish finish = {.bias = p->bias};
    const size_t n_bytes = map_numbers(p, p->size.out) * sizeof(float);
    float *want = products(p, kernels, WINOGRAD_FORWARD, &finish, 1), *want_sum = gradient(p, kernels, 1, 1);

    for (int n_threads = 2; n_threads <= 5; n_threads += 3) {
        float *got = products(p, kernels, WINOGRAD_FORWARD, &finish, n_threads),
              *sum = gradient(p, kernels, 1, n_threads);

        assert_memory_equal(got, want, n_bytes);
        assert_memory_equal(sum, want_sum, gradient_floats(p) * sizeof *sum);
        fa_free(got);
        fa_free(sum);
    }
    fa_free(want);
    fa_free(want_sum);
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    for_all(check_threads);
}

static void a_nan_is_not_hidden_by_a_relu(void **state)
{
    const struct winograd_finish finish = {.relu = true};

    (void)state;
    for (int layout = 0; layout < WINOGRAD_LAYOUTS; layout++) {
        const struct winograd_kernels *kernels = best_kernels((enum winograd_layout)layout);
        struct problem p = problem_new(sizes[2], kernels->lanes, (enum winograd_layout)layout);
        float *got;

        p.src[src_at(&p, 3, 2, 2)] = NAN;
        got = products(&p, kernels, WINOGRAD_FORWARD, &finish, 1);
        assert_true(isnan(got[dst_at(&p, 0, 2, 2)]));
        fa_free(got);
        problem_free(&p);
    }
}

/* To the nearest, of two to the even one. */
static const struct rounding {
    uint32_t value, stored; /* bits of floats */
} roundings[] = {
    {0x3f808000, 0x3f800000}, {0x3f818000, 0x3f820000}, {0xbf808000, 0xbf800000}, {0xbf818000, 0xbf820000},
    {0x3f808001, 0x3f810000}, {0x3f80ffff, 0x3f810000}, {0x3f807fff, 0x3f800000}, {0x3fffffff, 0x40000000},
    {0x7f7fffff, 0x7f800000}, {0xff7f7fff, 0xff7f0000},
};
enum { N_ROUNDINGS = sizeof roundings / sizeof roundings[0] };

static void check_rounding(const struct winograd_kernels *kernels)
{
    struct problem p =
        problem_new((struct size){4, N_ROUNDINGS + 1, 1, 1}, kernels->lanes, WINOGRAD_POSITIONS);
    const struct winograd_finish finish = {.bias = p.bias};
    const uint32_t nan = 0x7fffffff; /* whose bits rounding would carry into its sign */
    float *got;

    memset(p.src, 0, map_numbers(&p, p.size.in) * sizeof *p.src);
    for (int o = 0; o < N_ROUNDINGS; o++)
        memcpy(&p.bias[o], &roundings[o].value, sizeof *p.bias);
    memcpy(&p.bias[N_ROUNDINGS], &nan, sizeof nan);
    got = products(&p, kernels, WINOGRAD_FORWARD, &finish, 1);
    for (int o = 0; o < N_ROUNDINGS; o++)
        assert_memory_equal(&got[dst_at(&p, o, 0, 0)], &roundings[o].stored, sizeof *got);
    assert_true(isnan(got[dst_at(&p, N_ROUNDINGS, 0, 0)]));
    fa_free(got);
    problem_free(&p);
}

static void maps_of_bf16_are_rounded_to_the_nearest(void **state)
{
    const struct winograd_kernels *kernels[MOST_KERNELS];
    const size_t n = kernels_of_bf16(kernels);

    (void)state;
    for (size_t i = 0; i < n; i++)
        check_rounding(kernels[i]);
}

static void check_places(const struct problem *p, const struct winograd_kernels *kernels)
{
    const struct winograd_finish finish = {.bias = p->bias, .added = p->added, .positive = p->diff_dst};
    struct problem moved = *p;
    float *want = products(p, kernels, WINOGRAD_FORWARD, &finish, 2), *want_sum = gradient(p, kernels, 1, 2);

    for (int place = BEHIND_ONE; place <= AT_END; place++) {
        float *got, *sum;

        moved.place = place;
        got = products(&moved, kernels, WINOGRAD_FORWARD, &finish, 2);
        sum = gradient(&moved, kernels, 1, 2);
        assert_memory_equal(got, want, map_numbers(p, p->size.out) * sizeof *got);
        assert_memory_equal(sum, want_sum, gradient_floats(p) * sizeof *sum);
        fa_free(got);
        fa_free(sum);
    }
    fa_free(want);
    fa_free(want_sum);
}

static void maps_may_lie_anywhere_and_nothing_beside_them_is_touched(void **state)
{
    (void)state;
    for_all(check_places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_is_the_convolution),
        cmocka_unit_test(backward_is_its_gradient_of_inputs),
        cmocka_unit_test(and_of_filters_and_bias),
        cmocka_unit_test(and_of_more_filters),
        cmocka_unit_test(and_where_the_last_share_is_smaller),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(maps_may_lie_anywhere_and_nothing_beside_them_is_touched),
        cmocka_unit_test(a_nan_is_not_hidden_by_a_relu),
        cmocka_unit_test(maps_of_bf16_are_rounded_to_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
