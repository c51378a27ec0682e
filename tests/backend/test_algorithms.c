/* Choices of algorithm as a table: it is obeyed, and what is measured goes into it. */
#include "fa/algorithms.h"

#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "op_cases.h"
#include "support.h"

enum { DIRECTIONS = 3 };

/* Small, so that it is direct by the static rule, and measured quickly. */
static const struct op_case small = {.desc = {.in = {32, 8, 11},
                                              .out_channels = 48,
                                              .groups = 1,
                                              .kernel = 3,
                                              .stride = 1,
                                              .pad = 1,
                                              .relu = true,
                                              .backward_data = true,
                                              .backward_weights = true}};

static struct fa_backend *open_backend(enum fa_conv_preference preference)
{
    struct fa_backend *backend;

    assert_ok(
        fa_backend_open(&(struct fa_backend_config){.n_threads = 1, .preference = preference}, &backend));
    return backend;
}

static bool has_winograd(const struct fa_backend *backend)
{
    return fa_algorithms_know(backend, &small.desc, FA_CONV_FORWARD, "winograd");
}

static void list(struct fa_backend *backend, enum fa_conv_direction direction, const char *algorithm)
{
    struct fa_algorithm_choice choice = {.direction = direction, .conv = small.desc};

    snprintf(choice.algorithm, sizeof choice.algorithm, "%s", algorithm);
    assert_ok(fa_algorithms_add(fa_backend_algorithms(backend), &choice));
}

static void assert_chosen(struct fa_backend *backend, const struct op_case *op,
                          const char *const want[DIRECTIONS])
{
    struct op_run run = op_run_open(backend, op);

    for (int d = 0; d < DIRECTIONS; d++)
        assert_string_equal(fa_conv_chosen(run.conv, (enum fa_conv_direction)d), want[d]);
    op_run_close(&run);
}

static struct op_result result_of(struct fa_backend *backend, const struct op_data *data)
{
    struct op_result result = op_result_new(data);
    struct op_run run = op_run_open(backend, &small);

    op_run_forward(&run, data, result.dst);
    op_run_backward(&run, data, &result);
    op_run_close(&run);
    return result;
}

/* ---- tests ---- */

static void a_row_is_for_its_convolution_and_direction_alone(void **state)
{
    static const char *const mixed[] = {"direct", "winograd", "direct"};
    static const char *const direct[] = {"direct", "direct", "direct"};
    struct fa_backend *backend = open_backend(FA_CONV_AUTO), *forced = open_backend(FA_CONV_DIRECT);
    struct op_case wider = small;

    (void)state;
    if (has_winograd(backend)) {
        assert_chosen(backend, &small, direct);
        list(backend, FA_CONV_BACKWARD_DATA, "winograd");
        list(forced, FA_CONV_BACKWARD_DATA, "winograd");
        wider.desc.in.w++;
        assert_chosen(backend, &small, mixed);
        assert_chosen(backend, &wider, direct);
        assert_chosen(forced, &small, direct);
    }
    fa_backend_close(backend);
    fa_backend_close(forced);
}

static void the_first_row_of_a_convolution_stays(void **state)
{
    struct fa_backend *backend = open_backend(FA_CONV_AUTO);
    const struct fa_algorithms *table = fa_backend_algorithms(backend);

    (void)state;
    list(backend, FA_CONV_FORWARD, "winograd");
    list(backend, FA_CONV_FORWARD, "direct");
    assert_int_equal(table->n, 1);
    assert_string_equal(fa_algorithms_find(table, &small.desc, FA_CONV_FORWARD)->algorithm, "winograd");
    assert_null(fa_algorithms_find(table, &small.desc, FA_CONV_BACKWARD_DATA));
    fa_backend_close(backend);
}

static void whatever_is_listed_the_values_are_those_of_direct_convolution(void **state)
{
    struct fa_backend *direct = open_backend(FA_CONV_DIRECT);
    struct op_data data = op_data_new(&small);
    struct op_result want = result_of(direct, &data);

    (void)state;
    for (int mix = 0; mix < 1 << DIRECTIONS; mix++) {
        struct fa_backend *backend = open_backend(FA_CONV_AUTO);

        for (int d = 0; d < DIRECTIONS; d++)
            list(backend, (enum fa_conv_direction)d, mix >> d & 1 ? "winograd" : "direct");
        struct op_result got = result_of(backend, &data);
        assert_true(worst_real(got.dst, want.dst, data.n_dst) < 1e-4);
        assert_true(worst_real(got.diff_src, want.diff_src, data.n_src) < 1e-4);
        assert_true(worst_real(got.diff_filters, want.diff_filters, data.n_filters) < 1e-4);
        op_result_free(&got);
        fa_backend_close(backend);
    }
    op_result_free(&want);
    op_data_free(&data);
    fa_backend_close(direct);
}

