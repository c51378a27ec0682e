#include "support.h"

#include "fa/hash.h"

static void hashes_are_the_published_ones(void **state)
{
    (void)state;
    assert_true(fa_hash(FA_HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(fa_hash(FA_HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(fa_hash(FA_HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void pieces_give_the_hash_of_the_whole(void **state)
{
    (void)state;
    assert_true(fa_hash(fa_hash(FA_HASH_START, "foo", 3), "bar", 3) == fa_hash(FA_HASH_START, "foobar", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_the_published_ones),
        cmocka_unit_test(pieces_give_the_hash_of_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
