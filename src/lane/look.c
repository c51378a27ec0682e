/*
 * look.c - from an image to its detections.
 */
#include "lane_private.h"

static fa_status look(struct fa_lane *lane, const struct fa_detect_config *config,
                      const struct fa_image *image, const struct fa_detect_image *frame,
                      const struct fa_lane_observer *observer, struct fa_detection *out, size_t *n)
{
    struct fa_head head, staged;

    FA_TRY(fa_workspace_forward(lane->workspace, FA_INFERENCE, image, &head));
    FA_TRY(fa_lane_stage_head(lane, &head, &staged));
    fa_lane_phase_ended(observer, FA_LANE_FORWARD);
    if (observer != NULL && observer->saw != NULL)
        FA_TRY(observer->saw(observer->context, &staged));
    FA_TRY(fa_lane_head_detections(lane, config, image->h, image->w, &staged, frame, out, n));
    fa_lane_phase_ended(observer, FA_LANE_DETECTIONS);
    return FA_OK;
}

/* Nobody reads the image's pixels any more on return, also after a failure. */
fa_status fa_lane_look(struct fa_lane *lane, const struct fa_detect_config *config,
                       const struct fa_image *image, const struct fa_detect_image *frame,
                       const struct fa_lane_observer *observer, struct fa_detection *out, size_t *n)
{
    const fa_status status = look(lane, config, image, frame, observer, out, n);

    if (status != FA_OK)
        FA_TRY(fa_backend_synchronize(fa_workspace_queue(lane->workspace)));
    return status;
}
