/* Reading, building and printing JSON. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "fa/philox.h"
#include "support.h"

static struct fa_json *parsed(const char *text)
{
    struct fa_json *root;

    assert_ok(fa_json_parse("test", text, strlen(text), &root));
    return root;
}

static void assert_refused(const char *text, const char *message)
{
    struct fa_json *root;

    assert_fails_saying(fa_json_parse("x.json", text, strlen(text), &root), FA_EFORMAT, message);
    assert_null(root);
}

static void values_are_found_by_name_and_kind(void **state)
{
    struct fa_json *root = parsed("{\"a\": {\"b\": [1, 2.5, \"s\", true, null]}, \"A\": false}");
    const struct fa_json *item = fa_json_first(fa_json_get(fa_json_get(root, "a"), "b"));
    const char *text;
    double number;
    int64_t whole;
    bool flag;

    (void)state;
    assert_true(fa_json_to_int(item, &whole) && whole == 1);
    item = fa_json_next(item);
    assert_true(fa_json_to_double(item, &number) && number == 2.5);
    assert_false(fa_json_to_int(item, &whole));
    assert_false(fa_json_to_bool(item, &flag));
    item = fa_json_next(item);
    assert_true(fa_json_to_string(item, &text));
    assert_string_equal(text, "s");
    assert_false(fa_json_to_double(item, &number));
    item = fa_json_next(item);
    assert_true(fa_json_to_bool(item, &flag) && flag);
    assert_false(fa_json_to_string(item, &text));
    item = fa_json_next(item);
    assert_int_equal(fa_json_kind(item), FA_JSON_NULL);
    assert_null(fa_json_next(item));
    assert_true(fa_json_to_bool(fa_json_get(root, "A"), &flag) && !flag);
    assert_int_equal(fa_json_count(fa_json_get(fa_json_get(root, "a"), "b")), 5);
    assert_string_equal(fa_json_key(fa_json_first(root)), "a");
    fa_json_free(root);
}

static void look_ups_in_nothing_give_nothing(void **state)
{
    struct fa_json *root = parsed("[1]");
    int64_t whole = 5;

    (void)state;
    assert_null(fa_json_get(NULL, "a"));
    assert_null(fa_json_get(root, "a"));
    assert_null(fa_json_first(NULL));
    assert_null(fa_json_next(NULL));
    assert_null(fa_json_key(NULL));
    assert_null(fa_json_key(fa_json_first(root)));
    assert_int_equal(fa_json_count(NULL), 0);
    assert_int_equal(fa_json_kind(NULL), FA_JSON_NULL);
    assert_false(fa_json_to_int(NULL, &whole));
    assert_int_equal(whole, 5);
    fa_json_free(root);
    fa_json_free(NULL);
}

static void integers_are_exact_to_2_to_the_53(void **state)
{
    struct fa_json *root = parsed("[9007199254740991, -9007199254740992, 9007199254740994, 1e999]");
    const struct fa_json *item = fa_json_first(root);
    int64_t whole;
    double number;

    (void)state;
    assert_true(fa_json_to_int(item, &whole) && whole == 9007199254740991);
    item = fa_json_next(item);
    assert_true(fa_json_to_int(item, &whole) && whole == -9007199254740992);
    item = fa_json_next(item);
    assert_false(fa_json_to_int(item, &whole));
    assert_true(fa_json_to_double(item, &number));
    assert_false(fa_json_to_double(fa_json_next(item), &number));
    fa_json_free(root);
}

static void ids_are_exact_to_the_last_digit(void **state)
{
    struct fa_json *root =
        parsed("{\"a 9007199254740995\": [9007199254740993, {\"b\": -9223372036854775808}, "
               "\"\\\"12345678901234567\", 1234567890123456.5, 1e300, true, "
               "9223372036854775808, 7, 9223372036854775807]}");
    const struct fa_json *item = fa_json_first(fa_json_first(root));
    int64_t whole = 0;
    char *text;

    (void)state;
    assert_true(fa_json_to_int64(item, &whole) && whole == 9007199254740993);
    item = fa_json_next(item);
    assert_true(fa_json_to_int64(fa_json_get(item, "b"), &whole) && whole == INT64_MIN);
    for (int i = 0; i < 5; i++) {
        item = fa_json_next(item);
        assert_false(fa_json_to_int64(item, &whole));
    }
    item = fa_json_next(item);
    assert_true(fa_json_to_int64(item, &whole) && whole == 7);
    assert_true(fa_json_to_int64(fa_json_next(item), &whole) && whole == INT64_MAX);
    assert_ok(fa_json_print(root, false, &text));
    assert_non_null(strstr(text, "[9007199254740993,{\"b\":-9223372036854775808}"));
    fa_free(text);
    fa_json_free(root);
}

static void what_is_not_utf8_is_told_as_what_it_is(void **state)
{
    static const char utf16[] = "\xff\xfe{\0}", bare[] = "{\0}", gzip[] = "\x1f\x8b\x08";

    (void)state;
    assert_fails_saying(fa_json_parse("x.json", utf16, sizeof utf16, &(struct fa_json *){NULL}), FA_EFORMAT,
                        "x.json: is UTF-16 text; save it as UTF-8");
    assert_fails_saying(fa_json_parse("x.json", bare, sizeof bare, &(struct fa_json *){NULL}), FA_EFORMAT,
                        "UTF-16");
    assert_fails_saying(fa_json_parse("x.json", gzip, sizeof gzip, &(struct fa_json *){NULL}), FA_EFORMAT,
                        "gzip");
    assert_refused("[\"Gr\\udcf6e.jpg\"]", "x.json: line 1, column 5: half of a surrogate pair");
    assert_refused("[1, \xf6\x1b]", "near \"\\xf6\\x1b]\"");
}

static void syntax_errors_have_line_and_column(void **state)
{
    (void)state;
    assert_refused("{\"a\": 1,\n \"b\" 2}", "x.json: line 2, column 6: this is not JSON near \"2}\"");
    assert_refused("{\n\n\"a\": tru}", "line 3, column 6");
    assert_refused("[1, NaN]", "line 1, column 5");
    assert_refused("[1,]", "line 1");
    assert_refused("{} \n}", "line 2, column 1: text after the end");
    assert_refused("", "is empty");
    assert_refused(" \n ", "x.json: is empty");
    assert_refused("[1, x, [", "line 1, column 5: this is not JSON"); /* wrong before it ends */
    assert_refused("[\"a\" \"b\", ", "line 1, column 6: this is not JSON");
}

