/*
 * kernels.h - the kernels, opened while the program runs, as one table of what launches them.
 *
 * They are a library of their own, which nvcc makes and which needs the CUDA runtime; nothing links against
 * it, so that a program runs on nodes that have neither. Tests give the path of another one: kernels by an
 * emulator.
 */
#ifndef FA_CUDA_KERNELS_H
#define FA_CUDA_KERNELS_H

#include "fa/device.h"
#include "fa/status.h"
#include "kernels/channel_sums.h"
#include "kernels/detections.h"
#include "kernels/elementwise.h"
#include "kernels/flat.h"
#include "kernels/focal.h"
#include "kernels/fold.h"
#include "kernels/freeanchor.h"
#include "kernels/image.h"
#include "kernels/maps.h"
#include "kernels/norm.h"
#include "kernels/rows.h"
#include "kernels/targets.h"

/* X(name): fa_cuda_<name>. */
#define FA_CUDA_KERNELS(X)                                                                                   \
    X(targets)                                                                                               \
    X(add_masked)                                                                                            \
    X(sum_gradients)                                                                                         \
    X(channel_sums_scratch_bytes)                                                                            \
    X(channel_sums)                                                                                          \
    X(moments_scratch_bytes)                                                                                 \
    X(moments)                                                                                               \
    X(flat_clear)                                                                                            \
    X(flat_fold)                                                                                             \
    X(flat_squares_scratch_bytes)                                                                            \
    X(flat_squares)                                                                                          \
    X(flat_update)                                                                                           \
    X(flat_average)                                                                                          \
    X(flat_swap)                                                                                             \
    X(flat_crc32c_scratch_bytes)                                                                             \
    X(flat_crc32c)                                                                                           \
    X(fold)                                                                                                  \
    X(unfold)                                                                                                \
    X(image)                                                                                                 \
    X(norm_scratch_bytes)                                                                                    \
    X(norm_forward)                                                                                          \
    X(norm_repeat)                                                                                           \
    X(norm_backward)                                                                                         \
    X(norm_unfold)                                                                                           \
    X(upsample)                                                                                              \
    X(upsample_backward)                                                                                     \
    X(pool)                                                                                                  \
    X(pool_backward)                                                                                         \
    X(detections_scratch_bytes)                                                                              \
    X(detections)                                                                                            \
    X(focal_assign_scratch_bytes)                                                                            \
    X(focal_assign)                                                                                          \
    X(focal_scratch_bytes)                                                                                   \
    X(focal)                                                                                                 \
    X(freeanchor_scratch_bytes)                                                                              \
    X(freeanchor)                                                                                            \
    X(rows_out)                                                                                              \
    X(rows_in)

struct fa_cuda_kernels {
#define FA_CUDA_MEMBER(name) __typeof__(fa_cuda_##name) *name;
    FA_CUDA_KERNELS(FA_CUDA_MEMBER)
#undef FA_CUDA_MEMBER
};

/* path NULL: libfreeanchor_cuda.so beside the program, or where the system's loader finds it; "": they are in
   the program itself. What was opened stays so until the process ends. FA_EMISSING if there is no such
   library, FA_EINVAL if it is another version's. */
fa_status fa_cuda_kernels_open(const char *path, struct fa_cuda_kernels *kernels) FA_CHECK_RESULT;

/* FA_EINVAL, saying for which GPUs there are kernels, unless there are some for this one. */
fa_status fa_cuda_kernels_check(const struct fa_cuda_kernels *kernels,
                                const struct fa_device *device) FA_CHECK_RESULT;

/* "7.5, 8.0, 9.0 and later" */
void fa_cuda_kernels_print_targets(const struct fa_cuda_kernels *kernels, char *text, size_t size);

#endif
