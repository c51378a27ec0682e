#include "buckets.h"

#include "fa/memory.h"
#include "fa/real.h"

/* Nothing is left of backward for the last bucket to hide behind, so it is this part of the others. */
enum { LAST_PART = 8 };

static size_t at_least_one(size_t n)
{
    return n > 0 ? n : 1;
}

struct fa_buckets fa_buckets_cut(size_t n_elem, size_t bucket_bytes)
{
    struct fa_buckets buckets = {.n_elem = n_elem, .length = at_least_one(bucket_bytes / sizeof(fa_real))};

    buckets.body = n_elem - fa_size_smaller(at_least_one(buckets.length / LAST_PART), n_elem);
    if (n_elem > 0)
        buckets.n = (buckets.body + buckets.length - 1) / buckets.length + 1;
    return buckets;
}

struct fa_bucket fa_buckets_at(const struct fa_buckets *buckets, size_t i)
{
    const size_t begin = i * buckets->length, end = begin + buckets->length;

    return (struct fa_bucket){.begin = fa_size_smaller(begin, buckets->body),
                              .end =
                                  i + 1 == buckets->n ? buckets->n_elem : fa_size_smaller(end, buckets->body),
                              .slot = (int)(i % FA_BUCKET_SLOTS)};
}
