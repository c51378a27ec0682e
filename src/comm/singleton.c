/*
 * singleton.c - notices that a launcher started many processes that do not know of each other.
 */
#include <limits.h>
#include <stdlib.h>

#include "comm_private.h"
#include "fa/launcher.h"
#include "fa/number.h"

/* The tasks of this job step; 1 where SLURM does not say. */
static long slurm_tasks(void)
{
    static const struct fa_range range = FA_WHOLE(1, INT_MAX);

    return fa_number_environment("SLURM_STEP_NUM_TASKS", &range,
                                 fa_number_environment("SLURM_NTASKS", &range, 1));
}

static fa_status fail_unconnected(long tasks)
{
    return fa_fail(FA_EINVAL,
                   "SLURM speaks of %ld tasks but MPI sees one process, so every task would be rank 0 of 1: "
                   "start with srun --mpi=pmix (srun --mpi=list shows what is there) or with mpirun; for one "
                   "process on purpose use mpirun -n 1",
                   tasks);
}

bool fa_comm_is_launched(void)
{
    static const char *const connections[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD"};

    for (size_t i = 0; i < sizeof connections / sizeof *connections; i++)
        if (getenv(connections[i]) != NULL)
            return true;
    return false;
}

fa_status fa_comm_check_launcher(void)
{
    const long tasks = slurm_tasks();

    return tasks <= 1 || fa_comm_is_launched() ? FA_OK : fail_unconnected(tasks);
}

static fa_status fail_foreign(int ranks)
{
    return fa_fail(
        FA_EINVAL,
        "the launcher started %d processes but MPI sees one, so each would be rank 0 of 1: it belongs to "
        "another MPI than %s, with which this program was built; start with the mpirun of that one",
        ranks, fa_comm_library());
}

fa_status fa_comm_check_singleton(int size)
{
    const int ranks = fa_launcher_ranks();
    const long tasks = slurm_tasks();

    if (size > 1)
        return FA_OK;
    if (ranks > 1)
        return fail_foreign(ranks);
    /* mpirun -n 1 inside a larger allocation is one process on purpose. */
    return tasks <= 1 || getenv("OMPI_COMM_WORLD_SIZE") != NULL ? FA_OK : fail_unconnected(tasks);
}
