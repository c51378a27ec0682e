/*
 * launcher.c - the mpirun that started this process, if one did.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "comm_private.h"

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
