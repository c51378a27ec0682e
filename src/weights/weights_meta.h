/*
 * weights_meta.h - the attributes of a weights file: preprocessing, class names, model, recipe.
 */
#ifndef FA_WEIGHTS_META_H
#define FA_WEIGHTS_META_H

#include "fa/h5.h"
#include "fa/weights.h"

/* mean, std: float32[3]; to_rgb: uint8; coder_std: float32[4], if known; classes: text, a JSON array of
 * names; model: text; recipe: text, a JSON object of configuration keys; score_threshold: float64, if known;
 * class_score_thresholds: text, a JSON array of a number for each of the classes, if known. */
#define FA_WEIGHTS_CLASS_THRESHOLDS "class_score_thresholds"

fa_status fa_weights_meta_write(struct fa_h5 *file, const struct fa_weights_meta *meta) FA_CHECK_RESULT;

/* *has_meta is false, and the rest untouched, for a file without them. Messages begin with path. */
fa_status fa_weights_meta_read(struct fa_h5 *file, const char *path, struct fa_weights_meta *meta,
                               bool *has_meta) FA_CHECK_RESULT;

/* FA_EFORMAT unless scores can have it. */
fa_status fa_weights_check_threshold(const char *path, double threshold) FA_CHECK_RESULT;

/* Of the classes, which meta names. FA_EFORMAT, beginning with path, for anything else. */
fa_status fa_weights_parse_thresholds(const char *path, const char *text,
                                      struct fa_weights_meta *meta) FA_CHECK_RESULT;

/* Frees what fa_weights_meta_read made, also where it failed halfway. */
void fa_weights_meta_clear(struct fa_weights_meta *meta);

/* FA_EFORMAT, naming the attribute, for numbers that cannot be worked with. */
fa_status fa_weights_meta_check(const char *path, const struct fa_weights_meta *meta,
                                bool has_coder) FA_CHECK_RESULT;

#endif
