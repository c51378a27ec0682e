#include "start.h"

#include <math.h>

/* Bytes a second that a host's memory copies; ranks that are handed an index share it. */
#define MEMORY 5e9

struct fa_start_times fa_predict_start(const struct fa_start_case *job)
{
    const double handed = job->n_index_bytes * (job->ranks_per_node - 1) / MEMORY;
    const double together = job->open_s + job->n_nodes * job->n_index_bytes / job->storage + handed;
    const double ranks = (double)job->n_nodes * job->ranks_per_node;

    return (struct fa_start_times){
        .together_s = together,
        .alone_s = job->open_s + ranks * job->n_index_bytes / job->storage,
        .staged_s = fmax(job->n_nodes * job->n_bytes / job->storage, job->n_bytes / job->disk) + job->open_s +
                    handed};
}
