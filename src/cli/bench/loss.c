/*
 * loss.c - freeanchor bench loss: the loss of one image and the gradient of the head's outputs, by the host
 * or by a backend that has losses of its own.
 */
#include <stdio.h>

#include "bench.h"
#include "fa/clock.h"
#include "fa/head_ops.h"
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

    /* ---- of a backend with losses of its own; else NULL ---- */
    struct fa_backend *backend;
    const struct fa_head_ops *ops;
    struct fa_head_scratch *scratch;
    struct fa_anchor_cache *anchors;
    struct fa_device_head rows;
};

static fa_status open(struct measured *m, int num_classes)
{
    FA_TRY(fa_lane_create_for_heads(&fa_anchors_of_reference, &m->lane));
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
    if (m->scratch != NULL)
        m->ops->destroy(m->scratch);
    if (m->backend != NULL) {
        fa_backend_free(m->backend, m->rows.reg);
        fa_backend_free(m->backend, m->rows.cls);
    }
    fa_anchor_cache_destroy(m->anchors);
    fa_backend_close(m->backend);
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

/* ---- on a device ---- */

static size_t logit_bytes(const struct measured *m)
{
    return m->head.head.n_anchors * (size_t)m->head.head.num_classes * sizeof(fa_real);
}

static size_t delta_bytes(const struct measured *m)
{
    return m->head.head.n_anchors * 4 * sizeof(fa_real);
}

/* Leaves m->ops NULL where the host computes the loss. */
static fa_status open_device(struct fa_invocation *invocation, const struct fa_settings *settings,
                             struct measured *m)
{
    const struct fa_head_ops *ops;

    FA_TRY(fa_session_open_backend(invocation, settings, &m->backend));
    ops = fa_backend_head_ops(m->backend);
    if (ops == NULL || !ops->takes_loss(m->config, m->head.head.num_classes))
        return FA_OK;
    m->ops = ops;
    m->rows.num_classes = m->head.head.num_classes;
    FA_TRY(fa_anchor_cache_create(&fa_anchors_of_reference, &m->anchors));
    FA_TRY(fa_anchor_cache_get(m->anchors, m->h, m->w, &m->rows.anchors));
    FA_TRY(fa_backend_alloc(m->backend, logit_bytes(m), (void **)&m->rows.cls));
    FA_TRY(fa_backend_alloc(m->backend, delta_bytes(m), (void **)&m->rows.reg));
    return ops->create(m->backend, &m->scratch);
}

/* The gradients of the last time lie where the outputs are to be. */
static fa_status compute_on_device(struct measured *m, double *seconds)
{
    double begun, share;

    fa_backend_put(m->backend, m->rows.cls, m->head.head.cls, logit_bytes(m));
    fa_backend_put(m->backend, m->rows.reg, m->head.head.reg, delta_bytes(m));
    FA_TRY(fa_lane_share(m->lane, m->config, m->h, m->w, &m->objects, &share));
    FA_TRY(fa_backend_synchronize(m->backend));
    begun = fa_clock_seconds();
    FA_TRY(m->ops->prepare_loss(m->scratch, m->config, &m->rows, &m->objects, share));
    FA_TRY(m->ops->ask_loss(m->scratch, m->config, &m->rows));
    FA_TRY(fa_backend_synchronize(m->backend));
    *seconds = fa_clock_seconds() - begun;
    m->loss = *m->ops->loss(m->scratch);
    return FA_OK;
}

static fa_status time_on_device(struct measured *m, size_t n_repeats, double *median)
{
    double *seconds;
    fa_status status;

    FA_TRY(fa_alloc(n_repeats, sizeof *seconds, &seconds));
    status = compute_on_device(m, &seconds[0]);
    for (size_t i = 0; i < n_repeats && status == FA_OK; i++)
        status = compute_on_device(m, &seconds[i]);
    if (status == FA_OK)
        *median = fa_median(seconds, n_repeats);
    fa_free(seconds);
    return status;
}

/* ---- either ---- */

static fa_status time_loss(struct fa_invocation *invocation, const struct fa_settings *settings,
                           struct measured *m, double *seconds)
{
    const size_t n_repeats = fa_bench_repeats(invocation);

    FA_TRY(open_device(invocation, settings, m));
    printf("%zu anchors of an image of %dx%d, %d classes, %zu objects; by %s; median of %zu\n",
           m->head.head.n_anchors, m->h, m->w, m->head.head.num_classes, m->objects.n,
           m->ops != NULL ? fa_backend_description(m->backend) : "the host", n_repeats);
    fa_report_string(invocation, "by", m->ops != NULL ? fa_backend_name(m->backend) : "host");
    return m->ops != NULL ? time_on_device(m, n_repeats, seconds)
                          : fa_bench_time(compute, m, n_repeats, seconds);
}

static fa_status measure(struct fa_invocation *invocation, const struct fa_settings *settings)
{
    struct measured m = {.config = &settings->train.loss, .objects.n = fa_bench_objects(invocation, 100)};
    const int num_classes = fa_bench_classes(invocation);
    double seconds = 0;
    fa_status status;

    FA_TRY(fa_session_size(invocation, settings, &m.h, &m.w));
    status = open(&m, num_classes);
    if (status == FA_OK)
        status = time_loss(invocation, settings, &m, &seconds);
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
    .summary = "the loss of one image and its gradient",
    .flags = {"--config", "--set", "--backend", "--size", "--classes", "--objects", "--steps"},
    .run = run};
