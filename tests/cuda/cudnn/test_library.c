/*
 * test_library.c - CUDA's runtime and cuDNN that are absent, too old or mixed are told of in one sentence.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cuda/cudnn/library.h"
#include "cuda/runtime.h"
#include "fake.h"
#include "support.h"

static const char runtime_path[] = FA_FAKE "/libfake_cudart.so";

static void assert_runtime_fails(const char *name, const char *value, fa_status want, const char *text)
{
    struct fa_cuda *cuda;

    setenv(name, value, 1);
    assert_fails_saying(fa_cuda_open(runtime_path, &cuda), want, text);
    assert_null(cuda);
    unsetenv(name);
}

static void a_runtime_that_is_absent_or_has_no_fit_driver_is_told_of(void **state)
{
    struct fa_cuda *cuda;

    (void)state;
    assert_fails_saying(fa_cuda_open(FA_FAKE "/nowhere/libcudart.so", &cuda), FA_EMISSING,
                        "no CUDA runtime could be opened: " FA_FAKE "/nowhere/libcudart.so");
    assert_fails_saying(fa_cuda_open(FA_FAKE "/libcudnn_ops.so.9", &cuda), FA_EINVAL,
                        "libcudnn_ops.so.9 lacks cudaRuntimeGetVersion");
    assert_runtime_fails("FAKE_CUDA_VERSION", "11080", FA_EINVAL, "CUDA 11.8 of ");
    assert_runtime_fails("FAKE_DRIVER_VERSION", "0", FA_EMISSING, "there is no NVIDIA driver on this host");
    assert_runtime_fails("FAKE_DRIVER_VERSION", "12080", FA_EINVAL,
                         "the NVIDIA driver of this host is for CUDA 12.8, ");
    assert_ok(fa_cuda_open(runtime_path, &cuda));
    assert_int_equal(cuda->version, 13000);
    fa_cuda_close(cuda);
}

static void memory_of_a_gpu_is_counted_at_its_most(void **state)
{
    const size_t before = fa_cuda_peak_bytes();
    struct fa_cuda *cuda;
    void *first, *second;

    (void)state;
    assert_ok(fa_cuda_open(runtime_path, &cuda));
    assert_int_equal(cuda->cudaMalloc(&first, 1000), FA_CUDA_Success);
    assert_int_equal(cuda->cudaMalloc(&second, 500), FA_CUDA_Success);
    assert_int_equal(cuda->cudaFree(first), FA_CUDA_Success);
    assert_int_equal(cuda->cudaMalloc(&first, 800), FA_CUDA_Success);
    assert_int_equal(fa_cuda_peak_bytes() - before, 1500);
    fake_fail_after(1);
    assert_int_not_equal(cuda->cudaMalloc(&first, 5000), FA_CUDA_Success);
    assert_int_equal(fa_cuda_peak_bytes() - before, 1500);
    assert_int_equal(cuda->cudaFree(first), FA_CUDA_Success);
    assert_int_equal(cuda->cudaFree(second), FA_CUDA_Success);
    fa_cuda_close(cuda);
}

static void a_cudnn_that_is_absent_in_parts_or_too_old_is_told_of(void **state)
{
    struct fa_cudnn *cudnn;

    (void)state;
    assert_fails_saying(fa_cudnn_open(FA_FAKE "/nowhere", &cudnn), FA_EMISSING,
                        "no cuDNN 9 could be opened: " FA_FAKE "/nowhere/libcudnn_graph.so.9");
    assert_null(cudnn);
    setenv("FAKE_CUDNN_VERSION", "90501", 1);
    assert_fails_saying(fa_cudnn_open(FA_FAKE, &cudnn), FA_EINVAL, "cuDNN 9.5.1 in " FA_FAKE " is too old");
    unsetenv("FAKE_CUDNN_VERSION");
}

static void copy_file(const char *from, const char *to)
{
    char command[2048];

    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

static void a_part_that_is_not_there_is_named(void **state)
{
    const char *folder = fa_test_path(fa_test_directory(), "parts");
    char command[1024];
    struct fa_cudnn *cudnn;

    (void)state;
    snprintf(command, sizeof command, "mkdir '%s'", folder);
    assert_int_equal(system(command), 0);
    copy_file(FA_FAKE "/libcudnn_graph.so.9", fa_test_path(folder, "libcudnn_graph.so.9"));
    copy_file(FA_FAKE "/libcudnn_ops.so.9", fa_test_path(folder, "libcudnn_ops.so.9"));
    assert_fails_saying(fa_cudnn_open(folder, &cudnn), FA_EMISSING, "libcudnn_heuristic.so.9");
}

static void a_mixed_cudnn_is_told_of(void **state)
{
    const char *stranger = fa_test_path(fa_test_directory(), "libcudnn_ops.so.9");
    struct fa_cudnn *cudnn;
    void *handle;

    (void)state;
    setenv("FAKE_CUDNN_MIXED", "1", 1);
    assert_fails_saying(fa_cudnn_open(FA_FAKE, &cudnn), FA_EINVAL, "are of several versions");
    unsetenv("FAKE_CUDNN_MIXED");
    copy_file(FA_FAKE "/libcudnn_ops.so.9", stranger);
    handle = dlopen(stranger, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    assert_fails_saying(fa_cudnn_open(FA_FAKE, &cudnn), FA_EINVAL, stranger);
    dlclose(handle);
    assert_ok(fa_cudnn_open(FA_FAKE, &cudnn));
    assert_string_equal(cudnn->version, "9.19.0");
    assert_string_equal(cudnn->directory, FA_FAKE);
    fa_cudnn_close(cudnn);
}

/* What one call's failure leaves behind, for each call of both. */
static fa_status open_both(void)
{
    struct fa_cudnn *cudnn = NULL;
    struct fa_cuda *cuda;

    FA_TRY(fa_cuda_open(runtime_path, &cuda));
    fa_cuda_close(cuda);
    FA_TRY(fa_cudnn_open(FA_FAKE, &cudnn));
    fa_cudnn_close(cudnn);
    return FA_OK;
}

static void each_call_that_fails_at_the_start_is_told_of(void **state)
{
    long n = 1, before;

    (void)state;
    for (;; n++) {
        before = fake_calls();
        fake_fail_after(n);
        if (open_both() == FA_OK)
            break;
        assert_int_equal(fake_calls() - before, n);
        assert_int_equal(fake_live(), 0);
        assert_true(strlen(fa_message()) > 20);
    }
    fake_fail_after(0);
    assert_int_equal(n, 4);
    assert_survives_shortage(open_both());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_runtime_that_is_absent_or_has_no_fit_driver_is_told_of),
        cmocka_unit_test(memory_of_a_gpu_is_counted_at_its_most),
        cmocka_unit_test(a_cudnn_that_is_absent_in_parts_or_too_old_is_told_of),
        cmocka_unit_test(a_part_that_is_not_there_is_named),
        cmocka_unit_test(a_mixed_cudnn_is_told_of),
        cmocka_unit_test(each_call_that_fails_at_the_start_is_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
