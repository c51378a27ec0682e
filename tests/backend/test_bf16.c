/*
 * test_bf16.c - precision bf16 of the onednn backend against blas in floats, on data that bf16 holds exactly:
 * what is left is the rounding of what is stored, at most 2^-8 of each number, and the order of sums. What
 * only moves or compares numbers must be exact, and so must be the float gradients of filters but for sums.
 */
#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "norm_cases.h"
#include "op_cases.h"
#include "strips/strips.h"
#include "support.h"

#define ROUNDING 0x1p-8
#define SUMS     5e-6 /* of the largest value */
#define SUMS_6X6 2e-5 /* by F(6x6, 3x3) */

static struct fa_backend *blas, *bf16;

static fa_status open_onednn(enum fa_precision precision, int n_threads, struct fa_backend **out)
{
    return fa_backend_open(
        &(struct fa_backend_config){.name = "onednn", .n_threads = n_threads, .precision = precision}, out);
}

static struct fa_backend *open_by(enum fa_conv_preference preference)
{
    struct fa_backend *backend;

    assert_ok(fa_backend_open(
        &(struct fa_backend_config){
            .name = "onednn", .n_threads = 2, .precision = FA_PRECISION_BF16, .preference = preference},
        &backend));
    return backend;
}

/* ---- numbers ---- */

/* To eight bits, of two nearest to the even one; by the definition, not by bits. */
static fa_real rounded(fa_real value)
{
    int exponent;
    const double mantissa = frexp((double)value, &exponent);

    return (fa_real)ldexp(nearbyint(ldexp(mantissa, 8)), exponent - 8);
}

static void round_all(fa_real *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = rounded(values[i]);
}

static fa_real *rounded_noise(size_t n, uint64_t seed)
{
    fa_real *values = noise(n, seed);

    round_all(values, n);
    return values;
}

static double largest(const fa_real *values, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)values[i]));
    return most;
}

/* Each number to one rounding of itself and one of what was rounded on the way, if any, and to `sums` of the
   largest. */
static void assert_rounded(const char *name, const char *what, const fa_real *got, const fa_real *want,
                           const fa_real *way, size_t n, double sums)
{
    const double of_sums = sums * (largest(want, n) + (way != NULL ? largest(way, n) : 0));

    for (size_t i = 0; i < n; i++) {
        const double on_way = way != NULL ? fabs((double)want[i]) + fabs((double)way[i]) : 0;
        const double allowed = ROUNDING * (fabs((double)want[i]) + on_way) + of_sums;

        if (fabs((double)got[i] - (double)want[i]) <= allowed)
            continue;
        fail_msg("%s: %s[%zu] is %.9g, not %.9g to within %.2g", name, what, i, (double)got[i],
                 (double)want[i], allowed);
    }
}

/* ---- refusals ---- */

static void other_precisions_are_refused_with_what_to_do(void **state)
{
    struct fa_backend *backend;

    (void)state;
    assert_fails_saying(open_onednn(FA_PRECISION_TF32, 1, &backend), FA_EINVAL, "fp32 or bf16");
    assert_fails_saying(
        fa_backend_open(
            &(struct fa_backend_config){.name = "blas", .n_threads = 1, .precision = FA_PRECISION_BF16},
            &backend),
        FA_EINVAL, "set train.precision=fp32");
}

/* ---- convolutions ---- */

/* What blas gets: filters as bf16 are multiplied. */
static void round_filters(struct op_data *data)
{
    const size_t row = data->n_filters / data->n_bias;

    for (size_t i = 0; i < data->n_filters; i++)
        data->filters[i] = rounded(data->filters[i] * data->scale[i / row]);
    for (size_t o = 0; o < data->n_bias; o++)
        data->scale[o] = 1;
}

static struct op_data case_data(const struct op_case *op)
{
    struct op_data data = op_data_new(op);

    round_all(data.src, data.n_src);
    round_all(data.residual, data.n_dst);
    round_all(data.diff_dst, data.n_dst);
    round_all(data.diff_src, data.n_src);
    return data;
}

