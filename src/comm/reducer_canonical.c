/*
 * reducer_canonical.c - images are added in the one tree over their positions (tree.h), on any ranks.
 *
 * Each rank folds its images into the nodes of the tree that its slice of the batch covers: one, where slices
 * are aligned powers of two (fold.h). Across ranks, a bucket is cut into one chunk a rank. Every rank sends
 * each other one that one's chunk of all its nodes (scatter); the owner of a chunk adds up everybody's nodes
 * in the tree's order, then sends the sum to all (gather). So with one node a rank, each sends and receives
 * 2 (ranks - 1) / ranks of the bucket, which is as little as can be. What is added to what depends on
 * positions alone; the number of ranks only decides where.
 */
#include <string.h>

#include "fa/memory.h"
#include "fold.h"
#include "reducer_private.h"

/* Elements that are added up at a time: all of them stay in the first-level cache. */
enum { BLOCK = 256 };

/* A node of some rank's slice, which that rank brings. */
struct part {
    int rank;
    size_t index;    /* among the rank's own */
    size_t n_merges; /* with those before it, once it is there */
};

enum stage { LEAVING, SCATTER, GATHER, LANDED };

/* The way of one bucket. */
struct exchange {
    enum stage stage;
    struct fa_flat_window *nodes[FA_TREE_MAX_DEPTH]; /* on the bucket of each of this rank's */
    int n_requests;
    MPI_Request *requests;
    fa_real *received; /* this rank's chunk of other ranks' parts, in the order of parts */
};

struct canonical {
    struct fa_fold fold;
    size_t n_parts; /* of all ranks, by position */
    struct part *parts;
    struct exchange exchange[FA_BUCKET_SLOTS];
};

static struct exchange *exchange_of(const struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    return &((struct canonical *)reducer->state)->exchange[bucket->slot];
}

/* Where this rank has the node: the last one is in the sum. */
static struct fa_flat *node_at(const struct fa_reducer *reducer, size_t index)
{
    const struct fa_fold *fold = &((struct canonical *)reducer->state)->fold;

    return index + 1 < fold->n_nodes ? fold->partial[index] : reducer->sum;
}

/* Its elements from `at` on, which is a position in the whole gradient. */
static fa_real *node_elements(const struct exchange *exchange, size_t index, const struct fa_bucket *bucket,
                              size_t at)
{
    return fa_flat_window_elements(exchange->nodes[index]) + (at - bucket->begin);
}

/* Where the bucket's sum is put together. */
static fa_real *sum_elements(const struct fa_reducer *reducer, const struct exchange *exchange,
                             const struct fa_bucket *bucket, size_t at)
{
    const struct canonical *canonical = reducer->state;

    return node_elements(exchange, canonical->fold.n_nodes - 1, bucket, at);
}

/* ---- chunks ---- */

struct chunk {
    size_t begin, n;
};

static struct chunk chunk_of(const struct fa_reducer *reducer, const struct fa_bucket *bucket, int rank)
{
    const size_t size = (size_t)fa_comm_size(reducer->comm), length = bucket->end - bucket->begin;
    const size_t begin = length * (size_t)rank / size, end = length * ((size_t)rank + 1) / size;

    return (struct chunk){.begin = bucket->begin + begin, .n = end - begin};
}

static size_t largest_chunk(const struct fa_reducer *reducer)
{
    return reducer->buckets.length / (size_t)fa_comm_size(reducer->comm) + 1;
}

/* ---- messages ---- */

/* Messages of a slot come in the order in which they were sent, bucket after bucket, so two tags a slot tell
   all of them apart. */
static int tag_of(const struct fa_bucket *bucket, enum stage stage)
{
    return FA_TAG_REDUCER + 2 * bucket->slot + (stage == GATHER);
}

