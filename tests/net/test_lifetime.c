/* The packer, by brute force over random blocks. */
#include "lifetime.h"

#include "fa/memory.h"
#include "fa/philox.h"
#include "support.h"

static bool overlap(const struct fa_lifetime *a, const struct fa_lifetime *b)
{
    bool in_time = a->first <= b->last && b->first <= a->last;
    bool in_space = a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;

    return in_time && in_space;
}

static void check_packing(const struct fa_lifetime *block, size_t n, size_t arena_bytes)
{
    size_t end = 0;

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(block[i].offset % 64, 0);
        end = block[i].offset + block[i].bytes > end ? block[i].offset + block[i].bytes : end;
        for (size_t j = 0; j < i; j++)
            assert_false(overlap(&block[i], &block[j]));
    }
    assert_int_equal(end, arena_bytes);
}

/* The sum of sizes of the step at which most bytes live: no packing is smaller. */
static size_t lower_bound(const struct fa_lifetime *block, size_t n, int steps)
{
    size_t bound = 0;

    for (int t = 0; t < steps; t++) {
        size_t live = 0;

        for (size_t i = 0; i < n; i++)
            if (block[i].first <= t && t <= block[i].last)
                live += block[i].bytes;
        bound = live > bound ? live : bound;
    }
    return bound;
}

static void blocks_that_live_together_never_overlap(void **state)
{
    struct fa_random random;
    struct fa_lifetime block[60];

    (void)state;
    fa_random_init(&random, 1, FA_RANDOM_TEST, 0, 0);
    for (int round = 0; round < 200; round++) {
        const size_t n = 1 + fa_random_below(&random, 60);
        size_t arena_bytes, bound;

        for (size_t i = 0; i < n; i++) {
            int first = (int)fa_random_below(&random, 80);

            block[i] = (struct fa_lifetime){.bytes = 64 * (size_t)fa_random_below(&random, 100),
                                            .first = first,
                                            .last = first + (int)fa_random_below(&random, 20)};
        }
        assert_ok(fa_lifetime_pack(block, n, &arena_bytes));
        check_packing(block, n, arena_bytes);
        bound = lower_bound(block, n, 100);
        assert_true(arena_bytes >= bound && arena_bytes <= 2 * bound);
    }
}

/* By hand: a and c do not meet and share memory; b meets both. */
static void memory_is_used_again_after_a_block_has_died(void **state)
{
    struct fa_lifetime block[3] = {{128, 0, 1, 0}, {64, 1, 2, 0}, {128, 2, 3, 0}};
    size_t arena_bytes;

    (void)state;
    assert_ok(fa_lifetime_pack(block, 3, &arena_bytes));
    assert_int_equal(arena_bytes, 192);
    assert_int_equal(block[0].offset, block[2].offset);
}

/* By hand: in order of size the first five lie end to end, and when the last one starts, at step 5, the
   second and the fourth have left gaps of 256 and 128. */
static void a_block_goes_into_the_smallest_gap_that_holds_it(void **state)
{
    struct fa_lifetime block[] = {{512, 0, 9, 0}, {256, 0, 4, 0}, {192, 0, 9, 0},
                                  {128, 0, 4, 0}, {96, 0, 9, 0},  {64, 5, 9, 0}};
    size_t arena_bytes;

    (void)state;
    assert_ok(fa_lifetime_pack(block, 6, &arena_bytes));
    assert_int_equal(block[3].offset, 512 + 256 + 192);
    assert_int_equal(block[5].offset, block[3].offset);
}

static void no_block_needs_no_arena(void **state)
{
    struct fa_lifetime none;
    size_t arena_bytes = 1;

    (void)state;
    assert_ok(fa_lifetime_pack(&none, 0, &arena_bytes));
    assert_int_equal(arena_bytes, 0);
}

static void exhausted_memory_is_reported(void **state)
{
    struct fa_lifetime block = {64, 0, 0, 0};
    size_t arena_bytes;

    (void)state;
    fa_memory_fail_after(1);
    assert_fails(fa_lifetime_pack(&block, 1, &arena_bytes), FA_ENOMEM);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_that_live_together_never_overlap),
        cmocka_unit_test(memory_is_used_again_after_a_block_has_died),
        cmocka_unit_test(a_block_goes_into_the_smallest_gap_that_holds_it),
        cmocka_unit_test(no_block_needs_no_arena),
        cmocka_unit_test(exhausted_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
