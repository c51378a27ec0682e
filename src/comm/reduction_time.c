#include "fa/reduction_time.h"

#include <assert.h>
#include <math.h>

#include "buckets.h"
#include "tree.h"

/* Below this many bytes MPI sends at once; above, it first asks the receiver, whose answer takes two more
   latencies. Open MPI's value for TCP. */
enum { EAGER_BYTES = 65536 };

static int n_ranks(const struct fa_network *network)
{
    return network->n_nodes * network->ranks_per_node;
}

/* ---- one bucket ---- */

/* Nodes of the tree that a rank brings, on average: 1 where slices are aligned powers of two. */
static double parts_per_rank(int n_ranks, size_t batch)
{
    size_t n_parts = 0;

    for (int r = 0; r < n_ranks; r++) {
        const struct fa_batch_slice slice = fa_batch_slice_of(batch, n_ranks, r);
        struct fa_tree_stack own = {.n = batch};

        fa_tree_push_leaves(&own, slice.begin, slice.end);
        n_parts += own.depth;
    }
    return (double)n_parts / (double)n_ranks;
}

static int trips_of(double bytes)
{
    return bytes > EAGER_BYTES ? 3 : 1;
}

/* As exchange_device.c does it. */
static struct fa_bucket_cost cost_by_device(const struct fa_network *network, double parts, double bytes)
{
    const double n = n_ranks(network);

    return (struct fa_bucket_cost){.rounds = 1,
                                   .trips = 1,
                                   .wire_s = (n - 1) / n * bytes * (parts + 1) / 2 / network->peer,
                                   .processor_s = (n - 1) * 1.5 * network->message_s};
}

/* Of a rank's own way between its device and the host; buckets on it and on the link take turns. */
static double staging_seconds(const struct fa_network *network, double bytes)
{
    return network->staging > 0 ? bytes / network->staging : 0;
}

/* Every rank sends a chunk to every other one, so the more ranks a node has the more its link carries. */
static struct fa_bucket_cost cost_canonical(const struct fa_network *network, size_t batch, double bytes)
{
    const double n = n_ranks(network), per_node = network->ranks_per_node;
    const double chunk = bytes / n, parts = parts_per_rank(n_ranks(network), batch);

    if (network->n_nodes == 1 && network->peer > 0)
        return cost_by_device(network, parts, bytes);
    return (struct fa_bucket_cost){
        .rounds = 1,
        .trips = trips_of(chunk),
        .wire_s = fmax(per_node * (n - per_node) * chunk * (parts + 1) / 2 / network->bandwidth,
                       staging_seconds(network, bytes * (parts + 1) / 2)),
        .processor_s = (n - 1) * (parts + 1) / 2 * network->message_s + bytes * network->byte_s / 2};
}

/* Open MPI halves and doubles (Rabenseifner) from four ranks on, else sends whole buckets up and down a tree.
   Halving begins among neighbours, so a node's link carries what is left of the bucket, once. */
static struct fa_bucket_cost cost_allreduce(const struct fa_network *network, double bytes)
{
    const double n = n_ranks(network), nodes = network->n_nodes, rounds = ceil(log2(n));
    const bool halves = n >= 4;

    return (struct fa_bucket_cost){
        .rounds = (int)rounds,
        .trips = trips_of(halves ? bytes / sqrt(n) : bytes),
        .wire_s = fmax((halves ? (nodes - 1) / nodes : ceil(log2(nodes))) * bytes / network->bandwidth,
                       staging_seconds(network, bytes)),
        .processor_s = rounds * network->message_s + bytes * network->byte_s / 2,
        .one_way = !halves};
}

struct fa_bucket_cost fa_bucket_cost(const struct fa_network *network, const struct fa_reducer_config *config,
                                     size_t n)
{
    const double bytes = (double)(n * sizeof(fa_real));

    if (config->reduction == FA_REDUCTION_CANONICAL)
        return cost_canonical(network, config->batch, bytes);
    return cost_allreduce(network, bytes);
}