static void every_direction_with_a_choice_is_measured_once_and_obeyed(void **state)
{
    struct fa_backend *backend = open_backend(FA_CONV_AUTO);
    const struct fa_algorithms *table = fa_backend_algorithms(backend);
    const char *want[DIRECTIONS];

    (void)state;
    assert_ok(fa_algorithms_measure(backend, &small.desc));
    assert_int_equal(table->n, has_winograd(backend) ? DIRECTIONS : 0);
    for (size_t i = 0; i < table->n; i++) {
        const struct fa_algorithm_choice *row = &table->row[i];

        assert_true(row->seconds > 0 && row->seconds <= row->rule_seconds && row->rule_seconds < 10);
        assert_true(fa_algorithms_know(backend, &row->conv, row->direction, row->algorithm));
        want[row->direction] = row->algorithm;
    }
    assert_ok(fa_algorithms_measure(backend, &small.desc));
    if (has_winograd(backend)) {
        assert_int_equal(table->n, DIRECTIONS);
        assert_chosen(backend, &small, want);
    }
    fa_backend_close(backend);
}

/* What is listed already is not measured again, whatever it says. */
static void only_what_is_not_listed_is_measured(void **state)
{
    struct fa_backend *backend = open_backend(FA_CONV_AUTO);
    const struct fa_algorithms *table = fa_backend_algorithms(backend);
    struct fa_conv_desc frozen = small.desc;

    (void)state;
    list(backend, FA_CONV_BACKWARD_DATA, "winograd");
    assert_ok(fa_algorithms_measure(backend, &small.desc));
    assert_int_equal(table->n, has_winograd(backend) ? DIRECTIONS : 1);
    assert_near(table->row[0].seconds, 0, 0);
    frozen.backward_data = frozen.backward_weights = false;
    assert_ok(fa_algorithms_measure(backend, &frozen));
    assert_int_equal(table->n, has_winograd(backend) ? DIRECTIONS + 1 : 1);
    fa_backend_close(backend);
}

static void where_there_is_one_algorithm_nothing_is_measured(void **state)
{
    struct fa_backend *backend = open_backend(FA_CONV_AUTO), *forced = open_backend(FA_CONV_WINOGRAD);
    struct fa_conv_desc half = small.desc, one = small.desc, grouped = small.desc;

    (void)state;
    half.stride = 2;
    one.kernel = 1, one.pad = 0;
    grouped.groups = 16;
    assert_ok(fa_algorithms_measure(backend, &half));
    assert_ok(fa_algorithms_measure(backend, &one));
    assert_ok(fa_algorithms_measure(backend, &grouped));
    assert_ok(fa_algorithms_measure(forced, &small.desc));
    assert_int_equal(fa_backend_algorithms(backend)->n, 0);
    assert_int_equal(fa_backend_algorithms(forced)->n, 0);
    fa_backend_close(backend);
    fa_backend_close(forced);
}

static fa_status measure_anew(struct fa_backend *backend)
{
    fa_status status = fa_algorithms_measure(backend, &small.desc);

    fa_algorithms_clear(fa_backend_algorithms(backend));
    return status;
}

static void a_shortage_of_memory_is_survived(void **state)
{
    struct fa_backend *backend = open_backend(FA_CONV_AUTO);

    (void)state;
    assert_ok(measure_anew(backend));                                          /* working memory grows once */
    if (fa_algorithms_know(backend, &small.desc, FA_CONV_FORWARD, "winograd")) /* else nothing is measured */
        assert_survives_shortage(measure_anew(backend));
    fa_backend_close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_for_its_convolution_and_direction_alone),
        cmocka_unit_test(the_first_row_of_a_convolution_stays),
        cmocka_unit_test(whatever_is_listed_the_values_are_those_of_direct_convolution),
        cmocka_unit_test(every_direction_with_a_choice_is_measured_once_and_obeyed),
        cmocka_unit_test(only_what_is_not_listed_is_measured),
        cmocka_unit_test(where_there_is_one_algorithm_nothing_is_measured),
        cmocka_unit_test(a_shortage_of_memory_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
