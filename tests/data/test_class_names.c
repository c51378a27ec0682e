/* Names of classes, as files of YOLO have them. */
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "annotations/class_names.h"
#include "fa/file.h"

static struct fa_builder builder;

static fa_status read(fa_status (*of)(const char *path, struct fa_builder *builder), const char *text,
                      size_t n_bytes)
{
    const char *path = fa_test_path(fa_test_directory(), "names");

    fa_builder_close(&builder);
    assert_ok(fa_builder_open(&builder));
    assert_ok(fa_file_write_atomic(path, text, n_bytes));
    return of(path, &builder);
}

static fa_status read_yaml(const char *text)
{
    return read(fa_classes_of_yaml, text, strlen(text));
}

/* What was read: "cat|dog". */
static void assert_names(const char *want)
{
    char names[256] = "";

    for (size_t k = 0; k < builder.coco->n_categories; k++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", k > 0 ? "|" : "",
                 builder.coco->categories[k].name);
    assert_string_equal(names, want);
}

static void names_are_read_however_yaml_writes_them(void **state)
{
    static const char *const same[] = {
        "names: [cat, 'big dog', \"fox\"]\n",
        "names: [ 'cat' , big dog,fox ] # three\n",
        "nc: 3\nnames: [\n  cat,  # the first\n  'big dog',\n  fox,\n]\npath: x\n",
        "names: {0: cat, 1: 'big dog', 2: fox}\n",
        "path: x\nnames:\n  0: cat # the first\n  1: big dog\n\n  # a line of its own\n  2: 'fox'\nnc: 3\n",
        "names:\n- cat\n- big dog\n- fox\ntrain: images\n",
        "names:\r\n  - cat\r\n  - \"big dog\"\r\n  - fox # last\r\n",
        "names:\n  \"0\": cat\n  '1': big dog\n  2: fox",
        "\xef\xbb\xbfnames: [cat, big dog, fox]",
        "\n\nnames: [cat, big dog, fox]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_ok(read_yaml(same[i]));
        assert_names("cat|big dog|fox");
    }
}

static void quotes_keep_what_would_end_a_name(void **state)
{
    (void)state;
    assert_ok(read_yaml("names: ['a, b', \"c # d\", 'dog''s', \"e\\\"f\", g#h]"));
    assert_names("a, b|c # d|dog's|e\"f|g#h");
}

static void what_would_shift_classes_is_refused(void **state)
{
    (void)state;
    assert_fails_saying(read_yaml("names:\n  1: a\n  0: b\n"), FA_EFORMAT, "where 0 should be is 1: a");
    assert_fails_saying(read_yaml("names: {0: a, 2: b}"), FA_EFORMAT, "where 1 should be is 2: b");
    assert_fails_saying(read_yaml("names: [a, b]\nnc: 3\n"), FA_EFORMAT,
                        "\"nc\" is 3, and there are 2 names");
    assert_fails_saying(read_yaml("names: classes.txt\n"), FA_EFORMAT, "where 0 should be is classes.txt");
    assert_fails_saying(read_yaml("names:\ntrain: x\n"), FA_EFORMAT, "names no class");
    assert_fails_saying(read_yaml("names: []\n"), FA_EFORMAT, "names no class");
    assert_fails_saying(read_yaml("names: [a, b\n"), FA_EFORMAT, "has no end");
    assert_fails_saying(read_yaml("names: ['a, b]\n"), FA_EFORMAT, "in quotes has no end");
    assert_fails_saying(read_yaml("names: [a, a]\n"), FA_EFORMAT, "is listed twice");
    assert_fails_saying(read_yaml("\n"), FA_EFORMAT, "no line begins with \"names:\"");
    assert_fails_saying(read_yaml("nc: 3\n"), FA_EFORMAT, "no line begins with \"names:\"");
    assert_fails_saying(read_yaml("kpt_shape: [17, 3]\nnames: [a]\n"), FA_EFORMAT, "key points");
}

static void a_mark_of_utf8_is_no_part_of_a_name_and_other_encodings_are_refused(void **state)
{
    (void)state;
    assert_ok(read(fa_classes_of_lines,
                   "\xef\xbb\xbf"
                   "cat\r\ndog\r\n",
                   13));
    assert_names("cat|dog");
    assert_fails_saying(read(fa_classes_of_lines,
                             "\xff\xfe"
                             "c\0\n\0",
                             6),
                        FA_EFORMAT, "save it as UTF-8");
    assert_fails_saying(read(fa_classes_of_lines, "cat\0dog\n", 8), FA_EFORMAT, "it is not plain text");
}

/* Looked for one after another they would take minutes in a debug build. */
static void many_classes_are_found_quickly(void **state)
{
    enum { N = 65536 };
    const clock_t begun = clock();
    char name[16];
    int32_t label;

    (void)state;
    fa_builder_close(&builder);
    assert_ok(fa_builder_open(&builder));
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < N; k++) {
            snprintf(name, sizeof name, "class %d", k);
            assert_ok(fa_builder_class(&builder, name, &label));
            assert_int_equal(label, k);
        }
    assert_fails_saying(fa_builder_class(&builder, "more", &label), FA_EFORMAT,
                        "one class more than the 65536");
    assert_true((double)(clock() - begun) / CLOCKS_PER_SEC < 2);
}

static int close_builder(void **state)
{
    (void)state;
    fa_builder_close(&builder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_however_yaml_writes_them),
        cmocka_unit_test(quotes_keep_what_would_end_a_name),
        cmocka_unit_test(what_would_shift_classes_is_refused),
        cmocka_unit_test(many_classes_are_found_quickly),
        cmocka_unit_test(a_mark_of_utf8_is_no_part_of_a_name_and_other_encodings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, close_builder);
}
