/*
 * canonical.h - what the ways of a bucket over the ranks share: whose nodes of the tree there are, and in
 * which order they are added up.
 *
 * A bucket is cut into one chunk a rank. The owner of a chunk adds up everybody's nodes of it in the tree's
 * order (scatter), and all take the sum from there (gather). So with one node a rank, each sends and receives
 * 2 (ranks - 1) / ranks of the bucket, which is as little as can be. What is added to what depends on
 * positions alone; the number of ranks only decides where.
 */
#ifndef FA_CANONICAL_H
#define FA_CANONICAL_H

#include "image_sum.h"
#include "reducer_private.h"

/* A node of some rank's slice, which that rank brings. */
struct fa_part {
    int rank;
    size_t index;    /* among the rank's own */
    size_t n_merges; /* with those before it, once it is there */
};

/* How buckets go over the ranks. */
struct fa_exchange_ops {
    fa_status (*create)(struct fa_reducer *reducer);
    void (*destroy)(struct fa_reducer *reducer); /* also after a create that failed */
    void (*start)(struct fa_reducer *reducer, const struct fa_bucket *bucket);
    bool (*poll)(struct fa_reducer *reducer, const struct fa_bucket *bucket);
};

extern const struct fa_exchange_ops fa_exchange_by_messages;

/* Ranks of one host read each other's devices; its create is collective, and fails on all ranks or none. */
extern const struct fa_exchange_ops fa_exchange_by_device;

struct fa_canonical {
    struct fa_image_sum images;
    size_t n_parts; /* of all ranks, by position */
    struct fa_part *parts;
    const struct fa_exchange_ops *ops; /* NULL on a single rank */
    void *exchanges;                   /* of ops; NULL before its create */
};

static inline struct fa_canonical *fa_canonical_of(const struct fa_reducer *reducer)
{
    return reducer->state;
}

/* Where this rank has its node: the last one is in the sum. */
static inline struct fa_flat *fa_canonical_node(const struct fa_reducer *reducer, size_t index)
{
    const struct fa_image_sum *images = &fa_canonical_of(reducer)->images;

    return index + 1 < images->n_nodes ? images->partial[index] : reducer->sum;
}

/* Positions in the whole gradient. */
struct fa_chunk {
    size_t begin, n;
};

static inline struct fa_chunk fa_canonical_chunk(const struct fa_reducer *reducer,
                                                 const struct fa_bucket *bucket, int rank)
{
    const size_t size = (size_t)fa_comm_size(reducer->comm), length = bucket->end - bucket->begin;
    const size_t begin = length * (size_t)rank / size, end = length * ((size_t)rank + 1) / size;

    return (struct fa_chunk){.begin = bucket->begin + begin, .n = end - begin};
}

/* No chunk is longer. */
static inline size_t fa_canonical_largest_chunk(const struct fa_reducer *reducer)
{
    return reducer->buckets.length / (size_t)fa_comm_size(reducer->comm) + 1;
}

/* The ranks but this one, each beginning with its neighbour so that not all turn to the same. */
static inline int fa_canonical_peer(const struct fa_reducer *reducer, int i)
{
    return (fa_comm_rank(reducer->comm) + 1 + i) % fa_comm_size(reducer->comm);
}

static inline int fa_canonical_n_peers(const struct fa_reducer *reducer)
{
    return fa_comm_size(reducer->comm) - 1;
}

#endif
