#include "fa/algorithms.h"

#include <string.h>

#include "fa/memory.h"
#include "ops.h"

const char *const fa_conv_preference_names[] = {
    [FA_CONV_AUTO] = "auto", [FA_CONV_DIRECT] = "direct", [FA_CONV_WINOGRAD] = "winograd", NULL};

const char *const fa_conv_direction_names[] = {[FA_CONV_FORWARD] = "forward",
                                               [FA_CONV_BACKWARD_DATA] = "backward data",
                                               [FA_CONV_BACKWARD_WEIGHTS] = "backward weights",
                                               NULL};

bool fa_conv_is_trained(const struct fa_conv_desc *desc)
{
    return desc->backward_data || desc->backward_weights;
}

/* The ReLU is left out: it costs all algorithms the same. */
static bool is_same_work(const struct fa_conv_desc *a, const struct fa_conv_desc *b)
{
    return fa_shape_equal(a->in, b->in) && a->out_channels == b->out_channels && a->groups == b->groups &&
           a->kernel == b->kernel && a->stride == b->stride && a->pad == b->pad &&
           a->residual == b->residual && fa_conv_is_trained(a) == fa_conv_is_trained(b);
}

const struct fa_algorithm_choice *fa_algorithms_find(const struct fa_algorithms *algorithms,
                                                     const struct fa_conv_desc *conv,
                                                     enum fa_conv_direction direction)
{
    for (size_t i = 0; i < algorithms->n; i++)
        if (algorithms->row[i].direction == direction && is_same_work(&algorithms->row[i].conv, conv))
            return &algorithms->row[i];
    return NULL;
}

fa_status fa_algorithms_add(struct fa_algorithms *algorithms, const struct fa_algorithm_choice *choice)
{
    if (fa_algorithms_find(algorithms, &choice->conv, choice->direction) != NULL)
        return FA_OK;
    FA_TRY(fa_reserve(&algorithms->row, algorithms->n + 1, sizeof *algorithms->row, &algorithms->capacity));
    algorithms->row[algorithms->n++] = *choice;
    return FA_OK;
}

fa_status fa_algorithms_resize(struct fa_algorithms *algorithms, size_t n)
{
    FA_TRY(fa_realloc(&algorithms->row, n, sizeof *algorithms->row));
    algorithms->n = algorithms->capacity = n;
    return FA_OK;
}

void fa_algorithms_clear(struct fa_algorithms *algorithms)
{
    fa_free(algorithms->row);
    *algorithms = (struct fa_algorithms){0};
}

struct fa_algorithms *fa_backend_algorithms(struct fa_backend *backend)
{
    return &backend->first->algorithms;
}

const char *fa_conv_asked_algorithm(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                                    enum fa_conv_direction direction)
{
    const struct fa_algorithm_choice *listed;

    backend = backend->first;
    if (backend->preference != FA_CONV_AUTO)
        return fa_conv_preference_names[backend->preference];
    if (backend->trial != NULL && backend->trial->direction == direction)
        return backend->trial->algorithm;
    listed = fa_algorithms_find(&backend->algorithms, desc, direction);
    return listed != NULL ? listed->algorithm : NULL;
}

bool fa_algorithms_know(const struct fa_backend *backend, const struct fa_conv_desc *conv,
                        enum fa_conv_direction direction, const char *algorithm)
{
    char names[FA_MOST_ALGORITHMS][FA_ALGORITHM_NAME_MAX];
    size_t n = 0;

    if (backend->ops->conv_algorithms != NULL)
        n = backend->ops->conv_algorithms(backend, conv, direction, names);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], algorithm) == 0)
            return true;
    return false;
}