static struct op_result result_of(struct fa_backend *backend, const struct op_case *op,
                                  const struct op_data *data)
{
    struct op_result result = op_result_new(data);
    struct op_run run = op_run_open(backend, op);

    op_run_forward(&run, data, result.dst);
    op_run_backward(&run, data, &result);
    op_run_close(&run);
    return result;
}

static bool is_winograd(struct fa_backend *backend, const struct op_case *op,
                        enum fa_conv_direction direction)
{
    struct op_run run = op_run_open(backend, op);
    const bool is_winograd = strcmp(fa_conv_chosen(run.conv, direction), "winograd") == 0;

    op_run_close(&run);
    return is_winograd;
}

static double sums_of(struct fa_backend *backend, const struct op_case *op, enum fa_conv_direction direction)
{
    return is_winograd(backend, op, direction) ? SUMS_6X6 : SUMS;
}

/* Winograd's algorithm takes filters as they are. */
static void check_conv(struct fa_backend *backend, const struct op_case *op)
{
    const double sums[] = {sums_of(backend, op, FA_CONV_FORWARD), sums_of(backend, op, FA_CONV_BACKWARD_DATA),
                           sums_of(backend, op, FA_CONV_BACKWARD_WEIGHTS)};
    struct op_data data = case_data(op);
    struct op_result got = result_of(backend, op, &data), want;

    if (!is_winograd(backend, op, FA_CONV_FORWARD))
        round_filters(&data);
    want = result_of(blas, op, &data);
    assert_rounded(op->name, "dst", got.dst, want.dst, NULL, data.n_dst, sums[FA_CONV_FORWARD]);
    assert_rounded(op->name, "diff_src", got.diff_src, want.diff_src, op->accumulate ? data.diff_src : NULL,
                   data.n_src, sums[FA_CONV_BACKWARD_DATA]);
    assert_true(worst_real(got.diff_filters, want.diff_filters, data.n_filters) <
                sums[FA_CONV_BACKWARD_WEIGHTS]);
    assert_true(worst_real(got.diff_bias, want.diff_bias, data.n_bias) < SUMS);
    op_result_free(&want);
    op_result_free(&got);
    op_data_free(&data);
}

static void convolutions_are_those_of_floats_but_for_rounding(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_op_cases; i++)
        check_conv(bf16, &op_cases[i]);
}

static void and_so_are_those_by_winograds_algorithm(void **state)
{
    struct fa_backend *winograd = open_by(FA_CONV_WINOGRAD);
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < n_op_cases; i++)
        if (is_winograd(winograd, &op_cases[i], FA_CONV_FORWARD)) {
            check_conv(winograd, &op_cases[i]);
            n++;
        }
    assert_true(n >= 3);
    fa_backend_close(winograd);
}

static void two_runs_give_the_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        struct op_data data = op_data_new(&op_cases[i]);
        struct op_result once = result_of(bf16, &op_cases[i], &data);
        struct op_result again = result_of(bf16, &op_cases[i], &data);

        assert_memory_equal(once.dst, again.dst, data.n_dst * sizeof(fa_real));
        assert_memory_equal(once.diff_src, again.diff_src, data.n_src * sizeof(fa_real));
        assert_memory_equal(once.diff_filters, again.diff_filters, data.n_filters * sizeof(fa_real));
        assert_memory_equal(once.diff_bias, again.diff_bias, data.n_bias * sizeof(fa_real));
        op_result_free(&once);
        op_result_free(&again);
        op_data_free(&data);
    }
}

static void check_fast(struct fa_conv_desc desc)
{
    const struct fa_weights_desc filters = {desc.out_channels, desc.in.c, desc.groups, desc.kernel};
    struct fa_weights *weights;
    struct fa_conv *conv;

    desc.backward_data = desc.backward_weights = true;
    assert_ok(fa_weights_create(bf16, &filters, &weights));
    assert_ok(fa_conv_create(bf16, &desc, weights, &conv));
    for (int d = FA_CONV_FORWARD; d <= FA_CONV_BACKWARD_WEIGHTS; d++)
        assert_string_not_equal(fa_conv_chosen(conv, (enum fa_conv_direction)d), "reference");
    fa_conv_destroy(conv);
    fa_weights_destroy(weights);
}

