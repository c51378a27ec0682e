/*
 * test_devices.c - GPUs are told apart whoever numbers them, and what CUDA says of one comes with what to do.
 */
#include "cuda/devices.h"

#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "support.h"

static struct fa_cuda *cuda;

static int open_runtime(void **state)
{
    (void)state;
    assert_ok(fa_cuda_open(FA_FAKE "/libfake_cudart.so", &cuda));
    return 0;
}

static int close_runtime(void **state)
{
    fa_cuda_close(cuda);
    return fa_test_memory_balances(state);
}

/* Their number, with these on the host and those of them shown. */
static int count(const char *on_host, const char *shown)
{
    int n;

    setenv("FAKE_DEVICES", on_host, 1);
    if (shown != NULL)
        setenv("CUDA_VISIBLE_DEVICES", shown, 1);
    else
        unsetenv("CUDA_VISIBLE_DEVICES");
    assert_ok(fa_cuda_count_devices(cuda, &n));
    return n;
}

static struct fa_device describe(int number)
{
    struct fa_device device;

    assert_ok(fa_cuda_describe_device(cuda, number, &device));
    return device;
}

static void a_gpu_has_one_name_under_any_number(void **state)
{
    struct fa_device all[4], shown[2];

    (void)state;
    assert_int_equal(count("4", NULL), 4);
    for (int i = 0; i < 4; i++)
        all[i] = describe(i);
    assert_int_equal(count("4", "3,1"), 2);
    for (int i = 0; i < 2; i++)
        shown[i] = describe(i);
    assert_string_equal(shown[0].uuid, all[3].uuid);
    assert_string_equal(shown[1].uuid, all[1].uuid);
    assert_string_not_equal(all[3].uuid, all[1].uuid);
    assert_string_equal(all[3].uuid, "GPU-fafafafa-fafa-fafa-fafa-fafafafafa03");
    assert_string_equal(all[3].bus, "0000:f3:00.0");
    assert_string_equal(all[3].name, "Fake GPU");
    assert_int_equal(all[3].capability, 90);
    assert_int_equal(all[3].memory_bytes, (uint64_t)16 << 30);
}

static void a_slice_of_a_gpu_is_not_the_gpu(void **state)
{
    (void)state;
    assert_int_equal(count("1", NULL), 1);
    setenv("FAKE_NAME", "NVIDIA A100-SXM4-40GB MIG 1g.5gb", 1);
    assert_memory_equal(describe(0).uuid, "MIG-", 4);
    unsetenv("FAKE_NAME");
}

static void a_host_without_a_gpu_is_told_of(void **state)
{
    int n;

    (void)state;
    setenv("FAKE_DEVICES", "0", 1);
    assert_fails_saying(fa_cuda_count_devices(cuda, &n), FA_EMISSING,
                        "see what nvidia-smi and CUDA_VISIBLE_DEVICES");
    setenv("FAKE_DEVICES", "1", 1);
}

static void what_fails_comes_with_the_gpu_and_what_to_do(void **state)
{
    static const struct {
        int error;
        fa_status status;
        const char *advice;
    } cases[] = {{FA_CUDA_ErrorMemoryAllocation, FA_ENOMEM, "100 of 100 MiB are free; make data.scale"},
                 {FA_CUDA_ErrorInsufficientDriver, FA_EIO, "install a newer NVIDIA driver"},
                 {FA_CUDA_ErrorDevicesUnavailable, FA_EIO, "another process has it to itself"},
                 {FA_CUDA_ErrorNoKernelImageForDevice, FA_EIO, "FA_CUDA_TARGETS"},
                 {FA_CUDA_ErrorECCUncorrectable, FA_EIO, "start again, on another one"},
                 {FA_CUDA_ErrorLaunchFailure, FA_EIO, "start again, on another one"}};

    (void)state;
    fake_set_memory((size_t)100 << 20);
    strcpy(cuda->gpu, "GPU 5 (NVIDIA H200)");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_fails_saying(fa_cuda_check(cuda, cases[i].error, "computing"), cases[i].status,
                            cases[i].advice);
        fa_test_message("computing: CUDA says of GPU 5 (NVIDIA H200): ", __FILE__, __LINE__);
    }
    assert_fails_saying(fa_cuda_check(cuda, 1, "computing"), FA_EIO, "fake error 1");
    fake_set_memory(0);
    cuda->gpu[0] = '\0';
}

static fa_status ask_for_all(void)
{
    struct fa_device device;
    int n;

    FA_TRY(fa_cuda_count_devices(cuda, &n));
    return fa_cuda_describe_device(cuda, n - 1, &device);
}

static void each_call_that_fails_is_told_of(void **state)
{
    long n = 1;

    (void)state;
    for (;; n++) {
        fake_fail_after(n);
        if (ask_for_all() == FA_OK)
            break;
        assert_true(strlen(fa_message()) > 20 && strstr(fa_message(), "CUDA says") != NULL);
    }
    fake_fail_after(0);
    assert_int_equal(n, 9); /* where it is plugged in need not be known */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gpu_has_one_name_under_any_number),
        cmocka_unit_test(a_slice_of_a_gpu_is_not_the_gpu),
        cmocka_unit_test(a_host_without_a_gpu_is_told_of),
        cmocka_unit_test(what_fails_comes_with_the_gpu_and_what_to_do),
        cmocka_unit_test(each_call_that_fails_is_told_of),
    };

    return cmocka_run_group_tests(tests, open_runtime, close_runtime);
}
