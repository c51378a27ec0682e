#include "fa/model_weights.h"

#include <string.h>

#include "fa/memory.h"

fa_status fa_params_tensors(const struct fa_params *params, struct fa_tensor **tensors)
{
    FA_TRY(fa_alloc(params->n, sizeof **tensors, tensors));
    for (size_t i = 0; i < params->n; i++) {
        const struct fa_param *param = &params->entry[i];
        struct fa_tensor *tensor = &(*tensors)[i];

        *tensor = (struct fa_tensor){.name = param->name,
                                     .n_dims = param->n_dims,
                                     .n_elem = param->n_elem,
                                     .data = params->value + param->offset};
        memcpy(tensor->dims, param->dims, sizeof tensor->dims);
    }
    return FA_OK;
}

fa_status fa_model_load(struct fa_model *model, const struct fa_weights_file *file)
{
    struct fa_params *params = fa_model_params(model);
    struct fa_tensor *tensors;
    size_t n_unused;
    fa_status status;

    FA_TRY(fa_params_tensors(params, &tensors));
    status = fa_weights_copy(file, tensors, params->n, NULL, &n_unused);
    fa_free(tensors);
    if (status == FA_OK)
        fa_model_params_changed(model);
    return status;
}
