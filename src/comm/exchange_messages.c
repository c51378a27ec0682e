/*
 * exchange_messages.c - the way of a bucket by messages of MPI, from the host's memory and into it.
 */
#include <string.h>

#include "canonical.h"
#include "fa/memory.h"

/* Elements that are added up at a time: all of them stay in the first-level cache. */
enum { BLOCK = 256 };

enum stage { LEAVING, SCATTER, GATHER, LANDED };

/* The way of one bucket. */
struct exchange {
    enum stage stage;
    struct fa_flat_window *nodes[FA_TREE_MAX_DEPTH]; /* on the bucket of each of this rank's */
    int n_requests;
    MPI_Request *requests;
    fa_real *received; /* this rank's chunk of other ranks' parts, in the order of parts */
};

static struct exchange *exchange_of(const struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    return (struct exchange *)fa_canonical_of(reducer)->exchanges + bucket->slot;
}

/* A node's elements from `at` on, which is a position in the whole gradient. */
static fa_real *node_elements(const struct exchange *exchange, size_t index, const struct fa_bucket *bucket,
                              size_t at)
{
    return fa_flat_window_elements(exchange->nodes[index]) + (at - bucket->begin);
}

/* Where the bucket's sum is put together. */
static fa_real *sum_elements(const struct fa_reducer *reducer, const struct exchange *exchange,
                             const struct fa_bucket *bucket, size_t at)
{
    return node_elements(exchange, fa_canonical_of(reducer)->images.n_nodes - 1, bucket, at);
}

/* ---- messages ---- */

/* Messages of a slot come in the order in which they were sent, bucket after bucket, so two tags a slot tell
   all of them apart. */
static int tag_of(const struct fa_bucket *bucket, enum stage stage)
{
    return FA_TAG_REDUCER + 2 * bucket->slot + (stage == GATHER);
}

static void send(const struct fa_reducer *reducer, struct exchange *exchange, const fa_real *data, size_t n,
                 int to, int tag)
{
    MPI_Isend(data, (int)n, FA_MPI_REAL, to, tag, reducer->comm->mpi,
              &exchange->requests[exchange->n_requests++]);
}

static void receive(const struct fa_reducer *reducer, struct exchange *exchange, fa_real *data, size_t n,
                    int from, int tag)
{
    MPI_Irecv(data, (int)n, FA_MPI_REAL, from, tag, reducer->comm->mpi,
              &exchange->requests[exchange->n_requests++]);
}

static void scatter(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);
    struct exchange *exchange = exchange_of(reducer, bucket);
    const struct fa_chunk mine = fa_canonical_chunk(reducer, bucket, fa_comm_rank(reducer->comm));
    const int tag = tag_of(bucket, SCATTER);
    fa_real *received = exchange->received;

    exchange->stage = SCATTER;
    exchange->n_requests = 0;
    for (size_t p = 0; p < canonical->n_parts; p++)
        if (canonical->parts[p].rank != fa_comm_rank(reducer->comm)) {
            receive(reducer, exchange, received, mine.n, canonical->parts[p].rank, tag);
            received += mine.n;
        }
    for (int i = 0; i < fa_canonical_n_peers(reducer); i++) {
        const int peer = fa_canonical_peer(reducer, i);
        const struct fa_chunk theirs = fa_canonical_chunk(reducer, bucket, peer);

        for (size_t node = 0; node < canonical->images.n_nodes; node++)
            send(reducer, exchange, node_elements(exchange, node, bucket, theirs.begin), theirs.n, peer, tag);
    }
}

static void gather(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct exchange *exchange = exchange_of(reducer, bucket);
    const struct fa_chunk mine = fa_canonical_chunk(reducer, bucket, fa_comm_rank(reducer->comm));
    const int tag = tag_of(bucket, GATHER);

    exchange->stage = GATHER;
    exchange->n_requests = 0;
    for (int i = 0; i < fa_canonical_n_peers(reducer); i++) {
        const int peer = fa_canonical_peer(reducer, i);
        const struct fa_chunk theirs = fa_canonical_chunk(reducer, bucket, peer);

        receive(reducer, exchange, sum_elements(reducer, exchange, bucket, theirs.begin), theirs.n, peer,
                tag);
    }
    for (int i = 0; i < fa_canonical_n_peers(reducer); i++)
        send(reducer, exchange, sum_elements(reducer, exchange, bucket, mine.begin), mine.n,
             fa_canonical_peer(reducer, i), tag);
}

/* ---- the sum ---- */

/* A stack of what is to be added: each entry lies where it was brought, or in a row of its own. */
struct adder {
    size_t depth;
    const fa_real *entry[FA_TREE_MAX_DEPTH];
    fa_real row[FA_TREE_MAX_DEPTH][BLOCK];
};

/* The two topmost entries become one. */
static void merge(struct adder *adder, size_t n)
{
    const fa_real *right = adder->entry[--adder->depth], *left = adder->entry[adder->depth - 1];
    fa_real *sum = adder->row[adder->depth - 1];

    for (size_t i = 0; i < n; i++)
        sum[i] = left[i] + right[i];
    adder->entry[adder->depth - 1] = sum;
}

