/*
 * loss.c - freeanchor bench loss: the loss of one image and the gradient of the head's outputs.
 */
#include <stdio.h>

#include "bench.h"
#include "fa/lane.h"
#include "fa/memory.h"
#include "session.h"
#include "synthetic.h"

struct measured {
    const struct fa_loss_config *config;
    int h, w;
    float *boxes;
    int32_t *labels;
    struct fa_objects objects;
    struct fa_synthetic_head head;
    fa_real *grad_cls, *grad_reg;
    struct fa_lane *lane;
    struct fa_loss loss;
};

static fa_status open(struct measured *m, int num_classes)
{
    FA_TRY(fa_lane_create(NULL, NULL, &m->lane));
    FA_TRY(fa_synthetic_head_open(m->h, m->w, num_classes, &m->head));
    FA_TRY(fa_alloc(m->head.head.n_anchors * (size_t)num_classes, sizeof *m->grad_cls, &m->grad_cls));
    FA_TRY(fa_alloc(m->head.head.n_anchors, 4 * sizeof *m->grad_reg, &m->grad_reg));
    FA_TRY(fa_alloc(m->objects.n, 4 * sizeof *m->boxes, &m->boxes));
    FA_TRY(fa_alloc(m->objects.n, sizeof *m->labels, &m->labels));
    fa_synthetic_objects(m->h, m->w, num_classes, m->objects.n, m->boxes, m->labels);
    m->objects = (struct fa_objects){m->objects.n, m->boxes, m->labels};
    return FA_OK;
}

static void release(struct measured *m)
{
    fa_free(m->labels);
    fa_free(m->boxes);
    fa_free(m->grad_reg);
    fa_free(m->grad_cls);
    fa_synthetic_head_close(&m->head);
    fa_lane_destroy(m->lane);
}

static fa_status compute(void *context)
{
    struct measured *m = context;
    double share;

    FA_TRY(fa_lane_share(m->lane, m->config, m->h, m->w, &m->objects, &share));
    return fa_lane_head_loss(m->lane, m->config, m->h, m->w, &m->head.head, &m->objects, share, &m->loss,
                             m->grad_cls, m->grad_reg);
}

static fa_status measure(struct fa_invocation *invocation, const struct fa_settings *settings)
{
    struct measured m = {.config = &settings->train.loss, .objects.n = fa_bench_objects(invocation, 100)};
    const size_t n_repeats = fa_bench_repeats(invocation);
    const int num_classes = fa_bench_classes(invocation);
    double seconds;
    fa_status status;

    FA_TRY(fa_bench_size(invocation, &m.h, &m.w));
    status = open(&m, num_classes);
    if (status == FA_OK) {
        printf("%zu anchors of an image of %dx%d, %d classes, %zu objects; median of %zu\n",
               m.head.head.n_anchors, m.h, m.w, num_classes, m.objects.n, n_repeats);
        status = fa_bench_time(compute, &m, n_repeats, &seconds);
    }
    if (status == FA_OK) {
        fa_bench_report_seconds(invocation, "loss", seconds);
        fa_report_number(invocation, "objects", (double)m.objects.n);
        fa_report_number(invocation, "classes", num_classes);
        fa_report_number(invocation, "anchors", (double)m.head.head.n_anchors);
        for (int i = 0; i < FA_LOSS_PARTS; i++)
            fa_report_number(invocation, fa_loss_part_name(m.config->kind, i), m.loss.part[i]);
    }
    release(&m);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    return fa_bench_configured(invocation, measure);
}

const struct fa_bench fa_bench_loss = {
    .name = "loss",
    .flags = {"--config", "--set", "--size", "--classes", "--objects", "--steps"},
    .run = run};
