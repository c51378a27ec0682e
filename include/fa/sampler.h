/*
 * sampler.h - which record is at which position of which epoch: a pure function, so that any rank can ask it,
 * and resuming at any position costs nothing.
 */
#ifndef FA_SAMPLER_H
#define FA_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/shard.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_sampler;

struct fa_sampler_config {
    uint64_t seed;
    size_t batch;            /* images of a step over all ranks: an epoch is filled up to a multiple of it */
    bool keep_empty;         /* also records without annotations */
    double repeat_threshold; /* images of classes that fewer than this part of the records show come several
                                times an epoch (doc/method.md 6.6); 0: every record once */
    const float *weights;    /* of a joined dataset: how often a record of each part comes in an epoch, times
                                what the threshold makes of it; NULL: 1 each */
};

/* Training uses the records that have at least one annotation (crowds count, `ignore` ones do not) and whose
   sides are both at least 32 (doc/method.md 6.2). An epoch is filled up by its own beginning. FA_EINVAL if
   nothing is left to train on. */
fa_status fa_sampler_create(const struct fa_dataset *dataset, const struct fa_sampler_config *config,
                            struct fa_sampler **out) FA_CHECK_RESULT;
void fa_sampler_destroy(struct fa_sampler *sampler);

size_t fa_sampler_records(const struct fa_sampler *sampler); /* used */
size_t fa_sampler_length(const struct fa_sampler *sampler);  /* of an epoch before filling up: with repeats */
size_t fa_sampler_records_of(const struct fa_sampler *sampler,
                             const struct fa_dataset_part *part); /* used of it */
size_t fa_sampler_epoch_size(const struct fa_sampler *sampler);   /* positions; a multiple of batch */

/* The record at a position of an epoch. Caches two epochs' orders; thread safe. */
size_t fa_sampler_record(struct fa_sampler *sampler, int64_t epoch, size_t position);

FA_END_DECLARATIONS

#endif
