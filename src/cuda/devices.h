/*
 * devices.h - the GPUs that this process sees, as the driver describes them. Nothing here takes memory of
 * one.
 */
#ifndef FA_CUDA_DEVICES_H
#define FA_CUDA_DEVICES_H

#include "fa/device.h"
#include "runtime.h"

/* How many; FA_EMISSING, saying what to do, where there is none. */
fa_status fa_cuda_count_devices(const struct fa_cuda *cuda, int *n) FA_CHECK_RESULT;

fa_status fa_cuda_describe_device(const struct fa_cuda *cuda, int number,
                                  struct fa_device *device) FA_CHECK_RESULT;

#endif
