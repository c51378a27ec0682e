/* As many lanes as images and memory allow. */
#include "lanes.h"
#include "support.h"

#define GIB ((size_t)1 << 30)

static void lanes_are_as_many_as_images_and_memory_allow(void **state)
{
    (void)state;
    assert_int_equal(fa_lanes_that_fit(2, 100 * GIB, GIB), 2);
    assert_int_equal(fa_lanes_that_fit(16, 100 * GIB, GIB), 8);
    assert_int_equal(fa_lanes_that_fit(16, 5 * GIB, GIB), 4); /* a tenth is left */
    assert_int_equal(fa_lanes_that_fit(16, GIB, 2 * GIB), 1);
    assert_int_equal(fa_lanes_that_fit(16, 0, GIB), 1);
    assert_int_equal(fa_lanes_that_fit(1, 100 * GIB, GIB), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lanes_are_as_many_as_images_and_memory_allow)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