/* Of the networks, whatever the number of classes. */
static void no_layer_is_left_to_reference_code(void **state)
{
    const struct fa_conv_desc three = {{256, 25, 42}, .groups = 1, .kernel = 3, .stride = 1, .pad = 1};

    (void)state;
    check_fast((struct fa_conv_desc){{3, 96, 160}, 64, 1, 7, 2, 3});
    check_fast((struct fa_conv_desc){{256, 25, 42}, 512, 1, 1, 2, 0});
    for (int out = 9; out <= 720; out *= 2) {
        struct fa_conv_desc desc = three;

        desc.out_channels = out;
        check_fast(desc);
    }
    for (int width = 4; width <= 32; width *= 2) {
        struct fa_conv_desc desc = three;

        desc.in.c = desc.out_channels = 32 * width;
        desc.groups = 32;
        check_fast(desc);
    }
}

static void assert_chosen(const char *name, struct fa_backend *backend, struct fa_conv_desc desc,
                          enum fa_conv_direction direction)
{
    struct op_case op = {.desc = desc};
    struct op_run run;

    op.desc.backward_data = op.desc.backward_weights = true;
    run = op_run_open(backend, &op);
    assert_string_equal(fa_conv_chosen(run.conv, direction), name);
    op_run_close(&run);
}

static void assert_gradient_is(const char *name, struct fa_backend *backend, struct fa_conv_desc desc)
{
    assert_chosen(name, backend, desc, FA_CONV_BACKWARD_WEIGHTS);
}

/* oneDNN's. */
static bool has_tiles(void)
{
    return strstr(fa_backend_description(bf16), "AMX") != NULL;
}

/* Of maps that are large enough, which gradients of filters want larger. */
static void without_tiles_winograds_algorithm_is_taken(void **state)
{
    const char *winograd = has_tiles() ? "direct" : "winograd";
    const struct fa_conv_desc large = {{32, 50, 84}, 32, 1, 3, 1, 1};
    struct fa_conv_desc medium = large, small = large, half = large;

    (void)state;
    medium.in = (struct fa_shape){32, 25, 42};
    small.in = (struct fa_shape){32, 13, 21};
    half.stride = 2;
    for (int d = FA_CONV_FORWARD; d <= FA_CONV_BACKWARD_DATA; d++) {
        assert_chosen(winograd, bf16, large, (enum fa_conv_direction)d);
        assert_chosen(winograd, bf16, medium, (enum fa_conv_direction)d);
        assert_chosen("direct", bf16, small, (enum fa_conv_direction)d);
        assert_chosen("direct", bf16, half, (enum fa_conv_direction)d);
    }
    if (has_tiles())
        return;
    assert_gradient_is("winograd", bf16, large);
    assert_gradient_is("direct", bf16, medium);
}

/* oneDNN's only where this program was compiled without the instructions. */
static const char *name_of_gradients(void)
{
    const struct strips_product *product = has_tiles() ? strips_by_tiles() : strips_by_vectors();

    return product != NULL ? strips_name(product) : "direct";
}

/* By vectors oneDNN has as fast ones of 3x3. */
static void gradients_of_filters_are_from_strips(void **state)
{
    const struct fa_conv_desc one = {{32, 13, 21}, 48, 1, 1, 1, 0}, three = {{32, 13, 21}, 48, 1, 3, 1, 1};
    struct fa_conv_desc half = three, groups = one, image = one;
    struct fa_backend *direct = open_by(FA_CONV_DIRECT);

    (void)state;
    half.stride = 2, groups.groups = 16, image.in.c = 3;
    assert_gradient_is(name_of_gradients(), bf16, one);
    assert_gradient_is(name_of_gradients(), bf16, half);
    assert_gradient_is(has_tiles() ? name_of_gradients() : "direct", bf16, three);
    assert_gradient_is("direct", direct, one);
    assert_gradient_is("direct", bf16, groups);
    assert_gradient_is("direct", bf16, image);
    fa_backend_close(direct);
}

