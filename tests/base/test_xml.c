/* XML as trees. */
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/xml.h"
#include "support.h"

static fa_status parse(const char *text, struct fa_xml **root)
{
    return fa_xml_parse("x.xml", text, strlen(text), root);
}

static void elements_are_found_by_name_in_the_order_of_the_file(void **state)
{
    const struct fa_xml *b;
    struct fa_xml *root;

    (void)state;
    assert_ok(parse("<a><b i='1' j='two &amp; three'/><c/> x <b i='2'>  some\n text </b> y </a>", &root));
    assert_string_equal(fa_xml_name(root), "a");
    assert_string_equal(fa_xml_text(root), "x  y");
    b = fa_xml_child(root, "b");
    assert_string_equal(fa_xml_attribute(b, "i"), "1");
    assert_string_equal(fa_xml_attribute(b, "j"), "two & three");
    assert_null(fa_xml_attribute(b, "k"));
    assert_string_equal(fa_xml_text(b), "");
    assert_string_equal(fa_xml_name(fa_xml_next(b, NULL)), "c");
    b = fa_xml_next(b, "b");
    assert_string_equal(fa_xml_attribute(b, "i"), "2");
    assert_string_equal(fa_xml_text(b), "some\n text");
    assert_null(fa_xml_next(b, "b"));
    assert_null(fa_xml_child(fa_xml_child(root, "nobody"), "b"));
    fa_xml_free(root);
}

static void what_is_no_xml_is_refused_with_its_place(void **state)
{
    struct fa_xml *root;

    (void)state;
    assert_fails_saying(parse("<a>\n<b></a>", &root), FA_EFORMAT, "x.xml, line 2, column 6: this is not XML");
    assert_fails_saying(parse("", &root), FA_EFORMAT, "no element found");
    assert_fails_saying(parse("{\"a\": 1}", &root), FA_EFORMAT, "line 1, column 1");
    assert_fails_saying(parse("<a/><b/>", &root), FA_EFORMAT, "this is not XML");
}

static void a_document_type_is_refused(void **state)
{
    struct fa_xml *root;

    (void)state;
    assert_fails_saying(parse("<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;'>]><a>&c;</a>", &root),
                        FA_EFORMAT, "remove the DOCTYPE");
}

static void deep_nesting_is_refused(void **state)
{
    char text[3 * 65 + 1];
    struct fa_xml *root;

    (void)state;
    for (int i = 0; i < 65; i++)
        memcpy(text + 3 * i, "<a>", 3);
    text[3 * 65] = '\0';
    assert_fails_saying(parse(text, &root), FA_EFORMAT, "nested deeper than 64");
}

static void long_text_is_kept(void **state)
{
    enum { N = 100000 };
    struct fa_xml *root;
    char *text;

    (void)state;
    assert_ok(fa_alloc(N + 8, 1, &text));
    memcpy(text, "<a>", 3);
    memset(text + 3, 'x', N);
    memcpy(text + 3 + N, "</a>", 5);
    assert_ok(parse(text, &root));
    assert_int_equal(strlen(fa_xml_text(root)), N);
    fa_xml_free(root);
    fa_free(text);
}

static void the_encoding_that_a_file_declares_is_read(void **state)
{
    struct fa_xml *root;

    (void)state;
    assert_ok(parse("<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>", &root));
    assert_string_equal(fa_xml_text(root), "\xc3\xa9");
    fa_xml_free(root);
    assert_ok(fa_xml_parse("x.xml", "\xff\xfe<\0a\0/\0>\0", 10, &root));
    assert_string_equal(fa_xml_name(root), "a");
    fa_xml_free(root);
    assert_fails_saying(parse("<?xml version='1.0' encoding='koi9'?><a/>", &root), FA_EFORMAT,
                        "an encoding that is not read; save it as UTF-8");
    assert_fails_saying(parse("<a>\n caf\xe9</a>", &root), FA_EFORMAT,
                        "line 2, column 5: a letter is not in UTF-8; save the file as UTF-8");
}

static fa_status parse_and_free(const char *text)
{
    struct fa_xml *root;

    FA_TRY(parse(text, &root));
    fa_xml_free(root);
    return FA_OK;
}

static void want_of_memory_is_survived(void **state)
{
    (void)state;
    assert_survives_shortage(parse_and_free("<a b='c'><d>text</d></a>"));
    assert_survives_shortage(parse_and_free("<a/>"));
    assert_int_equal(fa_memory_balance(), 0);
}

/* Large files have millions of them. */
static void an_element_and_each_of_its_attributes_are_one_block(void **state)
{
    const long before = fa_memory_balance();
    struct fa_xml *root;

    (void)state;
    assert_ok(parse("<a><box label='a' xtl='1.25' ytl='2.50'/></a>", &root));
    assert_int_equal(fa_memory_balance() - before, 2 + 3);
    fa_xml_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_found_by_name_in_the_order_of_the_file),
        cmocka_unit_test(what_is_no_xml_is_refused_with_its_place),
        cmocka_unit_test(a_document_type_is_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(long_text_is_kept),
        cmocka_unit_test(the_encoding_that_a_file_declares_is_read),
        cmocka_unit_test(want_of_memory_is_survived),
        cmocka_unit_test(an_element_and_each_of_its_attributes_are_one_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
