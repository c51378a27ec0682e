/*
 * reducer_private.h - what the two ways of adding up share: the gradient, its buckets, and where a step is.
 */
#ifndef FA_REDUCER_PRIVATE_H
#define FA_REDUCER_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "buckets.h"
#include "comm_private.h"
#include "fa/reducer.h"

struct fa_reduction_ops {
    fa_status (*create)(struct fa_reducer *reducer);
    void (*destroy)(struct fa_reducer *reducer); /* also after a create that failed */

    /* Optional. Elements [begin, end) of the current image's gradient are final. NULL: images add up in
       grad by themselves. */
    void (*settle)(struct fa_reducer *reducer, size_t begin, size_t end);

    /* The bucket, final on this rank, begins its way over the ranks. Never called on a single rank. */
    void (*start)(struct fa_reducer *reducer, const struct fa_bucket *bucket);

    /* Lets it go on; true when grad holds the bucket's sum. */
    bool (*poll)(struct fa_reducer *reducer, const struct fa_bucket *bucket);
};

extern const struct fa_reduction_ops fa_reduction_allreduce, fa_reduction_canonical;

struct fa_reducer {
    struct fa_comm *comm;
    struct fa_reducer_config config;
    const struct fa_reduction_ops *ops;
    void *state; /* of ops */
    fa_real *grad;
    size_t n;
    struct fa_buckets buckets; /* none on a single rank */

    /* ---- of the step ---- */
    size_t image;             /* whose backward runs */
    size_t settled;           /* elements of its gradient */
    size_t n_started, n_done; /* buckets; done counts those without an unfinished one before */

    double seconds; /* inside, ever */
};

/* Is the image the rank's last one? */
static inline bool fa_reducer_ends(const struct fa_reducer *reducer)
{
    return reducer->image + 1 >= reducer->config.n_images;
}

#endif
