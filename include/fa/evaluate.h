/*
 * evaluate.h - runs the model over a dataset, spread over the ranks, and scores it.
 */
#ifndef FA_EVALUATE_H
#define FA_EVALUATE_H

#include "fa/coco.h"
#include "fa/comm.h"
#include "fa/declarations.h"
#include "fa/detections.h"
#include "fa/lane.h"
#include "fa/loader.h"
#include "fa/metrics.h"
#include "fa/model.h"
#include "fa/shard.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_evaluate_config {
    struct fa_transform transform; /* flip_probability is not used; several views of a picture are merged
                                      before NMS */
    struct fa_detect_config detect;
    int max_detections[3]; /* as in metrics.h */
    int loader_threads;
    size_t max_images;                     /* 0: all; else the first so many */
    void (*between_images)(void *context); /* NULL: nothing is to be done between images */
    void *between_context;
    /* Sees what the head says of each image, in the host's memory, before its detections are made; NULL:
       nobody does. Of several views of an image it sees the first. */
    fa_status (*saw)(void *context, const struct fa_sample *sample, const struct fa_head *head);
    void *saw_context;
};

/* Collective. Records go to ranks in turn; results are gathered by image, so numbers do not depend on the
   number of ranks. metrics is the same on every rank. results (NULL: not wanted) goes to rank 0, freed with
   fa_free, and is NULL on the others. metrics is freed with fa_metrics_clear. */
fa_status fa_evaluate(const struct fa_evaluate_config *config, struct fa_comm *comm, struct fa_lane *lane,
                      const struct fa_dataset *dataset, struct fa_metrics *metrics,
                      struct fa_coco_result **results, size_t *n_results) FA_CHECK_RESULT;

/* What an evaluation that counts NMS recall counts with, on its rank. */
struct fa_nms_recall_count {
    struct fa_lane *lane;
    const struct fa_detect_config *detect;
    struct fa_nms_recall recall;
};

/* For fa_evaluate_config.saw; context is a struct fa_nms_recall_count. */
fa_status fa_nms_recall_saw(void *context, const struct fa_sample *sample,
                            const struct fa_head *head) FA_CHECK_RESULT;

/* Collective, in place: that of all ranks. */
void fa_nms_recall_sum(struct fa_comm *comm, struct fa_nms_recall *recall);

/* The detections of one sample that have an area, in pixels of its original picture; on this rank alone. out
   has room for config->max_per_image. */
fa_status fa_detect_sample(const struct fa_detect_config *config, struct fa_lane *lane,
                           const struct fa_sample *sample, struct fa_detection *out,
                           size_t *n) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
