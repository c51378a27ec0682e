/*
 * positive.c - one bag: Mean-max of its members and the gradient, as doc/method.md 1.3 and 1.4 have them.
 */
#include "positive.h"

#include <math.h>
#include <stdbool.h>

#include "probability.h"

/* Smooth L1 between a delta and its target; *slope is the derivative by the delta. */
static double smooth_l1(const struct fa_freeanchor *config, double error, double *slope)
{
    const double beta = config->smooth_l1_beta, weight = config->smooth_l1_weight;

    if (fabs(error) >= beta) {
        *slope = error > 0 ? weight : -weight;
        return weight * (fabs(error) - 0.5 * beta);
    }
    *slope = weight * error / beta;
    return weight * 0.5 * error * error / beta;
}

static double localisation_loss(const struct fa_loss_config *config, const float anchor[4],
                                const float object[4], const fa_real delta[4], double slope[4])
{
    float target[4];
    double loss = 0;

    fa_box_encode(&config->coder, anchor, object, target);
    for (int k = 0; k < 4; k++)
        loss += smooth_l1(&config->freeanchor, (double)delta[k] - (double)target[k], &slope[k]);
    return loss;
}

static void describe_member(const struct fa_loss_config *config, const struct fa_head_view *head,
                            size_t anchor, const float object[4], int32_t label, struct fa_bag_member *member)
{
    const fa_real logit = head->cls[anchor * (size_t)head->num_classes + (size_t)label];
    const double loss = localisation_loss(config, head->anchors + 4 * anchor, object, head->reg + 4 * anchor,
                                          member->box_slope);

    member->class = fa_probability_of((double)logit);
    member->box_p = exp(-loss);
    member->likelihood = member->class.p * member->box_p;
    member->rest = member->class.q - member->class.p * expm1(-loss);
}

/* u, the weight of a likelihood in the Mean-max before normalisation. */
static double mean_max_weight(const struct fa_bag_member *member)
{
    return 1 / fa_at_least_tiny(member->rest);
}

/* The derivative of the bag's probability by one member's likelihood. The weights depend on the likelihood
   too, except where they are clamped. */
static double mean_max_slope(const struct fa_bag_member *member, double bag, double sum_weights)
{
    double u = mean_max_weight(member), w = u / sum_weights;
    bool clamped = member->rest < fa_tiny;

    return clamped ? w : w + w * u * (member->likelihood - bag);
}

/* slope: derivative of the loss by the member's likelihood. */
static struct fa_bag_gradient gradient_of(const struct fa_bag_member *member, double slope)
{
    struct fa_bag_gradient gradient = {
        .logit = (fa_real)(slope * member->box_p * member->class.p * member->class.q)};

    for (int k = 0; k < 4; k++)
        gradient.delta[k] = (fa_real)(-slope * member->likelihood * member->box_slope[k]);
    return gradient;
}

double fa_positive_bag(const struct fa_loss_config *config, const struct fa_head_view *head,
                       const float object[4], int32_t label, const struct fa_ranking *bag, double scale,
                       struct fa_bag_member *members, double *probability, struct fa_bag_gradient *gradients)
{
    double sum_weights = 0, hit = 0, miss = 0, slope;

    for (size_t k = 0; k < bag->n; k++) {
        describe_member(config, head, bag->items[k].index, object, label, &members[k]);
        sum_weights += mean_max_weight(&members[k]);
    }
    for (size_t k = 0; k < bag->n; k++) {
        double w = mean_max_weight(&members[k]) / sum_weights;

        hit += w * members[k].likelihood;
        miss += w * members[k].rest; /* 1 - hit, without cancellation */
    }
    hit = hit > 1 ? 1 : hit;
    slope =
        -scale * miss / fa_at_least_tiny(miss * hit); /* -scale / hit, with the limit of doc/method.md 1.4 */
    for (size_t k = 0; k < bag->n; k++)
        gradients[k] = gradient_of(&members[k], slope * mean_max_slope(&members[k], hit, sum_weights));
    *probability = hit;
    return scale * fa_surprise(hit, miss);
}
