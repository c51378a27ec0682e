/*
 * machine_files.c - how many files this process may have open.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>

#include "fa/machine.h"

/* What MPI, HDF5 and files of the run open later: a socket a rank, a handful of files. */
enum { ROOM = 256, MOST_GUESSED = 64 };

static size_t count_open(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;

    if (folder == NULL)
        return MOST_GUESSED;
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n;
}

/* Of the hard limit no more than is needed: programs that we start may close all that they could have. */
static rlim_t raise_to(rlim_t wanted, struct rlimit limit)
{
    const rlim_t before = limit.rlim_cur;

    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
    return limit.rlim_cur > before && setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

fa_status fa_machine_allow_files(size_t n, const char *advice)
{
    const rlim_t needed = count_open() + n, wanted = needed + ROOM;
    struct rlimit limit;
    rlim_t allowed;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted)
        return FA_OK;
    allowed = raise_to(wanted, limit);
    if (allowed >= needed)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "%zu files must be open at once, but the system allows %llu; raise `ulimit -n` to %llu%s",
                   n, (unsigned long long)allowed, (unsigned long long)wanted, advice);
}
