/*
 * A thread an anchor; a warp a group.
 */
#include "boxes.cuh"
#include "freeanchor_image.h"
#include "head.cuh"

enum { THREADS = 256 };

template <typename T> __global__ static void __launch_bounds__(THREADS) predict(const freeanchor_image image)
{
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;
    float4 anchor = no_box(), predicted = no_box();

    if (i < image.n_anchors) {
        anchor = anchor_at(image.head, i);
        predicted = decode(image.coder, anchor, delta_at(rows_of<T>(image.head, i).reg));
        image.predicted[i] = predicted;
    }
    anchor = bounds_of_warp(anchor);
    predicted = bounds_of_warp(predicted);
    if (i < image.n_anchors && lane_of_warp() == 0) {
        image.anchor_bounds[i / WARP] = anchor;
        image.predicted_bounds[i / WARP] = predicted;
    }
    if (i < (unsigned)image.objects.most)
        image.best_iou[i] = 0;
}

int fa_cuda_freeanchor_predict(fa_cuda_stream stream, const freeanchor_image &image)
{
    const unsigned blocks = fa_blocks(max(image.n_anchors, (unsigned)image.objects.most), THREADS);

    return image.head.type == FA_CUDA_F32
               ? FA_LAUNCH(predict<float>, blocks, THREADS, 0, stream, image)
               : FA_LAUNCH(predict<__nv_bfloat16>, blocks, THREADS, 0, stream, image);
}
