/* Counted memory, overflow and ordered failure. */
#include <pthread.h>
#include <string.h>

#include "fa/memory.h"
#include "support.h"

static void blocks_are_aligned_and_counted(void **state)
{
    double *values;
    char *none;

    (void)state;
    assert_ok(fa_alloc(3, sizeof *values, &values));
    assert_ok(fa_alloc(0, 8, &none));
    assert_non_null(none);
    assert_int_equal((uintptr_t)values % 64, 0);
    assert_int_equal((uintptr_t)none % 64, 0);
    assert_int_equal(fa_memory_bytes(), 24);
    assert_int_equal(fa_memory_balance(), 2);
    fa_free(values);
    fa_free(none);
    fa_free(NULL);
    assert_int_equal(fa_memory_bytes(), 0);
    assert_int_equal(fa_memory_balance(), 0);
}

/* Not even of a whole number of vectors or pages; by the sanitizers too. */
static void a_large_block_may_have_any_size(void **state)
{
    const size_t n = ((size_t)5 << 20) + 100;
    char *block;

    (void)state;
    assert_ok(fa_alloc(n, 1, &block));
    assert_int_equal((uintptr_t)block % 64, 0);
    memset(block, 1, n);
    assert_int_equal(fa_memory_bytes(), n);
    fa_free(block);
    assert_int_equal(fa_memory_balance(), 0);
}

static void zeroed_blocks_are_zero(void **state)
{
    char *block;

    (void)state;
    assert_ok(fa_alloc(1000, 1, &block));
    memset(block, 0xAB, 1000);
    fa_free(block);
    assert_ok(fa_alloc_zero(1000, 1, &block));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(block[i], 0);
    fa_free(block);
}

static void realloc_keeps_what_fits(void **state)
{
    int *block = NULL;

    (void)state;
    assert_ok(fa_realloc(&block, 2, sizeof *block));
    block[0] = 5;
    block[1] = 6;
    assert_ok(fa_realloc(&block, 1000, sizeof *block));
    assert_true(block[0] == 5 && block[1] == 6);
    assert_int_equal(fa_memory_bytes(), 1000 * sizeof *block);
    assert_ok(fa_realloc(&block, 1, sizeof *block));
    assert_int_equal(block[0], 5);
    fa_free(block);
    assert_int_equal(fa_memory_balance(), 0);
}

static void reserving_item_by_item_allocates_seldom_and_keeps_what_is_there(void **state)
{
    size_t *list = NULL, room = 0, n_moves = 0, last_room;

    (void)state;
    for (size_t n = 0; n < 10000; n++) {
        const size_t before = room;

        assert_ok(fa_reserve(&list, n + 1, sizeof *list, &room));
        assert_true(room > n && fa_memory_bytes() == room * sizeof *list);
        n_moves += room != before;
        list[n] = n;
    }
    for (size_t n = 0; n < 10000; n++)
        assert_int_equal(list[n], n);
    assert_true(n_moves < 20);
    last_room = room;
    assert_fails(fa_reserve(&list, SIZE_MAX / 2, sizeof *list, &room), FA_ENOMEM);
    assert_int_equal(room, last_room);
    assert_int_equal(list[9999], 9999);
    fa_free(list);
}

static void sizes_that_overflow_are_refused(void **state)
{
    void *block = &block;
    size_t out = 7;

    (void)state;
    assert_fails(fa_alloc(SIZE_MAX / 2, 3, &block), FA_ENOMEM);
    assert_null(block);
    assert_fails(fa_alloc(SIZE_MAX, 1, &block), FA_ENOMEM);
    assert_false(fa_size_mul(SIZE_MAX, 2, &out));
    assert_false(fa_size_add(SIZE_MAX, 1, &out));
    assert_int_equal(out, 7);
    assert_true(fa_size_mul(6, 7, &out));
    assert_int_equal(out, 42);
    assert_true(fa_size_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
}

static void the_ordered_allocation_fails_and_only_that(void **state)
{
    void *a, *b, *c;

    (void)state;
    fa_memory_fail_after(2);
    assert_ok(fa_alloc(1, 1, &a));
    assert_fails_saying(fa_alloc(10, 10, &b), FA_ENOMEM, "100 bytes");
    assert_null(b);
    assert_ok(fa_alloc(1, 1, &c));
    fa_memory_fail_after(1);
    fa_memory_fail_after(0);
    assert_ok(fa_realloc(&a, 2, 1));
    fa_memory_fail_after(1);
    b = a;
    assert_fails(fa_realloc(&a, 100, 1), FA_ENOMEM);
    assert_ptr_equal(a, b);
    fa_free(a);
    fa_free(c);
    assert_int_equal(fa_memory_balance(), 0);
}

static void strings_are_copied_and_printed(void **state)
{
    char *copy, *printed;

    (void)state;
    assert_ok(fa_strdup("abc", &copy));
    assert_string_equal(copy, "abc");
    assert_ok(fa_asprintf(&printed, "%s-%04d", copy, 42));
    assert_string_equal(printed, "abc-0042");
    fa_free(copy);
    fa_free(printed);
    fa_memory_fail_after(1);
    assert_fails(fa_asprintf(&printed, "%d", 1), FA_ENOMEM);
    assert_null(printed);
}

static void *churn(void *failed)
{
    for (int i = 1; i <= 2000; i++) {
        void *block;

        if (fa_alloc((size_t)i, 1, &block) != FA_OK)
            return failed;
        fa_free(block);
    }
    return NULL;
}

static void counts_are_exact_between_threads(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, threads), 0);
    for (int i = 0; i < 4; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_int_equal(fa_memory_balance(), 0);
    assert_int_equal(fa_memory_bytes(), 0);
}

/* The address sanitizer ends the program at a size that no system gives, unless told otherwise; elsewhere
 * nobody asks. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* Not one that a test orders: those say nothing of the system. */
static void a_refusal_of_the_system_is_remembered(void **state)
{
    void *block;

    (void)state;
    fa_memory_fail_after(1);
    assert_fails(fa_alloc(1, 1, &block), FA_ENOMEM);
    assert_false(fa_memory_ran_out());
    assert_fails(fa_alloc((size_t)1 << 60, 1, &block), FA_ENOMEM);
    assert_true(fa_memory_ran_out());
}

static void the_peak_covers_what_was_touched(void **state)
{
    const size_t n_bytes = 64 << 20;
    char *block;

    (void)state;
    assert_ok(fa_alloc_zero(n_bytes, 1, &block));
    assert_true(fa_memory_rss() >= n_bytes);
    fa_free(block);
    assert_true(fa_memory_peak_rss() >= n_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_counted),
        cmocka_unit_test(a_large_block_may_have_any_size),
        cmocka_unit_test(zeroed_blocks_are_zero),
        cmocka_unit_test(realloc_keeps_what_fits),
        cmocka_unit_test(reserving_item_by_item_allocates_seldom_and_keeps_what_is_there),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(the_ordered_allocation_fails_and_only_that),
        cmocka_unit_test(strings_are_copied_and_printed),
        cmocka_unit_test(counts_are_exact_between_threads),
        cmocka_unit_test(a_refusal_of_the_system_is_remembered),
        cmocka_unit_test(the_peak_covers_what_was_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
