/* Axes have ticks at round numbers that their values lie between, and curves stay inside their frame. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "axis.h"
#include "chart.h"
#include "fa/memory.h"

static const double ranges[][2] = {{0, 1},       {0.42, 0.57}, {3.1, 3.1}, {0, 0},      {0, 2044},
                                   {1e-9, 2e-9}, {-3, 7},      {0, 1e12},  {0.02, 1e5}, {60.6, 61}};

static bool is_round(double value)
{
    const double digit = value / pow(10, floor(log10(value) + 1e-9));

    return fabs(digit - 1) < 1e-6 || fabs(digit - 2) < 1e-6 || fabs(digit - 5) < 1e-6;
}

static void ticks_are_few_and_at_round_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct fa_axis axis = fa_axis_make(ranges[i][0], ranges[i][1], 5);

        assert_in_range(axis.n_ticks, 2, 9);
        assert_true(axis.min <= ranges[i][0] && axis.max >= ranges[i][1]);
        assert_true(is_round(axis.tick[1] - axis.tick[0]));
        for (size_t t = 1; t < axis.n_ticks; t++)
            assert_near((axis.tick[t] - axis.tick[t - 1]) / (axis.tick[1] - axis.tick[0]), 1, 1e-6);
    }
}

static void an_axis_of_no_numbers_is_from_0_to_1(void **state)
{
    const struct fa_axis axis = fa_axis_make((double)NAN, (double)INFINITY, 5);

    (void)state;
    assert_near(axis.min, 0, 0);
    assert_near(axis.max, 1, 1e-12);
}

static void powers_of_ten_are_the_ticks_of_a_logarithm(void **state)
{
    const struct fa_axis axis = fa_axis_make_log(0.03, 700);
    char text[FA_TICK_TEXT];

    (void)state;
    assert_near(axis.min, 0.01, 1e-12);
    assert_near(axis.max, 1000, 1e-9);
    assert_int_equal(axis.n_ticks, 6);
    fa_axis_print(&axis, 0, text);
    assert_string_equal(text, "0.01");
    assert_near(fa_axis_place(&axis, -5), 0, 0);
    assert_near(fa_axis_place(&axis, 1e9), 1, 0);
}

static void ticks_read_short(void **state)
{
    static const struct {
        double high;
        size_t tick;
        const char *want;
    } cases[] = {{1, 1, "0.2"}, {2044, 1, "500"}, {20000, 1, "5k"}, {3e6, 1, "1M"}, {2e-6, 1, "5e-7"}};
    char text[FA_TICK_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fa_axis axis = fa_axis_make(0, cases[i].high, 5);

        fa_axis_print(&axis, cases[i].tick, text);
        assert_string_equal(text, cases[i].want);
    }
}

/* Every point of every path in the drawing. */
static void assert_inside(const char *svg)
{
    size_t n = 0;

    for (const char *at = strstr(svg, "class=\"line"); at != NULL; at = strstr(at + 1, "class=\"line")) {
        const char *path = strstr(at, " d=\"") + 4;

        for (; *path != '"'; path++)
            if (*path == 'M' || *path == 'L') {
                char *end;
                const double x = strtod(path + 1, &end), y = strtod(end, &end);

                assert_true(x >= 0 && x <= 360 && y >= 0 && y <= 212);
                n++;
            }
    }
    assert_true(n > 0);
}

enum { MANY = 5000 };

static void curves_stay_inside_whatever_their_values(void **state)
{
    double *x, *y;

    (void)state;
    assert_ok(fa_alloc(MANY, sizeof *x, &x));
    assert_ok(fa_alloc(MANY, sizeof *y, &y));
    for (int n = 1; n <= MANY; n *= 17) {
        const struct fa_series series = {
            .name = "<b>", .n = (size_t)n, .stride = 1, .x = x, .y = y, .has_dots = true};
        const struct fa_chart chart = {
            .title = "t", .x_unit = "x", .y_unit = "y", .n_series = 1, .series = &series, .may_be_log = true};
        struct fa_page page = {0};

        for (int i = 0; i < n; i++) {
            x[i] = i;
            y[i] = i % 7 == 3 ? (double)NAN : i % 501 == 0 ? 1e6 : sin(i);
        }
        fa_chart_draw(&page, &chart);
        assert_ok(page.status);
        assert_inside(page.text);
        assert_null(strstr(page.text, "nan"));
        assert_null(strstr(page.text, "<b></"));
        assert_true(page.n < 30000); /* long curves are drawn by columns of pixels */
        fa_free(page.text);
    }
    fa_free(x);
    fa_free(y);
}

static void a_chart_of_no_numbers_is_left_away(void **state)
{
    const double x = 1, y = (double)NAN;
    const struct fa_series series = {.n = 1, .stride = 1, .x = &x, .y = &y};
    const struct fa_chart chart = {
        .title = "t", .x_unit = "x", .y_unit = "y", .n_series = 1, .series = &series};
    struct fa_page page = {0};

    (void)state;
    fa_chart_draw(&page, &chart);
    assert_ok(page.status);
    assert_int_equal(page.n, 0);
    fa_free(page.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_few_and_at_round_numbers),
        cmocka_unit_test(an_axis_of_no_numbers_is_from_0_to_1),
        cmocka_unit_test(powers_of_ten_are_the_ticks_of_a_logarithm),
        cmocka_unit_test(ticks_read_short),
        cmocka_unit_test(curves_stay_inside_whatever_their_values),
        cmocka_unit_test(a_chart_of_no_numbers_is_left_away),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
