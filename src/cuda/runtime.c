#include "runtime.h"

#include <dlfcn.h>
#include <stdio.h>

#include "fa/memory.h"

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
    return check_versions(cuda);
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
    *out = cuda;
    return FA_OK;
}

void fa_cuda_close(struct fa_cuda *cuda)
{
    fa_free(cuda);
}

fa_status fa_cuda_check(const struct fa_cuda *cuda, int error, const char *doing)
{
    if (error == FA_CUDA_Success)
        return FA_OK;
    return fa_fail(error == FA_CUDA_ErrorMemoryAllocation ? FA_ENOMEM : FA_EIO, "%s: CUDA says: %s", doing,
                   cuda->cudaGetErrorString(error));
}
