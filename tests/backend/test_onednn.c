/*
 * test_onednn.c - what only the oneDNN backend promises: its choices of algorithm, the same bits every time,
 * and no allocation once a convolution exists. Its values are compared with those of blas elsewhere.
 */
#include <string.h>

#include "fa/memory.h"
#include "op_cases.h"
#include "support.h"

static struct fa_backend *open_onednn(int n_threads, enum fa_conv_preference preference)
{
    struct fa_backend *backend;

    assert_ok(fa_backend_open(
        &(struct fa_backend_config){.name = "onednn", .n_threads = n_threads, .preference = preference},
        &backend));
    return backend;
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

/* ---- choices ---- */

static const struct fa_conv_desc three = {.in = {256, 50, 84},
                                          .out_channels = 256,
                                          .groups = 1,
                                          .kernel = 3,
                                          .stride = 1,
                                          .pad = 1,
                                          .backward_data = true,
                                          .backward_weights = true};

static void check_choice(struct fa_backend *backend, const struct fa_conv_desc *desc, const char *want)
{
    const struct fa_weights_desc filters = {desc->out_channels, desc->in.c, desc->groups, desc->kernel};
    struct fa_weights *weights;
    struct fa_conv *conv;

    assert_ok(fa_weights_create(backend, &filters, &weights));
    assert_ok(fa_conv_create(backend, desc, weights, &conv));
    assert_string_equal(fa_conv_chosen(conv, FA_CONV_FORWARD), want);
    if (desc->backward_data)
        assert_string_equal(fa_conv_chosen(conv, FA_CONV_BACKWARD_DATA), want);
    if (desc->backward_weights)
        assert_string_equal(fa_conv_chosen(conv, FA_CONV_BACKWARD_WEIGHTS), want);
    fa_conv_destroy(conv);
    fa_weights_destroy(weights);
}

static void large_3x3_convolutions_are_winograd_and_small_ones_direct(void **state)
{
    struct fa_backend *backend = open_onednn(2, FA_CONV_AUTO);
    struct fa_conv_desc medium = three, small = three, half = three;

    (void)state;
    medium.in.h = 13, medium.in.w = 21;
    small.in.h = 12, small.in.w = 16;
    half.stride = 2;
    check_choice(backend, &three, "winograd");
    check_choice(backend, &medium, "winograd");
    check_choice(backend, &small, "direct");
    check_choice(backend, &half, "direct");
    small.backward_data = small.backward_weights = false; /* filters are transformed once */
    check_choice(backend, &small, "winograd");
    fa_backend_close(backend);
}

static void forced_algorithms_are_taken(void **state)
{
    struct fa_backend *direct = open_onednn(1, FA_CONV_DIRECT);
    struct fa_backend *winograd = open_onednn(1, FA_CONV_WINOGRAD);
    struct fa_conv_desc small = three;

    (void)state;
    small.in.h = 7, small.in.w = 11;
    check_choice(direct, &three, "direct");
    check_choice(winograd, &small, "winograd");
    fa_backend_close(direct);
    fa_backend_close(winograd);
}

/* oneDNN itself has only reference code for groups of 4. */
static void narrow_groups_are_not_left_to_reference_code(void **state)
{
    struct fa_backend *backend = open_onednn(1, FA_CONV_AUTO);
    struct fa_conv_desc groups = three;

    (void)state;
    for (int width = 4; width <= 32; width *= 2) {
        groups.in.c = groups.out_channels = 32 * width;
        groups.groups = 32;
        check_choice(backend, &groups, "direct");
    }
    fa_backend_close(backend);
}

/* ---- values ---- */

static void winograd_wherever_possible_agrees_with_direct(void **state)
{
    struct fa_backend *direct = open_onednn(2, FA_CONV_DIRECT);
    struct fa_backend *winograd = open_onednn(2, FA_CONV_WINOGRAD);

    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        struct op_data data = op_data_new(&op_cases[i]);
        struct op_result want = result_of(direct, &op_cases[i], &data);
        struct op_result got = result_of(winograd, &op_cases[i], &data);

        /* As in test_against_blas.c: the transforms cancel. */
        assert_true(worst_real(got.dst, want.dst, data.n_dst) < 1e-4);
        assert_true(worst_real(got.diff_src, want.diff_src, data.n_src) < 1e-4);
        assert_true(worst_real(got.diff_filters, want.diff_filters, data.n_filters) < 1e-4);
        assert_true(worst_real(got.diff_bias, want.diff_bias, data.n_bias) < 1e-5);
        op_result_free(&want);
        op_result_free(&got);
        op_data_free(&data);
    }
    fa_backend_close(direct);
    fa_backend_close(winograd);
}

