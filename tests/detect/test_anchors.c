#include <math.h>
#include <stdlib.h>

#include "fa/anchors.h"
#include "fa/hash.h"
#include "support.h"

static void check_levels(int finest_level, int stride, const int h[FA_LEVELS], const int w[FA_LEVELS],
                         size_t n_anchors)
{
    struct fa_pyramid pyramid;
    size_t first = 0;

    fa_pyramid_make(finest_level, 800, 1344, &pyramid);
    for (int level = 0; level < FA_LEVELS; level++) {
        assert_int_equal(pyramid.stride[level], stride << level);
        assert_int_equal(pyramid.h[level], h[level]);
        assert_int_equal(pyramid.w[level], w[level]);
        assert_int_equal(pyramid.first[level], first);
        first += (size_t)(h[level] * w[level] * FA_CELL_ANCHORS);
    }
    assert_int_equal(pyramid.n_anchors, n_anchors);
}

static void pyramid_of_the_reference_size_has_201600_anchors(void **state)
{
    static const int h[] = {100, 50, 25, 13, 7}, w[] = {168, 84, 42, 21, 11};

    (void)state;
    check_levels(3, 8, h, w, 201600);
}

static void from_p2_on_it_has_805707_anchors(void **state)
{
    static const int h[] = {200, 100, 50, 25, 13}, w[] = {336, 168, 84, 42, 21};

    (void)state;
    check_levels(2, 4, h, w, 9 * (200 * 336 + 100 * 168 + 50 * 84 + 25 * 42 + 13 * 21));
}

static void smallest_pyramid_has_774_anchors(void **state)
{
    struct fa_pyramid pyramid;

    (void)state;
    fa_pyramid_make(3, 64, 64, &pyramid);
    assert_int_equal(pyramid.n_anchors, 774);
}

/* The published half sizes at stride 8, printed to six decimals. */
static void first_cell_has_the_published_shapes(void **state)
{
    static const double half[FA_CELL_ANCHORS][2] = {
        {22.627417, 11.313708}, {28.508759, 14.254379}, {35.918785, 17.959393}, {16, 16},
        {20.158737, 20.158737}, {25.398417, 25.398417}, {11.313708, 22.627417}, {14.254379, 28.508759},
        {17.959393, 35.918785}};
    struct fa_pyramid pyramid;
    float *anchors;

    (void)state;
    fa_pyramid_make(3, 64, 64, &pyramid);
    anchors = malloc(pyramid.n_anchors * 4 * sizeof *anchors);
    assert_non_null(anchors);
    fa_anchors_make(&pyramid, &fa_anchors_of_reference, anchors);
    for (int a = 0; a < FA_CELL_ANCHORS; a++)
        for (int k = 0; k < 2; k++) {
            assert_near(anchors[4 * a + k], -half[a][k], 2e-6);
            assert_near(anchors[4 * a + k + 2], half[a][k], 2e-6);
        }
    free(anchors);
}

/* Width and height are what stride, ratio and size make of them, at every level; zeroed is the reference. */
static void anchors_of_another_design_have_its_shapes(void **state)
{
    static const struct fa_anchor_design long_ones = {3, .ratio = {0.25f, 1, 4}, .scale = 2},
                                         zeroed = {.scale = 0};
    struct fa_pyramid pyramid;
    float *anchors, *reference;

    (void)state;
    fa_pyramid_make(3, 64, 64, &pyramid);
    anchors = malloc(pyramid.n_anchors * 4 * sizeof *anchors);
    reference = malloc(pyramid.n_anchors * 4 * sizeof *anchors);
    assert_true(anchors != NULL && reference != NULL);
    fa_anchors_make(&pyramid, &long_ones, anchors);
    for (int level = 0; level < FA_LEVELS; level++)
        for (int a = 0; a < FA_CELL_ANCHORS; a++) {
            const float *anchor = anchors + 4 * (pyramid.first[level] + (size_t)a);
            const double side = pyramid.stride[level] * 2 * pow(2, a % 3 / 3.0),
                         root = sqrt((double)long_ones.ratio[a / 3]);

            assert_near((anchor[2] - anchor[0]) / (side / root), 1, 1e-6);
            assert_near((anchor[3] - anchor[1]) / (side * root), 1, 1e-6);
        }
    fa_anchors_make(&pyramid, &fa_anchors_of_reference, reference);
    fa_anchors_make(&pyramid, &zeroed, anchors);
    assert_memory_equal(anchors, reference, pyramid.n_anchors * 4 * sizeof *anchors);
    free(anchors);
    free(reference);
}

/* Anchor 3 of a cell is the square of 4 strides, its corners are exact. */
static void order_is_level_then_row_then_column(void **state)
{
    struct fa_pyramid pyramid;
    float *anchors, *anchor;

    (void)state;
    fa_pyramid_make(3, 64, 96, &pyramid);
    anchors = malloc(pyramid.n_anchors * 4 * sizeof *anchors);
    assert_non_null(anchors);
    fa_anchors_make(&pyramid, &fa_anchors_of_reference, anchors);
    anchor = anchors + 4 * ((2 * 12 + 5) * FA_CELL_ANCHORS + 3); /* P3, y 2, x 5 */
    assert_true(anchor[0] == 40 - 16 && anchor[1] == 16 - 16 && anchor[2] == 40 + 16 && anchor[3] == 16 + 16);
    anchor = anchors + 4 * (pyramid.first[1] + (3 * 6 + 1) * FA_CELL_ANCHORS + 3); /* P4, y 3, x 1 */
    assert_true(anchor[0] == 16 - 32 && anchor[1] == 48 - 32 && anchor[2] == 16 + 32 && anchor[3] == 48 + 32);
    free(anchors);
}

/* The number is that of torch's float32 arithmetic, and of golden/reference.py. */
static void anchors_have_the_bits_of_the_reference(void **state)
{
    struct fa_pyramid pyramid;
    float *anchors;

    (void)state;
    fa_pyramid_make(3, 64, 96, &pyramid);
    anchors = malloc(pyramid.n_anchors * 4 * sizeof *anchors);
    assert_non_null(anchors);
    fa_anchors_make(&pyramid, &fa_anchors_of_reference, anchors);
    assert_true(fa_hash(FA_HASH_START, anchors, pyramid.n_anchors * 4 * sizeof *anchors) ==
                UINT64_C(0xb3732a7c08fefae7));
    free(anchors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pyramid_of_the_reference_size_has_201600_anchors),
        cmocka_unit_test(from_p2_on_it_has_805707_anchors),
        cmocka_unit_test(smallest_pyramid_has_774_anchors),
        cmocka_unit_test(first_cell_has_the_published_shapes),
        cmocka_unit_test(anchors_have_the_bits_of_the_reference),
        cmocka_unit_test(anchors_of_another_design_have_its_shapes),
        cmocka_unit_test(order_is_level_then_row_then_column),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
