/*
 * small_network.h - what most tests compute with: the smallest backbone, and neck and head that cost less
 * than it.
 */
#ifndef FA_TEST_SMALL_NETWORK_H
#define FA_TEST_SMALL_NETWORK_H

#include "fa/model.h"

static inline struct fa_model_config small_network(int frozen_stages, int num_classes, double prior)
{
    return (struct fa_model_config){.depth = 18,
                                    .groups = 1,
                                    .base_width = 64,
                                    .base_channels = 16,
                                    .frozen_stages = frozen_stages,
                                    .neck_channels = 64,
                                    .head_channels = 64,
                                    .head_convs = 2,
                                    .num_classes = num_classes,
                                    .prior_probability = prior};
}

#endif
