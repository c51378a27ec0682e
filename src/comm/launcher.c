/*
 * launcher.c - what is known of the launcher and its ranks before MPI starts.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm_private.h"
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
    return number_of((const char *const[]){"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID", NULL});
}

int fa_launcher_local_rank(void)
{
    return number_of((const char *const[]){"OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID", NULL});
}

enum fa_launcher_hosts fa_launcher_hosts(void)
{
    const int local = number_of((const char *const[]){"OMPI_COMM_WORLD_LOCAL_SIZE", NULL});
    const int all = number_of((const char *const[]){"OMPI_COMM_WORLD_SIZE", NULL});
    const int nodes = number_of((const char *const[]){"SLURM_STEP_NUM_NODES", NULL});

    if (local > 0)
        return local == all ? FA_ONE_HOST : FA_SEVERAL_HOSTS;
    return nodes < 0 ? FA_UNKNOWN_HOSTS : nodes == 1 ? FA_ONE_HOST : FA_SEVERAL_HOSTS;
}
