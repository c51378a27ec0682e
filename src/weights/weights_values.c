/* weights_values.c - whether numbers can be weights at all. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/weights.h"

bool fa_tensor_is_variance(const struct fa_tensor *tensor)
{
    static const char end[] = ".running_var";
    const size_t n = strlen(tensor->name), n_end = sizeof end - 1;

    return n > n_end && strcmp(tensor->name + n - n_end, end) == 0;
}

/* A NaN is not at least anything. */
static bool is_within(const struct fa_tensor *tensor, float least)
{
    int n_outside = 0;

    for (size_t i = 0; i < tensor->n_elem; i++)
        n_outside |= !(tensor->data[i] >= least) | !(tensor->data[i] <= FLT_MAX);
    return n_outside == 0;
}

static fa_status fail_first(const struct fa_tensor *tensor, float least)
{
    size_t i = 0;

    while (i + 1 < tensor->n_elem && tensor->data[i] >= least && tensor->data[i] <= FLT_MAX)
        i++;
    return fa_fail(
        FA_EFORMAT,
        "%s: element %zu is %g, but %s; take other weights (`freeanchor weights list` shows all that "
        "is wrong with these)",
        tensor->name, i, (double)tensor->data[i],
        isfinite(tensor->data[i]) ? "no variance is negative" : "weights are finite");
}

fa_status fa_weights_check_values(const struct fa_tensor *tensors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float least = fa_tensor_is_variance(&tensors[i]) ? 0 : -FLT_MAX;

        if (!is_within(&tensors[i], least))
            return fail_first(&tensors[i], least);
    }
    return FA_OK;
}
