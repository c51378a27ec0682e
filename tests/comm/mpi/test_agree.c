/* What one rank knows, all ranks come to know. */
#include "ranks.h"

#include <stdio.h>

#include "comm_private.h"
#include "fa/memory.h"

static void ranks_without_a_failure_agree_that_all_is_well(void **state)
{
    (void)state;
    assert_ok(fa_comm_agree(comm, FA_OK));
}

static void the_failure_of_any_single_rank_reaches_all_with_its_number(void **state)
{
    char named[64];

    (void)state;
    for (int bad = 0; bad < fa_comm_size(comm); bad++) {
        fa_status status = FA_OK;

        if (fa_comm_rank(comm) == bad)
            status = fa_fail(FA_EIO, "shard %d is gone", bad);
        status = fa_comm_agree(comm, status);
        snprintf(named, sizeof named, "rank %d (%s): shard %d is gone", bad, fa_comm_host(comm), bad);
        if (fa_comm_size(comm) == 1)
            assert_fails(status, FA_EIO);
        else
            assert_fails_saying(status, fa_comm_rank(comm) == bad ? FA_EIO : FA_EREMOTE, named);
    }
}

static void a_failure_of_all_ranks_is_nobodys_own(void **state)
{
    (void)state;
    assert_fails(fa_comm_agree(comm, fa_fail(FA_EINVAL, "a bad key")), FA_EINVAL);
    assert_string_equal(fa_message(), "a bad key");
}

static void wrong_input_on_one_rank_is_wrong_input_on_all(void **state)
{
    static const fa_status kept[] = {FA_EINVAL, FA_EFORMAT, FA_EMISSING};
    int last = fa_comm_size(comm) - 1;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fa_status status = fa_comm_rank(comm) == last ? fa_fail(kept[i], "a bad key") : FA_OK;

        assert_fails_saying(fa_comm_agree(comm, status), kept[i], "a bad key");
    }
}

static void of_several_failures_each_keeps_its_own_and_the_lowest_speaks(void **state)
{
    int rank = fa_comm_rank(comm);
    fa_status status = FA_OK;

    (void)state;
    if (fa_comm_size(comm) < 3)
        return;
    if (rank == 1)
        status = fa_fail(FA_ENOMEM, "one speaks");
    if (rank == 2)
        status = fa_fail(FA_EIO, "two speaks");
    status = fa_comm_agree(comm, status);
    if (rank == 1)
        assert_fails_saying(status, FA_ENOMEM, "rank 1 (");
    else if (rank == 2)
        assert_fails_saying(status, FA_EIO, "rank 2 (");
    else
        assert_fails_saying(status, FA_EREMOTE, "rank 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_without_a_failure_agree_that_all_is_well),
        cmocka_unit_test(the_failure_of_any_single_rank_reaches_all_with_its_number),
        cmocka_unit_test(a_failure_of_all_ranks_is_nobodys_own),
        cmocka_unit_test(wrong_input_on_one_rank_is_wrong_input_on_all),
        cmocka_unit_test(of_several_failures_each_keeps_its_own_and_the_lowest_speaks),
    };

    return run_on_ranks(tests);
}
