/*
 * test_against_blas.c - every backend's convolutions, blas's own by Winograd's algorithm among them, against
 * the direct ones of blas.
 *
 * Errors are relative to the largest value of the array: an element of a long sum that cancels has no small
 * error of its own. Measured over the table with oneDNN 2.6.3 on AVX-512: direct algorithms up to 1.6e-6,
 * Winograd up to 2.7e-6. The tolerances leave a factor of three to four for other instruction sets; one wrong
 * tap or channel is off by a hundred times as much.
 */
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "op_cases.h"
#include "support.h"

#define TOLERANCE_DIRECT   5e-6
#define TOLERANCE_WINOGRAD 1e-5

static bool verbose; /* -v: print every error, for choosing the tolerances */

static void check_near(const char *what, const struct op_run *run, enum fa_conv_direction direction,
                       const fa_real *got, const fa_real *want, size_t n)
{
    const char *chosen = fa_conv_chosen(run->conv, direction);
    double tolerance = strcmp(chosen, "winograd") == 0 ? TOLERANCE_WINOGRAD : TOLERANCE_DIRECT;
    double worst = worst_real(got, want, n);

    if (verbose || !(worst < tolerance))
        print_error("%s: %s by %s is off by %.2g, allowed %.2g\n", run->op->name, what, chosen, worst,
                    tolerance);
    assert_true(worst < tolerance);
}

static bool is_winograd(const struct op_run *run, enum fa_conv_direction direction)
{
    return strcmp(fa_conv_chosen(run->conv, direction), "winograd") == 0;
}

/* Of blas itself, direct convolutions would be compared with themselves. */
static bool is_oracle(struct fa_backend *other, const struct op_case *op)
{
    struct op_run run = op_run_open(other, op);
    const bool has_winograd = is_winograd(&run, FA_CONV_FORWARD) ||
                              is_winograd(&run, FA_CONV_BACKWARD_DATA) ||
                              is_winograd(&run, FA_CONV_BACKWARD_WEIGHTS);

    op_run_close(&run);
    return strcmp(fa_backend_name(other), "blas") == 0 && !has_winograd;
}

static void check_case(struct fa_backend *blas, struct fa_backend *other, const struct op_case *op)
{
    struct op_data data = op_data_new(op);
    struct op_run oracle = op_run_open(blas, op), run = op_run_open(other, op);
    struct op_result want = op_result_new(&data), got = op_result_new(&data);

    op_run_forward(&oracle, &data, want.dst);
    op_run_backward(&oracle, &data, &want);
    op_run_forward(&run, &data, got.dst);
    op_run_backward(&run, &data, &got);
    check_near("dst", &run, FA_CONV_FORWARD, got.dst, want.dst, data.n_dst);
    check_near("diff_src", &run, FA_CONV_BACKWARD_DATA, got.diff_src, want.diff_src, data.n_src);
    check_near("diff_filters", &run, FA_CONV_BACKWARD_WEIGHTS, got.diff_filters, want.diff_filters,
               data.n_filters);
    check_near("diff_bias", &run, FA_CONV_BACKWARD_WEIGHTS, got.diff_bias, want.diff_bias, data.n_bias);
    op_result_free(&got);
    op_result_free(&want);
    op_run_close(&run);
    op_run_close(&oracle);
    op_data_free(&data);
}

static void check_cases(struct fa_backend *other)
{
    struct fa_backend *blas;

    assert_ok(fa_backend_open(
        &(struct fa_backend_config){.name = "blas", .n_threads = 1, .preference = FA_CONV_DIRECT}, &blas));
    for (size_t i = 0; i < n_op_cases; i++)
        if (!is_oracle(other, &op_cases[i]))
            check_case(blas, other, &op_cases[i]);
    fa_backend_close(blas);
}

static void every_backend_agrees_with_direct_blas(void **state)
{
    (void)state;
    for_each_backend(check_cases);
    assert_int_equal(fa_memory_balance(), 0);
}

/* The direct algorithm was asked for, and no convolution of the table is another. */
static void direct_is_never_winograd(void **state)
{
    (void)state;
    for (size_t b = 0; fa_backend_known(b) != NULL; b++) {
        struct fa_backend *backend;

        assert_ok(fa_backend_open(&(struct fa_backend_config){.name = fa_backend_known(b),
                                                              .n_threads = 2,
                                                              .preference = FA_CONV_DIRECT},
                                  &backend));
        for (size_t i = 0; i < n_op_cases; i++) {
            struct op_run run = op_run_open(backend, &op_cases[i]);

            assert_string_not_equal(fa_conv_chosen(run.conv, FA_CONV_FORWARD), "winograd");
            assert_string_not_equal(fa_conv_chosen(run.conv, FA_CONV_BACKWARD_DATA), "winograd");
            assert_string_not_equal(fa_conv_chosen(run.conv, FA_CONV_BACKWARD_WEIGHTS), "winograd");
            op_run_close(&run);
        }
        fa_backend_close(backend);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backend_agrees_with_direct_blas),
        cmocka_unit_test(direct_is_never_winograd),
    };

    verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