static void a_text_cut_anywhere_ends_early(void **state)
{
    const char *text =
        "{\"a\": [1, -2.5e3, \"x \\\" y\\u00e9\", true ], \"b]\": {\"c\": null}, \"\": [{}, []]}";
    struct fa_json *root;

    (void)state;
    fa_json_free(parsed(text));
    for (size_t n = 1; text[n] != '\0'; n++)
        assert_fails_saying(fa_json_parse("x.json", text, n, &root), FA_EFORMAT, "x.json: ends early");
}

static void the_text_ends_where_it_is_said_to(void **state)
{
    struct fa_json *root;

    (void)state;
    assert_ok(fa_json_parse("test", "[12]34", 4, &root));
    assert_int_equal(fa_json_count(root), 1);
    fa_json_free(root);
    assert_fails(fa_json_parse("test", "[12]34", 3, &root), FA_EFORMAT);
}

static void nesting_is_limited_to_64(void **state)
{
    char text[2 * 2000 + 1];

    (void)state;
    for (int depth = 64; depth <= 2000; depth += 1936 / 2) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        if (depth == 64)
            fa_json_free(parsed(text));
        else
            assert_refused(text, "line 1, column 65: arrays and objects nested deeper than 64");
    }
    fa_json_free(
        parsed("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\""));
}

static void duplicate_keys_are_refused(void **state)
{
    char text[1000];
    size_t used = 0;

    (void)state;
    assert_refused("{\"a\": 1, \"b\": 2, \"a\": 3}", "\"a\" is there twice in the outermost object");
    assert_refused("{\"a\": [0, {\"b\": {\"c\": 1, \"c\": 1}}]}", "\"c\" is there twice in a[1].b");
    for (int i = 0; i < 40; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%c\"key%d\": 1", i == 0 ? '{' : ',', i);
    strcpy(text + used, "}");
    fa_json_free(parsed(text));
    strcpy(text + used, ", \"key7\": 1}");
    assert_refused(text, "\"key7\" is there twice");
    fa_json_free(parsed("{\"a\": 1, \"A\": 2}"));
}

