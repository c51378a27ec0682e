/* A gather and a broadcast that nobody waits for, in the midst of what ranks say to each other otherwise. */
#include "ranks.h"

#include <string.h>

#include "fa/aside.h"

enum { MOST_RANKS = 8, BIG = 100000 };

static struct fa_aside *aside;

static int open_aside(void **state)
{
    (void)state;
    assert_ok(fa_aside_open(comm, &aside));
    return 0;
}

static int close_aside(void **state)
{
    (void)state;
    fa_aside_close(aside);
    return 0;
}

static void *on_first(void *data)
{
    return fa_comm_rank(comm) == 0 ? data : NULL;
}

/* Ranks begin at different times, some of them after others have met in sums. */
static void what_ranks_begin_at_different_times_comes_together_in_their_order(void **state)
{
    const int rank = fa_comm_rank(comm), size = fa_comm_size(comm);
    const int mine[2] = {rank, 1 << rank};
    int all[MOST_RANKS][2];

    (void)state;
    memset(all, -1, sizeof all);
    for (int turn = 0; turn < size; turn++) {
        double one = 1;

        if (turn == rank)
            fa_aside_gather(aside, mine, sizeof mine, on_first(all));
        fa_comm_sum_double(comm, &one, 1);
        assert_near(one, size, 0);
        if (turn >= rank && (rank != 0 || turn < size - 1))
            fa_aside_done(aside);
    }
    fa_aside_wait(aside, "gather");
    for (int r = 0; r < size && rank == 0; r++) {
        assert_int_equal(all[r][0], r);
        assert_int_equal(all[r][1], 1 << r);
    }
}

/* Rank 0 speaks last, and nobody was held up until then. */
static void the_first_rank_tells_all_when_it_is_ready(void **state)
{
    static unsigned char data[BIG], want[BIG];
    const int rank = fa_comm_rank(comm);
    bool early;

    (void)state;
    for (int i = 0; i < BIG; i++)
        want[i] = (unsigned char)(i % 251 + 1);
    memset(data, 0, sizeof data);
    if (rank != 0)
        fa_aside_broadcast(aside, data, sizeof data);
    early = rank != 0 && fa_aside_done(aside);
    assert_false(early);
    fa_comm_barrier(comm);
    if (rank == 0) {
        memcpy(data, want, sizeof data);
        fa_aside_broadcast(aside, data, sizeof data);
    }
    fa_aside_wait(aside, "broadcast");
    assert_memory_equal(data, want, sizeof data);
    assert_true(fa_aside_done(aside));
}

static void one_follows_the_other(void **state)
{
    const int rank = fa_comm_rank(comm), size = fa_comm_size(comm);

    (void)state;
    for (int round = 0; round < 50; round++) {
        int mine = round * size + rank, all[MOST_RANKS], told = rank == 0 ? -round : 0;

        fa_aside_gather(aside, &mine, sizeof mine, on_first(all));
        fa_aside_wait(aside, "gather");
        for (int r = 0; r < size && rank == 0; r++)
            assert_int_equal(all[r], round * size + r);
        fa_aside_broadcast(aside, &told, sizeof told);
        fa_aside_wait(aside, "broadcast");
        assert_int_equal(told, -round);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_ranks_begin_at_different_times_comes_together_in_their_order,
                                        open_aside, close_aside),
        cmocka_unit_test_setup_teardown(the_first_rank_tells_all_when_it_is_ready, open_aside, close_aside),
        cmocka_unit_test_setup_teardown(one_follows_the_other, open_aside, close_aside),
    };

    return run_on_ranks(tests);
}
