/* Spans: what is kept of them, and what Chrome is told. */
#include <math.h>
#include <string.h>

#include "fa/json.h"
#include "fa/trace.h"
#include "support.h"

static void nothing_is_kept_before_the_start(void **state)
{
    const struct fa_span *spans;

    (void)state;
    assert_int_equal(fa_span_begin("early"), FA_NO_SPAN);
    fa_span_end(FA_NO_SPAN);
    assert_int_equal(fa_trace_spans(&spans), 0);
}

/* outer { first {} second "layer" 7 { inner {} } } */
static void make_nest(void)
{
    const int outer = fa_span_begin("outer"), first = fa_span_begin("first");
    int second;

    fa_span_end(first);
    second = fa_span_begin_of("second", "layer", 7);
    fa_span_end(fa_span_begin("inner"));
    fa_span_end(second);
    fa_span_end(outer);
}

static void a_span_knows_its_parent_and_has_its_label(void **state)
{
    static const int parents[] = {FA_NO_SPAN, 0, 0, 2};
    const struct fa_span *spans;

    (void)state;
    assert_ok(fa_trace_start(16));
    make_nest();
    assert_int_equal(fa_trace_spans(&spans), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(spans[i].parent, parents[i]);
    assert_null(spans[1].label);
    assert_int_equal(spans[1].item, FA_NO_ITEM);
    assert_string_equal(spans[3].what, "inner");
    assert_string_equal(spans[3].label, "layer");
    assert_int_equal(spans[3].item, 7);
    fa_trace_stop();
}

static void a_span_that_is_moved_takes_its_time_with_it(void **state)
{
    const struct fa_span *spans;
    int outer, inner;

    (void)state;
    assert_ok(fa_trace_start(16));
    outer = fa_span_begin("outer");
    inner = fa_span_begin("inner");
    fa_span_end(inner);
    fa_span_end(outer);
    fa_trace_move(inner, 102, 103);
    fa_trace_move(outer, 100, 105);
    fa_trace_move(7, 1, 2); /* none of that number */
    (void)fa_trace_spans(&spans);
    assert_true(spans[outer].moved && spans[inner].moved);
    assert_true(fa_span_own_seconds(&spans[inner]) == 1);
    assert_true(fabs(fa_span_own_seconds(&spans[outer]) - 4) < 1e-12);
    fa_trace_stop();
}

static void own_times_add_up_to_the_outermost_span(void **state)
{
    const struct fa_span *spans;
    double own = 0;

    (void)state;
    assert_ok(fa_trace_start(16));
    make_nest();
    for (size_t i = 0; i < fa_trace_spans(&spans); i++) {
        assert_true(fa_span_own_seconds(&spans[i]) >= 0);
        own += fa_span_own_seconds(&spans[i]);
    }
    assert_near(own, spans[0].end_s - spans[0].begin_s, 1e-9);
    fa_trace_stop();
}

static void a_span_left_open_ends_with_the_one_around_it(void **state)
{
    const struct fa_span *spans;
    int outer;

    (void)state;
    assert_ok(fa_trace_start(16));
    outer = fa_span_begin("outer");
    fa_span_begin("left open");
    fa_span_end(outer);
    fa_span_end(fa_span_begin("next"));
    assert_int_equal(fa_trace_spans(&spans), 3);
    assert_true(spans[1].end_s > 0 && spans[1].end_s == spans[0].end_s);
    assert_int_equal(spans[2].parent, FA_NO_SPAN);
    fa_trace_stop();
}

static void spans_beyond_the_capacity_are_dropped_and_counted(void **state)
{
    const struct fa_span *spans;

    (void)state;
    assert_ok(fa_trace_start(3));
    make_nest();
    make_nest();
    assert_int_equal(fa_trace_spans(&spans), 3);
    assert_int_equal(fa_trace_dropped(), 5);
    fa_trace_clear();
    assert_int_equal(fa_trace_spans(&spans), 0);
    assert_int_equal(fa_trace_dropped(), 0);
    fa_trace_stop();
}

static const char *text_of(const struct fa_json *event, const char *key)
{
    const char *text = "";

    assert_true(fa_json_to_string(fa_json_get(event, key), &text));
    return text;
}

static double number_of(const struct fa_json *event, const char *key)
{
    double number = -1;

    assert_true(fa_json_to_double(fa_json_get(event, key), &number));
    return number;
}

static void chrome_gets_every_ended_span_with_its_name(void **state)
{
    static const char *const names[] = {"outer", "first", "second layer", "inner"};
    const char *path = fa_test_path(fa_test_directory(), "trace.json");
    struct fa_json *tree, *event;

    (void)state;
    assert_ok(fa_trace_start(16));
    make_nest();
    fa_span_begin("never ends");
    assert_ok(fa_trace_write(path, 3));
    fa_trace_stop();
    assert_ok(fa_json_read_file(path, &tree));
    event = fa_json_first(fa_json_get(tree, "traceEvents"));
    for (int i = 0; i < 4; i++, event = fa_json_next(event)) {
        assert_string_equal(text_of(event, "name"), names[i]);
        assert_string_equal(text_of(event, "ph"), "X");
        assert_true(number_of(event, "ts") >= 0 && number_of(event, "dur") >= 0);
        assert_int_equal(number_of(event, "pid"), 3);
    }
    assert_null(event);
    fa_json_free(tree);
}

static void a_trace_survives_the_want_of_memory(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "short.json");

    (void)state;
    assert_survives_shortage(fa_trace_start(4));
    make_nest();
    assert_survives_shortage(fa_trace_write(path, 0));
    fa_trace_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_kept_before_the_start),
        cmocka_unit_test(a_span_knows_its_parent_and_has_its_label),
        cmocka_unit_test(a_span_that_is_moved_takes_its_time_with_it),
        cmocka_unit_test(own_times_add_up_to_the_outermost_span),
        cmocka_unit_test(a_span_left_open_ends_with_the_one_around_it),
        cmocka_unit_test(spans_beyond_the_capacity_are_dropped_and_counted),
        cmocka_unit_test(chrome_gets_every_ended_span_with_its_name),
        cmocka_unit_test(a_trace_survives_the_want_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
