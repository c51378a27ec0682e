/*
 * nms_recall.c - NMS recall over the images of an evaluation, and over its ranks.
 */
#include "evaluate_private.h"

fa_status fa_nms_recall_saw(void *context, const struct fa_sample *sample, const struct fa_head *head)
{
    struct fa_nms_recall_count *count = context;
    const struct fa_detect_image image = fa_sample_detect_image(sample);

    return fa_lane_head_nms_recall(count->lane, count->detect, sample->h, sample->w, head, &image,
                                   &sample->objects, &count->recall);
}

static void sum(struct fa_comm *comm, uint64_t n[FA_NMS_RECALL_IOUS])
{
    double exact[FA_NMS_RECALL_IOUS]; /* up to 2^53 objects */

    for (int i = 0; i < FA_NMS_RECALL_IOUS; i++)
        exact[i] = (double)n[i];
    fa_comm_sum_double(comm, exact, FA_NMS_RECALL_IOUS);
    for (int i = 0; i < FA_NMS_RECALL_IOUS; i++)
        n[i] = (uint64_t)exact[i];
}

void fa_nms_recall_sum(struct fa_comm *comm, struct fa_nms_recall *recall)
{
    sum(comm, recall->found);
    sum(comm, recall->kept);
}
