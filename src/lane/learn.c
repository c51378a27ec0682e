/*
 * learn.c - from an image and its objects to a loss and a gradient.
 */
#include <stdatomic.h>

#include "fa/activity.h"
#include "fa/log.h"
#include "fa/trace.h"
#include "lane_private.h"

/* An image on its way through. */
struct lesson {
    const struct fa_loss_config *config;
    const struct fa_image *image;
    const struct fa_objects *objects;
    double normalizer;
    struct fa_head head;
    struct fa_device_head rows; /* the same for a backend that computes the loss */
};

static fa_status run(struct fa_lane *lane)
{
    const int span = fa_span_begin("forward");

    FA_TRY(fa_workspace_run(lane->workspace));
    fa_span_end(span);
    return FA_OK;
}

static fa_status backward(struct fa_lane *lane, const struct fa_head *head, const fa_real *grad_reg)
{
    const int span = fa_span_begin("backward");

    fa_activity_begin("backward");
    FA_TRY(fa_workspace_backward(lane->workspace, head->cls, grad_reg, fa_lane_ready, lane));
    fa_span_end(span);
    return FA_OK;
}

/* ---- loss by the host ---- */

/* The gradient by the logits takes the logits' place. */
static fa_status compute_loss(struct fa_lane *lane, const struct lesson *lesson, fa_real **grad_reg)
{
    const struct fa_lane_observer *observer = lane->observer;
    const int span = fa_span_begin("loss");
    struct fa_head staged;

    fa_activity_begin("loss");
    FA_TRY(fa_lane_stage_head(lane, &lesson->head, &staged));
    if (observer != NULL && observer->saw != NULL)
        FA_TRY(observer->saw(observer->context, &staged));
    FA_TRY(fa_lane_grad_reg(lane, lesson->head.n_anchors, grad_reg));
    FA_TRY(fa_lane_head_loss(lane, lesson->config, lesson->image->h, lesson->image->w, &staged,
                             lesson->objects, lesson->normalizer, &lane->loss, staged.cls, *grad_reg));
    fa_lane_put_gradient(lane, &lesson->head);
    *grad_reg = lane->grad_reg;
    fa_span_end(span);
    return FA_OK;
}

static fa_status learn_by_host(struct fa_lane *lane, const struct lesson *lesson)
{
    fa_real *grad_reg;

    FA_TRY(run(lane));
    fa_lane_phase_ended(lane->observer, FA_LANE_FORWARD);
    FA_TRY(compute_loss(lane, lesson, &grad_reg));
    fa_lane_phase_ended(lane->observer, FA_LANE_LOSS);
    FA_TRY(backward(lane, &lesson->head, grad_reg));
    fa_lane_phase_ended(lane->observer, FA_LANE_BACKWARD);
    return FA_OK;
}

/* ---- loss by the backend ---- */

/* Once a program: lanes are many, and all of one loss. */
static void say_that_the_host_computes(const struct lesson *lesson, const char *backend)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&said))
        fa_info("the backend %s does not compute the loss %s of %d classes as it is configured; the head's "
                "outputs are copied to the host, which computes it",
                backend, fa_loss_names[lesson->config->kind], lesson->head.num_classes);
}

/* Who wants to see the head sees it in the host's memory. */
static bool backend_computes(const struct fa_lane *lane, const struct lesson *lesson)
{
    struct fa_backend *queue = fa_workspace_queue(lane->workspace);
    const struct fa_head_ops *ops = fa_backend_head_ops(queue);
    const bool takes = ops != NULL && ops->takes_loss(lesson->config, lesson->head.num_classes);

    if (!takes && !fa_backend_is_host(queue))
        say_that_the_host_computes(lesson, fa_backend_name(queue));
    return takes && (lane->observer == NULL || lane->observer->saw == NULL);
}

/* The gradients take the places of logits and deltas. */
static fa_status ask_for_all(struct fa_lane *lane, void *context)
{
    const struct lesson *lesson = context;
    struct fa_backend *queue = fa_workspace_queue(lane->workspace);
    int span;

    FA_TRY(run(lane));
    span = fa_backend_span_begin(queue, "loss");
    fa_activity_begin("loss");
    FA_TRY(fa_backend_head_ops(queue)->ask_loss(lane->head_scratch, lesson->config, &lesson->rows));
    fa_backend_span_end(queue, span);
    return backward(lane, &lesson->head, lesson->rows.reg);
}

/* Phases end when their work is asked for, all at once. */
static fa_status learn_by_backend(struct fa_lane *lane, uint64_t plan, struct lesson *lesson)
{
    const struct fa_head_ops *ops = fa_backend_head_ops(fa_workspace_queue(lane->workspace));
    const struct fa_lane_key key = {plan, lesson->config, sizeof *lesson->config};

    FA_TRY(fa_loss_check_objects(lesson->objects, lesson->head.num_classes));
    FA_TRY(fa_lane_device_head(lane, &lesson->head, lesson->image->h, lesson->image->w, &lesson->rows));
    FA_TRY(ops->prepare_loss(lane->head_scratch, lesson->config, &lesson->rows, lesson->objects,
                             lesson->normalizer));
    FA_TRY(fa_lane_ask(lane, &key, ask_for_all, lesson));
    lane->result = ops->loss(lane->head_scratch);
    for (enum fa_lane_phase phase = FA_LANE_FORWARD; phase <= FA_LANE_BACKWARD; phase++)
        fa_lane_phase_ended(lane->observer, phase);
    return FA_OK;
}

/* ---- both ---- */

static fa_status ask(struct fa_lane *lane, struct lesson *lesson)
{
    uint64_t plan;

    fa_activity_begin("forward"); /* a new size is planned first */
    FA_TRY(fa_workspace_take(lane->workspace, FA_TRAINING, lesson->image, &lesson->head, &plan));
    return backend_computes(lane, lesson) ? learn_by_backend(lane, plan, lesson)
                                          : learn_by_host(lane, lesson);
}

fa_status fa_lane_learn(struct fa_lane *lane, const struct fa_loss_config *config,
                        const struct fa_image *image, const struct fa_objects *objects, double normalizer,
                        const struct fa_lane_observer *observer)
{
    struct lesson lesson = {.config = config, .image = image, .objects = objects, .normalizer = normalizer};
    fa_status status;

    lane->observer = observer;
    lane->result = &lane->loss;
    lane->n_final = 0;
    lane->final = (struct fa_ticket){0};
    status = ask(lane, &lesson);
    lane->ticket = fa_backend_mark(fa_workspace_queue(lane->workspace)); /* pixels are read until then */
    return status;
}

fa_status fa_lane_learned(struct fa_lane *lane, struct fa_loss *loss)
{
    const struct fa_lane_observer *observer = lane->observer;
    bool reached;

    for (;;) {
        FA_TRY(fa_ticket_reached(lane->ticket, &reached));
        if (reached)
            break;
        if (observer != NULL && observer->waits != NULL)
            observer->waits(observer->context);
    }
    *loss = *lane->result;
    return FA_OK;
}
