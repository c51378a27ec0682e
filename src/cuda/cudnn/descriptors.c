#include "descriptors.h"

#include <assert.h>

fa_cudnn_descriptor fa_cudnn_begin(struct fa_cudnn_descriptors *descriptors, int type)
{
    const struct fa_cudnn *cudnn = descriptors->cudnn;
    fa_cudnn_descriptor descriptor;

    assert(descriptors->n < FA_CUDNN_MOST_DESCRIPTORS);
    if (descriptors->status != FA_OK)
        return NULL;
    descriptors->status =
        fa_cudnn_check(cudnn, cudnn->cudnnBackendCreateDescriptor(type, &descriptor), "making a descriptor");
    if (descriptors->status != FA_OK)
        return NULL;
    descriptors->made[descriptors->n++] = descriptor;
    return descriptor;
}

void fa_cudnn_put(struct fa_cudnn_descriptors *descriptors, fa_cudnn_descriptor descriptor, int name,
                  int type, int64_t n, const void *values)
{
    const struct fa_cudnn *cudnn = descriptors->cudnn;

    if (descriptors->status == FA_OK)
        descriptors->status =
            fa_cudnn_check(cudnn, cudnn->cudnnBackendSetAttribute(descriptor, name, type, n, values),
                           "filling a descriptor");
}

void fa_cudnn_put_descriptor(struct fa_cudnn_descriptors *descriptors, fa_cudnn_descriptor descriptor,
                             int name, fa_cudnn_descriptor value)
{
    fa_cudnn_put(descriptors, descriptor, name, FA_CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

fa_cudnn_descriptor fa_cudnn_finish(struct fa_cudnn_descriptors *descriptors, fa_cudnn_descriptor descriptor)
{
    const struct fa_cudnn *cudnn = descriptors->cudnn;

    if (descriptors->status == FA_OK)
        descriptors->status =
            fa_cudnn_check(cudnn, cudnn->cudnnBackendFinalize(descriptor), "finishing a descriptor");
    return descriptor;
}

void fa_cudnn_end(struct fa_cudnn_descriptors *descriptors)
{
    while (descriptors->n > 0)
        (void)descriptors->cudnn->cudnnBackendDestroyDescriptor(descriptors->made[--descriptors->n]);
}

fa_status fa_cudnn_get(const struct fa_cudnn *cudnn, fa_cudnn_descriptor descriptor, int name, int type,
                       int64_t most, int64_t *n, void *values)
{
    return fa_cudnn_check(cudnn, cudnn->cudnnBackendGetAttribute(descriptor, name, type, most, n, values),
                          "reading a descriptor");
}
