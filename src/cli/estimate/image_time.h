/*
 * image_time.h - where the estimate has the time of an image from: a report of bench step, a measurement made
 * now, or the time of a step alone, which is then shared out over the layers by their multiply-adds.
 */
#ifndef FA_ESTIMATE_IMAGE_TIME_H
#define FA_ESTIMATE_IMAGE_TIME_H

#include "bench/readiness.h"
#include "command.h"
#include "fa/model.h"
#include "predict.h"

struct fa_image_time {
    struct fa_work work; /* borrows its readiness from the record */
    struct fa_readiness_record record;
    char source[192]; /* for people */
};

/* By --profile, --step-s or neither. The network is that of --config, --set, --classes and --size. To be
   freed after a failure too. */
fa_status fa_image_time_open(struct fa_invocation *invocation, struct fa_image_time *time) FA_CHECK_RESULT;
void fa_image_time_free(struct fa_image_time *time);

/* Shares step_s out over layers (in forward order) and directions by their multiply-adds. */
fa_status fa_image_time_by_macs(const struct fa_layer_info *layers, size_t n, double step_s,
                                struct fa_image_time *time) FA_CHECK_RESULT;

/* A report of bench step or overlap. FA_EFORMAT, naming what is missing. */
fa_status fa_image_time_from_report(const struct fa_json *report, struct fa_image_time *time) FA_CHECK_RESULT;

#endif
