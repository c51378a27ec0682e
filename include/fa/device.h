/*
 * device.h - a device beside the processors that a backend computes on.
 */
#ifndef FA_DEVICE_H
#define FA_DEVICE_H

#include <stdint.h>

/* Plain data, for people and for comparison. */
struct fa_device {
    int number;     /* of those that this process sees */
    int capability; /* 90 is sm_90 */
    char name[96];  /* "NVIDIA H200" */
    char uuid[48];  /* "GPU-...", "MIG-..." of a slice: the same for whoever sees it, under any number */
    char bus[16];   /* where it is plugged in, "0000:3b:00.0"; "" unknown */
    uint64_t memory_bytes;
};

#endif
