/*
 * pick.h - which images of a dataset are shown.
 */
#ifndef FA_CLI_BROWSE_PICK_H
#define FA_CLI_BROWSE_PICK_H

#include "fa/sampler.h"
#include "fa/shard.h"
#include "fa/status.h"

struct fa_picked {
    size_t record;
    size_t position; /* in the sampler's first epoch; 0 without a sampler */
};

/* Which images qualify. */
struct fa_pick {
    int32_t label;              /* those with such an object; -1: all */
    struct fa_sampler *sampler; /* the first ones of its first epoch, NULL: spread evenly over the dataset */
    size_t n;                   /* at most so many */
};

/* *picked is freed with fa_free. */
fa_status fa_pick_images(const struct fa_dataset *dataset, const struct fa_pick *pick,
                         struct fa_picked **picked, size_t *n) FA_CHECK_RESULT;

#endif
