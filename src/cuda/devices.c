#include "devices.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

fa_status fa_cuda_count_devices(const struct fa_cuda *cuda, int *n)
{
    *n = 0;
    FA_TRY(fa_cuda_check(cuda, cuda->cudaGetDeviceCount(n), "counting GPUs"));
    return fa_cuda_check(cuda, *n > 0 ? FA_CUDA_Success : FA_CUDA_ErrorNoDevice, "counting GPUs");
}

/* As nvidia-smi writes it. The name of a slice tells that it is one: "NVIDIA A100 MIG 1g.5gb". */
static void print_uuid(const unsigned char bytes[16], struct fa_device *device)
{
    size_t n = (size_t)snprintf(device->uuid, sizeof device->uuid, "%s-",
                                strstr(device->name, " MIG ") != NULL ? "MIG" : "GPU");

    for (int i = 0; i < 16; i++)
        n += (size_t)snprintf(device->uuid + n, sizeof device->uuid - n, "%s%02x",
                              i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

static fa_status ask_driver(const struct fa_cuda *cuda, struct fa_device *device)
{
    static const char asking[] = "asking the driver for a GPU";
    unsigned char uuid[16];
    size_t n_bytes;
    int handle;

    FA_TRY(fa_cuda_check(cuda, cuda->cuInit(0), asking));
    FA_TRY(fa_cuda_check(cuda, cuda->cuDeviceGet(&handle, device->number), asking));
    FA_TRY(fa_cuda_check(cuda, cuda->cuDeviceGetName(device->name, sizeof device->name, handle), asking));
    FA_TRY(fa_cuda_check(cuda, cuda->cuDeviceGetUuid_v2(uuid, handle), asking));
    FA_TRY(fa_cuda_check(cuda, cuda->cuDeviceTotalMem_v2(&n_bytes, handle), asking));
    if (cuda->cuDeviceGetPCIBusId(device->bus, sizeof device->bus, handle) != FA_CUDA_Success)
        device->bus[0] = '\0'; /* a virtual machine may hide it */
    for (char *letter = device->bus; *letter != '\0'; letter++)
        *letter = (char)tolower((unsigned char)*letter); /* as the system writes it */
    device->memory_bytes = n_bytes;
    print_uuid(uuid, device);
    return FA_OK;
}

fa_status fa_cuda_describe_device(const struct fa_cuda *cuda, int number, struct fa_device *device)
{
    int major = 0, minor = 0;

    *device = (struct fa_device){.number = number};
    FA_TRY(fa_cuda_check(cuda,
                         cuda->cudaDeviceGetAttribute(&major, FA_CUDA_DevAttrComputeCapabilityMajor, number),
                         "asking for a GPU's compute capability"));
    FA_TRY(fa_cuda_check(cuda,
                         cuda->cudaDeviceGetAttribute(&minor, FA_CUDA_DevAttrComputeCapabilityMinor, number),
                         "asking for a GPU's compute capability"));
    device->capability = 10 * major + minor;
    return ask_driver(cuda, device);
}
