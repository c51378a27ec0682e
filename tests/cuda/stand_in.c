/*
 * stand_in.c - with FA_TEST_BACKEND=cuda in the environment the backend `cuda` stands in for every backend
 * that a test opens, on the fakes of the CUDA runtime and of cuDNN, with kernels in the emulator.
 * FA_TEST_PRECISION (default fp32) is its precision.
 */
#include <stdlib.h>
#include <string.h>

#include "cuda/backend/backend.h"
#include "fake.h"

static struct fa_backend_ops table;

static fa_status open_in_precision(const struct fa_backend *base, struct fa_backend **out)
{
    const char *asked = getenv("FA_TEST_PRECISION");
    struct fa_backend precise = *base;

    precise.ops = &fa_backend_cuda;
    for (int p = 0; asked != NULL && fa_precision_names[p] != NULL; p++)
        if (strcmp(asked, fa_precision_names[p]) == 0)
            precise.precision = (enum fa_precision)p;
    return fa_backend_cuda.open(&precise, out);
}

__attribute__((constructor)) static void stand_in(void)
{
    const char *asked = getenv("FA_TEST_BACKEND");

    if (asked == NULL || strcmp(asked, "cuda") != 0)
        return;
    fake_fail_after(0); /* so that the program is linked with the fake, which kernels look for */
    setenv("FA_CUDA_RUNTIME", FA_FAKE "/libfake_cudart.so", 1);
    setenv("FA_CUDA_CUDNN", FA_FAKE, 1);
    setenv("FA_CUDA_KERNELS", "", 1);
    table = fa_backend_cuda;
    table.open = open_in_precision;
    fa_backend_stand_in = &table;
}
