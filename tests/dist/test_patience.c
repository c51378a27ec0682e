/* A process whose ranks do not find each other ends by itself, and names its interfaces. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "comm_private.h"

/* What a child says on standard error that waits longer than its patience; returns its exit code. */
static int wait_in_child(unsigned patience, bool in_time, char *said, size_t size)
{
    int ends[2], status;
    ssize_t n, length = 0;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        fa_patience_begin(patience);
        if (in_time)
            fa_patience_end();
        usleep(1500000);
        _exit(0);
    }
    close(ends[1]);
    while ((n = read(ends[0], said + length, size - 1 - (size_t)length)) > 0)
        length += n;
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_wait_without_end_is_ended_with_the_remedy(void **state)
{
    char said[2048];

    (void)state;
    setenv("OMPI_COMM_WORLD_LOCAL_RANK", "0", 1);
    setenv("OMPI_COMM_WORLD_RANK", "12", 1);
    assert_int_equal(wait_in_child(1, false, said, sizeof said), 1);
    assert_non_null(strstr(said, "[rank 12]"));
    assert_non_null(strstr(said, "its interfaces are "));
    assert_non_null(strstr(said, "--mca btl_tcp_if_exclude lo,docker0"));
}

static void one_rank_of_a_host_speaks_for_all(void **state)
{
    char said[2048];

    (void)state;
    setenv("OMPI_COMM_WORLD_LOCAL_RANK", "3", 1);
    assert_int_equal(wait_in_child(1, false, said, sizeof said), 1);
    assert_string_equal(said, "");
}

static void ranks_that_meet_in_time_live_on(void **state)
{
    char said[2048];

    (void)state;
    assert_int_equal(wait_in_child(1, true, said, sizeof said), 0);
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_without_end_is_ended_with_the_remedy),
        cmocka_unit_test(one_rank_of_a_host_speaks_for_all),
        cmocka_unit_test(ranks_that_meet_in_time_live_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
