#include "waiting.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Turns of libgomp's loop, some tens of microseconds: longer than most waits between convolutions are, far
   shorter than the turn of another process (doc/performance.md, "Threads that wait"). */
#define SPIN_COUNT "2000"

/* Linux names a process after the file that it was started from, and that would be "exe". */
static void keep_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    prctl(PR_SET_NAME, slash != NULL ? slash + 1 : path);
}

void fa_waiting_settle(char **argv)
{
    if (argv[0] != NULL)
        keep_name(argv[0]);
    if (getenv("OMP_WAIT_POLICY") != NULL || getenv("GOMP_SPINCOUNT") != NULL)
        return;
    if (setenv("GOMP_SPINCOUNT", SPIN_COUNT, 1) == 0)
        execv("/proc/self/exe", argv);
}
