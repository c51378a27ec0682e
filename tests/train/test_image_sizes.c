/* The sizes that a run meets, worked out by hand from doc/method.md: scaled to fit both limits, padded to
 * multiples of 32. */
#include "fa/memory.h"
#include "image_sizes.h"
#include "support.h"

static struct fa_record records[] = {{.w = 640, .h = 480}, {.w = 480, .h = 640}, {.w = 640, .h = 480}};
static const struct fa_dataset dataset = {.n_records = 3, .records = records};

static struct fa_image_sizes list(const struct fa_transform *transform)
{
    struct fa_image_sizes sizes;

    assert_ok(fa_image_sizes_list(&dataset, transform, &sizes));
    return sizes;
}

static void assert_size(struct fa_image_size size, int h, int w)
{
    assert_int_equal(size.h, h);
    assert_int_equal(size.w, w);
}

static void equal_sizes_are_listed_once(void **state)
{
    const struct fa_transform transform = {.scale = {1333, 800}};
    struct fa_image_sizes sizes = list(&transform);

    (void)state;
    assert_int_equal(sizes.n, 2);
    assert_size(sizes.at[0], 800, 1088); /* 1067 x 800 */
    assert_size(sizes.at[1], 1088, 800);
    fa_free(sizes.at);
}

static void every_pair_of_the_scales_counts(void **state)
{
    const struct fa_transform transform = {.scale = {1333, 800},
                                           .scales = {.n = 2, .pair = {{1333, 480}, {1333, 800}}}};
    struct fa_image_sizes sizes = list(&transform);

    (void)state;
    assert_int_equal(sizes.n, 4);
    assert_size(sizes.at[0], 480, 640);
    assert_size(sizes.at[1], 640, 480);
    assert_size(sizes.at[2], 800, 1088);
    assert_size(sizes.at[3], 1088, 800);
    assert_size(fa_image_sizes_largest(&sizes), 800, 1088);
    fa_free(sizes.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_sizes_are_listed_once),
        cmocka_unit_test(every_pair_of_the_scales_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
