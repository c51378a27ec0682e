/*
 * exchange_device.c - the way of a bucket between devices of one host: each rank reads what it needs from the
 * others' memory, and adds up on its own device.
 *
 * A rank asks its device for a stage's work; once that is done it tells the others, by empty messages; once
 * all have told, what they left may be read, and what they have read may change. So nobody writes what
 * another one still reads, and no device waits for a process.
 */
#include <time.h>

#include "canonical.h"
#include "fa/clock.h"
#include "fa/memory.h"

enum stage {
    FINAL,    /* the bucket of this rank's nodes */
    ADDED_UP, /* its chunk, over all ranks */
    GATHERED, /* the others' chunks */
    LANDED
};

/* Rows that are added have the same place within a vector of this many elements (flat.h). */
enum { VECTOR = 4 };

/* The way of one bucket. */
struct exchange {
    enum stage stage;
    struct fa_ticket ticket; /* of the stage's work */
    bool told;               /* that it is done */
    MPI_Request *requests;
    struct fa_flat *received; /* this rank's chunk of other ranks' parts, in the order of parts */
};

struct device {
    struct fa_flat **parts; /* of other ranks, where they are; NULL for this rank's own */
    bool is_connected;      /* all ranks have all of them */
    MPI_Request *requests;  /* of the end */
    struct exchange exchange[FA_BUCKET_SLOTS];
};

static struct device *device_of(const struct fa_reducer *reducer)
{
    return fa_canonical_of(reducer)->exchanges;
}

static struct exchange *exchange_of(const struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    return &device_of(reducer)->exchange[bucket->slot];
}

static bool is_own(const struct fa_reducer *reducer, const struct fa_part *part)
{
    return part->rank == fa_comm_rank(reducer->comm);
}

/* ---- empty messages ---- */

/* Behind those of exchange_messages.c. Messages of a slot and a stage come in the order of buckets. */
static int tag_of(int slot, enum stage stage)
{
    return FA_TAG_REDUCER + 2 * FA_BUCKET_SLOTS + (LANDED + 1) * slot + (int)stage;
}

/* requests: two for each peer; all are done once all have told us the same. */
static void tell(const struct fa_reducer *reducer, int tag, MPI_Request *requests)
{
    for (int i = 0; i < fa_canonical_n_peers(reducer); i++) {
        const int peer = fa_canonical_peer(reducer, i);

        MPI_Irecv(NULL, 0, MPI_BYTE, peer, tag, reducer->comm->mpi, &requests[2 * i]);
        MPI_Isend(NULL, 0, MPI_BYTE, peer, tag, reducer->comm->mpi, &requests[2 * i + 1]);
    }
}

static bool have_all_told(const struct fa_reducer *reducer, MPI_Request *requests)
{
    int done;

    MPI_Testall(2 * fa_canonical_n_peers(reducer), requests, &done, MPI_STATUSES_IGNORE);
    return done;
}

/* ---- the sum ---- */

/* Elements of a row: what is to be added. */
struct stretch {
    struct fa_flat *row;
    size_t at;
};

/* Between the chunks of two received parts. */
static size_t stride_of(const struct fa_reducer *reducer)
{
    return (fa_canonical_largest_chunk(reducer) / VECTOR + 2) * VECTOR;
}

/* The part's chunk, of another rank brought to this one's device. */
static struct stretch stretch_of(const struct fa_reducer *reducer, const struct exchange *exchange, size_t p,
                                 const struct fa_chunk *mine, size_t *n_received)
{
    const struct fa_part *part = &fa_canonical_of(reducer)->parts[p];
    struct stretch stretch = {.row = exchange->received};

    if (is_own(reducer, part))
        return (struct stretch){fa_canonical_node(reducer, part->index), mine->begin};
    stretch.at = (*n_received)++ * stride_of(reducer) + mine->begin % VECTOR;
    fa_flat_bring(stretch.row, stretch.at, device_of(reducer)->parts[p], mine->begin, mine->n);
    return stretch;
}

/* In the tree's order. What was brought, and this rank's own nodes, are not needed any more. */
static void add_up(const struct fa_reducer *reducer, const struct exchange *exchange,
                   const struct fa_chunk *mine)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);
    struct stretch stack[FA_TREE_MAX_DEPTH], *top = stack;
    size_t n_received = 0;

    for (size_t p = 0; p < canonical->n_parts; p++) {
        *top++ = stretch_of(reducer, exchange, p, mine, &n_received);
        for (size_t i = 0; i < canonical->parts[p].n_merges; i++) {
            const struct stretch right = *--top, left = top[-1];

            fa_flat_add(right.row, right.at, left.row, left.at, mine->n);
            top[-1] = right;
        }
    }
    if (stack[0].row != reducer->sum)
        fa_flat_bring(reducer->sum, mine->begin, stack[0].row, stack[0].at, mine->n);
}

/* The chunks of all others, each from its owner's sum, which is the owner's last part. */
static void gather(const struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);

    for (size_t p = 0; p < canonical->n_parts; p++) {
        const struct fa_part *part = &canonical->parts[p];
        const bool is_last = p + 1 == canonical->n_parts || part[1].rank != part->rank;
        const struct fa_chunk theirs = fa_canonical_chunk(reducer, bucket, part->rank);

        if (is_last && !is_own(reducer, part))
            fa_flat_bring(reducer->sum, theirs.begin, device_of(reducer)->parts[p], theirs.begin, theirs.n);
    }
}

/* ---- the way ---- */

