/*
 * focal.h - RetinaNet's loss of one image on the device (doc/method.md 5): the assignment of anchors, which
 * needs no predictions and gives the share of the normalizer, and then what fa_loss_compute gives, with the
 * gradients in place of logits and deltas.
 *
 * Three launches each. The assignment reads anchors twice and writes 4 bytes an anchor. The loss moves logits
 * once in and once out, deltas twice in and once out, anchors once, 16 bytes an anchor of predicted boxes
 * once out, and around objects in again. The predicted boxes are for the statistic alone. In what differs
 * from the host: see freeanchor.h.
 */
#ifndef FA_CUDA_FOCAL_H
#define FA_CUDA_FOCAL_H

#include "fa/loss.h"
#include "head.h"

/* Beside the counters half a byte an anchor and 4 bytes for each of the most objects. */
FA_CUDA_API size_t fa_cuda_focal_assign_scratch_bytes(size_t n_anchors, int most_objects);

/* assigned[i]: the object for which anchor i is positive, -1 where it is negative, -2 where it has no loss.
 *positives: how many are positive; the image's share, as fa_loss_share has it, is that or 1, whichever is
 *more. */
FA_CUDA_API int fa_cuda_focal_assign(fa_cuda_stream stream, const struct fa_focal *config, size_t n_anchors,
                                     const float *anchors, const struct fa_cuda_objects *objects,
                                     void *scratch, int32_t *assigned, int32_t *positives);

/* Beside the counters about 17 bytes an anchor and 4 for each of the most objects. */
FA_CUDA_API size_t fa_cuda_focal_scratch_bytes(const struct fa_cuda_head *head, int most_objects);

/* Logits become the gradient by them, deltas theirs, padding stays. normalizer and loss are on the device, as
   fa_loss_compute has them. cudaErrorInvalidValue for a number of classes beyond what is possible. */
FA_CUDA_API int fa_cuda_focal(fa_cuda_stream stream, const struct fa_loss_config *config,
                              const struct fa_cuda_head *head, const struct fa_cuda_objects *objects,
                              const int32_t *assigned, const double *normalizer, void *scratch,
                              struct fa_loss *loss);

#endif
