#include "support.h"

#include <pthread.h>

#include "checkpoint/errand.h"
#include "fa/activity.h"

struct work {
    pthread_t thread;
    fa_status status;
};

static fa_status do_work(void *context)
{
    struct work *work = context;

    fa_activity_beside("digging");
    work->thread = pthread_self();
    return work->status == FA_OK ? FA_OK : fa_fail(work->status, "the ground is hard");
}

static void an_errand_is_done_by_another_thread_and_ends_as_it_says(void **state)
{
    struct work work = {.status = FA_OK};
    struct fa_errand errand = {.has_thread = false};

    (void)state;
    for (int round = 0; round < 2; round++) {
        fa_errand_start(&errand, do_work, &work);
        while (!fa_errand_is_over(&errand))
            ;
        assert_null(fa_activity_now().beside);
        assert_ok(fa_errand_end(&errand));
        assert_false(pthread_equal(work.thread, pthread_self()));
    }
}

static void the_message_of_its_failure_comes_back(void **state)
{
    struct work work = {.status = FA_EIO};
    struct fa_errand errand = {.has_thread = false};
    const uint64_t before = fa_activity_now().beside_count;

    (void)state;
    fa_errand_start(&errand, do_work, &work);
    assert_fails_saying(fa_errand_end(&errand), FA_EIO, "the ground is hard");
    assert_true(fa_errand_is_over(&errand));
    assert_int_equal(fa_activity_now().beside_count, before + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_errand_is_done_by_another_thread_and_ends_as_it_says),
        cmocka_unit_test(the_message_of_its_failure_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
