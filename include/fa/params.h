/*
 * params.h - the model's parameters as one flat row, their gradients as another.
 *
 * Order: trainable parameters first, in the order in which backward completes their gradients (the head's
 * last layer comes before the backbone's first); then frozen parameters; then batch-norm statistics. So
 * gradients, momentum, reduction and clipping are loops over [0, n_trainable), and "everything up to x is
 * final" describes backward's progress. Names and shapes are those of an mmdetection checkpoint
 * (doc/method.md 2.5), filters OIHW.
 */
#ifndef FA_PARAMS_H
#define FA_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/flat.h"
#include "fa/status.h"
#include "fa/tensor.h"

FA_BEGIN_DECLARATIONS

enum fa_param_kind { FA_PARAM_TRAINABLE, FA_PARAM_FROZEN, FA_PARAM_STATISTIC };

struct fa_param {
    const char *name; /* "backbone.layer1.0.conv1.weight" */
    enum fa_param_kind kind;
    int n_dims;
    int64_t dims[FA_TENSOR_MAX_DIMS];
    size_t n_elem;
    size_t offset;    /* in elements, into value (and grad, if trainable) */
    int module_order; /* its rank in mmdetection's state_dict, for listings */
    bool of_norm;     /* gamma, beta or a statistic */
};

struct fa_params {
    size_t n; /* entries, in the order of their offsets */
    struct fa_param *entry;
    size_t n_elem;         /* of value */
    size_t n_trainable;    /* of grad; the first elements of value */
    struct fa_flat *value; /* NULL, as grad, where only the table was asked for */
    struct fa_flat *grad;
};

/* Frees what params points to. */
void fa_params_destroy(struct fa_params *params);

/* NULL if there is none of that name. */
const struct fa_param *fa_params_find(const struct fa_params *params, const char *name);

/* A fingerprint of names, kinds, shapes and order; equal on every rank and in every run of one model. */
uint64_t fa_params_fingerprint(const struct fa_params *params);

FA_END_DECLARATIONS

#endif
