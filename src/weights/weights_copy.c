#include <stdio.h>
#include <string.h>

#include "fa/weights.h"

enum { SHAPE_CHARACTERS = 64 };

static bool same_shape(const struct fa_tensor *a, const struct fa_tensor *b)
{
    return fa_dims_equal(a->n_dims, a->dims, b->n_dims, b->dims);
}

static bool may_be_left(const struct fa_tensor *target, const char *skip_prefix)
{
    return skip_prefix != NULL && strncmp(target->name, skip_prefix, strlen(skip_prefix)) == 0;
}

/* The tensor to be copied into target; NULL if it is missing or of another shape. */
static const struct fa_tensor *find_source(const struct fa_weights_file *file, const struct fa_tensor *target)
{
    const struct fa_tensor *source = fa_weights_find(file, target->name);

    return source != NULL && same_shape(source, target) ? source : NULL;
}

/* The targets that cannot be filled: how many, and the first of each sort. */
struct misfits {
    size_t n_missing, n_mismatched;
    const struct fa_tensor *missing, *mismatched;
};

static void find_misfits(const struct fa_weights_file *file, const struct fa_tensor *targets, size_t n,
                         const char *skip_prefix, struct misfits *misfits)
{
    *misfits = (struct misfits){0};
    for (size_t i = 0; i < n; i++) {
        const struct fa_tensor *target = &targets[i], *source = fa_weights_find(file, target->name);

        if (may_be_left(target, skip_prefix))
            continue;
        if (source == NULL && misfits->n_missing++ == 0)
            misfits->missing = target;
        if (source != NULL && !same_shape(source, target) && misfits->n_mismatched++ == 0)
            misfits->mismatched = target;
    }
}

static fa_status fail_misfits(const struct fa_weights_file *file, size_t n, const struct misfits *misfits)
{
    char missing[256] = "", mismatched[384] = "", shape[SHAPE_CHARACTERS], found[SHAPE_CHARACTERS];
    const struct fa_tensor *target = misfits->missing;

    if (target != NULL) {
        fa_dims_print(target->n_dims, target->dims, shape, sizeof shape);
        snprintf(missing, sizeof missing, "; %zu missing, first %s (%s)", misfits->n_missing, target->name,
                 shape);
    }
    target = misfits->mismatched;
    if (target != NULL) {
        const struct fa_tensor *source = fa_weights_find(file, target->name);

        fa_dims_print(target->n_dims, target->dims, shape, sizeof shape);
        fa_dims_print(source->n_dims, source->dims, found, sizeof found);
        snprintf(mismatched, sizeof mismatched,
                 "; %zu of another shape, first %s (%s in the file, %s in the model)", misfits->n_mismatched,
                 target->name, found, shape);
    }
    return fa_fail(FA_EFORMAT, "the weights do not fill the model's %zu tensors%s%s", n, missing, mismatched);
}

fa_status fa_weights_copy(const struct fa_weights_file *file, const struct fa_tensor *targets, size_t n,
                          const char *skip_prefix, size_t *n_unused)
{
    struct misfits misfits;
    size_t n_used = 0;

    find_misfits(file, targets, n, skip_prefix, &misfits);
    if (misfits.n_missing > 0 || misfits.n_mismatched > 0)
        return fail_misfits(file, n, &misfits);
    for (size_t i = 0; i < n; i++) {
        const struct fa_tensor *source = find_source(file, &targets[i]);

        if (source == NULL)
            continue;
        if (source->n_elem > 0)
            memcpy(targets[i].data, source->data, source->n_elem * sizeof *source->data);
        n_used++;
    }
    *n_unused = file->n - n_used;
    return FA_OK;
}
