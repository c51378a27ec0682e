/*
 * sigmoid_focal.h - the focal loss of logits and its gradient (doc/method.md 5).
 *
 * With surprise(p) = min(-log(p), -log(FLT_MIN)), an object's class has alpha (1 - p)^gamma surprise(p), any
 * other (1 - alpha) p^gamma surprise(1 - p). Both come from the logit, not from p, so nothing is lost where p
 * rounds to 0 or 1. The gradient does not see the limit of the surprise, but its value: that of the
 * reference.
 */
#ifndef FA_DETECT_SIGMOID_FOCAL_H
#define FA_DETECT_SIGMOID_FOCAL_H

#include <stddef.h>

#include "fa/real.h"

struct fa_sigmoid_focal {
    double gamma;
    double positive, negative; /* scales of value and gradient: alpha and 1 - alpha, over the divisor */
};

/* Return the loss; grad is overwritten. */
double fa_focal_negative(const struct fa_sigmoid_focal *focal, size_t n, const fa_real *logit, fa_real *grad);
double fa_focal_positive(const struct fa_sigmoid_focal *focal, fa_real logit, fa_real *grad);

#endif
