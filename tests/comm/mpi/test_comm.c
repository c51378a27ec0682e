/* Sums, maxima, broadcast and gather: each rank is its own power of two, so a lost or doubled part names it.
 */
#include "ranks.h"

#include <string.h>

#include "comm_private.h"
#include "fa/memory.h"

enum { LENGTH = 1000 };

static int small_pieces(void **state)
{
    (void)state;
    fa_comm_piece_bytes = 56; /* 7 doubles, 14 floats: neither divides LENGTH */
    return 0;
}

static int large_pieces(void **state)
{
    (void)state;
    fa_comm_piece_bytes = (size_t)1 << 29;
    return 0;
}

static void ranks_are_numbered_and_know_their_host(void **state)
{
    double seen = (double)(1 << fa_comm_rank(comm));

    (void)state;
    assert_in_range(fa_comm_rank(comm), 0, fa_comm_size(comm) - 1);
    assert_int_equal(fa_comm_local_size(comm), fa_comm_size(comm));
    fa_comm_sum_double(comm, &seen, 1);
    assert_near(seen, (1 << fa_comm_size(comm)) - 1, 0);
    assert_true(strlen(fa_comm_host(comm)) > 0);
    assert_null(strpbrk(fa_comm_library(), ",:\t\n"));
}

static void a_sum_of_doubles_counts_every_rank_once(void **state)
{
    double values[LENGTH];

    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        values[i] = (double)(1 << fa_comm_rank(comm)) + (fa_comm_rank(comm) == 0 ? 16.0 * (double)i : 0);
    fa_comm_sum_double(comm, values, LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        assert_near(values[i], (1 << fa_comm_size(comm)) - 1 + 16.0 * (double)i, 0);
}

static void a_sum_of_reals_counts_every_rank_once(void **state)
{
    fa_real values[LENGTH];

    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        values[i] = (fa_real)(1 << fa_comm_rank(comm));
    fa_comm_sum_real(comm, values, LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        assert_near(values[i], (1 << fa_comm_size(comm)) - 1, 0);
}

static void a_maximum_is_that_of_the_highest_rank(void **state)
{
    double values[LENGTH];

    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        values[i] = fa_comm_rank(comm) - (double)i;
    fa_comm_max_double(comm, values, LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        assert_near(values[i], fa_comm_size(comm) - 1 - (double)i, 0);
}

static void a_broadcast_carries_the_roots_bytes_from_any_root(void **state)
{
    unsigned char data[LENGTH];

    (void)state;
    for (int root = 0; root < fa_comm_size(comm); root++) {
        for (size_t i = 0; i < LENGTH; i++)
            data[i] = (unsigned char)(fa_comm_rank(comm) == root ? i * 7 + (size_t)root : 255);
        fa_comm_broadcast(comm, data, LENGTH, root);
        for (size_t i = 0; i < LENGTH; i++)
            assert_int_equal(data[i], (unsigned char)(i * 7 + (size_t)root));
    }
}

/* Rank r brings r * 100 bytes of value r + 1, and every second rank nothing at all. */
static size_t brought_by(int rank)
{
    return rank % 2 == 1 ? 0 : (size_t)(rank + 1) * 100;
}

static void a_gather_joins_unequal_and_empty_parts_in_rank_order(void **state)
{
    unsigned char mine[LENGTH], *all;
    size_t n_all, at = 0;
    int last = fa_comm_size(comm) - 1;

    (void)state;
    memset(mine, fa_comm_rank(comm) + 1, sizeof mine);
    assert_ok(fa_comm_gather(comm, mine, brought_by(fa_comm_rank(comm)), last, (void **)&all, &n_all));
    if (fa_comm_rank(comm) != last) {
        assert_null(all);
        assert_int_equal(n_all, 0);
        return;
    }
    for (int r = 0; r <= last; r++)
        for (size_t i = 0; i < brought_by(r); i++)
            assert_int_equal(all[at++], r + 1);
    assert_int_equal(n_all, at);
    fa_free(all);
}

static void a_gather_of_nothing_is_an_empty_block_at_the_root(void **state)
{
    void *all;
    size_t n_all = 9;

    (void)state;
    assert_ok(fa_comm_gather(comm, NULL, 0, 0, &all, &n_all));
    assert_int_equal(n_all, 0);
    fa_free(all);
}

static void a_gather_without_memory_at_the_root_fails_on_every_rank(void **state)
{
    char byte = 1;
    void *all;
    size_t n_all;

    (void)state;
    if (fa_comm_rank(comm) == 0)
        fa_memory_fail_after(2);
    assert_fails(fa_comm_gather(comm, &byte, 1, 0, &all, &n_all),
                 fa_comm_rank(comm) == 0 ? FA_ENOMEM : FA_EREMOTE);
    fa_memory_fail_after(0);
    assert_null(all);
}

static void equal_ranks_give_equal_bits_again(void **state)
{
    fa_real first[LENGTH], second[LENGTH];

    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        first[i] = second[i] = (fa_real)(1.0 / (double)(i + 3 + (size_t)fa_comm_rank(comm)));
    fa_comm_sum_real(comm, first, LENGTH);
    fa_comm_sum_real(comm, second, LENGTH);
    assert_memory_equal(first, second, sizeof first);
}

#define IN_BOTH_PIECES(test)                                                                                 \
    cmocka_unit_test_setup(test, large_pieces),                                                              \
        cmocka_unit_test_setup_teardown(test, small_pieces, large_pieces)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_numbered_and_know_their_host),
        IN_BOTH_PIECES(a_sum_of_doubles_counts_every_rank_once),
        IN_BOTH_PIECES(a_sum_of_reals_counts_every_rank_once),
        IN_BOTH_PIECES(a_maximum_is_that_of_the_highest_rank),
        IN_BOTH_PIECES(a_broadcast_carries_the_roots_bytes_from_any_root),
        IN_BOTH_PIECES(a_gather_joins_unequal_and_empty_parts_in_rank_order),
        IN_BOTH_PIECES(a_gather_of_nothing_is_an_empty_block_at_the_root),
        cmocka_unit_test(a_gather_without_memory_at_the_root_fails_on_every_rank),
        IN_BOTH_PIECES(equal_ranks_give_equal_bits_again),
    };

    return run_on_ranks(tests);
}
