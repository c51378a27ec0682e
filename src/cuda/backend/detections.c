/*
 * detections.c - the detections of an image on the GPU, on the head's rows as they are exported.
 */
#include <string.h>

#include "head.h"

bool fa_cuda_takes_detections(const struct fa_detect_config *config, int num_classes)
{
    return fa_cuda_rows_are_aligned(num_classes) && config->pre_nms >= 1 && config->max_per_image >= 1 &&
           config->pre_nms <= FA_CUDA_MOST_PRE_NMS;
}

static size_t detections_bytes(const struct fa_detect_config *config)
{
    return sizeof(struct fa_device_detections) + (size_t)config->max_per_image * sizeof(struct fa_detection);
}

fa_status fa_cuda_prepare_detections(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                     const struct fa_device_head *given, const struct fa_detect_image *image)
{
    struct fa_cuda_queue *queue = scratch->queue;
    struct fa_cuda_head head;

    FA_TRY(fa_cuda_pair_grow(queue, &scratch->geometry, sizeof *image));
    FA_TRY(fa_cuda_pair_grow(queue, &scratch->detections, detections_bytes(config)));
    FA_TRY(fa_cuda_send_anchors(scratch, given->anchors));
    head = fa_cuda_head_of(scratch, given);
    FA_TRY(fa_cuda_room_grow(queue, &scratch->scratch,
                             queue->device->kernels.detections_scratch_bytes(config, &head), true));
    memcpy(scratch->geometry.host, image, sizeof *image);
    return FA_OK;
}

fa_status fa_cuda_ask_detections(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                 const struct fa_device_head *given)
{
    struct fa_cuda_queue *queue = scratch->queue;
    struct fa_device_detections *found = scratch->detections.room.memory;
    const struct fa_cuda_head head = fa_cuda_head_of(scratch, given);

    fa_cuda_pair_put(queue, &scratch->geometry, sizeof(struct fa_detect_image));
    fa_cuda_note(queue,
                 queue->device->kernels.detections(queue->stream, config, &head,
                                                   scratch->geometry.room.memory, scratch->scratch.memory,
                                                   found->detection, &found->n),
                 "the detections");
    fa_cuda_pair_get(queue, &scratch->detections, detections_bytes(config));
    return FA_OK;
}

const struct fa_device_detections *fa_cuda_detections_of(const struct fa_head_scratch *scratch)
{
    return scratch->detections.host;
}
