#include "fa/anchor_cache.h"
#include "fa/memory.h"
#include "support.h"

static void anchors_of_a_size_are_made_once_and_right_after_many_sizes(void **state)
{
    struct fa_anchor_cache *cache;
    const struct fa_anchor_set *set;
    const float *first;
    float *want;

    (void)state;
    assert_ok(fa_anchor_cache_create(&fa_anchors_of_reference, &cache));
    assert_ok(fa_anchor_cache_get(cache, 64, 96, &set));
    first = set->anchors;
    assert_ok(fa_anchor_cache_get(cache, 96, 64, &set));
    assert_ptr_not_equal(set->anchors, first);
    assert_ok(fa_anchor_cache_get(cache, 64, 96, &set));
    assert_ptr_equal(set->anchors, first);
    for (int i = 0; i < 40; i++) {
        int h = 32 * (1 + i % 11), w = 32 * (1 + i % 3);

        assert_ok(fa_anchor_cache_get(cache, h, w, &set));
        assert_ok(fa_alloc(set->pyramid.n_anchors, 4 * sizeof *want, &want));
        assert_int_equal(set->pyramid.h[0], h / 8);
        assert_int_equal(set->pyramid.w[0], w / 8);
        fa_anchors_make(&set->pyramid, &fa_anchors_of_reference, want);
        assert_memory_equal(set->anchors, want, set->pyramid.n_anchors * 4 * sizeof *want);
        fa_free(want);
    }
    fa_anchor_cache_destroy(cache);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_of_a_size_are_made_once_and_right_after_many_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