/* Elements [at, at + n) of the chunk. */
static void add_block(const struct fa_reducer *reducer, const struct fa_bucket *bucket,
                      const struct fa_chunk *chunk, size_t at, size_t n)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);
    const struct exchange *exchange = exchange_of(reducer, bucket);
    const fa_real *received = exchange->received + at;
    struct adder adder;

    adder.depth = 0;
    for (size_t p = 0; p < canonical->n_parts; p++) {
        const struct fa_part *part = &canonical->parts[p];

        if (part->rank == fa_comm_rank(reducer->comm)) {
            adder.entry[adder.depth++] = node_elements(exchange, part->index, bucket, chunk->begin + at);
        } else {
            adder.entry[adder.depth++] = received;
            received += chunk->n;
        }
        for (size_t i = 0; i < part->n_merges; i++)
            merge(&adder, n);
    }
    memcpy(sum_elements(reducer, exchange, bucket, chunk->begin + at), adder.entry[0], n * sizeof(fa_real));
}

static void add_parts(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    const struct fa_chunk mine = fa_canonical_chunk(reducer, bucket, fa_comm_rank(reducer->comm));

#pragma omp parallel for schedule(static) if (mine.n > 64 * BLOCK)
    for (size_t at = 0; at < mine.n; at += BLOCK)
        add_block(reducer, bucket, &mine, at, mine.n - at < BLOCK ? mine.n - at : BLOCK);
}

/* ---- the way ---- */

static void start(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct exchange *exchange = exchange_of(reducer, bucket);

    for (size_t i = 0; i < fa_canonical_of(reducer)->images.n_nodes; i++)
        fa_flat_window_open(exchange->nodes[i], fa_canonical_node(reducer, i), bucket->begin, bucket->end);
    exchange->stage = LEAVING;
}

static bool can_leave(struct fa_reducer *reducer, const struct exchange *exchange)
{
    for (size_t i = 0; i < fa_canonical_of(reducer)->images.n_nodes; i++)
        if (!fa_reducer_is_there(reducer, exchange->nodes[i]))
            return false;
    return true;
}

static bool poll(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct exchange *exchange = exchange_of(reducer, bucket);
    int done;

    if (exchange->stage == LANDED)
        return true;
    if (exchange->stage == LEAVING) {
        if (!can_leave(reducer, exchange))
            return false;
        scatter(reducer, bucket);
    }
    MPI_Testall(exchange->n_requests, exchange->requests, &done, MPI_STATUSES_IGNORE);
    if (!done)
        return false;
    if (exchange->stage == GATHER) {
        fa_flat_window_write(exchange->nodes[fa_canonical_of(reducer)->images.n_nodes - 1]);
        exchange->stage = LANDED;
        return true;
    }
    add_parts(reducer, bucket);
    gather(reducer, bucket);
    return false;
}

/* ---- life ---- */

static fa_status open_exchange(struct fa_reducer *reducer, struct exchange *exchange)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);
    const size_t others = canonical->n_parts - canonical->images.n_nodes,
                 peers = (size_t)fa_canonical_n_peers(reducer);
    const size_t scattered = others + peers * canonical->images.n_nodes, gathered = 2 * peers;

    for (size_t i = 0; i < canonical->images.n_nodes; i++)
        FA_TRY(fa_flat_window_create(fa_flat_backend(reducer->sum), reducer->buckets.length,
                                     &exchange->nodes[i]));
    FA_TRY(fa_alloc(scattered > gathered ? scattered : gathered, sizeof *exchange->requests,
                    &exchange->requests));
    return fa_alloc(others * fa_canonical_largest_chunk(reducer), sizeof *exchange->received,
                    &exchange->received);
}

static fa_status create(struct fa_reducer *reducer)
{
    struct exchange *exchanges;

    FA_TRY(fa_alloc_zero(FA_BUCKET_SLOTS, sizeof *exchanges, &exchanges));
    fa_canonical_of(reducer)->exchanges = exchanges;
    for (size_t i = 0; i < FA_BUCKET_SLOTS && i < reducer->buckets.n; i++)
        FA_TRY(open_exchange(reducer, &exchanges[i]));
    return FA_OK;
}

static void destroy(struct fa_reducer *reducer)
{
    struct exchange *exchanges = fa_canonical_of(reducer)->exchanges;

    for (size_t i = 0; i < FA_BUCKET_SLOTS && exchanges != NULL; i++) {
        for (size_t node = 0; node < FA_TREE_MAX_DEPTH; node++)
            fa_flat_window_destroy(exchanges[i].nodes[node]);
        fa_free(exchanges[i].received);
        fa_free(exchanges[i].requests);
    }
    fa_free(exchanges);
}

const struct fa_exchange_ops fa_exchange_by_messages = {
    .create = create, .destroy = destroy, .start = start, .poll = poll};
