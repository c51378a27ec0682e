#include "placement.h"

#include <stddef.h>

#include "fa/log.h"

/* More threads than cores they may run on: the launcher's binding, Open MPI's default for one or two ranks.
 */
static void warn_bound(const struct fa_comm *comm, int threads, const struct fa_cores *cores)
{
    fa_warn("rank %d (%s) is bound to %d of %d cores and has %d threads, so they wait for each other; add "
            "--map-by slot:PE=%d to mpirun, or start with launch/train.sh",
            fa_comm_rank(comm), fa_comm_host(comm), cores->usable, cores->on_host, threads, threads);
}

static void warn_shared(const struct fa_comm *comm, int threads, const struct fa_cores *cores)
{
    fa_warn("%d ranks of %d threads take turns on %d cores of %s; start fewer ranks or threads",
            fa_comm_local_size(comm), threads, cores->on_host - cores->idle, fa_comm_host(comm));
}

static void warn_idle(const struct fa_comm *comm, const struct fa_cores *cores)
{
    const int each = (cores->usable * fa_comm_local_size(comm) + cores->idle) / fa_comm_local_size(comm);

    fa_warn(
        "no rank may use %d of the %d cores of %s; if they are yours, add --map-by slot:PE=%d to mpirun, or "
        "start with launch/train.sh",
        cores->idle, cores->on_host, fa_comm_host(comm), each);
}

void fa_placement_check(const struct fa_comm *comm, int threads)
{
    struct fa_cores cores;

    if (comm == NULL || fa_comm_local_rank(comm) != 0)
        return;
    cores = fa_comm_cores(comm);
    if (threads > cores.usable)
        warn_bound(comm, threads, &cores);
    else if (threads > cores.share)
        warn_shared(comm, threads, &cores);
    else if (threads == cores.share && cores.idle >= fa_comm_local_size(comm))
        warn_idle(comm, &cores);
}
