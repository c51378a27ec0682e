/* Ranks that do not hold the same are told what differs, and where. */
#include "ranks.h"

#include <stdio.h>
#include <string.h>

static bool is_last(void)
{
    return fa_comm_rank(comm) > 0 && fa_comm_rank(comm) == fa_comm_size(comm) - 1;
}

/* Fails as long as ranks are more than one: the last of them is named, with what it brought. */
static void assert_refused(const struct fa_claim *claims, size_t n, const char *text)
{
    char named[32];

    if (fa_comm_size(comm) == 1) {
        assert_ok(fa_comm_same(comm, claims, n));
        return;
    }
    snprintf(named, sizeof named, "rank %d (", fa_comm_size(comm) - 1);
    assert_fails_saying(fa_comm_same(comm, claims, n), FA_EINVAL, named);
    fa_test_message(text, __FILE__, __LINE__);
    fa_test_message("on rank 0 (", __FILE__, __LINE__);
}

static void equal_claims_are_the_same(void **state)
{
    const struct fa_claim claims[] = {{"train.batch", "16"}, {"empty", ""}, {"train.batch", "16"}};

    (void)state;
    assert_ok(fa_comm_same(comm, claims, 3));
    assert_ok(fa_comm_same(comm, claims, 0));
}

static void the_first_claim_that_differs_is_named_with_both_values(void **state)
{
    const struct fa_claim claims[] = {
        {"seed", "1"}, {"train.batch", is_last() ? "8" : "16"}, {"train.lr", is_last() ? "1" : "2"}};

    (void)state;
    assert_refused(claims, 3, "train.batch is 8 here and 16");
}

static void a_value_that_only_begins_like_the_other_differs(void **state)
{
    const struct fa_claim claims[] = {{"path", is_last() ? "" : "a"}, {"other", is_last() ? "a" : ""}};

    (void)state;
    assert_refused(claims, 2, "path is  here and a ");
}

static void a_claim_too_few_or_too_many_is_a_difference(void **state)
{
    const struct fa_claim claims[] = {{"--config", "a"}, {"--init-from", "w"}};

    (void)state;
    assert_refused(claims, is_last() ? 1 : 2, "the next argument is nothing here and --init-from on");
    assert_refused(claims, is_last() ? 2 : 1, "the next argument is --init-from here and nothing on");
    assert_refused(claims, is_last() ? 0 : 1, "the next argument is nothing here and --config on");
}

static void another_name_is_a_difference(void **state)
{
    const struct fa_claim claims[] = {{is_last() ? "--new" : "--old", "1"}};

    (void)state;
    assert_refused(claims, 1, "the next argument is --new here and --old on");
}

static void a_claim_longer_than_a_message_is_compared_to_its_end(void **state)
{
    static char value[5000];
    const struct fa_claim claims[] = {{"long", value}};

    (void)state;
    memset(value, 'x', sizeof value - 1);
    assert_ok(fa_comm_same(comm, claims, 1));
    value[sizeof value - 2] = is_last() ? 'y' : 'x';
    assert_refused(claims, 1, "long is xxx");
}

/* ---- what was computed ---- */

static void equal_values_have_no_minority(void **state)
{
    (void)state;
    assert_ok(fa_comm_majority(comm, "weights", UINT64_MAX));
    assert_ok(fa_comm_majority(comm, "weights", 0));
}

static void the_one_rank_that_differs_in_one_bit_is_named(void **state)
{
    const int size = fa_comm_size(comm);
    char named[96];

    (void)state;
    if (size < 3)
        return;
    for (int bad = 0; bad < size; bad++) {
        const uint64_t value = UINT64_C(1) << 40 | (fa_comm_rank(comm) == bad ? UINT64_C(1) << 63 : 0);

        snprintf(named, sizeof named,
                 "step 7: weights differ on rank %d (%s) from those of the other %d ranks", bad,
                 fa_comm_host(comm), size - 1);
        assert_fails_saying(fa_comm_majority(comm, "step 7: weights", value), FA_ENUMERIC, named);
    }
}

static void without_a_majority_all_are_named(void **state)
{
    char named[64];

    (void)state;
    for (int r = 1; r < fa_comm_size(comm); r++) {
        snprintf(named, sizeof named, "rank %d (%s)", r, fa_comm_host(comm));
        assert_fails_saying(fa_comm_majority(comm, "weights", (uint64_t)fa_comm_rank(comm)), FA_ENUMERIC,
                            named);
        fa_test_message("those of rank 0 (", __FILE__, __LINE__);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_claims_are_the_same),
        cmocka_unit_test(the_first_claim_that_differs_is_named_with_both_values),
        cmocka_unit_test(a_value_that_only_begins_like_the_other_differs),
        cmocka_unit_test(a_claim_too_few_or_too_many_is_a_difference),
        cmocka_unit_test(another_name_is_a_difference),
        cmocka_unit_test(a_claim_longer_than_a_message_is_compared_to_its_end),
        cmocka_unit_test(equal_values_have_no_minority),
        cmocka_unit_test(the_one_rank_that_differs_in_one_bit_is_named),
        cmocka_unit_test(without_a_majority_all_are_named),
    };

    return run_on_ranks(tests);
}
