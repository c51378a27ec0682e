#include "kernels.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME "libfreeanchor_cuda.so"

/* Beside the program, or in ../lib. */
static void *open_beside(const char *folder)
{
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    if (n < 0)
        return NULL;
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (slash == NULL || snprintf(slash + 1, sizeof path - (size_t)(slash + 1 - path), "%s" NAME, folder) < 0)
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void *open_library(const char *path)
{
    void *handle;

    if (path != NULL)
        return dlopen(path[0] != '\0' ? path : NULL, RTLD_NOW | RTLD_LOCAL);
    handle = open_beside("");
    if (handle == NULL)
        handle = open_beside("../lib/");
    return handle != NULL ? handle : dlopen(NAME, RTLD_NOW | RTLD_LOCAL);
}

fa_status fa_cuda_kernels_open(const char *path, struct fa_cuda_kernels *kernels)
{
    void *handle = open_library(path);

    if (handle == NULL)
        return fa_fail(FA_EMISSING,
                       "the kernels for GPUs could not be opened: %s; install the program with them, or "
                       "take a backend that computes on the CPU",
                       dlerror());
#define FA_CUDA_FIND(name)                                                                                   \
    *(void **)&kernels->name = dlsym(handle, "fa_cuda_" #name);                                              \
    if (kernels->name == NULL)                                                                               \
        return fa_fail(FA_EINVAL, "%s lacks fa_cuda_%s; it is of another version than the program",          \
                       path != NULL ? path : NAME, #name);
    FA_CUDA_KERNELS(FA_CUDA_FIND)
#undef FA_CUDA_FIND
    return FA_OK;
}

/* ---- for which GPUs ---- */

/* Code runs on later GPUs of its generation, the last one's PTX on all later ones. */
static bool has_code_for(const int *targets, int capability)
{
    for (; *targets != 0; targets++) {
        const int target = *targets / 10;

        if (target <= capability && (target / 10 == capability / 10 || targets[1] == 0))
            return true;
    }
    return false;
}

void fa_cuda_kernels_print_targets(const struct fa_cuda_kernels *kernels, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (const int *target = kernels->targets(); *target != 0 && n < size; target++)
        n += (size_t)snprintf(text + n, size - n, "%s%d.%d%s", n > 0 ? ", " : "", *target / 100,
                              *target / 10 % 10, target[1] == 0 ? " and later" : "");
}

fa_status fa_cuda_kernels_check(const struct fa_cuda_kernels *kernels, const struct fa_device *device)
{
    char text[128];

    if (has_code_for(kernels->targets(), device->capability))
        return FA_OK;
    fa_cuda_kernels_print_targets(kernels, text, sizeof text);
    return fa_fail(FA_EINVAL,
                   "GPU %d (%s) has compute capability %d.%d, and the kernels are for %s; build them with %d "
                   "in FA_CUDA_TARGETS, or take a backend that computes on the CPU",
                   device->number, device->name, device->capability / 10, device->capability % 10, text,
                   device->capability);
}
