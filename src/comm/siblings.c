/*
 * siblings.c - the ranks of this host as the system sees them: their processes have one parent.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/number.h"

static FILE *open_of(pid_t pid, const char *file)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return fopen(path, "re");
}

/* -1 for what is no number that a process or rank can have. */
static int number_of(const char *text)
{
    static const struct fa_range range = FA_WHOLE(0, INT_MAX);
    int64_t number = -1;

    return fa_number_whole("", text, &range, &number) == FA_OK ? (int)number : -1;
}

static bool is_stopped_sibling(pid_t pid)
{
    FILE *file = open_of(pid, "stat");
    char state = '?';
    int parent = 0, n;

    if (file == NULL)
        return false;
    n = fscanf(file, "%*d (%*[^)]) %c %d", &state, &parent);
    fclose(file);
    return n == 2 && parent == (int)getppid() && state == 'T';
}

/* The rank that an entry of the environment names, for Open MPI and for MPICH; -1: none. */
static int named_rank(const char *entry)
{
    static const char *const keys[] = {"PMIX_RANK=", "PMI_RANK="};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strncmp(entry, keys[i], strlen(keys[i])) == 0)
            return number_of(entry + strlen(keys[i]));
    return -1;
}

/* What the launcher told it; -1: nothing. */
static int rank_of(pid_t pid)
{
    FILE *file = open_of(pid, "environ");
    char *entry = NULL;
    size_t size = 0;
    int rank = -1;

    if (file == NULL)
        return rank;
    while (rank < 0 && getdelim(&entry, &size, '\0', file) > 0)
        rank = named_rank(entry);
    free(entry);
    fclose(file);
    return rank;
}

bool fa_comm_stopped_sibling(pid_t *pid, int *rank)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;

    *rank = -1;
    while (processes != NULL && *rank < 0 && (entry = readdir(processes)) != NULL) {
        *pid = number_of(entry->d_name);
        if (*pid > 0 && is_stopped_sibling(*pid))
            *rank = rank_of(*pid);
    }
    if (processes != NULL)
        closedir(processes);
    return *rank >= 0;
}
