/*
 * freeanchor.h - the FreeAnchor loss of one image on the device (doc/method.md 1): what fa_loss_compute
 * gives, with the gradients in place of logits and deltas.
 *
 * Five launches. They move: logits once in and once out; deltas twice in and once out; anchors once, 16 bytes
 * an anchor of predicted boxes once out and once in; beside that, of anchors and predictions what lies around
 * objects. With 200,000 anchors, 80 classes and float this is 128 MB and 16 MB.
 *
 * In what differs from the host: of the negative loss, logits that meet no predicted box are computed in
 * float with fused multiply-adds and approximate divisions (each within 2e-6 of the host's), and sums are
 * added up in another order.
 */
#ifndef FA_CUDA_FREEANCHOR_H
#define FA_CUDA_FREEANCHOR_H

#include "fa/loss.h"
#include "head.h"

enum { FA_CUDA_MOST_OF_BAG = 3840 }; /* anchors; a bag is sorted in the memory of a block */

/* About 18 bytes an anchor and, for each of the most objects, 152 times the bag's size: anchors times objects
 * never. */
FA_CUDA_API size_t fa_cuda_freeanchor_scratch_bytes(const struct fa_loss_config *config,
                                                    const struct fa_cuda_head *head, int most_objects);

/* Logits become the gradient by them, deltas theirs, padding stays. normalizer and loss are on the device, as
   fa_loss_compute has them. cudaErrorInvalidValue for a bag or a number of classes beyond what is possible.
 */
FA_CUDA_API int fa_cuda_freeanchor(fa_cuda_stream stream, const struct fa_loss_config *config,
                                   const struct fa_cuda_head *head, const struct fa_cuda_objects *objects,
                                   const double *normalizer, void *scratch, struct fa_loss *loss);

#endif
