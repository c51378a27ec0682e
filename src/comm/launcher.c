/*
 * launcher.c - what is known of the launcher and its ranks before MPI starts.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/launcher.h"
#include "fa/number.h"

static void read_name(pid_t pid, char *name, int size)
{
    char path[64];
    FILE *file;

    name[0] = '\0';
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(name, size, file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
}

long fa_comm_mpirun(void)
{
    static const char *const names[] = {"mpirun", "mpiexec", "orterun", "prterun"};
    char name[32];

    read_name(getppid(), name, sizeof name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (long)getppid();
    return 0;
}

/* What launchers call the same thing: mpirun of Open MPI; whoever speaks PMIx, as prterun and srun; mpiexec
 * of MPICH and its kin; SLURM. */
static const char *const rank[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", NULL};
static const char *const local_rank[] = {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID",
                                         NULL};
static const char *const ranks[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", NULL};
static const char *const local_ranks[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", NULL};
static const char *const step_nodes[] = {"SLURM_STEP_NUM_NODES", NULL};

/* The first of these variables that is set, as a number; -1 if none is. */
static int number_of(const char *const variables[])
{
    static const struct fa_range range = FA_WHOLE(0, INT_MAX);

    for (; *variables != NULL; variables++)
        if (getenv(*variables) != NULL)
            return (int)fa_number_environment(*variables, &range, -1);
    return -1;
}

int fa_launcher_rank(void)
{
    return number_of(rank);
}

int fa_launcher_local_rank(void)
{
    return number_of(local_rank);
}

int fa_launcher_ranks(void)
{
    const int n = number_of(ranks);

    return n < 1 ? 1 : n;
}

enum fa_launcher_hosts fa_launcher_hosts(void)
{
    const int local = number_of(local_ranks), all = number_of(ranks), nodes = number_of(step_nodes);

    if (local > 0)
        return local == all ? FA_ONE_HOST : FA_SEVERAL_HOSTS;
    return nodes < 0 ? FA_UNKNOWN_HOSTS : nodes == 1 ? FA_ONE_HOST : FA_SEVERAL_HOSTS;
}
