#include <math.h>

#include "fa/weights.h"

void fa_tensor_summarize(const struct fa_tensor *tensor, struct fa_tensor_summary *out)
{
    double sum = 0, sum_of_squares = 0;
    size_t n_finite = 0;

    *out = (struct fa_tensor_summary){0};
    for (size_t i = 0; i < tensor->n_elem; i++) {
        const double value = tensor->data[i];

        out->n_nan += isnan(value);
        out->n_infinite += isinf(value) != 0;
        if (!isfinite(value))
            continue;
        if (n_finite++ == 0)
            out->min = out->max = value;
        out->min = fmin(out->min, value);
        out->max = fmax(out->max, value);
        sum += value;
        sum_of_squares += value * value;
    }
    if (n_finite > 0)
        out->mean = sum / (double)n_finite;
    out->norm = sqrt(sum_of_squares);
}
