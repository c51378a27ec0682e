/*
 * detections.h - from the head's outputs on the device to boxes (doc/method.md 8): what fa_detections_make
 * gives.
 *
 * Three launches; they move the logits once in, and little else. Set and order are the host's, ties included,
 * as far as expf agrees: CUDA's may differ by one in the last bit of a score or a box.
 */
#ifndef FA_CUDA_DETECTIONS_H
#define FA_CUDA_DETECTIONS_H

#include "fa/detections.h"
#include "head.h"

enum { FA_CUDA_MOST_PRE_NMS = 3072 }; /* pairs of a level; they are sorted in the memory of a block */

/* Beside the counters about 2300 bytes for each of pre_nms, which is 2.3 MB for 1000. */
FA_CUDA_API size_t fa_cuda_detections_scratch_bytes(const struct fa_detect_config *config,
                                                    const struct fa_cuda_head *head);

/* image, out with room for max_per_image, and *n are on the device. The head is only read.
   cudaErrorInvalidValue for pre_nms below 1 or beyond what is possible, max_per_image below 1, or 2^32 logits
   of a level. */
FA_CUDA_API int fa_cuda_detections(fa_cuda_stream stream, const struct fa_detect_config *config,
                                   const struct fa_cuda_head *head, const struct fa_detect_image *image,
                                   void *scratch, struct fa_detection *out, int32_t *n);

#endif
