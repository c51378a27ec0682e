/*
 * look.c - from an image to its detections.
 */
#include <string.h>

#include "lane_private.h"

/* An image on its way through. */
struct look {
    const struct fa_detect_config *config;
    const struct fa_image *image;
    const struct fa_detect_image *frame;
    const struct fa_lane_observer *observer;
    struct fa_head head;
    struct fa_device_head rows; /* the same for a backend that detects */
};

/* ---- by the host ---- */

/* *staged holds until the next image. */
static fa_status run_and_stage(struct fa_lane *lane, const struct look *look, struct fa_head *staged)
{
    const struct fa_lane_observer *observer = look->observer;

    FA_TRY(fa_workspace_run(lane->workspace));
    FA_TRY(fa_lane_stage_head(lane, &look->head, staged));
    fa_lane_phase_ended(observer, FA_LANE_FORWARD);
    return observer != NULL && observer->saw != NULL ? observer->saw(observer->context, staged) : FA_OK;
}

static fa_status look_by_host(struct fa_lane *lane, const struct look *look, struct fa_detection *out,
                              size_t *n)
{
    struct fa_head staged;

    FA_TRY(run_and_stage(lane, look, &staged));
    return fa_lane_head_detections(lane, look->config, look->image->h, look->image->w, &staged, look->frame,
                                   out, n);
}

/* ---- by the backend ---- */

/* Who wants to see the head sees it in the host's memory. */
static bool backend_detects(const struct fa_lane *lane, const struct look *look)
{
    const struct fa_head_ops *ops = fa_backend_head_ops(fa_workspace_queue(lane->workspace));

    return ops != NULL && ops->takes_detections(look->config, look->head.num_classes) &&
           (look->observer == NULL || look->observer->saw == NULL);
}

static fa_status run_and_detect(struct fa_lane *lane, void *context)
{
    const struct look *look = context;
    const struct fa_head_ops *ops = fa_backend_head_ops(fa_workspace_queue(lane->workspace));

    FA_TRY(fa_workspace_run(lane->workspace));
    return ops->ask_detections(lane->head_scratch, look->config, &look->rows);
}

/* Forward ends with the detections, for which the host waits. */
static fa_status look_by_backend(struct fa_lane *lane, uint64_t plan, struct look *look,
                                 struct fa_detection *out, size_t *n)
{
    struct fa_backend *queue = fa_workspace_queue(lane->workspace);
    const struct fa_head_ops *ops = fa_backend_head_ops(queue);
    const struct fa_lane_key key = {plan, look->config, sizeof *look->config};
    const struct fa_device_detections *found;

    FA_TRY(fa_lane_device_head(lane, &look->head, look->image->h, look->image->w, &look->rows));
    FA_TRY(ops->prepare_detections(lane->head_scratch, look->config, &look->rows, look->frame));
    lane->observer = NULL;
    FA_TRY(fa_lane_ask(lane, &key, run_and_detect, look));
    FA_TRY(fa_backend_synchronize(queue));
    fa_lane_phase_ended(look->observer, FA_LANE_FORWARD);
    found = ops->detections(lane->head_scratch);
    *n = (size_t)found->n;
    memcpy(out, found->detection, *n * sizeof *out);
    return FA_OK;
}

static fa_status look_at(struct fa_lane *lane, struct look *look, struct fa_detection *out, size_t *n)
{
    uint64_t plan;

    FA_TRY(fa_workspace_take(lane->workspace, FA_INFERENCE, look->image, &look->head, &plan));
    if (backend_detects(lane, look))
        FA_TRY(look_by_backend(lane, plan, look, out, n));
    else
        FA_TRY(look_by_host(lane, look, out, n));
    fa_lane_phase_ended(look->observer, FA_LANE_DETECTIONS);
    return FA_OK;
}

/* Nobody reads the image's pixels any more on return, also after a failure. */
static fa_status leave(struct fa_lane *lane, fa_status status)
{
    if (status != FA_OK)
        FA_TRY(fa_backend_synchronize(fa_workspace_queue(lane->workspace)));
    return status;
}

fa_status fa_lane_look(struct fa_lane *lane, const struct fa_detect_config *config,
                       const struct fa_image *image, const struct fa_detect_image *frame,
                       const struct fa_lane_observer *observer, struct fa_detection *out, size_t *n)
{
    struct look look = {.config = config, .image = image, .frame = frame, .observer = observer};

    return leave(lane, look_at(lane, &look, out, n));
}

static fa_status collect(struct fa_lane *lane, struct look *look, struct fa_candidates *candidates)
{
    struct fa_head staged;
    uint64_t plan;

    FA_TRY(fa_workspace_take(lane->workspace, FA_INFERENCE, look->image, &look->head, &plan));
    FA_TRY(run_and_stage(lane, look, &staged));
    FA_TRY(fa_lane_head_candidates(lane, look->config, look->image->h, look->image->w, &staged, look->frame,
                                   candidates));
    fa_lane_phase_ended(look->observer, FA_LANE_DETECTIONS);
    return FA_OK;
}

fa_status fa_lane_collect(struct fa_lane *lane, const struct fa_detect_config *config,
                          const struct fa_image *image, const struct fa_detect_image *frame,
                          const struct fa_lane_observer *observer, struct fa_candidates *candidates)
{
    struct look look = {.config = config, .image = image, .frame = frame, .observer = observer};

    return leave(lane, collect(lane, &look, candidates));
}
