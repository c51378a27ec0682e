#include "fa/tensor.h"

#include <stdio.h>

#include "fa/memory.h"

fa_status fa_dims_elements(int n_dims, const int64_t *dims, size_t *n_elem)
{
    size_t product = 1;

    for (int i = 0; i < n_dims; i++) {
        if (dims[i] < 0)
            return fa_fail(FA_EINVAL, "dimension %d is negative: %lld", i, (long long)dims[i]);
        if (!fa_size_mul(product, (size_t)dims[i], &product))
            return fa_fail(FA_ENOMEM, "a tensor of %d dimensions has more elements than can be counted",
                           n_dims);
    }
    *n_elem = product;
    return FA_OK;
}

void fa_dims_print(int n_dims, const int64_t *dims, char *text, size_t size)
{
    size_t used = 0;

    if (n_dims == 0)
        snprintf(text, size, "scalar");
    for (int i = 0; i < n_dims && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i > 0 ? "x" : "", (long long)dims[i]);
}

bool fa_dims_equal(int n_dims_a, const int64_t *a, int n_dims_b, const int64_t *b)
{
    if (n_dims_a != n_dims_b)
        return false;
    for (int i = 0; i < n_dims_a; i++)
        if (a[i] != b[i])
            return false;
    return true;
}
