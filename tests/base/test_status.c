/* Messages and codes of failures. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "support.h"

static void a_failure_keeps_its_message_and_code(void **state)
{
    (void)state;
    assert_int_equal(fa_fail(FA_EFORMAT, "%s: row %d", "a.json", 7), FA_EFORMAT);
    assert_string_equal(fa_message(), "a.json: row 7");
}

static void an_errno_is_spelled_out(void **state)
{
    (void)state;
    assert_int_equal(fa_fail_errno(FA_EIO, ENOENT, "x"), FA_EIO);
    assert_string_equal(fa_message(), "x: No such file or directory");
}

static void a_prefix_goes_in_front_of_failures_only(void **state)
{
    (void)state;
    assert_fails(fa_prefix(fa_fail(FA_EIO, "b"), "a%d", 1), FA_EIO);
    assert_string_equal(fa_message(), "a1: b");
    assert_ok(fa_prefix(FA_OK, "c"));
    assert_string_equal(fa_message(), "a1: b");
}

static void the_message_may_be_an_argument_of_the_next(void **state)
{
    (void)state;
    assert_fails(fa_fail(FA_EIO, "inner"), FA_EIO);
    assert_fails(fa_fail(FA_EIO, "outer, because %s", fa_message()), FA_EIO);
    assert_string_equal(fa_message(), "outer, because inner");
    assert_int_equal(fa_status_forward(FA_EREMOTE, fa_message()), FA_EREMOTE);
    assert_string_equal(fa_message(), "outer, because inner");
}

static void long_messages_are_cut_at_the_end(void **state)
{
    char text[2 * FA_MESSAGE_MAX];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_fails(fa_fail(FA_EIO, "%s", text), FA_EIO);
    assert_int_equal(strlen(fa_message()), FA_MESSAGE_MAX - 1);
    assert_fails(fa_prefix(FA_EIO, "front"), FA_EIO);
    assert_int_equal(strlen(fa_message()), FA_MESSAGE_MAX - 1);
    assert_memory_equal(fa_message(), "front: xxx", 10);
    assert_fails(fa_status_forward(FA_EIO, text), FA_EIO);
    assert_int_equal(strlen(fa_message()), FA_MESSAGE_MAX - 1);
}

static void *fail_elsewhere(void *message_at_start)
{
    strcpy(message_at_start, fa_message());
    return fa_fail(FA_EIO, "elsewhere") == FA_EIO ? NULL : message_at_start;
}

static void each_thread_has_its_own_message(void **state)
{
    char seen[FA_MESSAGE_MAX] = "unset";
    pthread_t thread;
    void *result;

    (void)state;
    assert_fails(fa_fail(FA_EIO, "here"), FA_EIO);
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, seen), 0);
    pthread_join(thread, &result);
    assert_null(result);
    assert_string_equal(seen, "");
    assert_string_equal(fa_message(), "here");
}

static void exit_codes_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_int_equal(fa_status_exit_code(FA_OK), 0);
    assert_int_equal(fa_status_exit_code(FA_EINVAL), 2);
    assert_int_equal(fa_status_exit_code(FA_EFORMAT), 2);
    assert_int_equal(fa_status_exit_code(FA_EIO), 1);
    assert_int_equal(fa_status_exit_code(FA_ENOMEM), 1);
    assert_int_equal(fa_status_exit_code(FA_ENUMERIC), 1);
    assert_int_equal(fa_status_exit_code(FA_EREMOTE), 1);
    assert_int_equal(fa_status_exit_code(FA_ESTOPPED), 85);
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < FA_STATUS_COUNT; i++)
        assert_memory_equal(fa_status_name((fa_status)i), i == 0 ? "FA_OK" : "FA_E", 4);
    assert_string_equal(fa_status_name(FA_ESTOPPED), "FA_ESTOPPED");
    assert_string_equal(fa_status_name((fa_status)99), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_its_message_and_code),
        cmocka_unit_test(an_errno_is_spelled_out),
        cmocka_unit_test(a_prefix_goes_in_front_of_failures_only),
        cmocka_unit_test(the_message_may_be_an_argument_of_the_next),
        cmocka_unit_test(long_messages_are_cut_at_the_end),
        cmocka_unit_test(each_thread_has_its_own_message),
        cmocka_unit_test(exit_codes_are_those_of_the_contract),
        cmocka_unit_test(every_status_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
