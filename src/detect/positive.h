/*
 * positive.h - the positive loss of one object: -log of the Mean-max over its bag of class probability times
 * localisation probability, and its gradient (doc/method.md 1.3, 1.4).
 */
#ifndef FA_DETECT_POSITIVE_H
#define FA_DETECT_POSITIVE_H

#include <stddef.h>
#include <stdint.h>

#include "fa/loss.h"
#include "probability.h"
#include "ranking.h"

/* What is known of one anchor of the bag between the two passes over it. */
struct fa_bag_member {
    struct fa_probability class; /* P, of the object's class */
    double box_p;                /* exp(-localisation loss) */
    double likelihood;           /* m = P exp(-localisation loss) */
    double rest;                 /* 1 - m */
    double box_slope[4];         /* derivative of the localisation loss by each delta */
};

/* Of the scaled loss, by what an anchor of the bag predicts: the logit of the object's class, and the deltas.
 */
struct fa_bag_gradient {
    fa_real logit, delta[4];
};

/* Returns scale times the loss; *probability is the bag's. members is scratch, gradients the result, both of
   the bag's size. */
double fa_positive_bag(const struct fa_loss_config *config, const struct fa_head_view *head,
                       const float object[4], int32_t label, const struct fa_ranking *bag, double scale,
                       struct fa_bag_member *members, double *probability, struct fa_bag_gradient *gradients);

#endif
