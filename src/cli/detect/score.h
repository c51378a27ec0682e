/*
 * score.h - from which score on freeanchor detect keeps detections of each class.
 */
#ifndef FA_CLI_DETECT_SCORE_H
#define FA_CLI_DETECT_SCORE_H

#include "fa/weights.h"

/* Of n_classes classes, each with one of its own: as --score has it, "0.5" for all or "cat=0.5,dog=0.3" for
   some, else (also where given is NULL) as the weights have it. FA_EINVAL for what is neither. To be cleared.
   */
fa_status fa_detect_score_choose(const char *given, const struct fa_weights_meta *meta, size_t n_classes,
                                 struct fa_thresholds *out) FA_CHECK_RESULT;

/* Says what was chosen where nothing was given, and why. */
void fa_detect_score_tell(const struct fa_weights_meta *meta, const struct fa_thresholds *chosen);

#endif
