#include "weights_set.h"

#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/printable.h"

/* What a tensor takes besides its numbers and its name, more or less. */
enum { TENSOR_BYTES = 256 };

static fa_status check_new(struct fa_weights_set *set, const char *name, int n_dims, size_t n_elem)
{
    size_t n_bytes;

    if (!fa_is_printable(name, strlen(name)))
        return fa_fail(FA_EFORMAT, "%s: the name of tensor %zu is not printable UTF-8", set->path,
                       set->file->n + 1);
    if (n_dims > FA_TENSOR_MAX_DIMS)
        return fa_fail(FA_EFORMAT, "%s: %s: has %d dimensions where at most %d are expected", set->path, name,
                       n_dims, FA_TENSOR_MAX_DIMS);
    if (!fa_size_mul(n_elem, sizeof(float), &n_bytes) ||
        !fa_size_add(n_bytes, strlen(name) + TENSOR_BYTES, &n_bytes) || n_bytes > set->budget)
        return fa_fail(FA_EFORMAT, "%s: %s: has far more numbers than a file of this size can hold",
                       set->path, name);
    set->budget -= n_bytes;
    return FA_OK;
}

fa_status fa_weights_set_add(struct fa_weights_set *set, const char *name, int n_dims, const int64_t *dims,
                             struct fa_tensor **out)
{
    struct fa_tensor *tensor;
    size_t n_elem;
    char *own_name;

    if (fa_dims_elements(n_dims, dims, &n_elem) != FA_OK)
        n_elem = SIZE_MAX; /* more than any budget */
    FA_TRY(check_new(set, name, n_dims, n_elem));
    FA_TRY(fa_reserve(&set->file->tensors, set->file->n + 1, sizeof *set->file->tensors, &set->room));
    tensor = &set->file->tensors[set->file->n];
    *tensor = (struct fa_tensor){.n_dims = n_dims, .n_elem = n_elem};
    FA_TRY(fa_strdup(name, &own_name));
    tensor->name = own_name;
    set->file->n++; /* from here on freed with the file */
    if (n_dims > 0)
        memcpy(tensor->dims, dims, (size_t)n_dims * sizeof *dims);
    FA_TRY(fa_alloc(n_elem, sizeof *tensor->data, &tensor->data));
    *out = tensor;
    return FA_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct fa_tensor *)a)->name, ((const struct fa_tensor *)b)->name);
}

fa_status fa_weights_set_sort(struct fa_weights_set *set)
{
    struct fa_tensor *tensors = set->file->tensors;

    if (set->file->n > 1)
        qsort(tensors, set->file->n, sizeof *tensors, compare_names);
    for (size_t i = 1; i < set->file->n; i++)
        if (strcmp(tensors[i - 1].name, tensors[i].name) == 0)
            return fa_fail(FA_EFORMAT, "%s: %s: is there twice", set->path, tensors[i].name);
    return FA_OK;
}