/* In turns, as oneDNN's tiles and ours are in a step; ours each in a backend of its own, whose working memory
   no other has enlarged. */
static void gradients_of_filters_are_those_of_onednn(void **state)
{
    struct fa_backend *direct = open_by(FA_CONV_DIRECT);

    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        struct op_data data = case_data(&op_cases[i]);
        struct fa_backend *own = open_by(FA_CONV_AUTO);
        struct op_result got = result_of(own, &op_cases[i], &data);
        struct op_result want = result_of(direct, &op_cases[i], &data);

        assert_true(worst_real(got.diff_filters, want.diff_filters, data.n_filters) <
                    sums_of(bf16, &op_cases[i], FA_CONV_BACKWARD_WEIGHTS));
        assert_true(worst_real(got.diff_bias, want.diff_bias, data.n_bias) < SUMS);
        op_result_free(&want);
        op_result_free(&got);
        op_data_free(&data);
        fa_backend_close(own);
    }
    fa_backend_close(direct);
}

/* ---- the rest ---- */

static const struct fa_shape shapes[] = {{1, 1, 1}, {3, 37, 45}, {27, 7, 11}, {36, 13, 21}, {64, 14, 20}};

enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static struct activation activation_of(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc)
{
    struct activation activation = activation_new(backend, shape);

    activation_write(&activation, hwc);
    return activation;
}

/* Numbers come in rounded and go out as they are; NaN and infinity stay what they are. */
static void check_doors(struct fa_shape shape)
{
    const size_t n = fa_shape_elements(shape);
    fa_real *in = noise(n, 1), *out = zeros(n), *again = zeros(n);
    struct activation a;
    float *planes;

    assert_ok(fa_alloc(n, sizeof *planes, &planes));
    in[0] = 3.4e38f, in[n / 2] = (fa_real)NAN;
    a = activation_of(bf16, shape, in);
    assert_int_equal(a.bytes, (n * 2 + 63) / 64 * 64);
    activation_read(&a, out);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == rounded(in[i]) || (isnan(in[i]) && isnan(out[i])));
    for (size_t i = 0; i < n; i++)
        planes[i % (size_t)shape.c * (n / (size_t)shape.c) + i / (size_t)shape.c] = (float)in[i];
    fa_backend_import_chw(bf16, shape, planes, a.data);
    fa_backend_export_hwc(bf16, shape, a.data, again);
    assert_memory_equal(again, out, n * sizeof *out);
    activation_free(&a);
    fa_free(in);
    fa_free(out);
    fa_free(again);
    fa_free(planes);
}

static void doors_round_once(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++)
        check_doors(shapes[i]);
}

static void pool_on(struct fa_backend *backend, struct fa_shape in, const fa_real *src,
                    const fa_real *diff_dst, bool masks, fa_real *dst, fa_real *diff_src)
{
    const struct fa_shape out = fa_pool_output_shape(in);
    struct activation a = activation_of(backend, in, src), b = activation_new(backend, out);
    struct activation c = activation_of(backend, out, diff_dst), d = activation_new(backend, in);
    struct fa_pool *pool;
    void *index;

    assert_ok(fa_pool_create(backend, in, &pool));
    assert_ok(fa_backend_alloc(backend, fa_pool_index_bytes(pool), &index));
    assert_ok(fa_pool_forward(pool, a.data, b.data, NULL));
    activation_read(&b, dst);
    assert_ok(fa_pool_forward(pool, a.data, b.data, index));
    activation_read(&b, dst);
    assert_ok(fa_pool_backward(pool, index, c.data, masks ? a.data : NULL, d.data));
    activation_read(&d, diff_src);
    fa_backend_free(backend, index);
    fa_pool_destroy(pool);
    activation_free(&a);
    activation_free(&b);
    activation_free(&c);
    activation_free(&d);
}

