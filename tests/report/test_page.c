/* Text of others stays text, numbers are written for people, and base64 is that of everybody. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "page.h"

static void assert_page(struct fa_page *page, const char *want)
{
    assert_ok(page->status);
    assert_string_equal(page->text, want);
    fa_free(page->text);
    *page = (struct fa_page){0};
}

static void names_cannot_become_markup(void **state)
{
    struct fa_page page = {0};

    (void)state;
    fa_page_text(&page, "<script>alert('x')</script> & \"caf\xc3\xa9\"");
    assert_page(&page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;caf\xc3\xa9&quot;");
}

static void what_is_no_text_is_spelt(void **state)
{
    struct fa_page page = {0};

    (void)state;
    fa_page_text(&page, "a\xff\x1b[2J\nb\xc3");
    assert_null(strpbrk(page.text, "\xff\x1b\xc3"));
    assert_non_null(strstr(page.text, "\nb")); /* lines stay lines */
    assert_non_null(strstr(page.text, "\\x"));
    fa_free(page.text);
}

static void a_long_name_is_whole(void **state)
{
    struct fa_page page = {0};
    char name[5001];

    (void)state;
    memset(name, '<', 5000);
    name[5000] = '\0';
    fa_page_text(&page, name);
    assert_int_equal(page.n, 4 * 5000);
    fa_free(page.text);
}

static void base64_pads_the_last_group(void **state)
{
    static const char *const want[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

    (void)state;
    for (size_t n = 1; n <= 6; n++) { /* RFC 4648 */
        struct fa_page page = {0};

        fa_page_base64(&page, "foobar", n);
        assert_page(&page, want[n]);
    }
}

static void counts_have_commas_and_nothing_is_said_of_no_number(void **state)
{
    struct fa_page page = {0};

    (void)state;
    fa_page_count(&page, 1234567);
    fa_page_put(&page, " ");
    fa_page_count(&page, 999);
    fa_page_put(&page, " ");
    fa_page_count(&page, (double)NAN);
    fa_page_put(&page, " ");
    fa_page_share(&page, 0.57263);
    fa_page_put(&page, " ");
    fa_page_share(&page, -1);
    assert_page(&page, "1,234,567 999 none 0.573 none");
}

static fa_status add_much(void)
{
    struct fa_page page = {0};

    for (int i = 0; i < 100; i++) {
        fa_page_add(&page, "%d ", i);
        fa_page_text(&page, "some text");
    }
    fa_free(page.text);
    return page.status;
}

static void memory_that_runs_out_is_told_at_the_end(void **state)
{
    (void)state;
    assert_survives_shortage(add_much());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_cannot_become_markup),
        cmocka_unit_test(what_is_no_text_is_spelt),
        cmocka_unit_test(a_long_name_is_whole),
        cmocka_unit_test(base64_pads_the_last_group),
        cmocka_unit_test(counts_have_commas_and_nothing_is_said_of_no_number),
        cmocka_unit_test(memory_that_runs_out_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
