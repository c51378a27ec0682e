/*
 * buckets.h - how a gradient is cut: by its length and the bucket size alone, so the same on all ranks.
 *
 * Buckets leave in order, each when it is final and one of a few slots is free; a slot is free again when its
 * bucket has come back.
 */
#ifndef FA_COMM_BUCKETS_H
#define FA_COMM_BUCKETS_H

#include <stddef.h>

enum { FA_BUCKET_SLOTS = 8 };

/* Elements [begin, end) of the gradient, in a slot while under way. */
struct fa_bucket {
    size_t begin, end;
    int slot;
};

struct fa_buckets {
    size_t n_elem;
    size_t length; /* elements of a bucket */
    size_t body;   /* of all but the last, which is a small one: it is final when backward is over */
    size_t n;      /* buckets; 0 for no elements */
};

struct fa_buckets fa_buckets_cut(size_t n_elem, size_t bucket_bytes);
struct fa_bucket fa_buckets_at(const struct fa_buckets *buckets, size_t i);

#endif
