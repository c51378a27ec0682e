/*
 * From a sample of the loader to its detections.
 */
#include <string.h>

#include "evaluate_private.h"

/* A box that clipping left without an area covers nothing, and no reader of results takes it. Order is kept.
 */
static void drop_empty(struct fa_detection *found, size_t *n)
{
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++) {
        const float *b = found[i].box;

        if (!(b[2] <= b[0] || b[3] <= b[1])) /* what is no number is not hidden here */
            found[kept++] = found[i];
    }
    *n = kept;
}

struct fa_detect_image fa_sample_detect_image(const struct fa_sample *sample)
{
    struct fa_detect_image image = {.clip_w = (float)sample->frame.w,
                                    .clip_h = (float)sample->frame.h,
                                    .mirrored = sample->plan.flip.horizontal};

    memcpy(image.scale_factor, sample->scale_factor, sizeof image.scale_factor);
    return image;
}

fa_status fa_detect_observed(const struct fa_detect_config *config, struct fa_lane *lane,
                             const struct fa_sample *sample, const struct fa_lane_observer *observer,
                             struct fa_detection *out, size_t *n)
{
    const struct fa_image image = {.frame = &sample->frame, .h = sample->h, .w = sample->w};
    const struct fa_detect_image frame = fa_sample_detect_image(sample);

    FA_TRY(fa_lane_look(lane, config, &image, &frame, observer, out, n));
    drop_empty(out, n);
    return FA_OK;
}

fa_status fa_collect_observed(const struct fa_detect_config *config, struct fa_lane *lane,
                              const struct fa_sample *sample, const struct fa_lane_observer *observer,
                              struct fa_candidates *candidates)
{
    const struct fa_image image = {.frame = &sample->frame, .h = sample->h, .w = sample->w};
    const struct fa_detect_image frame = fa_sample_detect_image(sample);

    return fa_lane_collect(lane, config, &image, &frame, observer, candidates);
}

fa_status fa_detect_collected(const struct fa_detect_config *config, struct fa_candidates *candidates,
                              struct fa_detection *out, size_t *n)
{
    const fa_status status = fa_candidates_detections(candidates, config, out, n);

    fa_candidates_empty(candidates);
    if (status == FA_OK)
        drop_empty(out, n);
    return status;
}

fa_status fa_detect_sample(const struct fa_detect_config *config, struct fa_lane *lane,
                           const struct fa_sample *sample, struct fa_detection *out, size_t *n)
{
    return fa_detect_observed(config, lane, sample, NULL, out, n);
}
