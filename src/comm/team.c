/* The ranks as a team (fa/team.h), for rooms that know no MPI. */
#include "comm_private.h"

static fa_status agree(void *context, fa_status status)
{
    return fa_comm_agree(context, status);
}

static void broadcast(void *context, void *data, size_t n_bytes, int root)
{
    fa_comm_broadcast(context, data, n_bytes, root);
}

struct fa_team fa_comm_team(struct fa_comm *comm)
{
    return (struct fa_team){
        .rank = comm->rank, .size = comm->size, .context = comm, .agree = agree, .broadcast = broadcast};
}

/* What is agreed upon on a host is agreed upon by all afterwards, and there the host is named. */
static fa_status share_failure(void *context, fa_status status)
{
    return fa_comm_share_failure(context, status);
}

struct fa_team fa_comm_host_team(struct fa_comm *comm)
{
    struct fa_comm *host = comm->on_host;

    return (struct fa_team){.rank = host->rank,
                            .size = host->size,
                            .context = host,
                            .agree = share_failure,
                            .broadcast = broadcast};
}
