/*
 * head.h - what losses and detections on the GPU need beside the head's rows.
 *
 * What differs between images of one size goes up in page-locked memory. So that an image's copy is not
 * overwritten by the next one's, a lane's image is over when the next is asked for.
 */
#ifndef FA_CUDA_BACKEND_HEAD_H
#define FA_CUDA_BACKEND_HEAD_H

#include "backend.h"

/* Something of the GPU's and a page-locked place of the same size. */
struct fa_cuda_pair {
    struct fa_cuda_room room;
    void *host;
    size_t n_bytes; /* of both */
};

struct fa_head_scratch {
    struct fa_cuda_queue *queue;
    struct fa_cuda_pair anchors;
    int h, w;                    /* of the image whose anchors are there; 0: none */
    struct fa_cuda_room scratch; /* of kernels */

    /* ---- loss.c ---- */
    int most_objects;
    struct fa_cuda_pair objects, loss;
    struct fa_cuda_room assigned; /* an int32 an anchor, then how many are positive */

    /* ---- detections.c ---- */
    struct fa_cuda_pair geometry, detections;
};

/* Room for n_bytes in both; what was in them is lost. */
fa_status fa_cuda_pair_grow(struct fa_cuda_queue *queue, struct fa_cuda_pair *pair,
                            size_t n_bytes) FA_CHECK_RESULT;

/* Copies the first n_bytes up, or down. */
void fa_cuda_pair_put(struct fa_cuda_queue *queue, struct fa_cuda_pair *pair, size_t n_bytes);
void fa_cuda_pair_get(struct fa_cuda_queue *queue, struct fa_cuda_pair *pair, size_t n_bytes);

/* Brings the anchors to the GPU, unless those of this size are there. */
fa_status fa_cuda_send_anchors(struct fa_head_scratch *scratch,
                               const struct fa_anchor_set *set) FA_CHECK_RESULT;

/* The head as kernels take it, with these anchors. */
struct fa_cuda_head fa_cuda_head_of(const struct fa_head_scratch *scratch,
                                    const struct fa_device_head *given);

/* ---- for the table in head.c ---- */

bool fa_cuda_takes_loss(const struct fa_loss_config *config, int num_classes);
fa_status fa_cuda_prepare_loss(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                               const struct fa_device_head *given, const struct fa_objects *objects,
                               double normalizer);
fa_status fa_cuda_ask_loss(struct fa_head_scratch *scratch, const struct fa_loss_config *config,
                           const struct fa_device_head *given);
const struct fa_loss *fa_cuda_loss(const struct fa_head_scratch *scratch);

bool fa_cuda_takes_detections(const struct fa_detect_config *config, int num_classes);
fa_status fa_cuda_prepare_detections(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                     const struct fa_device_head *given, const struct fa_detect_image *image);
fa_status fa_cuda_ask_detections(struct fa_head_scratch *scratch, const struct fa_detect_config *config,
                                 const struct fa_device_head *given);
const struct fa_device_detections *fa_cuda_detections_of(const struct fa_head_scratch *scratch);

/* Whether rows of so many logits begin where kernels can read four at a time. */
static inline bool fa_cuda_rows_are_aligned(int num_classes)
{
    return num_classes % 4 == 0;
}

#endif
