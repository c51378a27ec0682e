/*
 * cores.c - which cores the ranks of a host may run on, as their launcher bound them, and for how much time.
 */
#include <sched.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/machine.h"

static struct fa_cores describe(const cpu_set_t *mine, const int *users, int n_ranks)
{
    struct fa_cores cores = {.on_host = (int)sysconf(_SC_NPROCESSORS_ONLN), .quota = fa_machine_cpu_quota()};
    double share = 0;

    cores.idle = cores.on_host;
    for (int c = 0; c < CPU_SETSIZE; c++) {
        cores.idle -= users[c] > 0;
        if (!CPU_ISSET(c, mine))
            continue;
        cores.usable++;
        share += 1.0 / users[c];
    }
    if (cores.quota / n_ranks < share)
        share = cores.quota / n_ranks;
    cores.share = (int)(share + 1e-6);
    return cores;
}

struct fa_cores fa_comm_find_cores(MPI_Comm local)
{
    int users[CPU_SETSIZE], n_ranks;
    cpu_set_t mine;

    CPU_ZERO(&mine);
    if (sched_getaffinity(0, sizeof mine, &mine) != 0)
        CPU_SET(0, &mine);
    for (int c = 0; c < CPU_SETSIZE; c++)
        users[c] = CPU_ISSET(c, &mine) != 0;
    MPI_Allreduce(MPI_IN_PLACE, users, CPU_SETSIZE, MPI_INT, MPI_SUM, local);
    MPI_Comm_size(local, &n_ranks);
    return describe(&mine, users, n_ranks);
}
