/* A loss that explodes is noticed once, after fifty steps; one that falls, wavers or jumps for a while is
 * not. */
#include "divergence.h"
#include "support.h"

/* How often it is noticed in n steps of a loss; *median is that of the last time. */
static int notices(struct fa_divergence *divergence, int n, double loss, double *median)
{
    int count = 0;
    double is;

    for (int i = 0; i < n; i++)
        if (fa_divergence_note(divergence, loss, &is)) {
            count++;
            *median = is;
        }
    return count;
}

static void an_explosion_is_noticed_once_after_fifty_steps(void **state)
{
    struct fa_divergence divergence = {0};
    double median = 0;

    (void)state;
    for (int i = 0; i < 300; i++)
        assert_int_equal(notices(&divergence, 1, 3 - i * 0.005, &median), 0);
    assert_int_equal(notices(&divergence, 49, 50, &median), 0);
    assert_int_equal(notices(&divergence, 1, 50, &median), 1);
    assert_near(median, 3 - 249 * 0.005, 1e-12);
    assert_int_equal(notices(&divergence, 500, 50, &median), 0);
}

static void spikes_and_slow_changes_are_not(void **state)
{
    struct fa_divergence divergence = {0};
    double median;

    (void)state;
    assert_int_equal(notices(&divergence, 10, 1e6, &median), 0); /* the first steps may be anything */
    assert_int_equal(notices(&divergence, 200, 2, &median), 0);
    for (int k = 0; k < 20; k++) {
        assert_int_equal(notices(&divergence, 49, 1000, &median), 0);
        assert_int_equal(notices(&divergence, 1, 2, &median), 0);
    }
    for (double loss = 2; loss < 1e5; loss *= 1.02)
        assert_int_equal(notices(&divergence, 1, loss, &median), 0);
}

static void a_second_explosion_is_noticed_too(void **state)
{
    struct fa_divergence divergence = {0};
    double median;

    (void)state;
    assert_int_equal(notices(&divergence, 100, 1, &median), 0);
    assert_int_equal(notices(&divergence, 60, 11, &median), 1);
    assert_int_equal(notices(&divergence, 5, 1, &median), 0);
    assert_int_equal(notices(&divergence, 60, 11, &median), 1);
    assert_int_equal(notices(&divergence, 60, 10, &median), 0); /* ten times is not above */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_explosion_is_noticed_once_after_fifty_steps),
        cmocka_unit_test(spikes_and_slow_changes_are_not),
        cmocka_unit_test(a_second_explosion_is_noticed_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
