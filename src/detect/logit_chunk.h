/*
 * logit_chunk.h - what vector loops over logits share: they go chunk by chunk, so that values between two
 * loops stay in the first cache.
 */
#ifndef FA_DETECT_LOGIT_CHUNK_H
#define FA_DETECT_LOGIT_CHUNK_H

#include <stddef.h>

#include "fa/real.h"

#define FA_LOGIT_CHUNK 512

/* magnitude[i] = |logit[i]|, at most fa_logistic_limit. */
void fa_magnitudes_limit(size_t n, const fa_real *restrict logit, fa_real *restrict magnitude);

/* In an order that does not depend on the width of vectors. */
double fa_sum_in_lanes(size_t n, const fa_real *value);

#endif
