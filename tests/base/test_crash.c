/* What a process says that crashes, and how it ends. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/activity.h"
#include "fa/crash.h"

static void crash_here(void *context)
{
    const struct rlimit no_core = {0};
    void (*const *how)(void) = context;

    setrlimit(RLIMIT_CORE, &no_core);
    for (int i = 1; i < SIGSYS; i++)
        signal(i, SIG_DFL); /* in place of what cmocka wants */
    fa_activity_begin("forward");
    fa_crash_listen("freeanchor train: rank 3 (node7)");
    (*how)();
}

/* How a child ends that crashes so, as waitpid says; said: its standard error. */
static int crash(void (*how)(void), char *said, size_t size)
{
    return fa_test_child(crash_here, &how, said, size);
}

static void write_nowhere(void)
{
    volatile int *volatile nowhere = NULL;

    *nowhere = 1;
}

static void take_all_memory(void)
{
    const struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};

    setrlimit(RLIMIT_AS, &limit);
}

static void write_where_memory_was_refused(void)
{
    take_all_memory();
    write_nowhere();
}

/* Each call has room of its own, which those above it see. */
static __attribute__((noinline)) int grow(volatile char *above, int depth)
{
    volatile char room[4096];

    room[0] = above[0];
    if (depth > 0)
        above[0] = (char)grow(room, depth - 1);
    return room[0] + above[0];
}

static void grow_the_stack(void)
{
    char above = 1;

    take_all_memory();
    grow(&above, 1000);
}

static void be_aborted(void)
{
    abort();
}

static void a_crash_without_memory_is_told_as_that(void **state)
{
    static void (*const ways[])(void) = {write_where_memory_was_refused, grow_the_stack};
    char said[1024];

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const int status = crash(ways[i], said, sizeof said);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
        assert_non_null(strstr(said, "freeanchor train: rank 3 (node7): out of memory: "));
        assert_non_null(strstr(said, "in forward\n"));
    }
}

static void any_other_crash_stays_one(void **state)
{
    static void (*const ways[])(void) = {write_nowhere, be_aborted};
    static const int signals[] = {SIGSEGV, SIGABRT};
    char said[1024];

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const int status = crash(ways[i], said, sizeof said);

        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_string_equal(said, "freeanchor train: rank 3 (node7): crashed in forward\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crash_without_memory_is_told_as_that),
                                       cmocka_unit_test(any_other_crash_stays_one)};

#ifdef __SANITIZE_ADDRESS__
    fa_test_skip("CRASH", "sanitizers have handlers of their own");
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