static void two_runs_give_the_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        struct op_data data = op_data_new(&op_cases[i]);
        struct fa_backend *first = open_onednn(2, FA_CONV_AUTO), *second = open_onednn(2, FA_CONV_AUTO);
        struct op_result once = result_of(first, &op_cases[i], &data);
        struct op_result again = result_of(second, &op_cases[i], &data);

        assert_memory_equal(once.dst, again.dst, data.n_dst * sizeof(fa_real));
        assert_memory_equal(once.diff_src, again.diff_src, data.n_src * sizeof(fa_real));
        assert_memory_equal(once.diff_filters, again.diff_filters, data.n_filters * sizeof(fa_real));
        assert_memory_equal(once.diff_bias, again.diff_bias, data.n_bias * sizeof(fa_real));
        op_result_free(&once);
        op_result_free(&again);
        op_data_free(&data);
        fa_backend_close(first);
        fa_backend_close(second);
    }
}

/* Filters of an untrained layer are packed for good, in a layout of their own. */
static void an_untrained_convolution_gives_the_output_of_a_trained_one(void **state)
{
    struct fa_backend *backend = open_onednn(2, FA_CONV_AUTO);

    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        struct op_case untrained = op_cases[i];
        struct op_data data = op_data_new(&op_cases[i]);
        struct op_result want = op_result_new(&data), got = op_result_new(&data);

        untrained.desc.backward_data = untrained.desc.backward_weights = false;
        struct op_run trained_run = op_run_open(backend, &op_cases[i]);
        struct op_run untrained_run = op_run_open(backend, &untrained);
        op_run_forward(&trained_run, &data, want.dst);
        op_run_forward(&untrained_run, &data, got.dst);
        assert_true(worst_real(got.dst, want.dst, data.n_dst) < 1e-4);
        op_run_close(&trained_run);
        op_run_close(&untrained_run);
        op_result_free(&want);
        op_result_free(&got);
        op_data_free(&data);
    }
    fa_backend_close(backend);
}

static void weights_loaded_again_are_used(void **state)
{
    struct fa_backend *backend = open_onednn(1, FA_CONV_AUTO);

    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        struct op_data data = op_data_new(&op_cases[i]);
        struct op_result want = result_of(backend, &op_cases[i], &data);
        struct op_result got = op_result_new(&data);
        struct op_run run = op_run_open(backend, &op_cases[i]);
        fa_real *others = noise(data.n_filters, 99), *right = data.filters;

        data.filters = others;
        op_run_forward(&run, &data, got.dst);
        op_run_backward(&run, &data, &got);
        data.filters = right;
        op_run_forward(&run, &data, got.dst);
        op_run_backward(&run, &data, &got);
        assert_memory_equal(got.dst, want.dst, data.n_dst * sizeof(fa_real));
        assert_memory_equal(got.diff_src, want.diff_src, data.n_src * sizeof(fa_real));
        fa_free(others);
        op_run_close(&run);
        op_result_free(&want);
        op_result_free(&got);
        op_data_free(&data);
    }
    fa_backend_close(backend);
}

/* Of 12 channels, the large size is Winograd's and the small one is not; their filters lie differently. */
#define TWELVE(h, w)                                                                                         \
    {                                                                                                        \
        .desc = {                                                                                            \
            .in = {12, h, w},                                                                                \
            .out_channels = 12,                                                                              \
            .groups = 1,                                                                                     \
            .kernel = 3,                                                                                     \
            .stride = 1,                                                                                     \
            .pad = 1,                                                                                        \
            .backward_data = true,                                                                           \
            .backward_weights = true                                                                         \
        }                                                                                                    \
    }

static const struct op_case two_sizes[] = {TWELVE(7, 11), TWELVE(40, 36)};

