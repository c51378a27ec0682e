/*
 * dataset_classes.c - whether two datasets have the same classes, and the first difference for people.
 */
#include <inttypes.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/shard.h"

/* The first label that does not mean the same class in both; the shorter list's length if there is none. */
static size_t first_difference(const struct fa_dataset *a, const struct fa_dataset *b)
{
    const size_t n = fa_size_smaller(a->n_categories, b->n_categories);
    size_t k = 0;

    while (k < n && a->categories[k].id == b->categories[k].id &&
           strcmp(a->categories[k].name, b->categories[k].name) == 0)
        k++;
    return k;
}

fa_status fa_dataset_require_same_classes(const struct fa_dataset *a, const char *path_a,
                                          const struct fa_dataset *b, const char *path_b)
{
    const size_t k = first_difference(a, b);
    const struct fa_category *x = &a->categories[k], *y = &b->categories[k];

    if (a->category_hash == b->category_hash)
        return FA_OK;
    if (k == fa_size_smaller(a->n_categories, b->n_categories))
        return fa_fail(
            FA_EINVAL,
            "%s has %zu classes and %s has %zu, of which the first %zu are the same; pack both with the "
            "same list of categories",
            path_a, a->n_categories, path_b, b->n_categories, k);
    return fa_fail(FA_EINVAL,
                   "%s and %s have different classes: the first difference is class %zu, \"%s\" (id %" PRId64
                   ") in one and \"%s\" (id %" PRId64
                   ") in the other; pack both with the same list of categories",
                   path_a, path_b, k, x->name, x->id, y->name, y->id);
}
