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

/* Training uses the records that have at least one annotation (crowds count, `ignore` ones do not) and whose
   sides are both at least 32 (doc/method.md 6.2); keep_empty also uses those without. batch is the number of
   images of a step over all ranks: an epoch is filled up to a multiple of it by its own beginning. FA_EINVAL
   if nothing is left to train on. */
fa_status fa_sampler_create(const struct fa_dataset *dataset, uint64_t seed, size_t batch, bool keep_empty,
                            struct fa_sampler **out) FA_CHECK_RESULT;
void fa_sampler_destroy(struct fa_sampler *sampler);

size_t fa_sampler_records(const struct fa_sampler *sampler);    /* used, before filling up */
size_t fa_sampler_epoch_size(const struct fa_sampler *sampler); /* positions; a multiple of batch */

/* The record at a position of an epoch. Caches two epochs' orders; thread safe. */
size_t fa_sampler_record(struct fa_sampler *sampler, int64_t epoch, size_t position);

FA_END_DECLARATIONS

#endif