static void gradients_of_different_algorithms_add_up(void **state)
{
    struct fa_backend *backend = open_onednn(2, FA_CONV_AUTO);
    struct op_run small = op_run_open(backend, &two_sizes[0]);
    struct op_data data[2] = {op_data_new(&two_sizes[0]), op_data_new(&two_sizes[1])};
    struct op_result got[2] = {op_result_new(&data[0]), op_result_new(&data[1])};
    struct op_result want = op_result_new(&data[0]);
    struct fa_conv *large;
    struct op_run run = op_run_open(backend, &two_sizes[1]);

    (void)state;
    op_run_forward(&small, &data[0], got[0].dst);
    op_run_backward(&small, &data[0], &got[0]);
    op_run_forward(&run, &data[1], got[1].dst);
    op_run_backward(&run, &data[1], &got[1]);
    assert_ok(fa_conv_create(backend, &two_sizes[1].desc, small.weights, &large));
    assert_ok(fa_conv_backward_weights(large, run.src.data, run.diff_dst.data, small.sum));
    op_run_read_sum(&small, want.diff_filters, want.diff_bias);
    for (size_t i = 0; i < data[0].n_filters; i++)
        got[0].diff_filters[i] += got[1].diff_filters[i];
    for (size_t i = 0; i < data[0].n_bias; i++)
        got[0].diff_bias[i] += got[1].diff_bias[i];
    assert_true(worst_real(got[0].diff_filters, want.diff_filters, data[0].n_filters) < 1e-6);
    assert_true(worst_real(got[0].diff_bias, want.diff_bias, data[0].n_bias) < 1e-6);

    fa_conv_destroy(large);
    op_run_close(&small);
    op_run_close(&run);
    op_result_free(&want);
    for (int i = 0; i < 2; i++) {
        op_result_free(&got[i]);
        op_data_free(&data[i]);
    }
    fa_backend_close(backend);
}

/* ---- memory ---- */

/* One step on activations that hold data, while the next allocation of counted memory would fail. */
static void step(struct op_run *run, const struct op_data *data, struct op_result *result)
{
    const struct op_case *op = run->op;
    const fa_real *residual = op->in_place ? run->dst.data : run->residual.data;

    op_run_load(run, data);
    assert_ok(fa_conv_forward(run->conv, run->src.data, op->desc.residual ? residual : NULL, run->dst.data));
    assert_ok(fa_conv_backward_data(run->conv, run->diff_dst.data, true, run->src.data, run->diff_src.data));
    assert_ok(fa_conv_backward_weights(run->conv, run->src.data, run->diff_dst.data, run->sum));
    assert_ok(fa_conv_backward_weights(run->conv, run->src.data, run->diff_dst.data, run->sum));
    op_run_read_sum(run, result->diff_filters, result->diff_bias);
}

static void a_step_like_the_one_before_allocates_nothing(void **state)
{
    struct fa_backend *backend = open_onednn(2, FA_CONV_AUTO);

    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        struct op_data data = op_data_new(&op_cases[i]);
        struct op_result result = op_result_new(&data);
        struct op_run run = op_run_open(backend, &op_cases[i]);

        activation_write(&run.src, data.src);
        activation_write(&run.residual, data.residual);
        activation_write(&run.dst, data.residual);
        activation_write(&run.diff_dst, data.diff_dst);
        activation_write(&run.diff_src, data.diff_src);
        step(&run, &data, &result);
        fa_weights_sum_clear(run.sum);
        fa_memory_fail_after(1);
        step(&run, &data, &result);
        fa_memory_fail_after(0);
        op_run_close(&run);
        op_result_free(&result);
        op_data_free(&data);
    }
    fa_backend_close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_3x3_convolutions_are_winograd_and_small_ones_direct),
        cmocka_unit_test(forced_algorithms_are_taken),
        cmocka_unit_test(narrow_groups_are_not_left_to_reference_code),
        cmocka_unit_test(winograd_wherever_possible_agrees_with_direct),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(an_untrained_convolution_gives_the_output_of_a_trained_one),
        cmocka_unit_test(weights_loaded_again_are_used),
        cmocka_unit_test(gradients_of_different_algorithms_add_up),
        cmocka_unit_test(a_step_like_the_one_before_allocates_nothing),
    };

    if (strcmp(fa_backend_known(0), "onednn") != 0)
        fa_test_skip("ONEDNN", "this build has no oneDNN");
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
