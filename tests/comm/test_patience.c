/* A process whose ranks do not come ends by itself, and names who is stopped, or its interfaces. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "comm_private.h"

struct wait {
    bool in_time; /* the others come */
    unsigned longest;
};

static void wait_here(void *context)
{
    const struct wait *wait = context;

    fa_patience_begin(1, true);
    if (wait->in_time)
        fa_patience_end();
    sleep(wait->longest);
}

/* What a child says on standard error that waits longer than its patience; returns its exit code. */
static int wait_in_child(bool in_time, unsigned longest, char *said, size_t size)
{
    const int status = fa_test_child(wait_here, &(struct wait){in_time, longest}, said, size);

    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void be_rank(const char *rank, const char *among_those_of_its_host)
{
    setenv("OMPI_COMM_WORLD_RANK", rank, 1);
    setenv("OMPI_COMM_WORLD_LOCAL_RANK", among_those_of_its_host, 1);
}

static void a_wait_without_end_is_ended_with_the_remedy(void **state)
{
    char said[2048];

    (void)state;
    be_rank("12", "0");
    assert_int_equal(wait_in_child(false, 30, said, sizeof said), 1);
    assert_non_null(strstr(said, "[rank 12]"));
    assert_non_null(strstr(said, "has the interfaces "));
    assert_non_null(strstr(said, "--mca btl_tcp_if_exclude lo,docker0"));
}

static void be_stopped(void *context)
{
    (void)context;
    fa_guardian_begin();
    fa_patience_begin(1, false);
    raise(SIGSTOP);
}

/* Alone on its host, where no other rank could see it. */
static void a_rank_that_is_stopped_is_named_by_its_guardian(void **state)
{
    char said[2048];
    int status;

    (void)state;
    be_rank("5", "0");
    setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "1", 1);
    setenv("OMPI_COMM_WORLD_SIZE", "8", 1);
    status = fa_test_child(be_stopped, NULL, said, sizeof said);
    unsetenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    unsetenv("OMPI_COMM_WORLD_SIZE");
    assert_true(WIFSIGNALED(status));
    assert_non_null(strstr(said, "freeanchor: [rank 5] "));
    assert_non_null(
        strstr(said, " has not reached all other ranks in 1 s, since it is stopped itself, process "));
    assert_non_null(strstr(said, ": the job ends\n"));
}

/* srun tells less than mpirun, but its words do. */
static void a_rank_under_srun_knows_its_number(void **state)
{
    char said[2048];

    (void)state;
    unsetenv("OMPI_COMM_WORLD_RANK"), unsetenv("OMPI_COMM_WORLD_LOCAL_RANK");
    setenv("SLURM_PROCID", "7", 1), setenv("SLURM_LOCALID", "0", 1), setenv("SLURM_STEP_NUM_NODES", "1", 1);
    assert_int_equal(wait_in_child(false, 30, said, sizeof said), 1);
    unsetenv("SLURM_PROCID"), unsetenv("SLURM_LOCALID"), unsetenv("SLURM_STEP_NUM_NODES");
    assert_non_null(strstr(said, "[rank 7]"));
    assert_null(strstr(said, "has the interfaces "));
    assert_non_null(strstr(said, ": the job ends\n"));
}

static pid_t start_stopped_rank(void)
{
    const pid_t child = fork();
    int status;

    if (child == 0) {
        setenv("PMIX_RANK", "13", 1);
        execl("/bin/sh", "sh", "-c", "kill -STOP $$", (char *)NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    return child;
}

static void a_rank_of_the_host_that_is_stopped_is_named_with_its_process(void **state)
{
    const pid_t stopped = start_stopped_rank();
    char said[2048], named[64];

    (void)state;
    be_rank("12", "0");
    assert_int_equal(wait_in_child(false, 30, said, sizeof said), 1);
    snprintf(named, sizeof named, "since rank 13 is stopped, process %d", (int)stopped);
    assert_non_null(strstr(said, named));
    kill(stopped, SIGKILL);
    assert_int_equal(waitpid(stopped, NULL, 0), stopped);
}

static void ranks_of_a_host_speak_one_after_another(void **state)
{
    char said[2048];

    (void)state;
    be_rank("15", "3");
    assert_int_equal(wait_in_child(false, 5, said, sizeof said), 0);
    assert_string_equal(said, "");
}

static void ranks_that_meet_in_time_live_on(void **state)
{
    char said[2048];

    (void)state;
    be_rank("12", "0");
    assert_int_equal(wait_in_child(true, 2, said, sizeof said), 0);
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_without_end_is_ended_with_the_remedy),
        cmocka_unit_test(a_rank_that_is_stopped_is_named_by_its_guardian),
        cmocka_unit_test(a_rank_under_srun_knows_its_number),
        cmocka_unit_test(a_rank_of_the_host_that_is_stopped_is_named_with_its_process),
        cmocka_unit_test(ranks_of_a_host_speak_one_after_another),
        cmocka_unit_test(ranks_that_meet_in_time_live_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
