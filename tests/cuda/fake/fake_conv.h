/*
 * fake_conv.h - convolutions of the fake cuDNN: plain loops over tensors of any strides.
 */
#ifndef FA_TESTS_CUDA_FAKE_CONV_H
#define FA_TESTS_CUDA_FAKE_CONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_tensor {
    int64_t uid;
    int type;                   /* FA_CUDNN_DATA_... */
    int64_t size[4], stride[4]; /* n c h w, of filters k c r s */
    bool is_virtual;
    void *data;
};

enum fake_direction { FAKE_FORWARD, FAKE_BACKWARD_DATA, FAKE_BACKWARD_WEIGHTS };

struct fake_conv {
    enum fake_direction direction;
    int64_t pad, stride, groups;
    bool tf32; /* factors of 10 bits */
    bool relu;
    struct fake_tensor x, w, y, z, b; /* z and b with data NULL are absent */
    void *workspace;
    size_t workspace_bytes; /* all of which it overwrites */
};

/* argument: a struct fake_conv. */
void fake_conv_run(void *argument);

/* Elements of memory from a tensor's first to its last. */
size_t fake_tensor_extent(const struct fake_tensor *tensor);

#endif
