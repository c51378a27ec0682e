/*
 * device_head.h - the scenes of tests/detect on the device.
 */
#ifndef FA_TESTS_CUDA_DEVICE_HEAD_H
#define FA_TESTS_CUDA_DEVICE_HEAD_H

#include "head.h"
#include "on_device.h"
#include "scene.h"

/* The scene's head in that type; the scene's own values are rounded to it. Positions are padded to whole
   packs, and more_padding channels beyond. */
struct fa_cuda_head device_head_new(enum fa_cuda_type type, struct test_scene *scene, int more_padding);
void device_head_free(struct fa_cuda_head *head);

/* What now stands on the device, as floats in the host's layout; freed by fa_free. Fails unless padding is 0.
 */
float *device_head_read_cls(const struct fa_cuda_head *head);
float *device_head_read_reg(const struct fa_cuda_head *head);

/* Objects on the device, with room for `most`. */
struct fa_cuda_objects device_objects_new(const struct fa_objects *objects, int most);
void device_objects_free(struct fa_cuda_objects *objects);

#endif
