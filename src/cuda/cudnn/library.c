#include "library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"

/* The first that describes a device by text, and finalises plans for it without a handle. */
enum { LEAST_VERSION = 90800 };

/* In the order of their needs. An engine that compiles at run time is never used, but the heuristics ask its
 * library too. */
static const char *const sublibraries[] = {"graph", "ops", "heuristic", "engines_precompiled",
                                           "engines_runtime_compiled"};

enum { N_SUBLIBRARIES = sizeof sublibraries / sizeof sublibraries[0] };

struct handles {
    void *of[N_SUBLIBRARIES];
};

static void close_all(struct handles *handles)
{
    for (int i = N_SUBLIBRARIES - 1; i >= 0; i--)
        if (handles->of[i] != NULL)
            dlclose(handles->of[i]);
}

/* ---- where it is ---- */

/* The directory of a library that is open. */
static void locate(void *handle, char directory[FA_CUDNN_DIRECTORY_MAX])
{
    struct link_map *map;
    char *slash;

    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
        return;
    snprintf(directory, FA_CUDNN_DIRECTORY_MAX, "%s", map->l_name);
    slash = strrchr(directory, '/');
    if (slash != NULL)
        *slash = '\0';
}

/* Leaves directory "" where there is none. */
static void find_directory(char directory[FA_CUDNN_DIRECTORY_MAX])
{
    static const char *const names[] = {"libcudnn_graph.so.9", "/usr/local/cuda/lib64/libcudnn_graph.so.9"};

    for (size_t i = 0; i < sizeof names / sizeof names[0] && directory[0] == '\0'; i++) {
        void *handle = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);

        if (handle != NULL) {
            locate(handle, directory);
            dlclose(handle);
        }
    }
}

struct stranger {
    const char *directory;
    char path[FA_CUDNN_DIRECTORY_MAX]; /* a part of cuDNN from elsewhere; "" if there is none */
};

static int look_for_stranger(struct dl_phdr_info *object, size_t size, void *context)
{
    struct stranger *stranger = context;
    const char *slash = strrchr(object->dlpi_name, '/');
    const size_t n = strlen(stranger->directory);

    (void)size;
    if (slash == NULL || strncmp(slash, "/libcudnn", 9) != 0)
        return 0;
    if ((size_t)(slash - object->dlpi_name) == n && memcmp(object->dlpi_name, stranger->directory, n) == 0)
        return 0;
    snprintf(stranger->path, sizeof stranger->path, "%s", object->dlpi_name);
    return 1;
}

static fa_status check_strangers(const char *directory)
{
    struct stranger stranger = {.directory = directory};

    dl_iterate_phdr(look_for_stranger, &stranger);
    if (stranger.path[0] == '\0')
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "cuDNN is mixed: %s is open beside the one in %s; leave one of the two in LD_LIBRARY_PATH",
                   stranger.path, directory);
}

/* ---- opening ---- */

static fa_status open_sublibrary(const char *directory, const char *name, void **out)
{
    char path[FA_CUDNN_DIRECTORY_MAX + 64];

    snprintf(path, sizeof path, "%s/libcudnn_%s.so.9", directory, name);
    *out = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (*out != NULL)
        return FA_OK;
    return fa_fail(FA_EMISSING, "no cuDNN 9 could be opened: %s; install it whole, or name its directory",
                   dlerror());
}

static fa_status open_all(const char *directory, struct handles *handles)
{
    for (int i = 0; i < N_SUBLIBRARIES; i++)
        FA_TRY(open_sublibrary(directory, sublibraries[i], &handles->of[i]));
    return FA_OK;
}

