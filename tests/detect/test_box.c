#include <math.h>
#include <string.h>

#include "box_block.h"
#include "fa/box.h"
#include "scene.h"
#include "support.h"

static const struct fa_box_coder coder = {.std = {0.1f, 0.1f, 0.2f, 0.2f}};

static void encode_matches_the_published_deltas(void **state)
{
    const float anchor[4] = {-16, -16, 16, 16}, object[4] = {1, 2, 31, 29};
    const double want[4] = {5, 4.84375, -0.3227, -0.8495};
    float got[4];

    (void)state;
    fa_box_encode(&coder, anchor, object, got);
    for (int k = 0; k < 4; k++)
        assert_near(got[k], want[k], 5e-5);
}

static void decode_undoes_encode(void **state)
{
    const float anchor[4] = {3, -7, 40, 21}, object[4] = {10, 2, 31.5f, 29.25f};
    float delta[4], got[4];

    (void)state;
    fa_box_encode(&coder, anchor, object, delta);
    fa_box_decode(&coder, anchor, delta, got);
    for (int k = 0; k < 4; k++)
        assert_near(got[k], object[k], 1e-5);
}

/* A delta of 1000 asks for e^200 times the anchor; the limit is 1000 / 16 times. */
static void decode_limits_the_size(void **state)
{
    const float anchor[4] = {-8, -8, 8, 8}, delta[4] = {0, 0, 1000, -1000};
    float box[4];

    (void)state;
    fa_box_decode(&coder, anchor, delta, box);
    assert_near(box[2] - box[0], 1000, 1e-3);
    assert_near(box[3] - box[1], 16 * 16 / 1000.0, 1e-6);
}

static void decode_may_write_over_its_delta(void **state)
{
    const float anchor[4] = {3, -7, 40, 21};
    float delta[4] = {0.5f, -1, 0.25f, 2}, box[4];

    (void)state;
    fa_box_decode(&coder, anchor, delta, box);
    fa_box_decode(&coder, anchor, delta, delta);
    assert_memory_equal(box, delta, sizeof box);
}

static void iou_of_known_boxes(void **state)
{
    const float a[4] = {0, 0, 4, 4}, b[4] = {2, 2, 6, 6}, apart[4] = {4, 0, 8, 4}, point[4] = {1, 1, 1, 1};

    (void)state;
    assert_true(fa_box_iou(a, b) == 4.0f / 28.0f);
    assert_true(fa_box_iou(a, a) == 1.0f);
    assert_true(fa_box_iou(a, apart) == 0.0f);
    assert_true(fa_box_iou(point, point) == 0.0f);
}

static void clip_holds_boxes_in_the_image(void **state)
{
    float box[4] = {-3, 5, 120, 99.5f};
    const float want[4] = {0, 5, 100, 80};

    (void)state;
    fa_box_clip(100, 80, box);
    assert_memory_equal(box, want, sizeof box);
}

static void random_box(unsigned seed, float box[4])
{
    for (unsigned k = 0; k < 2; k++) {
        box[k] = 100 * test_noise(seed, k);
        box[k + 2] = box[k] + 60 + 59 * test_noise(seed, k + 2);
    }
}

/* The block's loop is vectorised, so it is held against the single comparison bit for bit. */
static void block_iou_has_the_bits_of_single_iou(void **state)
{
    static float boxes[2 * FA_BOX_BLOCK + 44][4], iou[FA_BOX_BLOCK];
    const size_t n = sizeof boxes / sizeof boxes[0];
    struct fa_box_block block;
    float object[4], best = 0;

    (void)state;
    for (size_t j = 0; j < n; j++)
        random_box((unsigned)j, boxes[j]);
    random_box(9999, object);
    fa_box_block_load(boxes[0], n, 2 * FA_BOX_BLOCK, &block);
    assert_int_equal(block.n, 44);
    fa_box_block_load(boxes[0], n, FA_BOX_BLOCK, &block);
    assert_int_equal(block.n, FA_BOX_BLOCK);
    assert_true(fa_box_block_meets(&block, object));
    best = fa_box_block_iou(&block, object, iou);
    for (size_t k = 0; k < block.n; k++) {
        float single = fa_box_iou(object, boxes[block.first + k]);

        assert_memory_equal(&iou[k], &single, sizeof single);
        assert_true(iou[k] <= best);
    }
    assert_true(best > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_matches_the_published_deltas),
        cmocka_unit_test(decode_undoes_encode),
        cmocka_unit_test(decode_limits_the_size),
        cmocka_unit_test(decode_may_write_over_its_delta),
        cmocka_unit_test(iou_of_known_boxes),
        cmocka_unit_test(clip_holds_boxes_in_the_image),
        cmocka_unit_test(block_iou_has_the_bits_of_single_iou),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
