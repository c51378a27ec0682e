/*
 * image_sum.h - the gradients of a rank's images, one after another, into the largest nodes of the tree that
 * its slice of the batch covers.
 *
 * Images go on a stack of partial sums as fa_tree_push says. They come piece by piece, each piece as soon as
 * backward has completed it, so that on a host it is added while in cache. Backward adds to a row, every
 * element once; so where all images share one row, an image whose sibling is the next one is left there, and
 * the two of them cost nothing. The last node ends in the sum.
 */
#ifndef FA_COMM_IMAGE_SUM_H
#define FA_COMM_IMAGE_SUM_H

#include <stdbool.h>

#include "fa/flat.h"
#include "fa/status.h"
#include "tree.h"

/* What adding an image means. */
struct fa_image_sum_step {
    size_t depth, n_merges; /* partial sums before it; that are merged with it, the last ones first */
    bool stays;             /* in the row: the next image is its sibling */
};

struct fa_image_sum {
    size_t n_images;
    struct fa_image_sum_step *steps;            /* one an image */
    size_t n_nodes;                             /* in the end: partial[0 .. n_nodes - 2], then the sum */
    struct fa_flat *partial[FA_TREE_MAX_DEPTH]; /* of the gradient's length; NULL where not needed */
};

/* The images [begin, end) of a batch of n, which add to n_rows rows in turn. */
struct fa_image_sum_slice {
    size_t n, begin, end, n_rows;
};

/* For gradients of n_elem elements. To be destroyed also after a failure; zeroed before. */
fa_status fa_image_sum_create(struct fa_image_sum *images, const struct fa_image_sum_slice *slice,
                              struct fa_backend *backend, size_t n_elem) FA_CHECK_RESULT;
void fa_image_sum_destroy(struct fa_image_sum *images);

/* Elements [begin, end) of the row, which backward of this image has completed, go on the stack and are
   cleared for the next one; unless they stay. After the last image the sum, which may be its row, has those
   of the last node. */
void fa_image_sum_add(const struct fa_image_sum *images, size_t image, struct fa_flat *row,
                      struct fa_flat *sum, size_t begin, size_t end);

#endif
