#include "waiting.h"

#include <stdlib.h>
#include <unistd.h>

/* Turns of libgomp's loop, some tens of microseconds: longer than most waits between convolutions are, far
   shorter than the turn of another process (doc/performance.md, "Threads that wait"). */
#define SPIN_COUNT "2000"

void fa_waiting_settle(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") != NULL || getenv("GOMP_SPINCOUNT") != NULL)
        return;
    if (setenv("GOMP_SPINCOUNT", SPIN_COUNT, 1) == 0)
        execv("/proc/self/exe", argv);
}
