/*
 * test_activations.c - activations in and out, and what is done to them element by element.
 */
#include <math.h>
#include <string.h>

#include "activation.h"
#include "fa/memory.h"
#include "flats.h"

static const struct fa_shape shapes[] = {{1, 1, 1}, {3, 37, 45}, {27, 7, 11}, {36, 13, 21}, {64, 14, 20}};

#define N_SHAPES (sizeof shapes / sizeof shapes[0])

static void for_each_shape(struct fa_backend *backend, void (*check)(struct fa_backend *, struct fa_shape))
{
    for (size_t i = 0; i < N_SHAPES; i++)
        check(backend, shapes[i]);
}

/* ---- in and out ---- */

static void check_rows(struct fa_backend *backend, struct fa_shape shape)
{
    struct activation a = activation_new(backend, shape);
    size_t n = fa_shape_elements(shape);
    fa_real *in = noise(n, 1), *out = zeros(n);

    assert_int_equal(a.bytes % 64, 0);
    assert_true(a.bytes >= n * sizeof(fa_real));
    activation_write(&a, in);
    activation_read(&a, out);
    assert_memory_equal(in, out, n * sizeof *in);
    fa_free(in);
    fa_free(out);
    activation_free(&a);
}

static void check_image(struct fa_backend *backend, struct fa_shape shape)
{
    struct activation a = activation_new(backend, shape);
    size_t n = fa_shape_elements(shape), plane = n / (size_t)shape.c;
    fa_real *out = zeros(n);
    float *image;

    assert_ok(fa_alloc(n, sizeof *image, &image));
    for (size_t i = 0; i < n; i++)
        image[i] = (float)i;
    fa_backend_import_chw(backend, shape, image, a.data);
    for (size_t i = 0; i < n; i++)
        image[i] = NAN; /* no longer needed */
    activation_read(&a, out);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i % plane * (size_t)shape.c + i / plane] == (fa_real)i);
    fa_free(image);
    fa_free(out);
    activation_free(&a);
}

/* Whatever the layout, an activation of ones holds n ones, zeros, and less than one line untouched. */
static void check_padding(struct fa_backend *backend, struct fa_shape shape)
{
    struct activation a = activation_new(backend, shape);
    size_t n = fa_shape_elements(shape), n_reals = a.bytes / sizeof(fa_real);
    size_t n_ones = 0, n_zeros = 0;
    fa_real *ones = zeros(n), *raw;

    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    activation_write(&a, ones);
    raw = activation_raw(&a);
    for (size_t i = 0; i < n_reals; i++) {
        n_ones += raw[i] == 1;
        n_zeros += raw[i] == 0;
    }
    assert_int_equal(n_ones, n);
    assert_true((n_reals - n_ones - n_zeros) * sizeof(fa_real) < 64);
    fa_free(raw);
    fa_free(ones);
    activation_free(&a);
}

static void check_transport(struct fa_backend *backend)
{
    for_each_shape(backend, check_rows);
    for_each_shape(backend, check_image);
    for_each_shape(backend, check_padding);
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    for_each_backend(check_transport);
}

/* ---- pixels ---- */

enum { MOST_PIXELS = 300 * 200 };

static uint8_t pixels[3 * MOST_PIXELS];

static void make_pixels(void)
{
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)pick(256, 5, i);
}

/* All that lies in the activation, what pads it included. */
static fa_real *by_floats(struct fa_backend *backend, struct fa_shape shape, const struct fa_frame *frame)
{
    struct activation a = activation_new(backend, shape);
    float *chw;
    fa_real *raw;

    assert_ok(fa_alloc(fa_shape_elements(shape), sizeof *chw, &chw));
    fa_frame_to_chw(frame, shape.h, shape.w, chw);
    fa_backend_import_chw(backend, shape, chw, a.data);
    raw = activation_raw(&a);
    fa_free(chw);
    activation_free(&a);
    return raw;
}

/* Pixels are spoilt as early as they may be. */
static fa_real *by_pixels(struct fa_backend *backend, struct fa_shape shape, const struct fa_frame *frame)
{
    struct activation a = activation_new(backend, shape);
    fa_real *raw;

    assert_ok(fa_backend_import_frame(backend, shape, frame, a.data));
    if (!fa_backend_is_host(backend))
        assert_ok(fa_backend_synchronize(backend));
    memset(pixels, 0, sizeof pixels);
    raw = activation_raw(&a);
    activation_free(&a);
    make_pixels();
    return raw;
}

static void check_frame(struct fa_backend *backend, struct fa_shape shape, const struct fa_frame *frame)
{
    fa_real *want = by_floats(backend, shape, frame), *got = by_pixels(backend, shape, frame);

    assert_memory_equal(got, want, fa_backend_activation_bytes(backend, shape));
    fa_free(want);
    fa_free(got);
}

