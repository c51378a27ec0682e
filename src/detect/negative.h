/*
 * negative.h - the negative loss of anchors and classes, p^gamma * min(-log(1 - p), 100) with p = P(1 - B), P
 * the class probability and B the box probability, and its gradient with respect to the logit
 * (doc/method.md 1.3, 1.4).
 *
 * 1 - P comes from the logit, not from P, so nothing is lost where P rounds to 1.
 */
#ifndef FA_DETECT_NEGATIVE_H
#define FA_DETECT_NEGATIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/real.h"

struct fa_negative {
    double scale; /* of value and gradient: (1 - alpha) / max(1, bag_size * objects) */
    double gamma;
};

/* One logit under any box probability: returns the loss, *grad is its gradient. */
double fa_negative_element(const struct fa_negative *negative, double logit, double box_probability,
                           double *grad);

/* n logits, all with box probability 0; grad is overwritten, and may be the logits' own memory, here and
   below. The fast path: nearly all logits are such. */
double fa_negative_plain(const struct fa_negative *negative, size_t n, const fa_real *logit, fa_real *grad);

/* A row of logits, B being its row of box probabilities; scratch has room for a row. */
double fa_negative_row(const struct fa_negative *negative, size_t num_classes, const fa_real *logit,
                       const float *box_probability, fa_real *scratch, fa_real *grad);

#endif
