/*
 * reducer_private.h - what the two ways of adding up share: the rows, their buckets, and where a step is.
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

    /* Optional. Collective; NULL: it knows no way but messages. */
    fa_status (*connect)(struct fa_reducer *reducer);

    /* Elements [begin, end) of the current image's row are final, as far as has been asked of the backend. */
    void (*settle)(struct fa_reducer *reducer, size_t begin, size_t end);

    /* The bucket, final on this rank, begins its way over the ranks. Never called on a single rank. */
    void (*start)(struct fa_reducer *reducer, const struct fa_bucket *bucket);

    /* Lets it go on; true when the sum has the bucket's. */
    bool (*poll)(struct fa_reducer *reducer, const struct fa_bucket *bucket);
};

extern const struct fa_reduction_ops fa_reduction_allreduce, fa_reduction_canonical;

struct fa_reducer {
    struct fa_comm *comm;
    struct fa_reducer_config config;
    const struct fa_reduction_ops *ops;
    void *state; /* of ops */
    struct fa_flat *sum;
    size_t n_images; /* of a step on this rank, at least 1 */
    size_t n_rows;   /* at least 1 */
    struct fa_flat **rows;
    size_t n;                          /* elements of each */
    struct fa_buckets buckets;         /* none on a single rank */
    enum fa_transport transport;       /* of them: MESSAGES or DEVICE */
    char why_messages[FA_MESSAGE_MAX]; /* "" unless another was looked for */

    /* ---- of the step ---- */
    size_t image;             /* whose backward runs */
    size_t settled;           /* elements of its gradient */
    size_t n_started, n_done; /* buckets; done counts those without an unfinished one before */
    struct fa_ticket *freed;  /* of each row: after it the next image may add to it */
    fa_status status;         /* the first failure of the backend */
    char message[FA_MESSAGE_MAX];

    double seconds; /* inside, ever */
};

/* That the current image adds to. */
static inline struct fa_flat *fa_reducer_row(const struct fa_reducer *reducer)
{
    return reducer->rows[reducer->image % reducer->n_rows];
}

/* Is the window there, or the ticket reached? A failure of the backend is remembered, and is no reason to
   keep others waiting. */
bool fa_reducer_is_there(struct fa_reducer *reducer, struct fa_flat_window *window);
bool fa_reducer_is_reached(struct fa_reducer *reducer, struct fa_ticket ticket);

/* Is the image the rank's last one? */
static inline bool fa_reducer_ends(const struct fa_reducer *reducer)
{
    return reducer->image + 1 >= reducer->n_images;
}

#endif
