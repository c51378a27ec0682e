/*
 * positive.h - the positive loss of one object: -log of the Mean-max over its bag of class probability times
 * localisation probability, and its gradient (spec sections 1.3, 1.4).
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
    size_t logit;                /* index into cls of the object's class */
    size_t delta;                /* index into reg of the first delta */
    struct fa_probability class; /* P, of the object's class */
    double box_p;                /* exp(-localisation loss) */
    double likelihood;           /* m = P exp(-localisation loss) */
    double rest;                 /* 1 - m */
    double box_slope[4];         /* derivative of the localisation loss by each delta */
};

/* Adds scale times the gradient of the loss to grad_cls and grad_reg. members is scratch of the bag's size;
 *probability is the bag's. */
double fa_positive_bag(const struct fa_loss_config *config, const struct fa_head_view *head,
                       const float object[4], int32_t label, const struct fa_ranking *bag, double scale,
                       struct fa_bag_member *members, double *probability, fa_real *grad_cls,
                       fa_real *grad_reg);

#endif
