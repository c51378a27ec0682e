#include "fold.h"

#include <string.h>

#include "fa/memory.h"

/* Elements at a time: all that is merged at once stays in the first-level cache. */
enum { BLOCK = 2048 };

static void add_block(const struct fa_fold *fold, size_t image, fa_real *grad, size_t at, size_t n)
{
    const struct fa_fold_step *step = &fold->steps[image];

    for (size_t k = 1; k <= step->n_merges; k++) {
        const fa_real *left = fold->partial[step->depth - k] + at;

        for (size_t i = 0; i < n; i++)
            grad[at + i] = left[i] + grad[at + i];
    }
    if (image + 1 == fold->n_images)
        return;
    memcpy(fold->partial[step->depth - step->n_merges] + at, grad + at, n * sizeof *grad);
    memset(grad + at, 0, n * sizeof *grad);
}

void fa_fold_add(const struct fa_fold *fold, size_t image, fa_real *grad, size_t begin, size_t end)
{
    if (fold->steps[image].stays)
        return;
#pragma omp parallel for schedule(static) if (end - begin > 16 * BLOCK)
    for (size_t at = begin; at < end; at += BLOCK)
        add_block(fold, image, grad, at, end - at < BLOCK ? end - at : BLOCK);
}

fa_status fa_fold_create(struct fa_fold *fold, size_t n, size_t begin, size_t end, size_t n_elem)
{
    struct fa_tree_stack stack = {.n = n};

    fold->n_images = end - begin;
    FA_TRY(fa_alloc(fold->n_images, sizeof *fold->steps, &fold->steps));
    for (size_t i = 0; i < fold->n_images; i++) {
        const size_t position = begin + i;
        const bool joins = i > 0 && position % 2 == 1; /* the image before, which stayed */
        struct fa_fold_step *step = &fold->steps[i];

        step->depth = stack.depth - joins;
        step->n_merges = fa_tree_push(&stack, (struct fa_tree_node){position, position + 1}) - joins;
        step->stays = position % 2 == 0 && position + 1 < end;
        if (!step->stays && position + 1 < end && fold->partial[stack.depth - 1] == NULL)
            FA_TRY(fa_alloc_zero(n_elem, sizeof(fa_real), &fold->partial[stack.depth - 1]));
    }
    fold->n_nodes = stack.depth;
    return FA_OK;
}

void fa_fold_destroy(struct fa_fold *fold)
{
    for (size_t i = 0; i < FA_TREE_MAX_DEPTH; i++)
        fa_free(fold->partial[i]);
    fa_free(fold->steps);
}