/* `few`: so few values that nearly every window has equals. */
static void check_pool(struct fa_shape in, bool few, bool masks)
{
    const size_t n = fa_shape_elements(in), m = fa_shape_elements(fa_pool_output_shape(in));
    fa_real *src = rounded_noise(n, 1), *diff_dst = rounded_noise(m, 2);
    fa_real *dst = zeros(m), *want_dst = zeros(m), *diff_src = zeros(n), *want_diff = zeros(n);

    for (size_t i = 0; few && i < n; i++)
        src[i] = src[i] > 0.5 ? 1 : 0;
    pool_on(bf16, in, src, diff_dst, masks, dst, diff_src);
    pool_on(blas, in, src, diff_dst, masks, want_dst, want_diff);
    assert_memory_equal(dst, want_dst, m * sizeof *dst);
    assert_rounded("pool", "diff_src", diff_src, want_diff, NULL, n, SUMS);
    fa_free(src);
    fa_free(diff_dst);
    fa_free(dst);
    fa_free(want_dst);
    fa_free(diff_src);
    fa_free(want_diff);
}

static void pools_take_the_same_maxima(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++)
        for (int way = 0; way < 4; way++)
            check_pool(shapes[i], (way & 1) != 0, (way & 2) != 0);
}

static void upsample_on(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                        const fa_real *src, const fa_real *diff_dst, bool accumulate, fa_real *dst,
                        fa_real *diff_src)
{
    struct activation a = activation_of(backend, in, src), b = activation_new(backend, out);
    struct activation c = activation_of(backend, out, diff_dst);

    fa_backend_upsample(backend, in, out, a.data, b.data);
    activation_read(&b, dst);
    fa_backend_upsample_backward(backend, in, out, c.data, accumulate, a.data);
    activation_read(&a, diff_src);
    activation_free(&a);
    activation_free(&b);
    activation_free(&c);
}

static void check_upsample(struct fa_shape in, bool accumulate)
{
    const struct fa_shape out = {in.c, 2 * in.h - in.h % 2, 2 * in.w + 1};
    const size_t n = fa_shape_elements(in), m = fa_shape_elements(out);
    fa_real *src = rounded_noise(n, 1), *diff_dst = rounded_noise(m, 2);
    fa_real *dst = zeros(m), *want_dst = zeros(m), *diff_src = zeros(n), *want_diff = zeros(n);

    upsample_on(bf16, in, out, src, diff_dst, accumulate, dst, diff_src);
    upsample_on(blas, in, out, src, diff_dst, accumulate, want_dst, want_diff);
    assert_memory_equal(dst, want_dst, m * sizeof *dst);
    assert_rounded("upsample", "diff_src", diff_src, want_diff, NULL, n, SUMS);
    fa_free(src);
    fa_free(diff_dst);
    fa_free(dst);
    fa_free(want_dst);
    fa_free(diff_src);
    fa_free(want_diff);
}

static void upsampling_copies_and_its_gradient_is_rounded_once(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        check_upsample(shapes[i], false);
        check_upsample(shapes[i], true);
    }
}

static void check_sums(struct fa_shape shape, bool adds, bool masks)
{
    const size_t n = fa_shape_elements(shape);
    fa_real *a = rounded_noise(n, 1), *b = rounded_noise(n, 2), *m = rounded_noise(n, 3), *got = zeros(n);
    struct activation dst = activation_of(bf16, shape, a), src = activation_of(bf16, shape, b);
    struct activation relu = activation_of(bf16, shape, m);

    fa_backend_add_masked(bf16, shape, adds ? src.data : NULL, masks ? relu.data : NULL, dst.data);
    activation_read(&dst, got);
    for (size_t i = 0; i < n; i++)
        assert_true(got[i] == (masks && !(m[i] > 0) ? 0 : rounded(adds ? a[i] + b[i] : a[i])));
    activation_free(&dst);
    activation_free(&src);
    activation_free(&relu);
    fa_free(a);
    fa_free(b);
    fa_free(m);
    fa_free(got);
}

