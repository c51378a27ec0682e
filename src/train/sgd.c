/*
 * sgd.c - clipping, and which parameters are updated how (doc/method.md 7.3, 7.5).
 */
#include "fa/sgd.h"

double fa_clip_factor(double norm, double max_norm)
{
    double factor = max_norm / (norm + 1e-6);

    return max_norm > 0 && factor < 1 ? factor : 1;
}

double fa_average_decay(double decay, int64_t step)
{
    const double young = (1 + (double)step) / (10 + (double)step);

    return young < decay ? young : decay;
}

/* One past the entries from `first` on that are decayed alike. */
static size_t end_of_run(const struct fa_params *params, size_t first)
{
    size_t i = first;

    while (i < params->n && params->entry[i].kind == FA_PARAM_TRAINABLE &&
           params->entry[i].of_norm == params->entry[first].of_norm)
        i++;
    return i;
}

static void update_alike(struct fa_params *params, struct fa_flat *momentum, const struct fa_sgd *sgd)
{
    struct fa_flat_sgd step = {
        .scale = sgd->scale, .lr = sgd->lr, .momentum = sgd->momentum, .weight_decay = sgd->weight_decay};
    size_t end;

    if (sgd->decay_norm) {
        fa_flat_sgd(params->value, momentum, params->grad, 0, params->n_trainable, &step);
        return;
    }
    for (size_t first = 0; (end = end_of_run(params, first)) > first; first = end) {
        const struct fa_param *last = &params->entry[end - 1];

        step.weight_decay = params->entry[first].of_norm ? 0 : sgd->weight_decay;
        fa_flat_sgd(params->value, momentum, params->grad, params->entry[first].offset,
                    last->offset + last->n_elem, &step);
    }
}

/* ---- LARS ---- */

/* How many times as far a layer goes: 1 for what has no filters, and where nothing is known yet. */
static fa_status trust_in(const struct fa_params *params, const struct fa_param *entry,
                          const struct fa_sgd *sgd, double *factor)
{
    const size_t begin = entry->offset, end = entry->offset + entry->n_elem;
    double value, grad, step;

    *factor = 1;
    if (entry->n_dims < 2)
        return FA_OK;
    FA_TRY(fa_flat_norm(params->value, begin, end, &value));
    FA_TRY(fa_flat_norm(params->grad, begin, end, &grad));
    step = sgd->scale * grad + sgd->weight_decay * value;
    if (value > 0 && step > 0)
        *factor = sgd->lars * value / step;
    return FA_OK;
}

static fa_status update_by_layer(struct fa_params *params, struct fa_flat *momentum, const struct fa_sgd *sgd)
{
    for (size_t i = 0; i < params->n && params->entry[i].kind == FA_PARAM_TRAINABLE; i++) {
        const struct fa_param *entry = &params->entry[i];
        const double decay = entry->of_norm && !sgd->decay_norm ? 0 : sgd->weight_decay;
        struct fa_flat_sgd step = {.lr = sgd->lr, .momentum = sgd->momentum};
        double factor;

        FA_TRY(trust_in(params, entry, sgd, &factor));
        step.scale = factor * sgd->scale;
        step.weight_decay = factor * decay;
        fa_flat_sgd(params->value, momentum, params->grad, entry->offset, entry->offset + entry->n_elem,
                    &step);
    }
    return FA_OK;
}

fa_status fa_sgd_update(struct fa_params *params, struct fa_flat *momentum, const struct fa_sgd *sgd)
{
    if (sgd->lars > 0)
        return update_by_layer(params, momentum, sgd);
    update_alike(params, momentum, sgd);
    return FA_OK;
}
