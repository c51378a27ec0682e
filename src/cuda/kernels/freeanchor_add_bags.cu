/*
 * Bags overlap. The first object with an anchor in its bag adds to its deltas for all, the first of a class
 * to the class's logit, in the order of objects, so that sums do not depend on which thread is faster. A
 * bag's members are in the order of anchors, so that others are found quickly.
 */
#include "freeanchor_image.h"
#include "head.cuh"

enum { THREADS = 128, MOST_BLOCKS = 1024 };

/* The member of the bag for the anchor; NULL if the anchor is not in it. */
__device__ static const bag_member *find(const freeanchor_image &image, unsigned object, unsigned anchor)
{
    const bag_member *members = image.members + (size_t)object * image.bag;
    unsigned begin = 0, end = image.bag;

    while (begin < end) {
        const unsigned middle = (begin + end) / 2;

        if (members[middle].anchor < anchor)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < image.bag && members[begin].anchor == anchor ? members + begin : nullptr;
}

/* Whether an earlier object has the anchor in its bag; of the same class, if that is asked. */
__device__ static bool has_earlier(const freeanchor_image &image, unsigned object, unsigned anchor,
                                   bool same_class)
{
    const int32_t *labels = image.objects.labels;

    for (unsigned earlier = 0; earlier < object; earlier++)
        if ((!same_class || labels[earlier] == labels[object]) && find(image, earlier, anchor) != nullptr)
            return true;
    return false;
}

template <typename T>
__device__ static void add_logits(const freeanchor_image &image, unsigned object, unsigned n, unsigned anchor,
                                  T *row)
{
    const int label = image.objects.labels[object];
    float sum = to_float(row[label]);

    for (; object < n; object++) {
        const bag_member *member =
            image.objects.labels[object] == label ? find(image, object, anchor) : nullptr;

        if (member != nullptr)
            sum += member->logit;
    }
    row[label] = from_float<T>(sum);
}

template <typename T>
__device__ static void add_deltas(const freeanchor_image &image, unsigned object, unsigned n, unsigned anchor,
                                  T *row)
{
    float sum[4] = {0, 0, 0, 0};

    for (; object < n; object++) {
        const bag_member *member = find(image, object, anchor);

        for (int k = 0; k < 4 && member != nullptr; k++)
            sum[k] += member->delta[k];
    }
    for (int k = 0; k < 4; k++)
        row[k] = from_float<T>(sum[k]);
}

template <typename T> __global__ static void __launch_bounds__(THREADS) add_bags(const freeanchor_image image)
{
    const unsigned n = number_of(image.objects);

    for (size_t i = blockIdx.x * THREADS + threadIdx.x; i < (size_t)n * image.bag; i += gridDim.x * THREADS) {
        const unsigned object = (unsigned)(i / image.bag), anchor = image.members[i].anchor;
        const anchor_rows<T> rows = rows_of<T>(image.head, anchor);

        if (!has_earlier(image, object, anchor, true))
            add_logits(image, object, n, anchor, rows.cls);
        if (!has_earlier(image, object, anchor, false))
            add_deltas(image, object, n, anchor, rows.reg);
    }
}

int fa_cuda_freeanchor_add_bags(fa_cuda_stream stream, const freeanchor_image &image)
{
    const size_t members = (size_t)image.objects.most * image.bag;
    const unsigned blocks = min(max(fa_blocks(members, THREADS), 1u), (unsigned)MOST_BLOCKS);

    return image.head.type == FA_CUDA_F32
               ? FA_LAUNCH(add_bags<float>, blocks, THREADS, 0, stream, image)
               : FA_LAUNCH(add_bags<__nv_bfloat16>, blocks, THREADS, 0, stream, image);
}
