/*
 * plan.h - one graph on one device by one engine, ready to run.
 *
 * A plan is made of a choice, which the heuristics gave or a file has kept: the same bits in a later run. A
 * choice means something to one version of cuDNN on one kind of device, its origin (device.h), and is refused
 * elsewhere.
 */
#ifndef FA_CUDA_CUDNN_PLAN_H
#define FA_CUDA_CUDNN_PLAN_H

#include <stddef.h>

#include "engines.h"

struct fa_cudnn_plan {
    const struct fa_cudnn_graph *graph;
    struct fa_cudnn_descriptors descriptors;
    fa_cudnn_descriptor plan;
    struct fa_cudnn_choice choice;
    size_t workspace_bytes;
};

/* Device and graph outlive the plan. Ended with fa_cudnn_plan_destroy; *plan is as if destroyed on failure:
   FA_EINVAL if the engine is none that is taken, needs more workspace, or cannot compute the graph. */
fa_status fa_cudnn_plan_create(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                               const struct fa_cudnn_choice *choice, size_t most_workspace_bytes,
                               struct fa_cudnn_plan *plan) FA_CHECK_RESULT;
void fa_cudnn_plan_destroy(struct fa_cudnn_plan *plan);

/* Of the first choice that has one. FA_EINVAL if none has. */
fa_status fa_cudnn_plan_first(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                              size_t most_workspace_bytes, struct fa_cudnn_plan *plan) FA_CHECK_RESULT;

#endif