static void enter(struct fa_reducer *reducer, const struct fa_bucket *bucket, enum stage stage)
{
    struct exchange *exchange = exchange_of(reducer, bucket);
    const struct fa_chunk mine = fa_canonical_chunk(reducer, bucket, fa_comm_rank(reducer->comm));

    if (stage == ADDED_UP && mine.n > 0)
        add_up(reducer, exchange, &mine);
    if (stage == GATHERED)
        gather(reducer, bucket);
    exchange->stage = stage;
    exchange->told = false;
    exchange->ticket = fa_backend_mark(fa_flat_backend(reducer->sum));
}

static void start(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    enter(reducer, bucket, FINAL);
}

static bool poll(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct exchange *exchange = exchange_of(reducer, bucket);

    if (exchange->stage == LANDED)
        return true;
    if (!exchange->told) {
        if (!fa_reducer_is_reached(reducer, exchange->ticket))
            return false;
        tell(reducer, tag_of(bucket->slot, exchange->stage), exchange->requests);
        exchange->told = true;
    }
    if (!have_all_told(reducer, exchange->requests))
        return false;
    enter(reducer, bucket, exchange->stage + 1);
    return exchange->stage == LANDED;
}

/* ---- life ---- */

static fa_status check(const struct fa_reducer *reducer)
{
    if (fa_comm_local_size(reducer->comm) < fa_comm_size(reducer->comm))
        return fa_fail(FA_EINVAL, "ranks of several hosts cannot reach each other's devices");
    return FA_OK;
}

static fa_status lend(const struct fa_reducer *reducer, struct fa_memory_key *keys)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);

    FA_TRY(check(reducer));
    for (size_t p = 0; p < canonical->n_parts; p++)
        if (is_own(reducer, &canonical->parts[p]))
            FA_TRY(fa_flat_lend(fa_canonical_node(reducer, canonical->parts[p].index), &keys[p]));
    return FA_OK;
}

static fa_status open_exchange(const struct fa_reducer *reducer, struct exchange *exchange)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);
    const size_t others = canonical->n_parts - canonical->images.n_nodes;

    FA_TRY(
        fa_alloc(2 * (size_t)fa_canonical_n_peers(reducer), sizeof *exchange->requests, &exchange->requests));
    return fa_flat_create(fa_flat_backend(reducer->sum), others * stride_of(reducer), &exchange->received);
}

/* What the others lent, and room for it. */
static fa_status borrow(const struct fa_reducer *reducer, const struct fa_memory_key *keys)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);
    struct device *device = device_of(reducer);

    for (size_t p = 0; p < canonical->n_parts; p++)
        if (!is_own(reducer, &canonical->parts[p]))
            FA_TRY(fa_flat_borrow(fa_flat_backend(reducer->sum), reducer->n, &keys[p], &device->parts[p]));
    FA_TRY(fa_alloc(2 * (size_t)fa_canonical_n_peers(reducer), sizeof *device->requests, &device->requests));
    for (size_t i = 0; i < FA_BUCKET_SLOTS && i < reducer->buckets.n; i++)
        FA_TRY(open_exchange(reducer, &device->exchange[i]));
    return FA_OK;
}

static fa_status open_device(struct fa_reducer *reducer, struct fa_memory_key **keys)
{
    struct fa_canonical *canonical = fa_canonical_of(reducer);
    struct device *device;

    FA_TRY(fa_alloc_zero(1, sizeof *device, &device));
    canonical->exchanges = device;
    FA_TRY(fa_alloc_zero(canonical->n_parts, sizeof(struct fa_flat *), &device->parts));
    FA_TRY(fa_alloc_zero(canonical->n_parts, sizeof **keys, keys));
    return lend(reducer, *keys);
}

static fa_status create(struct fa_reducer *reducer)
{
    const struct fa_canonical *canonical = fa_canonical_of(reducer);
    struct fa_memory_key *keys = NULL;
    fa_status status = fa_comm_agree(reducer->comm, open_device(reducer, &keys));

    if (status == FA_OK) {
        for (size_t p = 0; p < canonical->n_parts; p++)
            fa_comm_broadcast(reducer->comm, &keys[p], sizeof keys[p], canonical->parts[p].rank);
        status = fa_comm_agree(reducer->comm, borrow(reducer, keys));
        device_of(reducer)->is_connected = status == FA_OK;
    }
    fa_free(keys);
    return status;
}

/* Memory that was lent is freed only once all have given it back; a rank that has failed is not waited for.
 */
static void part(const struct fa_reducer *reducer)
{
    const struct timespec nap = {.tv_nsec = 100000};
    const double until = fa_clock_seconds() + 5;

    tell(reducer, tag_of(0, LANDED), device_of(reducer)->requests);
    while (!have_all_told(reducer, device_of(reducer)->requests) && fa_clock_seconds() < until)
        nanosleep(&nap, NULL);
}

static void destroy(struct fa_reducer *reducer)
{
    struct device *device = device_of(reducer);

    if (device == NULL)
        return;
    for (size_t p = 0; p < fa_canonical_of(reducer)->n_parts && device->parts != NULL; p++)
        fa_flat_destroy(device->parts[p]);
    for (size_t i = 0; i < FA_BUCKET_SLOTS; i++) {
        fa_flat_destroy(device->exchange[i].received);
        fa_free(device->exchange[i].requests);
    }
    if (device->is_connected)
        part(reducer);
    fa_free(device->requests);
    fa_free(device->parts);
    fa_free(device);
}

const struct fa_exchange_ops fa_exchange_by_device = {
    .create = create, .destroy = destroy, .start = start, .poll = poll};