/* The ranks but this one, each beginning with its neighbour so that not all send to the same. */
static int peer(const struct fa_reducer *reducer, int i)
{
    return (fa_comm_rank(reducer->comm) + 1 + i) % fa_comm_size(reducer->comm);
}

static int n_peers(const struct fa_reducer *reducer)
{
    return fa_comm_size(reducer->comm) - 1;
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
    const struct canonical *canonical = reducer->state;
    struct exchange *exchange = exchange_of(reducer, bucket);
    const struct chunk mine = chunk_of(reducer, bucket, fa_comm_rank(reducer->comm));
    const int tag = tag_of(bucket, SCATTER);
    fa_real *received = exchange->received;

    exchange->stage = SCATTER;
    exchange->n_requests = 0;
    for (size_t p = 0; p < canonical->n_parts; p++)
        if (canonical->parts[p].rank != fa_comm_rank(reducer->comm)) {
            receive(reducer, exchange, received, mine.n, canonical->parts[p].rank, tag);
            received += mine.n;
        }
    for (int i = 0; i < n_peers(reducer); i++) {
        const struct chunk theirs = chunk_of(reducer, bucket, peer(reducer, i));

        for (size_t node = 0; node < canonical->fold.n_nodes; node++)
            send(reducer, exchange, node_elements(exchange, node, bucket, theirs.begin), theirs.n,
                 peer(reducer, i), tag);
    }
}

static void gather(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct exchange *exchange = exchange_of(reducer, bucket);
    const struct chunk mine = chunk_of(reducer, bucket, fa_comm_rank(reducer->comm));
    const int tag = tag_of(bucket, GATHER);

    exchange->stage = GATHER;
    exchange->n_requests = 0;
    for (int i = 0; i < n_peers(reducer); i++) {
        const struct chunk theirs = chunk_of(reducer, bucket, peer(reducer, i));

        receive(reducer, exchange, sum_elements(reducer, exchange, bucket, theirs.begin), theirs.n,
                peer(reducer, i), tag);
    }
    for (int i = 0; i < n_peers(reducer); i++)
        send(reducer, exchange, sum_elements(reducer, exchange, bucket, mine.begin), mine.n, peer(reducer, i),
             tag);
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
                      const struct chunk *chunk, size_t at, size_t n)
{
    const struct canonical *canonical = reducer->state;
    const struct exchange *exchange = exchange_of(reducer, bucket);
    const fa_real *received = exchange->received + at;
    struct adder adder;

    adder.depth = 0;
    for (size_t p = 0; p < canonical->n_parts; p++) {
        const struct part *part = &canonical->parts[p];

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
    const struct chunk mine = chunk_of(reducer, bucket, fa_comm_rank(reducer->comm));

#pragma omp parallel for schedule(static) if (mine.n > 64 * BLOCK)
    for (size_t at = 0; at < mine.n; at += BLOCK)
        add_block(reducer, bucket, &mine, at, mine.n - at < BLOCK ? mine.n - at : BLOCK);
}

/* ---- the reduction ---- */

static void settle(struct fa_reducer *reducer, size_t begin, size_t end)
{
    const struct canonical *canonical = reducer->state;

    fa_fold_add(&canonical->fold, reducer->image, fa_reducer_row(reducer), reducer->sum, begin, end);
}

static void start(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    const struct canonical *canonical = reducer->state;
    struct exchange *exchange = exchange_of(reducer, bucket);

    for (size_t i = 0; i < canonical->fold.n_nodes; i++)
        fa_flat_window_open(exchange->nodes[i], node_at(reducer, i), bucket->begin, bucket->end);
    exchange->stage = LEAVING;
}

static bool can_leave(struct fa_reducer *reducer, const struct exchange *exchange)
{
    const struct canonical *canonical = reducer->state;

    for (size_t i = 0; i < canonical->fold.n_nodes; i++)
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
        fa_flat_window_write(exchange->nodes[((const struct canonical *)reducer->state)->fold.n_nodes - 1]);
        exchange->stage = LANDED;
        return true;
    }
    add_parts(reducer, bucket);
    gather(reducer, bucket);
    return false;
}

