/*
 * loss.c - freeanchor bench loss: the loss of one image and the gradient of the head's outputs.
 */
#include <stdio.h>

#include "bench.h"
#include "fa/anchors.h"
#include "fa/memory.h"
#include "session.h"
#include "synthetic.h"

struct measured {
    const struct fa_loss_config *config;
    struct fa_pyramid pyramid;
    int num_classes;
    float *anchors, *boxes;
    int32_t *labels;
    struct fa_objects objects;
    fa_real *cls, *reg, *grad_cls, *grad_reg;
    struct fa_loss_workspace *workspace;
    struct fa_loss loss;
};

static fa_status allocate(struct measured *m, int threads)
{
    const size_t n = m->pyramid.n_anchors, n_logits = n * (size_t)m->num_classes;

    FA_TRY(fa_alloc(n, 4 * sizeof *m->anchors, &m->anchors));
    FA_TRY(fa_alloc(m->objects.n, 4 * sizeof *m->boxes, &m->boxes));
    FA_TRY(fa_alloc(m->objects.n, sizeof *m->labels, &m->labels));
    FA_TRY(fa_alloc(n_logits, sizeof *m->cls, &m->cls));
    FA_TRY(fa_alloc(n, 4 * sizeof *m->reg, &m->reg));
    FA_TRY(fa_alloc(n_logits, sizeof *m->grad_cls, &m->grad_cls));
    FA_TRY(fa_alloc(n, 4 * sizeof *m->grad_reg, &m->grad_reg));
    return fa_loss_workspace_create(threads, &m->workspace);
}

static void fill(struct measured *m, int h, int w)
{
    fa_anchors_make(&m->pyramid, m->anchors);
    fa_synthetic_objects(h, w, m->num_classes, m->objects.n, m->boxes, m->labels);
    m->objects = (struct fa_objects){m->objects.n, m->boxes, m->labels};
    fa_synthetic_logits(m->pyramid.n_anchors * (size_t)m->num_classes, m->cls);
    fa_synthetic_deltas(4 * m->pyramid.n_anchors, m->reg);
}

static void release(struct measured *m)
{
    fa_loss_workspace_destroy(m->workspace);
    fa_free(m->grad_reg);
    fa_free(m->grad_cls);
    fa_free(m->reg);
    fa_free(m->cls);
    fa_free(m->labels);
    fa_free(m->boxes);
    fa_free(m->anchors);
}

static fa_status compute(void *context)
{
    struct measured *m = context;
    const struct fa_head_view head = {.n_anchors = m->pyramid.n_anchors,
                                      .num_classes = m->num_classes,
                                      .anchors = m->anchors,
                                      .cls = m->cls,
                                      .reg = m->reg};
    double share;

    FA_TRY(fa_loss_share(m->config, head.n_anchors, m->anchors, &m->objects, m->workspace, &share));
    return fa_loss_compute(m->config, &head, &m->objects, share, m->workspace, &m->loss, m->grad_cls,
                           m->grad_reg);
}

static fa_status measure(struct fa_invocation *invocation, const struct fa_settings *settings)
{
    struct measured m = {.config = &settings->train.loss};
    double seconds;
    size_t n_repeats;
    int h, w;
    fa_status status;

    FA_TRY(fa_bench_repeats(invocation, &n_repeats));
    FA_TRY(fa_bench_size(invocation, &h, &w));
    FA_TRY(fa_bench_classes(invocation, &m.num_classes));
    FA_TRY(fa_bench_objects(invocation, 100, &m.objects.n));
    fa_pyramid_make(h, w, &m.pyramid);
    status = allocate(&m, invocation->threads);
    if (status == FA_OK) {
        fill(&m, h, w);
        printf("%zu anchors of an image of %dx%d, %d classes, %zu objects; median of %zu\n",
               m.pyramid.n_anchors, h, w, m.num_classes, m.objects.n, n_repeats);
        status = fa_bench_time(compute, &m, n_repeats, &seconds);
    }
    if (status == FA_OK) {
        fa_bench_report_seconds(invocation, "loss", seconds);
        fa_report_number(invocation, "objects", (double)m.objects.n);
        fa_report_number(invocation, "classes", m.num_classes);
        fa_report_number(invocation, "anchors", (double)m.pyramid.n_anchors);
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
