#include "postprocess.h"

#include "bench.h"
#include "fa/anchors.h"
#include "fa/memory.h"
#include "synthetic.h"

struct postprocess {
    const struct fa_detect_config *config;
    struct fa_pyramid pyramid;
    struct fa_detect_image image;
    int num_classes;
    float *anchors;
    fa_real *cls, *reg;
    struct fa_detection *out;
};

static fa_status open(struct postprocess *p)
{
    const size_t n = p->pyramid.n_anchors, n_logits = n * (size_t)p->num_classes;

    FA_TRY(fa_alloc(n, 4 * sizeof *p->anchors, &p->anchors));
    FA_TRY(fa_alloc(n_logits, sizeof *p->cls, &p->cls));
    FA_TRY(fa_alloc(n, 4 * sizeof *p->reg, &p->reg));
    FA_TRY(fa_alloc((size_t)p->config->max_per_image, sizeof *p->out, &p->out));
    fa_anchors_make(&p->pyramid, p->anchors);
    fa_synthetic_logits(n_logits, p->cls);
    fa_synthetic_deltas(4 * n, p->reg);
    return FA_OK;
}

static fa_status make_detections(void *context)
{
    struct postprocess *p = context;
    const struct fa_head_view head = {.n_anchors = p->pyramid.n_anchors,
                                      .num_classes = p->num_classes,
                                      .anchors = p->anchors,
                                      .cls = p->cls,
                                      .reg = p->reg};
    size_t n;

    return fa_detections_make(p->config, &p->pyramid, &head, &p->image, p->out, &n);
}

fa_status fa_bench_postprocess(const struct fa_detect_config *config, int h, int w, int num_classes,
                               size_t n_repeats, double *seconds)
{
    struct postprocess p = {
        .config = config, .image = {(float)w, (float)h, {1, 1, 1, 1}}, .num_classes = num_classes};
    fa_status status;

    fa_pyramid_make(h, w, &p.pyramid);
    status = open(&p);
    if (status == FA_OK)
        status = fa_bench_time(make_detections, &p, n_repeats, seconds);
    fa_free(p.out);
    fa_free(p.reg);
    fa_free(p.cls);
    fa_free(p.anchors);
    return status;
}
