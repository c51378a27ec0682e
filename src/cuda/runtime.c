#include "runtime.h"

#include <dlfcn.h>
#include <stdio.h>

#include "fa/memory.h"

#define DRIVER "libcuda.so.1"

enum { LEAST_VERSION = 12000 };

static const char *const places[] = {"libcudart.so.13", "libcudart.so.12",
                                     "/usr/local/cuda/lib64/libcudart.so"};

static void *open_first(char path[FA_CUDA_PATH_MAX])
{
    void *handle = NULL;

    for (size_t i = 0; i < sizeof places / sizeof places[0] && handle == NULL; i++) {
        snprintf(path, FA_CUDA_PATH_MAX, "%s", places[i]);
        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    return handle;
}

static fa_status find_functions(void *handle, struct fa_cuda *cuda)
{
#define FA_CUDA_FIND(result, name, arguments)                                                                \
    *(void **)&cuda->name = dlsym(handle, #name);                                                            \
    if (cuda->name == NULL)                                                                                  \
        return fa_fail(FA_EINVAL, "%s lacks %s; install CUDA 12 or 13", cuda->path, #name);
    FA_CUDA_FUNCTIONS(FA_CUDA_FIND)
#undef FA_CUDA_FIND
    return FA_OK;
}

/* A runtime over host memory is its own driver. */
static fa_status find_driver(void *runtime, struct fa_cuda *cuda)
{
    void *handle = dlsym(runtime, "cuInit") != NULL ? runtime : dlopen(DRIVER, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return fa_fail(FA_EMISSING, "the NVIDIA driver could not be opened: %s; install it whole", dlerror());
#define FA_CUDA_FIND(result, name, arguments)                                                                \
    *(void **)&cuda->name = dlsym(handle, #name);                                                            \
    if (cuda->name == NULL)                                                                                  \
        return fa_fail(FA_EINVAL, "%s lacks %s; install a newer NVIDIA driver", DRIVER, #name);
    FA_CUDA_DRIVER_FUNCTIONS(FA_CUDA_FIND)
#undef FA_CUDA_FIND
    return FA_OK;
}

/* A driver serves every runtime of its own major version and of those before. */
static fa_status check_versions(struct fa_cuda *cuda)
{
    FA_TRY(fa_cuda_check(cuda, cuda->cudaRuntimeGetVersion(&cuda->version), "asking CUDA for its version"));
    FA_TRY(fa_cuda_check(cuda, cuda->cudaDriverGetVersion(&cuda->driver_version),
                         "asking the driver for its version"));
    if (cuda->version < LEAST_VERSION)
        return fa_fail(FA_EINVAL, "CUDA %d.%d of %s is too old; install CUDA 12 or 13", cuda->version / 1000,
                       cuda->version % 1000 / 10, cuda->path);
    if (cuda->driver_version == 0)
        return fa_fail(FA_EMISSING,
                       "there is no NVIDIA driver on this host; install one for CUDA %d, or take a backend "
                       "that computes on the CPU",
                       cuda->version / 1000);
    if (cuda->driver_version / 1000 < cuda->version / 1000)
        return fa_fail(FA_EINVAL,
                       "the NVIDIA driver of this host is for CUDA %d.%d, %s is of CUDA %d.%d; install a "
                       "newer driver, or CUDA %d",
                       cuda->driver_version / 1000, cuda->driver_version % 1000 / 10, cuda->path,
                       cuda->version / 1000, cuda->version % 1000 / 10, cuda->driver_version / 1000);
    return FA_OK;
}

static fa_status open_into(struct fa_cuda *cuda, void **handle)
{
    *handle = cuda->path[0] != '\0' ? dlopen(cuda->path, RTLD_NOW | RTLD_LOCAL) : open_first(cuda->path);
    if (*handle == NULL)
        return fa_fail(FA_EMISSING,
                       "no CUDA runtime could be opened: %s; install CUDA 12 or 13, or name its "
                       "libcudart",
                       dlerror());
    FA_TRY(find_functions(*handle, cuda));
    FA_TRY(check_versions(cuda));
    return find_driver(*handle, cuda);
}

fa_status fa_cuda_open(const char *path, struct fa_cuda **out)
{
    struct fa_cuda *cuda;
    void *handle = NULL;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *cuda, &cuda));
    if (path != NULL)
        snprintf(cuda->path, sizeof cuda->path, "%s", path);
    status = open_into(cuda, &handle);
    if (status != FA_OK) {
        if (handle != NULL)
            dlclose(handle);
        fa_free(cuda);
        return status;
    }
    fa_cuda_count_memory(cuda);
    *out = cuda;
    return FA_OK;
}

void fa_cuda_close(struct fa_cuda *cuda)
{
    fa_free(cuda);
}

/* ---- failures ---- */

#define LOST                                                                                                 \
    "it is lost to this process (Xid in dmesg may tell why); start again, on another one if this happens "   \
    "again"

static const struct {
    int error;
    const char *text;
} advices[] = {
    {FA_CUDA_ErrorInsufficientDriver, "install a newer NVIDIA driver"},
    {FA_CUDA_ErrorUnsupportedPtxVersion, "install a newer NVIDIA driver"},
    {FA_CUDA_ErrorSystemDriverMismatch, "install one version of the NVIDIA driver, and load its module anew"},
    {FA_CUDA_ErrorDevicesUnavailable,
     "another process has it to itself, or it is set to prohibit computing (nvidia-smi tells); wait, "
     "or name another one by backend.device"},
    {FA_CUDA_ErrorNoDevice,
     "see what nvidia-smi and CUDA_VISIBLE_DEVICES show, or take a backend that computes "
     "on the CPU"},
    {FA_CUDA_ErrorNoKernelImageForDevice, "build the kernels for it too (FA_CUDA_TARGETS)"},
    {FA_CUDA_ErrorStartupFailure, LOST},
    {FA_CUDA_ErrorECCUncorrectable, LOST},
    {FA_CUDA_ErrorIllegalAddress, LOST},
    {FA_CUDA_ErrorHardwareStackError, LOST},
    {FA_CUDA_ErrorLaunchFailure, LOST},
    {FA_CUDA_ErrorUnknown, LOST},
};

static const char *advice_on(int error)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (advices[i].error == error)
            return advices[i].text;
    return NULL;
}

static fa_status fail_for_memory(const struct fa_cuda *cuda, const char *doing, const char *of)
{
    size_t left = 0, all = 0;

    (void)cuda->cudaMemGetInfo(&left, &all);
    return fa_fail(
        FA_ENOMEM,
        "%s: CUDA says%s: %s, %zu of %zu MiB are free; make data.scale or train.lanes smaller, take "
        "train.precision bf16, or end other processes there (nvidia-smi)",
        doing, of, cuda->cudaGetErrorString(FA_CUDA_ErrorMemoryAllocation), left >> 20, all >> 20);
}

static fa_status fail(const struct fa_cuda *cuda, int error, const char *doing)
{
    const char *advice = advice_on(error);
    char of[sizeof cuda->gpu + 8] = "";

    if (cuda->gpu[0] != '\0')
        snprintf(of, sizeof of, " of %s", cuda->gpu);
    if (error == FA_CUDA_ErrorMemoryAllocation)
        return fail_for_memory(cuda, doing, of);
    return fa_fail(error == FA_CUDA_ErrorNoDevice ? FA_EMISSING : FA_EIO, "%s: CUDA says%s: %s%s%s", doing,
                   of, cuda->cudaGetErrorString(error), advice != NULL ? "; " : "",
                   advice != NULL ? advice : "");
}

fa_status fa_cuda_check(const struct fa_cuda *cuda, int error, const char *doing)
{
    return error == FA_CUDA_Success ? FA_OK : fail(cuda, error, doing);
}