/* ---- life ---- */

/* What rank brings, and how the tree merges it with what is on the stack from the ranks before. */
static fa_status add_rank(struct canonical *canonical, struct fa_tree_stack *stack, int rank, size_t n_images)
{
    struct fa_tree_stack own = {.n = stack->n};

    fa_tree_push_leaves(&own, (size_t)rank * n_images, ((size_t)rank + 1) * n_images);
    FA_TRY(fa_realloc(&canonical->parts, canonical->n_parts + own.depth, sizeof *canonical->parts));
    for (size_t i = 0; i < own.depth; i++)
        canonical->parts[canonical->n_parts++] =
            (struct part){.rank = rank, .index = i, .n_merges = fa_tree_push(stack, own.node[i])};
    return FA_OK;
}

static fa_status list_parts(struct fa_reducer *reducer)
{
    const size_t n_images = reducer->config.n_images;
    struct fa_tree_stack stack = {.n = n_images * (size_t)fa_comm_size(reducer->comm)};

    for (int r = 0; r < fa_comm_size(reducer->comm); r++)
        FA_TRY(add_rank(reducer->state, &stack, r, n_images));
    return FA_OK;
}

static fa_status open_exchange(struct fa_reducer *reducer, struct exchange *exchange)
{
    const struct canonical *canonical = reducer->state;
    const size_t others = canonical->n_parts - canonical->fold.n_nodes, peers = (size_t)n_peers(reducer);
    const size_t scattered = others + peers * canonical->fold.n_nodes, gathered = 2 * peers;

    for (size_t i = 0; i < canonical->fold.n_nodes; i++)
        FA_TRY(fa_flat_window_create(fa_flat_backend(reducer->sum), reducer->buckets.length,
                                     &exchange->nodes[i]));
    FA_TRY(fa_alloc(scattered > gathered ? scattered : gathered, sizeof *exchange->requests,
                    &exchange->requests));
    return fa_alloc(others * largest_chunk(reducer), sizeof *exchange->received, &exchange->received);
}

static fa_status create(struct fa_reducer *reducer)
{
    const size_t n_images = reducer->config.n_images, rank = (size_t)fa_comm_rank(reducer->comm);
    const struct fa_fold_slice slice = {.n = n_images * (size_t)fa_comm_size(reducer->comm),
                                        .begin = rank * n_images,
                                        .end = (rank + 1) * n_images,
                                        .n_rows = reducer->n_rows};
    struct canonical *canonical;

    FA_TRY(fa_alloc_zero(1, sizeof *canonical, &canonical));
    reducer->state = canonical;
    FA_TRY(fa_fold_create(&canonical->fold, &slice, fa_flat_backend(reducer->sum), reducer->n));
    FA_TRY(list_parts(reducer));
    for (size_t i = 0; i < FA_BUCKET_SLOTS && i < reducer->buckets.n; i++)
        FA_TRY(open_exchange(reducer, &canonical->exchange[i]));
    return FA_OK;
}

static void destroy(struct fa_reducer *reducer)
{
    struct canonical *canonical = reducer->state;

    if (canonical == NULL)
        return;
    for (size_t i = 0; i < FA_BUCKET_SLOTS; i++) {
        for (size_t node = 0; node < FA_TREE_MAX_DEPTH; node++)
            fa_flat_window_destroy(canonical->exchange[i].nodes[node]);
        fa_free(canonical->exchange[i].received);
        fa_free(canonical->exchange[i].requests);
    }
    fa_free(canonical->parts);
    fa_fold_destroy(&canonical->fold);
    fa_free(canonical);
}

const struct fa_reduction_ops fa_reduction_canonical = {
    .create = create, .destroy = destroy, .settle = settle, .start = start, .poll = poll};
