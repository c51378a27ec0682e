/*
 * readiness.h - when during backward the gradient becomes final: what a reduction over ranks can hide behind.
 *
 * Recorded after every layer of repeated steps; of each moment the median counts.
 */
#ifndef FA_BENCH_READINESS_H
#define FA_BENCH_READINESS_H

#include "fa/json.h"
#include "fa/number.h"
#include "fa/reduction_time.h"
#include "fa/status.h"

/* Of each time in a report. */
extern const struct fa_range fa_readiness_seconds;

struct fa_readiness_record {
    size_t n_repeats, max_repeats;
    size_t at;        /* layers of the backward that runs */
    double begin_s;   /* of it, on the clock */
    size_t *elements; /* after each layer */
    double *seconds;  /* (layers, max_repeats) */
    double *median_s;
    struct fa_readiness readiness; /* once finished; borrowed from the record */
};

/* Freed after a failure too. */
fa_status fa_readiness_open(size_t max_repeats, struct fa_readiness_record *record) FA_CHECK_RESULT;
void fa_readiness_free(struct fa_readiness_record *record);

/* Around each backward; note is its ready function. The first repetition may be dropped, by no call of keep.
 */
void fa_readiness_begin(struct fa_readiness_record *record);
void fa_readiness_note(void *record, size_t n);
void fa_readiness_add(struct fa_readiness_record *record, double seconds, size_t n); /* the same by hand */
void fa_readiness_keep(struct fa_readiness_record *record);

/* After the last of at least one repetition. */
void fa_readiness_finish(struct fa_readiness_record *record);

/* [{"s": 0.1, "elements": 1000}, ...]; NULL if memory is exhausted. */
struct fa_json *fa_readiness_to_json(const struct fa_readiness *readiness);

/* FA_EFORMAT, naming what is wrong, unless it is such an array of numbers that can be, and neither falls. A
 * record of one repetition.
 */
fa_status fa_readiness_from_json(const struct fa_json *rows,
                                 struct fa_readiness_record *record) FA_CHECK_RESULT;

#endif
