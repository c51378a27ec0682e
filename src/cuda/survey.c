/*
 * survey.c - what there is on this host for the backend `cuda`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudnn/library.h"
#include "devices.h"
#include "fa/cuda.h"
#include "kernels.h"

enum { MOST_DEVICES = 64 };

const char *const fa_cuda_part_names[] = {[FA_CUDA_PART_RUNTIME] = "CUDA",
                                          [FA_CUDA_PART_CUDNN] = "cuDNN",
                                          [FA_CUDA_PART_KERNELS] = "GPU kernels",
                                          [FA_CUDA_PART_DEVICES] = "GPUs",
                                          NULL};

/* A failure's message stands for what would be said of the part. */
static void conclude(fa_status status, struct fa_cuda_finding *part)
{
    part->is_there = status == FA_OK;
    if (status != FA_OK)
        snprintf(part->text, sizeof part->text, "%s", fa_message());
}

static fa_status look_at_runtime(struct fa_cuda_finding *part, struct fa_cuda **cuda)
{
    FA_TRY(fa_cuda_open(getenv("FA_CUDA_RUNTIME"), cuda));
    snprintf(part->text, sizeof part->text, "%d.%d (%.100s), driver for CUDA %d.%d", (*cuda)->version / 1000,
             (*cuda)->version % 1000 / 10, (*cuda)->path, (*cuda)->driver_version / 1000,
             (*cuda)->driver_version % 1000 / 10);
    return FA_OK;
}

static fa_status look_at_cudnn(struct fa_cuda_finding *part)
{
    struct fa_cudnn *cudnn;

    FA_TRY(fa_cudnn_open(getenv("FA_CUDA_CUDNN"), &cudnn));
    snprintf(part->text, sizeof part->text, "%s (%.200s)", cudnn->version, cudnn->directory);
    fa_cudnn_close(cudnn);
    return FA_OK;
}

static fa_status look_at_kernels(struct fa_cuda_finding *part)
{
    struct fa_cuda_kernels kernels;
    char targets[128];

    FA_TRY(fa_cuda_kernels_open(getenv("FA_CUDA_KERNELS"), &kernels));
    fa_cuda_kernels_print_targets(&kernels, targets, sizeof targets);
    snprintf(part->text, sizeof part->text, "for compute capability %s", targets);
    return FA_OK;
}

/* ---- GPUs ---- */

static bool are_alike(const struct fa_device *a, const struct fa_device *b)
{
    return strcmp(a->name, b->name) == 0 && a->memory_bytes == b->memory_bytes;
}

/* Runs of equal ones together. */
static void print_devices(const struct fa_device *devices, int n, char *text, size_t size)
{
    size_t used = 0;
    int alike;

    for (int i = 0; i < n && used < size; i += alike) {
        const struct fa_device *device = &devices[i];

        for (alike = 1; i + alike < n && are_alike(device, device + alike);)
            alike++;
        used += (size_t)snprintf(text + used, size - used, "%s%d of %s (compute capability %d.%d, %.0f GiB)",
                                 i > 0 ? ", " : "", alike, device->name, device->capability / 10,
                                 device->capability % 10, (double)device->memory_bytes / 1073741824);
    }
}

static fa_status look_at_devices(const struct fa_cuda *cuda, struct fa_cuda_finding *part)
{
    struct fa_device devices[MOST_DEVICES];
    int n;

    if (cuda == NULL)
        return fa_fail(FA_EMISSING, "they are not looked for without CUDA");
    FA_TRY(fa_cuda_count_devices(cuda, &n));
    if (n > MOST_DEVICES)
        n = MOST_DEVICES;
    for (int i = 0; i < n; i++)
        FA_TRY(fa_cuda_describe_device(cuda, i, &devices[i]));
    print_devices(devices, n, part->text, sizeof part->text);
    return FA_OK;
}

void fa_cuda_survey(struct fa_cuda_finding findings[FA_CUDA_PARTS])
{
    struct fa_cuda *cuda = NULL;

    memset(findings, 0, FA_CUDA_PARTS * sizeof *findings);
    conclude(look_at_runtime(&findings[FA_CUDA_PART_RUNTIME], &cuda), &findings[FA_CUDA_PART_RUNTIME]);
    conclude(look_at_cudnn(&findings[FA_CUDA_PART_CUDNN]), &findings[FA_CUDA_PART_CUDNN]);
    conclude(look_at_kernels(&findings[FA_CUDA_PART_KERNELS]), &findings[FA_CUDA_PART_KERNELS]);
    conclude(look_at_devices(cuda, &findings[FA_CUDA_PART_DEVICES]), &findings[FA_CUDA_PART_DEVICES]);
    fa_cuda_close(cuda);
}