static void check_frames(struct fa_backend *backend)
{
    static const struct {
        int w, h;
        struct fa_shape padded;
    } sizes[] = {{1, 1, {3, 1, 1}}, {45, 31, {3, 64, 64}}, {300, 200, {3, 224, 320}}, {64, 32, {3, 32, 64}}};
    const struct fa_normalize bgr = {.mean = {102.9801f, 115.9465f, 122.7717f}, .std = {1, 2, 57.375f}};

    make_pixels();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int way = 0; way < 8; way++)
            check_frame(backend, sizes[i].padded,
                        &(struct fa_frame){.rgb = pixels,
                                           .w = sizes[i].w,
                                           .h = sizes[i].h,
                                           .flip = {(way & 1) != 0, (way & 2) != 0},
                                           .normalize = way & 4 ? bgr : fa_normalize_default});
}

static void pixels_give_the_bits_of_their_floats(void **state)
{
    (void)state;
    for_each_backend(check_frames);
}

/* Where work is done later, so is what it allocates. */
static void check_shortage(struct fa_backend *backend)
{
    const struct fa_shape shape = {3, 32, 32};
    const struct fa_frame frame = {.rgb = pixels, .w = 32, .h = 32, .normalize = fa_normalize_default};
    struct activation a = activation_new(backend, shape);

    if (fa_backend_is_host(backend))
        assert_survives_shortage(fa_backend_import_frame(backend, shape, &frame, a.data));
    activation_free(&a);
}

static void pixels_without_memory_for_their_floats_fail(void **state)
{
    (void)state;
    for_each_backend(check_shortage);
}

/* ---- sums, masks and copies ---- */

static void check_add_masked(struct fa_backend *backend, struct fa_shape shape, bool add, bool mask)
{
    struct activation src = activation_new(backend, shape), relu = activation_new(backend, shape);
    struct activation dst = activation_new(backend, shape);
    size_t n = fa_shape_elements(shape);
    fa_real *a = noise(n, 1), *b = noise(n, 2), *m = noise(n, 3), *want = zeros(n), *got = zeros(n);

    for (size_t i = 0; i < n; i++) {
        m[i] = m[i] > 0 ? m[i] : 0;
        want[i] = add ? a[i] + b[i] : a[i];
        want[i] = mask && m[i] == 0 ? 0 : want[i];
    }
    activation_write(&dst, a);
    activation_write(&src, b);
    activation_write(&relu, m);
    fa_backend_add_masked(backend, shape, add ? src.data : NULL, mask ? relu.data : NULL, dst.data);
    activation_read(&dst, got);
    assert_true(worst_real(got, want, n) == 0);
    fa_free(a);
    fa_free(b);
    fa_free(m);
    fa_free(want);
    fa_free(got);
    activation_free(&src);
    activation_free(&relu);
    activation_free(&dst);
}

static void check_sums(struct fa_backend *backend, struct fa_shape shape)
{
    check_add_masked(backend, shape, true, true);
    check_add_masked(backend, shape, true, false);
    check_add_masked(backend, shape, false, true);
}

static void check_all_sums(struct fa_backend *backend)
{
    for_each_shape(backend, check_sums);
}

static void add_masked_adds_and_keeps_what_the_relu_passed(void **state)
{
    (void)state;
    for_each_backend(check_all_sums);
}

static void check_moments(struct fa_backend *backend, struct fa_shape shape)
{
    struct activation a = activation_new(backend, shape);
    size_t n = fa_shape_elements(shape), c = (size_t)shape.c;
    fa_real *host = noise(n, 1);
    double sum[64], squares[64], want_sum[64] = {0}, want_squares[64] = {0};

    for (size_t i = 0; i < n; i++) {
        host[i] += 100; /* float sums would be off in the fifth digit */
        want_sum[i % c] += host[i];
        want_squares[i % c] += (double)host[i] * host[i];
    }
    activation_write(&a, host);
    fa_backend_moments(backend, shape, a.data, sum, squares);
    assert_ok(fa_backend_synchronize(backend));
    assert_true(fa_test_worst_double(sum, want_sum, c, NULL) < 1e-13);
    assert_true(fa_test_worst_double(squares, want_squares, c, NULL) < 1e-13);
    fa_free(host);
    activation_free(&a);
}

static void check_all_moments(struct fa_backend *backend)
{
    for_each_shape(backend, check_moments);
}

static void moments_are_summed_in_double(void **state)
{
    (void)state;
    for_each_backend(check_all_moments);
}

static void all_memory_was_given_back(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(pixels_give_the_bits_of_their_floats),
        cmocka_unit_test(pixels_without_memory_for_their_floats_fail),
        cmocka_unit_test(add_masked_adds_and_keeps_what_the_relu_passed),
        cmocka_unit_test(moments_are_summed_in_double),
        cmocka_unit_test(all_memory_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