/* ---- all of them, in time ---- */

struct flight {
    struct fa_bucket_cost cost;
    int done;       /* trips, of all rounds there and back; also the one under way */
    double arrives; /* at the end of the trip under way */
};

/* As src/comm/reducer.c does it, with a clock that is moved by hand. */
struct run {
    const struct fa_network *network;
    const struct fa_reducer_config *config;
    struct fa_buckets buckets;
    struct flight flight[FA_BUCKET_SLOTS];
    size_t n_started, n_done;
    double now;
    double wire_free[2]; /* each direction, or the two of them together */
};

static int n_trips(const struct fa_bucket_cost *cost)
{
    return 2 * cost->rounds * cost->trips;
}

/* Only the last trip of a message carries data. */
static void leave(struct run *run, struct flight *flight)
{
    const struct fa_bucket_cost *cost = &flight->cost;
    const bool is_back = flight->done >= cost->rounds * cost->trips;
    double *wire = &run->wire_free[is_back && cost->one_way], begins = run->now;

    if (++flight->done % cost->trips == 0) {
        run->now += cost->processor_s / cost->rounds;
        *wire = fmax(*wire, run->now) + cost->wire_s / cost->rounds;
        begins = *wire;
    }
    flight->arrives = begins + run->network->latency_s;
}

static void start(struct run *run, size_t settled)
{
    while (run->n_started < run->buckets.n && run->n_started < run->n_done + FA_BUCKET_SLOTS) {
        const struct fa_bucket bucket = fa_buckets_at(&run->buckets, run->n_started);
        struct flight *flight = &run->flight[bucket.slot];

        if (bucket.end > settled)
            return;
        *flight =
            (struct flight){.cost = fa_bucket_cost(run->network, run->config, bucket.end - bucket.begin)};
        leave(run, flight);
        run->n_started++;
    }
}

static bool has_landed(const struct run *run, const struct flight *flight)
{
    return flight->done == n_trips(&flight->cost) && flight->arrives <= run->now;
}

static void poll(struct run *run)
{
    for (size_t i = run->n_done; i < run->n_started; i++) {
        struct flight *flight = &run->flight[i % FA_BUCKET_SLOTS];

        if (flight->arrives <= run->now && flight->done < n_trips(&flight->cost))
            leave(run, flight);
        run->n_done += has_landed(run, flight) && i == run->n_done;
    }
}

/* To the next arrival: nothing else happens any more. */
static void wait(struct run *run)
{
    double next = INFINITY;

    for (size_t i = run->n_done; i < run->n_started; i++)
        if (!has_landed(run, &run->flight[i % FA_BUCKET_SLOTS]))
            next = fmin(next, run->flight[i % FA_BUCKET_SLOTS].arrives);
    run->now = fmax(run->now, next);
}

static void finish(struct run *run)
{
    for (;;) {
        start(run, run->buckets.n_elem);
        poll(run);
        if (run->n_done == run->buckets.n)
            return;
        wait(run);
    }
}

double fa_exposed_seconds(const struct fa_network *network, const struct fa_reducer_config *config,
                          const struct fa_readiness *readiness)
{
    const double backward_s = readiness->seconds[readiness->n - 1];
    struct run run = {.network = network, .config = config};
    double last = 0;

    if (n_ranks(network) == 1)
        return 0;
    run.buckets = fa_buckets_cut(readiness->elements[readiness->n - 1], config->bucket_bytes);
    for (size_t i = 0; i < readiness->n; i++) {
        assert(readiness->seconds[i] >= last);
        run.now += readiness->seconds[i] - last;
        last = readiness->seconds[i];
        start(&run, readiness->elements[i]);
        poll(&run);
    }
    finish(&run);
    return run.now - backward_s;
}

double fa_reduction_seconds(const struct fa_network *network, const struct fa_reducer_config *config,
                            size_t n)
{
    const double at_once = 0;

    return fa_exposed_seconds(network, config,
                              &(struct fa_readiness){.n = 1, .elements = &n, .seconds = &at_once});
}
