/*
 * From a sample of the loader to its detections.
 */
#include <string.h>

#include "fa/evaluate.h"

fa_status fa_detect_sample(const struct fa_detect_config *config, struct fa_lane *lane,
                           const struct fa_sample *sample, struct fa_detection *out, size_t *n)
{
    const struct fa_image image = {sample->chw, sample->h, sample->w};
    struct fa_detect_image frame = {.clip_w = (float)sample->image_w, .clip_h = (float)sample->image_h};

    memcpy(frame.scale_factor, sample->scale_factor, sizeof frame.scale_factor);
    return fa_lane_look(lane, config, &image, &frame, NULL, out, n);
}
