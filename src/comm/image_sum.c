#include "fold.h"

#include <string.h>

#include "fa/memory.h"

/* The partial sums before an image that are merged with it, the last one first. */
static void list_left(const struct fa_fold *fold, const struct fa_fold_step *step, struct fa_flat *left[])
{
    for (size_t k = 0; k < step->n_merges; k++)
        left[k] = fold->partial[step->depth - 1 - k];
}

void fa_fold_add(const struct fa_fold *fold, size_t image, struct fa_flat *row, struct fa_flat *sum,
                 size_t begin, size_t end)
{
    const struct fa_fold_step *step = &fold->steps[image];
    const bool is_last = image + 1 == fold->n_images;
    struct fa_flat *left[FA_TREE_MAX_DEPTH],
        *store = is_last ? sum : fold->partial[step->depth - step->n_merges];

    if (step->stays)
        return;
    list_left(fold, step, left);
    fa_flat_fold(row, left, step->n_merges, store != row ? store : NULL, begin, end);
}

fa_status fa_fold_create(struct fa_fold *fold, const struct fa_fold_slice *slice, struct fa_backend *backend,
                         size_t n_elem)
{
    struct fa_tree_stack stack = {.n = slice->n};
    const size_t begin = slice->begin, end = slice->end;

    fold->n_images = end - begin;
    FA_TRY(fa_alloc(fold->n_images, sizeof *fold->steps, &fold->steps));
    for (size_t i = 0; i < fold->n_images; i++) {
        const size_t position = begin + i;
        const bool joins =
            slice->n_rows == 1 && i > 0 && position % 2 == 1; /* the image before, which stayed */
        struct fa_fold_step *step = &fold->steps[i];

        step->depth = stack.depth - joins;
        step->n_merges = fa_tree_push(&stack, (struct fa_tree_node){position, position + 1}) - joins;
        step->stays = slice->n_rows == 1 && position % 2 == 0 && position + 1 < end;
        if (!step->stays && position + 1 < end && fold->partial[stack.depth - 1] == NULL)
            FA_TRY(fa_flat_create(backend, n_elem, &fold->partial[stack.depth - 1]));
    }
    fold->n_nodes = stack.depth;
    return FA_OK;
}

void fa_fold_destroy(struct fa_fold *fold)
{
    for (size_t i = 0; i < FA_TREE_MAX_DEPTH; i++)
        fa_flat_destroy(fold->partial[i]);
    fa_free(fold->steps);
}
