/*
 * fake_device.c - what the fake CUDA runtime says of itself and its devices; and which calls fail.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_runtime.h"

long fake_environment(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* ---- calls that fail, things that live ---- */

static atomic_long n_calls, n_live, countdown;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_order(void)
{
    atomic_store(&countdown, fake_environment("FAKE_FAIL", 0));
}

void fake_fail_after(long n)
{
    pthread_once(&once, read_order);
    atomic_store(&countdown, n);
}

bool fake_call_fails(void)
{
    long left;

    pthread_once(&once, read_order);
    atomic_fetch_add(&n_calls, 1);
    left = atomic_load(&countdown);
    while (left > 0)
        if (atomic_compare_exchange_weak(&countdown, &left, left - 1))
            return left == 1;
    return false;
}

long fake_calls(void)
{
    return atomic_load(&n_calls);
}

void fake_count_live(long change)
{
    atomic_fetch_add(&n_live, change);
}

long fake_live(void)
{
    return atomic_load(&n_live);
}

void *fake_make(size_t n_bytes)
{
    void *memory = calloc(1, n_bytes);

    if (memory == NULL)
        abort();
    fake_count_live(1);
    return memory;
}

void fake_destroy(void *thing)
{
    fake_count_live(-1);
    free(thing);
}

/* ---- devices ---- */

int cudaRuntimeGetVersion(int *version)
{
    *version = (int)fake_environment("FAKE_CUDA_VERSION", 13000);
    return fake_call_fails() ? UNKNOWN : FA_CUDA_Success;
}

int cudaDriverGetVersion(int *version)
{
    *version = (int)fake_environment("FAKE_DRIVER_VERSION", 13000);
    return fake_call_fails() ? UNKNOWN : FA_CUDA_Success;
}

const char *cudaGetErrorString(int error)
{
    static _Thread_local char text[64];

    snprintf(text, sizeof text, error == FA_CUDA_ErrorMemoryAllocation ? "out of memory" : "fake error %d",
             error);
    return text;
}

int cudaGetLastError(void)
{
    return FA_CUDA_Success;
}

int cudaGetDeviceCount(int *n)
{
    *n = (int)fake_environment("FAKE_DEVICES", 1);
    return fake_call_fails() || *n == 0 ? NO_DEVICE : FA_CUDA_Success;
}

int cudaSetDevice(int device)
{
    if (device < 0 || device >= fake_environment("FAKE_DEVICES", 1))
        return INVALID_DEVICE;
    return fake_call_fails() ? NO_DEVICE : FA_CUDA_Success;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device)
{
    (void)device;
    *value = attribute == FA_CUDA_DevAttrComputeCapabilityMajor   ? 9
             : attribute == FA_CUDA_DevAttrComputeCapabilityMinor ? 0
                                                                  : 132;
    return fake_call_fails() ? INVALID_VALUE : FA_CUDA_Success;
}
