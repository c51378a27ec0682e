/* The best anchor found without a search is the one that a search over all finds. */
#include <math.h>

#include "fa/anchor_fit.h"
#include "fa/anchors.h"
#include "fa/box.h"
#include "fa/memory.h"
#include "fa/philox.h"
#include "support.h"

static float search(const float *anchors, size_t n, const float box[4])
{
    float best = 0;

    for (size_t i = 0; i < n; i++)
        best = fmaxf(best, fa_box_iou(anchors + 4 * i, box));
    return best;
}

/* Boxes of all sizes and shapes, also thin ones, and ones at and beyond the border. */
static void draw_box(struct fa_random *random, int h, int w, float box[4])
{
    const double side = exp(log(700) * fa_random_double(random)),
                 aspect = exp(3 * fa_random_double(random) - 1.5);
    const double x = fa_random_double(random) * w, y = fa_random_double(random) * h;

    box[0] = (float)(x - side * aspect / 2);
    box[1] = (float)(y - side / aspect / 2);
    box[2] = (float)(x + side * aspect / 2);
    box[3] = (float)(y + side / aspect / 2);
}

static void compare(const struct fa_anchor_design *design, int h, int w, int n_boxes)
{
    struct fa_anchor_shapes shapes;
    struct fa_pyramid pyramid;
    struct fa_random random;
    float *anchors;

    fa_anchor_shapes_make(design, &shapes);
    fa_pyramid_make(design->finest_level, h, w, &pyramid);
    assert_ok(fa_alloc(pyramid.n_anchors, 4 * sizeof *anchors, &anchors));
    fa_anchors_make(&pyramid, design, anchors);
    fa_random_init(&random, 3, FA_RANDOM_FLIP, (uint64_t)h, (uint32_t)w);
    for (int i = 0; i < n_boxes; i++) {
        float box[4], found, want;

        draw_box(&random, h, w, box);
        found = fa_anchor_best_iou(&shapes, &pyramid, box);
        want = search(anchors, pyramid.n_anchors, box);
        if (!(fabsf(found - want) <= 1e-5f))
            fail_msg("box %g %g %g %g in %dx%d: %.7g, and %.7g by a search", box[0], box[1], box[2], box[3],
                     w, h, found, want);
    }
    fa_free(anchors);
}

static void the_best_anchor_is_that_of_a_search_over_all(void **state)
{
    static const struct fa_anchor_design long_ones = {3, .ratio = {0.2f, 1, 3}, .scale = 2.5},
                                         fine_ones = {2, .ratio = {0.5f, 1, 2}, .scale = 4};

    (void)state;
    compare(&fa_anchors_of_reference, 32, 32, 200);
    compare(&fa_anchors_of_reference, 64, 320, 200);
    compare(&fa_anchors_of_reference, 480, 352, 60);
    compare(&fa_anchors_of_reference, 800, 1344, 15);
    compare(&long_ones, 64, 320, 200);
    compare(&fine_ones, 96, 160, 200);
}

static void an_anchor_itself_has_a_perfect_one(void **state)
{
    struct fa_anchor_shapes shapes;
    struct fa_pyramid pyramid;
    const float box[4] = {128 - 16, 64 - 16, 128 + 16, 64 + 16};

    (void)state;
    fa_anchor_shapes_make(&fa_anchors_of_reference, &shapes);
    fa_pyramid_make(3, 256, 256, &pyramid);
    assert_true(fabsf(fa_anchor_best_iou(&shapes, &pyramid, box) - 1) <= 1e-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_anchor_is_that_of_a_search_over_all),
        cmocka_unit_test(an_anchor_itself_has_a_perfect_one),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
