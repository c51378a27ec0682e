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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_lone_process_outside_slurm_is_welcome, forget_launchers),
        cmocka_unit_test_setup(one_of_four_slurm_tasks_that_sees_itself_alone_is_refused_with_the_remedy,
                               forget_launchers),
        cmocka_unit_test_setup(four_tasks_that_see_each_other_are_welcome, forget_launchers),
        cmocka_unit_test_setup(a_step_of_one_task_inside_a_larger_allocation_is_welcome, forget_launchers),
        cmocka_unit_test_setup(mpirun_of_one_process_inside_an_allocation_is_welcome, forget_launchers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
