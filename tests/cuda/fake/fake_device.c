/*
 * fake_device.c - what the fake CUDA runtime says of itself and its devices; and which calls fail.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_runtime.h"

long fake_environment(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* ---- calls that fail, things that live ---- */

static atomic_long n_calls, n_live, countdown;
static atomic_bool is_lost;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_order(void)
{
    atomic_store(&countdown, fake_environment("FAKE_FAIL", 0));
}

/* Once the file is there, the GPU is gone for good. */
bool fake_is_lost(void)
{
    const char *sign = getenv("FAKE_LOST");

    if (sign != NULL && access(sign, F_OK) == 0)
        atomic_store(&is_lost, true);
    return atomic_load(&is_lost);
}

bool fake_hangs(void)
{
    const char *sign = getenv("FAKE_HANGS");

    return sign != NULL && access(sign, F_OK) == 0;
}

void fake_lose(bool lost)
{
    atomic_store(&is_lost, lost);
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

int fake_call(int ordered)
{
    const bool fails = fake_call_fails();

    if (fake_is_lost())
        return FA_CUDA_ErrorLaunchFailure;
    return fails ? ordered : FA_CUDA_Success;
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

/* ---- versions ---- */

int cudaRuntimeGetVersion(int *version)
{
    *version = (int)fake_environment("FAKE_CUDA_VERSION", 13000);
    return fake_call(FA_CUDA_ErrorUnknown);
}

int cudaDriverGetVersion(int *version)
{
    *version = (int)fake_environment("FAKE_DRIVER_VERSION", 13000);
    return fake_call(FA_CUDA_ErrorUnknown);
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

/* ---- devices ---- */

/* Of those that the host has, the one that this process calls by the number; -1: none. */
static long device_of(int number)
{
    const long n = fake_environment("FAKE_DEVICES", 1);
    const char *shown = getenv("CUDA_VISIBLE_DEVICES");
    long device = number;

    for (int i = 0; shown != NULL && i <= number; i++) {
        char *end;

        device = strtol(shown, &end, 10);
        if (end == shown)
            return -1;
        shown = *end == ',' ? end + 1 : "";
    }
    return device >= 0 && device < n ? device : -1;
}

int cudaGetDeviceCount(int *n)
{
    *n = 0;
    while (device_of(*n) >= 0)
        ++*n;
    FAKE_TRY(fake_call(FA_CUDA_ErrorNoDevice));
    return *n == 0 ? FA_CUDA_ErrorNoDevice : FA_CUDA_Success;
}

int cudaSetDevice(int device)
{
    if (device_of(device) < 0)
        return INVALID_DEVICE;
    if (device_of(device) == fake_environment("FAKE_BUSY", -1))
        return FA_CUDA_ErrorDevicesUnavailable;
    return fake_call(FA_CUDA_ErrorNoDevice);
}

int cudaDeviceGetAttribute(int *value, int attribute, int device)
{
    const int capability = (int)fake_environment("FAKE_CAPABILITY", 90);

    (void)device;
    *value = attribute == FA_CUDA_DevAttrComputeCapabilityMajor   ? capability / 10
             : attribute == FA_CUDA_DevAttrComputeCapabilityMinor ? capability % 10
                                                                  : 132;
    return fake_call(INVALID_VALUE);
}

/* ---- the driver's own functions ---- */

int cuInit(unsigned flags)
{
    (void)flags;
    return fake_call(FA_CUDA_ErrorNoDevice);
}

int cuDeviceGet(int *device, int number)
{
    *device = (int)device_of(number);
    FAKE_TRY(fake_call(INVALID_DEVICE));
    return *device < 0 ? INVALID_DEVICE : FA_CUDA_Success;
}

int cuDeviceGetName(char *name, int size, int device)
{
    const char *given = getenv("FAKE_NAME");

    (void)device;
    snprintf(name, (size_t)size, "%s", given != NULL ? given : "Fake GPU");
    return fake_call(INVALID_DEVICE);
}

/* Tells of the GPU, wherever it is seen from. */
int cuDeviceGetUuid_v2(unsigned char uuid[16], int device)
{
    memset(uuid, 0xfa, 16);
    uuid[15] = (unsigned char)device;
    return fake_call(INVALID_DEVICE);
}

int cuDeviceTotalMem_v2(size_t *n_bytes, int device)
{
    (void)device;
    *n_bytes = fake_memory_bytes();
    return fake_call(INVALID_DEVICE);
}

int cuDeviceGetPCIBusId(char *bus, int size, int device)
{
    snprintf(bus, (size_t)size, "0000:%02X:00.0", 0xf0 + device);
    return fake_call(INVALID_DEVICE);
}

static atomic_size_t memory_bytes;

void fake_set_memory(size_t n_bytes)
{
    atomic_store(&memory_bytes, n_bytes);
}

size_t fake_memory_bytes(void)
{
    const size_t set = atomic_load(&memory_bytes);

    return set > 0 ? set : (size_t)fake_environment("FAKE_MEMORY_MIB", 16384) << 20;
}
