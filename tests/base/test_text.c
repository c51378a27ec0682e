/* Sentences put together in a buffer: what does not fit is cut, and a word of a command is read back by a
 * shell. */
#include "fa/text.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

static void what_does_not_fit_is_cut(void **state)
{
    char text[8] = "";

    (void)state;
    fa_text_add(text, sizeof text, "%d and", 12);
    fa_text_add(text, sizeof text, " %d", 34);
    assert_string_equal(text, "12 and ");
    fa_text_add_word(text, sizeof text, "x");
    assert_string_equal(text, "12 and ");
}

static void a_shell_reads_a_word_back_as_it_is(void **state)
{
    static const char *const words[] = {"", "a b", "it's", "''", "$HOME `id` \\ \"*\"", "a\nb"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char command[256] = "printf '%s|' ", got[256] = "", want[256];
        FILE *shell;

        fa_text_add_word(command, sizeof command, words[i]);
        shell = popen(command, "r");
        assert_non_null(shell);
        got[fread(got, 1, sizeof got - 1, shell)] = '\0';
        assert_int_equal(pclose(shell), 0);
        snprintf(want, sizeof want, "%s|", words[i]);
        assert_string_equal(got, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_cut),
        cmocka_unit_test(a_shell_reads_a_word_back_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
