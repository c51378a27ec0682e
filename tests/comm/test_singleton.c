/* A launcher that starts many processes unknown to each other must be noticed, and nothing else must be. */
#include "support.h"

#include <stdlib.h>

#include "comm_private.h"

static int forget_launchers(void **state)
{
    (void)state;
    unsetenv("SLURM_NTASKS");
    unsetenv("SLURM_STEP_NUM_TASKS");
    unsetenv("OMPI_COMM_WORLD_SIZE");
    unsetenv("PMI_SIZE");
    unsetenv("PMIX_RANK");
    unsetenv("PMI_RANK");
    unsetenv("PMI_FD");
    return 0;
}

static void a_lone_process_outside_slurm_is_welcome(void **state)
{
    (void)state;
    assert_ok(fa_comm_check_singleton(1));
}

static void one_of_four_slurm_tasks_that_sees_itself_alone_is_refused_with_the_remedy(void **state)
{
    (void)state;
    setenv("SLURM_NTASKS", "4", 1);
    assert_fails_saying(fa_comm_check_singleton(1), FA_EINVAL, "4 tasks");
    assert_fails_saying(fa_comm_check_singleton(1), FA_EINVAL, "srun --mpi=pmix");
}

static void four_tasks_that_see_each_other_are_welcome(void **state)
{
    (void)state;
    setenv("SLURM_STEP_NUM_TASKS", "4", 1);
    assert_ok(fa_comm_check_singleton(4));
}

static void a_step_of_one_task_inside_a_larger_allocation_is_welcome(void **state)
{
    (void)state;
    setenv("SLURM_NTASKS", "4", 1);
    setenv("SLURM_STEP_NUM_TASKS", "1", 1);
    assert_ok(fa_comm_check_singleton(1));
}

static void mpirun_of_one_process_inside_an_allocation_is_welcome(void **state)
{
    (void)state;
    setenv("SLURM_NTASKS", "4", 1);
    setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
    assert_ok(fa_comm_check_singleton(1));
}

static void a_slurm_task_without_a_way_to_the_others_is_refused_before_mpi_starts(void **state)
{
    (void)state;
    assert_ok(fa_comm_check_launcher());
    setenv("SLURM_STEP_NUM_TASKS", "4", 1);
    assert_fails_saying(fa_comm_check_launcher(), FA_EINVAL, "srun --mpi=pmix");
}

static void a_slurm_task_that_its_launcher_connected_is_welcome(void **state)
{
    static const char *const connections[] = {"PMIX_RANK", "PMI_RANK", "OMPI_COMM_WORLD_SIZE"};

    for (size_t i = 0; i < sizeof connections / sizeof *connections; i++) {
        forget_launchers(state);
        setenv("SLURM_STEP_NUM_TASKS", "4", 1);
        setenv(connections[i], "1", 1);
        assert_ok(fa_comm_check_launcher());
    }
}

static void one_of_two_that_the_launcher_of_another_mpi_started_is_refused(void **state)
{
    static const char *const sizes[] = {"PMI_SIZE", "OMPI_COMM_WORLD_SIZE"};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        forget_launchers(state);
        setenv(sizes[i], "2", 1);
        assert_fails_saying(fa_comm_check_singleton(1), FA_EINVAL, "another MPI than");
        assert_fails_saying(fa_comm_check_singleton(1), FA_EINVAL, "2 processes");
        assert_ok(fa_comm_check_singleton(2));
        setenv(sizes[i], "1", 1);
        assert_ok(fa_comm_check_singleton(1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_lone_process_outside_slurm_is_welcome, forget_launchers),
        cmocka_unit_test_setup(one_of_four_slurm_tasks_that_sees_itself_alone_is_refused_with_the_remedy,
                               forget_launchers),
        cmocka_unit_test_setup(four_tasks_that_see_each_other_are_welcome, forget_launchers),
        cmocka_unit_test_setup(a_step_of_one_task_inside_a_larger_allocation_is_welcome, forget_launchers),
        cmocka_unit_test_setup(a_slurm_task_without_a_way_to_the_others_is_refused_before_mpi_starts,
                               forget_launchers),
        cmocka_unit_test_setup(a_slurm_task_that_its_launcher_connected_is_welcome, forget_launchers),
        cmocka_unit_test_setup(one_of_two_that_the_launcher_of_another_mpi_started_is_refused,
                               forget_launchers),
        cmocka_unit_test_setup(mpirun_of_one_process_inside_an_allocation_is_welcome, forget_launchers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
