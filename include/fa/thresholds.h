/*
 * thresholds.h - from which score on detections are best kept: one for all classes, and one for each.
 *
 * They are those of best F1 on validation data. Classes differ: the one threshold for all is made by the
 * class that has most objects, and may lose another class altogether.
 */
#ifndef FA_THRESHOLDS_H
#define FA_THRESHOLDS_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* Bytes of a line that ends in those of as many classes as a model may have. */
#define FA_THRESHOLDS_LINE_MAX ((size_t)65536 * 26 + 4096)

struct fa_thresholds {
    double all;       /* 0: unknown */
    size_t n;         /* 0: those of classes are unknown */
    double *of_class; /* (n) owned; 0: the class has none of its own, since nothing right was found of it */
};

void fa_thresholds_clear(struct fa_thresholds *thresholds);

/* Of n classes, all without one of their own. */
fa_status fa_thresholds_make(size_t n, struct fa_thresholds *out) FA_CHECK_RESULT;

static inline bool fa_thresholds_has_own(const struct fa_thresholds *thresholds, size_t label)
{
    return label < thresholds->n && thresholds->of_class[label] > 0;
}

/* That of the class, else that of all. */
static inline double fa_thresholds_of(const struct fa_thresholds *thresholds, size_t label)
{
    return fa_thresholds_has_own(thresholds, label) ? thresholds->of_class[label] : thresholds->all;
}

/* Those of classes as a JSON array, "[0.677,0,0.41]", which reads back equal. Freed with fa_free. */
fa_status fa_thresholds_print(const struct fa_thresholds *thresholds, char **text) FA_CHECK_RESULT;

/* The reverse, into thresholds that know of no class; all stays. FA_EFORMAT, beginning with where, and n is
   0, for anything else than numbers from 0 to 1. */
fa_status fa_thresholds_parse(const char *where, const char *text,
                              struct fa_thresholds *thresholds) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