static void check_moments(struct fa_shape shape)
{
    const size_t n = fa_shape_elements(shape), c = (size_t)shape.c;
    fa_real *values = rounded_noise(n, 1);
    struct activation a = activation_of(bf16, shape, values);
    double sum[64], squares[64], want_sum[64] = {0}, want_squares[64] = {0};

    for (size_t i = 0; i < n; i++) {
        want_sum[i % c] += (double)values[i];
        want_squares[i % c] += (double)values[i] * (double)values[i];
    }
    fa_backend_moments(bf16, shape, a.data, sum, squares);
    assert_true(fa_test_worst_double(sum, want_sum, c, NULL) < 1e-12);
    assert_true(fa_test_worst_double(squares, want_squares, c, NULL) < 1e-12);
    activation_free(&a);
    fa_free(values);
}

static void sums_masks_and_moments_are_exact_but_for_the_last_rounding(void **state)
{
    (void)state;
    for (int i = 0; i < N_SHAPES; i++) {
        check_sums(shapes[i], true, true);
        check_sums(shapes[i], true, false);
        check_sums(shapes[i], false, true);
        check_moments(shapes[i]);
    }
}

static void check_norm(const struct norm_case *test)
{
    const size_t c = (size_t)test->desc.shape.c;
    struct norm_data data = norm_data_new(test);
    struct norm_result got = norm_result_new(test), want = norm_result_new(test);

    round_all(data.src, data.n);
    round_all(data.residual, data.n);
    round_all(data.diff_dst, data.n);
    norm_run(bf16, test, &data, &got);
    norm_run(blas, test, &data, &want);
    assert_rounded(test->name, "dst", got.dst, want.dst, NULL, data.n, SUMS);
    assert_rounded(test->name, "diff_src", got.diff_src, want.diff_src, NULL, data.n, SUMS);
    assert_true(worst_real(got.diff_gamma, want.diff_gamma, c) < SUMS);
    assert_true(worst_real(got.diff_beta, want.diff_beta, c) < SUMS);
    norm_result_free(&got);
    norm_result_free(&want);
    norm_data_free(&data);
}

static void group_norms_are_those_of_floats_but_for_rounding(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_norm_cases; i++)
        check_norm(&norm_cases[i]);
}

static int open_both(void **state)
{
    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &blas));
    return 0;
}

static int close_both(void **state)
{
    fa_backend_close(blas);
    fa_backend_close(bf16);
    return fa_test_memory_balances(state);
}

int main(void)
{
    const struct CMUnitTest refusals[] = {cmocka_unit_test(other_precisions_are_refused_with_what_to_do)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_are_those_of_floats_but_for_rounding),
        cmocka_unit_test(and_so_are_those_by_winograds_algorithm),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(no_layer_is_left_to_reference_code),
        cmocka_unit_test(without_tiles_winograds_algorithm_is_taken),
        cmocka_unit_test(gradients_of_filters_are_from_strips),
        cmocka_unit_test(gradients_of_filters_are_those_of_onednn),
        cmocka_unit_test(doors_round_once),
        cmocka_unit_test(pools_take_the_same_maxima),
        cmocka_unit_test(upsampling_copies_and_its_gradient_is_rounded_once),
        cmocka_unit_test(sums_masks_and_moments_are_exact_but_for_the_last_rounding),
        cmocka_unit_test(group_norms_are_those_of_floats_but_for_rounding),
    };
    int failed;

    if (strcmp(fa_backend_known(0), "onednn") != 0)
        fa_test_skip("ONEDNN", "this build has no backend onednn");
    failed = cmocka_run_group_tests(refusals, NULL, NULL);
    if (open_onednn(FA_PRECISION_BF16, 2, &bf16) != FA_OK) {
        if (failed > 0 || strstr(fa_message(), "AVX512-BF16 or AMX") == NULL ||
            strstr(fa_message(), "set train.precision=fp32") == NULL)
            return 1;
        fa_test_skip("BF16", "this processor computes no bf16");
    }
    return failed + cmocka_run_group_tests(tests, open_both, close_both);
}