static void a_file_is_read_and_named(void **state)
{
    const char *directory = fa_test_directory();
    char path[256];
    struct fa_json *root;

    (void)state;
    snprintf(path, sizeof path, "%s/c.json", directory);
    assert_fails_saying(fa_json_read_file(path, &root), FA_EMISSING, "c.json");
    assert_fails_saying(fa_json_read_in(directory, "c.json", &root), FA_EMISSING, "/c.json");
    assert_null(root);
    assert_ok(fa_file_write_atomic(path, "{\"a\": 1}\n", 9));
    assert_ok(fa_json_read_file(path, &root));
    assert_non_null(fa_json_get(root, "a"));
    fa_json_free(root);
    assert_ok(fa_json_read_in(directory, "c.json", &root));
    assert_non_null(fa_json_get(root, "a"));
    fa_json_free(root);
    assert_ok(fa_file_write_atomic(path, "{\"a\"; 1}\n", 9));
    assert_fails_saying(fa_json_read_file(path, &root), FA_EFORMAT, "c.json: line 1, column 5");
}

static void assert_prints(const struct fa_json *root, bool indented, const char *want)
{
    char *text;

    assert_ok(fa_json_print(root, indented, &text));
    assert_string_equal(text, want);
    fa_free(text);
}

static void trees_are_built_and_changed(void **state)
{
    struct fa_json *root = fa_json_new_object(), *array = fa_json_new_array(), *copy;

    (void)state;
    assert_true(fa_json_append(array, fa_json_new_number(1)));
    assert_true(fa_json_append(array, fa_json_new_string("x")));
    assert_true(fa_json_set(root, "first", fa_json_new_bool(true)));
    assert_true(fa_json_set(root, "list", array));
    assert_true(fa_json_set(root, "last", fa_json_new_number(NAN)));
    copy = fa_json_copy(root);
    assert_true(fa_json_set(root, "first", fa_json_copy(fa_json_get(root, "list"))));
    assert_true(fa_json_set(root, "last", fa_json_new_number(2)));
    assert_prints(root, false, "{\"first\":[1,\"x\"],\"list\":[1,\"x\"],\"last\":2}");
    assert_prints(copy, false, "{\"first\":true,\"list\":[1,\"x\"],\"last\":null}");
    fa_json_free(root);
    fa_json_free(copy);
}

static void adding_nothing_or_to_no_container_is_false(void **state)
{
    struct fa_json *root = fa_json_new_object(), *number = fa_json_new_number(1);

    (void)state;
    assert_false(fa_json_set(root, "a", NULL));
    assert_false(fa_json_append(root, fa_json_new_number(1)));
    assert_false(fa_json_set(number, "a", fa_json_new_number(1)));
    assert_false(fa_json_append(NULL, fa_json_new_number(1)));
    assert_int_equal(fa_json_count(root), 0);
    fa_json_free(root);
    fa_json_free(number);
}

static void indented_text_keeps_plain_lists_on_one_line(void **state)
{
    struct fa_json *root = parsed("{\"a\":{\"mean\":[1,2],\"e\":{}},\"b\":[[1],{\"c\":null}]}");

    (void)state;
    assert_prints(root, true,
                  "{\n"
                  "  \"a\": {\n"
                  "    \"mean\": [1, 2],\n"
                  "    \"e\": {}\n"
                  "  },\n"
                  "  \"b\": [\n"
                  "    [1],\n"
                  "    {\n"
                  "      \"c\": null\n"
                  "    }\n"
                  "  ]\n"
                  "}");
    fa_json_free(root);
}

