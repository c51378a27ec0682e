/* Whether a run has learnt enough to be judged. */
#include "fa/learning.h"

#include <math.h>
#include <string.h>

#include "support.h"

static void little_ap_after_few_steps_is_put_down_to_them(void **state)
{
    char text[512];

    (void)state;
    assert_true(fa_learning_is_little(0.006, 144, 12, text, sizeof text));
    assert_non_null(strstr(text, "best AP is 0.006, below 0.05; 144 steps are few"));
    assert_non_null(strstr(text, "train.epochs=50 or more"));
    assert_true(fa_learning_is_little(0, 144, 0, text, sizeof text));
    assert_non_null(strstr(text, "train.epochs=N"));
}

static void little_ap_after_many_steps_is_not(void **state)
{
    char text[512];

    (void)state;
    assert_true(fa_learning_is_little(0.049, 300, 12, text, sizeof text));
    assert_null(strstr(text, "are few"));
    assert_non_null(strstr(text, "freeanchor browse"));
}

static void enough_ap_and_none_say_nothing(void **state)
{
    const double ap[] = {0.05, 0.3, -1, (double)NAN};
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof ap / sizeof *ap; i++) {
        assert_false(fa_learning_is_little(ap[i], 100, 12, text, sizeof text));
        assert_string_equal(text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_ap_after_few_steps_is_put_down_to_them),
        cmocka_unit_test(little_ap_after_many_steps_is_not),
        cmocka_unit_test(enough_ap_and_none_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
