#include "image_sum.h"

#include <string.h>

#include "fa/memory.h"

/* The partial sums before an image that are merged with it, the last one first. */
static void list_left(const struct fa_image_sum *images, const struct fa_image_sum_step *step,
                      struct fa_flat *left[])
{
    for (size_t k = 0; k < step->n_merges; k++)
        left[k] = images->partial[step->depth - 1 - k];
}

void fa_image_sum_add(const struct fa_image_sum *images, size_t image, struct fa_flat *row,
                      struct fa_flat *sum, size_t begin, size_t end)
{
    const struct fa_image_sum_step *step = &images->steps[image];
    const bool is_last = image + 1 == images->n_images;
    struct fa_flat *left[FA_TREE_MAX_DEPTH],
        *store = is_last ? sum : images->partial[step->depth - step->n_merges];

    if (step->stays)
        return;
    list_left(images, step, left);
    fa_flat_fold(row, left, step->n_merges, store != row ? store : NULL, begin, end);
}

fa_status fa_image_sum_create(struct fa_image_sum *images, const struct fa_image_sum_slice *slice,
                              struct fa_backend *backend, size_t n_elem)
{
    struct fa_tree_stack stack = {.n = slice->n};
    const size_t begin = slice->begin, end = slice->end;

    images->n_images = end - begin;
    FA_TRY(fa_alloc(images->n_images, sizeof *images->steps, &images->steps));
    for (size_t i = 0; i < images->n_images; i++) {
        const size_t position = begin + i;
        const bool joins =
            slice->n_rows == 1 && i > 0 && position % 2 == 1; /* the image before, which stayed */
        struct fa_image_sum_step *step = &images->steps[i];

        step->depth = stack.depth - joins;
        step->n_merges = fa_tree_push(&stack, (struct fa_tree_node){position, position + 1}) - joins;
        step->stays = slice->n_rows == 1 && position % 2 == 0 && position + 1 < end;
        if (!step->stays && position + 1 < end && images->partial[stack.depth - 1] == NULL)
            FA_TRY(fa_flat_create(backend, n_elem, &images->partial[stack.depth - 1]));
    }
    images->n_nodes = stack.depth;
    return FA_OK;
}

void fa_image_sum_destroy(struct fa_image_sum *images)
{
    for (size_t i = 0; i < FA_TREE_MAX_DEPTH; i++)
        fa_flat_destroy(images->partial[i]);
    fa_free(images->steps);
}
