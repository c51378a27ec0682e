#include "predict.h"

#include <math.h>

/* Of a step; communication below this share of it is not what limits. */
#define HARDLY 0.1

const char *const fa_limit_names[] = {[FA_LIMIT_COMPUTE] = "compute",
                                      [FA_LIMIT_BANDWIDTH] = "bandwidth",
                                      [FA_LIMIT_LATENCY] = "latency",
                                      [FA_LIMIT_PROCESSOR] = "messages"};

static double compute_seconds(const struct fa_work *work, double n_images)
{
    return n_images * (work->forward_s + work->backward_s) + work->update_s;
}

/* The two small sums over ranks of every step: up and down a tree. */
static double small_sums(const struct fa_network *network)
{
    const double ranks = network->n_nodes * network->ranks_per_node;

    return 2 * 2 * ceil(log2(ranks)) * (network->latency_s + network->message_s);
}

static double exposed_seconds(const struct fa_work *work, const struct fa_job *job, int batch,
                              const struct fa_network *network)
{
    const struct fa_reducer_config config = {
        .reduction = job->reduction, .batch = (size_t)batch, .bucket_bytes = job->bucket_bytes};

    return small_sums(network) + fa_exposed_seconds(network, &config, &work->readiness);
}

/* The one of the network's numbers without which least would show. */
static enum fa_limit worst_of(const struct fa_work *work, const struct fa_job *job, int batch,
                              const struct fa_network *network)
{
    struct fa_network better[] = {
        [FA_LIMIT_BANDWIDTH] = *network, [FA_LIMIT_LATENCY] = *network, [FA_LIMIT_PROCESSOR] = *network};
    enum fa_limit worst = FA_LIMIT_BANDWIDTH;
    double least = INFINITY;

    better[FA_LIMIT_BANDWIDTH].bandwidth = INFINITY;
    if (network->staging > 0)
        better[FA_LIMIT_BANDWIDTH].staging = INFINITY;
    if (network->peer > 0)
        better[FA_LIMIT_BANDWIDTH].peer = INFINITY;
    better[FA_LIMIT_LATENCY].latency_s = 0;
    better[FA_LIMIT_PROCESSOR].message_s = better[FA_LIMIT_PROCESSOR].byte_s = 0;
    for (int limit = FA_LIMIT_BANDWIDTH; limit <= FA_LIMIT_PROCESSOR; limit++) {
        const double exposed_s = exposed_seconds(work, job, batch, &better[limit]);

        if (exposed_s < least) {
            least = exposed_s;
            worst = (enum fa_limit)limit;
        }
    }
    return worst;
}

struct fa_prediction fa_predict(const struct fa_work *work, const struct fa_job *job,
                                const struct fa_network *network)
{
    struct fa_prediction p = {.ranks = network->n_nodes * network->ranks_per_node};

    p.batch = job->batch > p.ranks ? job->batch : p.ranks;
    p.images_per_rank = (p.batch + p.ranks - 1) / p.ranks;
    p.compute_s = compute_seconds(work, p.images_per_rank);
    p.exposed_s = exposed_seconds(work, job, p.batch, network);
    p.step_s = p.compute_s + p.exposed_s;
    p.steps = (job->n_images + p.batch - 1) / p.batch;
    p.epoch_s = (double)p.steps * p.step_s;
    p.efficiency = (double)p.batch / p.ranks / p.step_s / (job->batch / compute_seconds(work, job->batch));
    p.limit = p.exposed_s < HARDLY * p.step_s ? FA_LIMIT_COMPUTE : worst_of(work, job, p.batch, network);
    return p;
}
