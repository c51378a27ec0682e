/*
 * census_counts.h - the objects to train on by size and by class, for people.
 */
#ifndef FA_DATA_ANNOTATIONS_CENSUS_COUNTS_H
#define FA_DATA_ANNOTATIONS_CENSUS_COUNTS_H

#include "fa/census.h"

/* "train: small 12, medium 340, large 80; cat 300, dog 132": of many classes those that have most. Nothing of
   no objects. */
fa_status fa_census_tell_counts(const struct fa_census *census, const char *name) FA_CHECK_RESULT;

#endif
