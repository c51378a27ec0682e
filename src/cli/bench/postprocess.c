#include "postprocess.h"

#include "bench.h"
#include "fa/lane.h"
#include "fa/memory.h"
#include "synthetic.h"

struct postprocess {
    const struct fa_detect_config *config;
    int h, w;
    struct fa_detect_image frame;
    struct fa_lane *lane;
    struct fa_synthetic_head head;
    struct fa_detection *out;
};

static fa_status make_detections(void *context)
{
    struct postprocess *p = context;
    size_t n;

    return fa_lane_head_detections(p->lane, p->config, p->h, p->w, &p->head.head, &p->frame, p->out, &n);
}

static fa_status open(struct postprocess *p, int num_classes)
{
    FA_TRY(fa_lane_create_for_heads(&fa_anchors_of_reference, &p->lane));
    FA_TRY(fa_synthetic_head_open(p->h, p->w, num_classes, &p->head));
    return fa_alloc((size_t)p->config->max_per_image, sizeof *p->out, &p->out);
}

fa_status fa_bench_postprocess(const struct fa_detect_config *config, int h, int w, int num_classes,
                               size_t n_repeats, double *seconds)
{
    struct postprocess p = {.config = config, .h = h, .w = w, .frame = {(float)w, (float)h, {1, 1, 1, 1}}};
    fa_status status = open(&p, num_classes);

    if (status == FA_OK)
        status = fa_bench_time(make_detections, &p, n_repeats, seconds);
    fa_free(p.out);
    fa_synthetic_head_close(&p.head);
    fa_lane_destroy(p.lane);
    return status;
}
