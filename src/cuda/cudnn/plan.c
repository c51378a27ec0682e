#include "plan.h"

#include <stdio.h>
#include <string.h>

static fa_cudnn_descriptor make_engine(struct fa_cudnn_plan *plan, const struct fa_cudnn_device *device)
{
    struct fa_cudnn_descriptors *made = &plan->descriptors;
    fa_cudnn_descriptor engine = fa_cudnn_begin(made, FA_CUDNN_BACKEND_ENGINE_DESCRIPTOR);

    fa_cudnn_put_descriptor(made, engine, FA_CUDNN_ATTR_ENGINE_OPERATION_GRAPH, plan->graph->operations);
    fa_cudnn_put(made, engine, FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX, FA_CUDNN_TYPE_INT64, 1,
                 &plan->choice.engine);
    fa_cudnn_put_descriptor(made, engine, FA_CUDNN_ATTR_ENGINE_DEVICEPROP, device->properties);
    return fa_cudnn_finish(made, engine);
}

static fa_cudnn_descriptor make_config(struct fa_cudnn_plan *plan, fa_cudnn_descriptor engine)
{
    struct fa_cudnn_descriptors *made = &plan->descriptors;
    fa_cudnn_descriptor knob[FA_CUDNN_MOST_KNOBS], config;
    const int n = plan->choice.n_knobs;

    for (int i = 0; i < n; i++) {
        knob[i] = fa_cudnn_begin(made, FA_CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        fa_cudnn_put(made, knob[i], FA_CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, FA_CUDNN_TYPE_KNOB_TYPE, 1,
                     &plan->choice.knob[i].type);
        fa_cudnn_put(made, knob[i], FA_CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, FA_CUDNN_TYPE_INT64, 1,
                     &plan->choice.knob[i].value);
        fa_cudnn_finish(made, knob[i]);
    }
    config = fa_cudnn_begin(made, FA_CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    fa_cudnn_put_descriptor(made, config, FA_CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    if (n > 0)
        fa_cudnn_put(made, config, FA_CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, FA_CUDNN_TYPE_BACKEND_DESCRIPTOR, n,
                     knob);
    return fa_cudnn_finish(made, config);
}

static void make_plan(struct fa_cudnn_plan *plan, const struct fa_cudnn_device *device,
                      fa_cudnn_descriptor engine)
{
    struct fa_cudnn_descriptors *made = &plan->descriptors;
    fa_cudnn_descriptor config = make_config(plan, engine);

    plan->plan = fa_cudnn_begin(made, FA_CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    fa_cudnn_put_descriptor(made, plan->plan, FA_CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
    fa_cudnn_put_descriptor(made, plan->plan, FA_CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device->properties);
    fa_cudnn_finish(made, plan->plan);
}

static fa_status check_workspace(struct fa_cudnn_plan *plan, size_t most_bytes)
{
    int64_t bytes = 0, n;

    FA_TRY(fa_cudnn_get(plan->descriptors.cudnn, plan->plan, FA_CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                        FA_CUDNN_TYPE_INT64, 1, &n, &bytes));
    plan->workspace_bytes = bytes > 0 ? (size_t)bytes : 0;
    if (plan->workspace_bytes <= most_bytes)
        return FA_OK;
    return fa_fail(FA_EINVAL, "it needs %zu bytes of workspace, %zu are allowed", plan->workspace_bytes,
                   most_bytes);
}

static fa_status build(struct fa_cudnn_plan *plan, const struct fa_cudnn_device *device,
                       size_t most_workspace_bytes)
{
    fa_cudnn_descriptor engine = make_engine(plan, device);
    bool taken;

    FA_TRY(plan->descriptors.status);
    FA_TRY(fa_cudnn_is_taken(device->descriptors.cudnn, plan->graph->conv.precision, engine, &taken));
    if (!taken)
        return fa_fail(FA_EINVAL, "it is not deterministic, not precompiled, or rounds more than %s allows",
                       fa_cudnn_precision_names[plan->graph->conv.precision]);
    make_plan(plan, device, engine);
    FA_TRY(plan->descriptors.status);
    return check_workspace(plan, most_workspace_bytes);
}

/* Out of memory is passed on; all else means that this engine is none for this graph. */
static fa_status name_engine(const struct fa_cudnn_plan *plan, fa_status status)
{
    char text[FA_CUDNN_CHOICE_TEXT_MAX];

    if (status == FA_OK || status == FA_ENOMEM)
        return status;
    fa_cudnn_choice_print(&plan->choice, text);
    return fa_prefix(fa_status_forward(FA_EINVAL, fa_message()), "%s", text);
}

fa_status fa_cudnn_plan_create(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                               const struct fa_cudnn_choice *choice, size_t most_workspace_bytes,
                               struct fa_cudnn_plan *plan)
{
    fa_status status;

    *plan = (struct fa_cudnn_plan){
        .graph = graph, .choice = *choice, .descriptors = {.cudnn = device->descriptors.cudnn}};
    status = name_engine(plan, build(plan, device, most_workspace_bytes));
    if (status != FA_OK)
        fa_cudnn_plan_destroy(plan);
    return status;
}

void fa_cudnn_plan_destroy(struct fa_cudnn_plan *plan)
{
    fa_cudnn_end(&plan->descriptors);
}

/* ---- by heuristics, and by a file ---- */

/* FA_EINVAL if none of what is advised has a plan. */
static fa_status create_by(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                           enum fa_cudnn_advice advice, size_t most_workspace_bytes,
                           struct fa_cudnn_plan *plan, int *n_tried)
{
    struct fa_cudnn_choice choice[FA_CUDNN_MOST_CHOICES];
    fa_status status = FA_EINVAL;
    int n;

    FA_TRY(fa_cudnn_choices(device, graph, advice, FA_CUDNN_MOST_CHOICES, choice, &n));
    for (int i = 0; i < n && status == FA_EINVAL; i++)
        status = fa_cudnn_plan_create(device, graph, &choice[i], most_workspace_bytes, plan);
    *n_tried += n;
    return status;
}

/* What was in the way of the last engine is told too: it may be what is in the way of all. */
static fa_status create_first(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                              size_t most_workspace_bytes, struct fa_cudnn_plan *plan)
{
    char last[FA_MESSAGE_MAX / 2];
    fa_status status = FA_EINVAL;
    int n_tried = 0;

    for (int a = 0; a < FA_CUDNN_N_ADVICES && status == FA_EINVAL; a++)
        status = create_by(device, graph, (enum fa_cudnn_advice)a, most_workspace_bytes, plan, &n_tried);
    if (status != FA_EINVAL)
        return status;
    snprintf(last, sizeof last, "%s", n_tried > 0 ? fa_message() : "there are none");
    return fa_fail(FA_EINVAL,
                   "none of the %d deterministic, precompiled engines of %s can compute it within %zu bytes "
                   "of workspace; allow more, or take another precision (%s)",
                   n_tried, device->origin, most_workspace_bytes, last);
}

fa_status fa_cudnn_plan_first(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                              size_t most_workspace_bytes, struct fa_cudnn_plan *plan)
{
    const fa_status status = create_first(device, graph, most_workspace_bytes, plan);
    char text[FA_CUDNN_CONV_TEXT_MAX];

    if (status != FA_OK)
        fa_cudnn_conv_text(&graph->conv, text);
    return status == FA_OK ? FA_OK : fa_prefix(status, "%s", text);
}