static void strings_are_escaped_and_read_back(void **state)
{
    const char *text = "quote \" backslash \\ line\nend\ttab \x01 caf\xc3\xa9 /", *back;
    struct fa_json *value = fa_json_new_string(text), *again;
    char *printed;

    (void)state;
    assert_ok(fa_json_print(value, false, &printed));
    assert_string_equal(printed, "\"quote \\\" backslash \\\\ line\\nend\\ttab \\u0001 caf\xc3\xa9 /\"");
    again = parsed(printed);
    assert_true(fa_json_to_string(again, &back));
    assert_string_equal(back, text);
    fa_free(printed);
    fa_json_free(value);
    fa_json_free(again);
}

static void assert_number_survives(double want)
{
    struct fa_json *value = fa_json_new_number(want), *again;
    double got;
    char *printed;

    assert_ok(fa_json_print(value, false, &printed));
    again = parsed(printed);
    assert_true(fa_json_to_double(again, &got));
    assert_memory_equal(&got, &want, sizeof got);
    fa_free(printed);
    fa_json_free(value);
    fa_json_free(again);
}

static void assert_printed(const char *text, const char *want)
{
    struct fa_json *value = fa_json_new_string(text);
    char *printed;

    assert_ok(fa_json_print(value, false, &printed));
    assert_string_equal(printed, want);
    fa_free(printed);
    fa_json_free(value);
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
    (void)state;
    assert_printed("\xC3\xA9 \xE7\x8C\xAB \xF0\x9F\x90\x88", "\"\xC3\xA9 \xE7\x8C\xAB \xF0\x9F\x90\x88\"");
    assert_printed("caf\xE9.jpg", "\"caf\\ufffd.jpg\"");
    assert_printed("\xC3", "\"\\ufffd\"");
    assert_printed("\xC0\x80", "\"\\ufffd\\ufffd\"");
    assert_printed("\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
    assert_printed("\xF4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void numbers_read_back_equal(void **state)
{
    static const double special[] = {
        0,     -0.0,    0.1 + 0.2, 1. / 3,   9007199254740991,  -9007199254740992,
        1e300, DBL_MIN, DBL_MAX,   4.9e-324, 123456789012345680};
    struct fa_random random;

    (void)state;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        assert_number_survives(special[i]);
    fa_random_init(&random, 1, FA_RANDOM_TEST, 0, 0);
    for (int i = 0; i < 2000; i++)
        assert_number_survives(
            ldexp(fa_random_double(&random) - 0.5, (int)fa_random_below(&random, 200) - 100));
}

static fa_status build_print_and_parse(void)
{
    struct fa_json *root = fa_json_new_object(), *back;
    char *text;
    fa_status status = FA_ENOMEM;

    if (fa_json_set(root, "a", fa_json_new_string("x")) && fa_json_set(root, "a", fa_json_new_number(1)))
        status = fa_json_print(root, true, &text);
    fa_json_free(root);
    if (status != FA_OK)
        return status;
    status = fa_json_parse("test", text, strlen(text), &back);
    fa_free(text);
    if (status == FA_OK)
        fa_json_free(back);
    return status;
}

static void no_allocation_failure_leaks_or_passes(void **state)
{
    (void)state;
    assert_survives_shortage(build_print_and_parse());
}

static void nothing_is_left_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_name_and_kind),
        cmocka_unit_test(look_ups_in_nothing_give_nothing),
        cmocka_unit_test(integers_are_exact_to_2_to_the_53),
        cmocka_unit_test(ids_are_exact_to_the_last_digit),
        cmocka_unit_test(what_is_not_utf8_is_told_as_what_it_is),
        cmocka_unit_test(syntax_errors_have_line_and_column),
        cmocka_unit_test(a_text_cut_anywhere_ends_early),
        cmocka_unit_test(the_text_ends_where_it_is_said_to),
        cmocka_unit_test(nesting_is_limited_to_64),
        cmocka_unit_test(duplicate_keys_are_refused),
        cmocka_unit_test(a_file_is_read_and_named),
        cmocka_unit_test(trees_are_built_and_changed),
        cmocka_unit_test(adding_nothing_or_to_no_container_is_false),
        cmocka_unit_test(indented_text_keeps_plain_lists_on_one_line),
        cmocka_unit_test(strings_are_escaped_and_read_back),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
        cmocka_unit_test(numbers_read_back_equal),
        cmocka_unit_test(no_allocation_failure_leaks_or_passes),
        cmocka_unit_test(nothing_is_left_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
