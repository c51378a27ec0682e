#include "tensors.h"

#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "support.h"

struct fa_weights_file *test_file_create(void)
{
    struct fa_weights_file *file;

    assert_ok(fa_alloc_zero(1, sizeof *file, &file));
    return file;
}

void test_file_add(struct fa_weights_file *file, const char *name, int n_dims, const int64_t *dims,
                   float fill)
{
    struct fa_tensor tensor = {.n_dims = n_dims};
    char *copy;

    assert_ok(fa_dims_elements(n_dims, dims, &tensor.n_elem));
    for (int d = 0; d < n_dims; d++)
        tensor.dims[d] = dims[d];
    assert_ok(fa_strdup(name, &copy));
    tensor.name = copy;
    assert_ok(fa_alloc(tensor.n_elem, sizeof *tensor.data, &tensor.data));
    for (size_t i = 0; i < tensor.n_elem; i++)
        tensor.data[i] = fill;
    assert_ok(fa_realloc(&file->tensors, file->n + 1, sizeof *file->tensors));
    file->tensors[file->n++] = tensor;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fa_tensor *)a)->name, ((const struct fa_tensor *)b)->name);
}

void test_file_sort(struct fa_weights_file *file)
{
    qsort(file->tensors, file->n, sizeof *file->tensors, by_name);
}

struct fa_weights_file *test_file_of(const char *const *names)
{
    struct fa_weights_file *file = test_file_create();
    const int64_t one = 1;

    for (size_t i = 0; names[i] != NULL; i++)
        test_file_add(file, names[i], 1, &one, (float)i);
    test_file_sort(file);
    return file;
}