static fa_status find_functions(void *graph, struct fa_cudnn *cudnn)
{
#define FA_CUDNN_FIND(result, name, arguments)                                                               \
    *(void **)&cudnn->name = dlsym(graph, #name);                                                            \
    if (cudnn->name == NULL)                                                                                 \
        return fa_fail(FA_EINVAL, "cuDNN in %s lacks %s; install at least 9.8", cudnn->directory, #name);
    FA_CUDNN_FUNCTIONS(FA_CUDNN_FIND)
#undef FA_CUDNN_FIND
    return FA_OK;
}

static fa_status check_version(struct fa_cudnn *cudnn)
{
    const size_t version = cudnn->cudnnGetVersion();

    snprintf(cudnn->version, sizeof cudnn->version, "%zu.%zu.%zu", version / 10000, version / 100 % 100,
             version % 100);
    if (version >= LEAST_VERSION)
        return FA_OK;
    return fa_fail(FA_EINVAL, "cuDNN %s in %s is too old; install at least 9.8", cudnn->version,
                   cudnn->directory);
}

/* cuDNN compares the versions of its parts only once it needs them: a descriptor does. */
static fa_status check_parts(const struct fa_cudnn *cudnn)
{
    fa_cudnn_descriptor descriptor;
    const int status =
        cudnn->cudnnBackendCreateDescriptor(FA_CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &descriptor);

    if (status == FA_CUDNN_STATUS_SUCCESS)
        return fa_cudnn_check(cudnn, cudnn->cudnnBackendDestroyDescriptor(descriptor), "ending a descriptor");
    if (status == FA_CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH)
        return fa_fail(FA_EINVAL, "cuDNN is mixed: the parts in %s are of several versions; install it anew",
                       cudnn->directory);
    return fa_cudnn_check(cudnn, status, "starting cuDNN");
}

static fa_status open_in(struct fa_cudnn *cudnn, struct handles *handles)
{
    FA_TRY(open_all(cudnn->directory, handles));
    FA_TRY(find_functions(handles->of[0], cudnn));
    FA_TRY(check_version(cudnn));
    FA_TRY(check_strangers(cudnn->directory));
    return check_parts(cudnn);
}

fa_status fa_cudnn_open(const char *directory, struct fa_cudnn **out)
{
    struct handles handles = {{NULL}};
    struct fa_cudnn *cudnn;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *cudnn, &cudnn));
    if (directory != NULL)
        snprintf(cudnn->directory, sizeof cudnn->directory, "%s", directory);
    if (cudnn->directory[0] == '\0')
        find_directory(cudnn->directory);
    if (cudnn->directory[0] != '\0')
        status = open_in(cudnn, &handles);
    else
        status = fa_fail(FA_EMISSING, "no cuDNN 9 was found by the system's loader, nor in "
                                      "/usr/local/cuda/lib64; install it, or name its directory");
    if (status != FA_OK) {
        close_all(&handles);
        fa_free(cudnn);
        return status;
    }
    *out = cudnn;
    return FA_OK;
}

void fa_cudnn_close(struct fa_cudnn *cudnn)
{
    fa_free(cudnn);
}

static bool is_want_of_memory(int status)
{
    return status == FA_CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
           status == FA_CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
}

fa_status fa_cudnn_check(const struct fa_cudnn *cudnn, int status, const char *doing)
{
    const bool is_lost = status / 1000 == FA_CUDNN_STATUS_EXECUTION_FAILED / 1000;
    char words[512] = "";

    if (status == FA_CUDNN_STATUS_SUCCESS)
        return FA_OK;
    cudnn->cudnnGetLastErrorString(words, sizeof words);
    return fa_fail(is_want_of_memory(status) ? FA_ENOMEM : FA_EIO, "%s: cuDNN %s says%s%s: %s%s%s%s", doing,
                   cudnn->version, cudnn->gpu[0] != '\0' ? " of " : "", cudnn->gpu,
                   cudnn->cudnnGetErrorString(status), words[0] != '\0' ? ": " : "", words,
                   is_lost ? "; Xid in dmesg may tell why it failed; start again, on another one if this "
                             "happens again"
                           : "");
}
