/*
 * choose.c - which of the host's GPUs a rank computes on.
 */
#include <stdio.h>

#include "../devices.h"
#include "backend.h"

/* Ranks whose launcher shows each of them one GPU all find it under number 0. */
static int number_of(const struct fa_backend *base, int n)
{
    if (base->device >= 0)
        return base->device;
    if (base->share_device)
        return base->local_rank % n;
    return n == 1 ? 0 : base->local_rank;
}

fa_status fa_cuda_choose_device(struct fa_cuda_device *device, const struct fa_backend *base)
{
    struct fa_cuda *cuda = device->runtime;
    int n, number;

    FA_TRY(fa_cuda_count_devices(cuda, &n));
    number = number_of(base, n);
    if (number >= n)
        return fa_fail(FA_EINVAL,
                       "GPU %d is asked for, and this host shows %d, whose numbers begin with 0; start at "
                       "most as many ranks on a host, let them share by backend.share_device, or name one by "
                       "backend.device",
                       number, n);
    FA_TRY(fa_cuda_describe_device(cuda, number, &device->place));
    snprintf(cuda->gpu, sizeof cuda->gpu, "GPU %d (%.96s)", number, device->place.name);
    return fa_cuda_check(cuda, cuda->cudaSetDevice(number), "choosing a GPU");
}
