/*
 * model_weights.h - between a model's parameters and named tensors in files.
 */
#ifndef FA_MODEL_WEIGHTS_H
#define FA_MODEL_WEIGHTS_H

#include <stddef.h>

#include "fa/model.h"
#include "fa/status.h"
#include "fa/tensor.h"
#include "fa/weights.h"

/* Every parameter and statistic as a view into params->value, in the order of params. *tensors is freed with
   fa_free; names and data belong to params. */
fa_status fa_params_tensors(const struct fa_params *params, struct fa_tensor **tensors) FA_CHECK_RESULT;

/* Gives the model the file's weights, all of them, by name and shape; the model is untouched on failure. */
fa_status fa_model_load(struct fa_model *model, const struct fa_weights_file *file) FA_CHECK_RESULT;

#endif
