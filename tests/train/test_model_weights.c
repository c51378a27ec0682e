/* Weights that cannot be any are refused at every door, and can be looked at. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "fa/model_weights.h"
#include "support.h"

static float mean[2] = {-1, 2}, variance[2] = {0, 1e-30f}, weight[3] = {1, -2, 3};
static const struct fa_tensor tensors[] = {{"neck.conv.weight", 1, {3}, 3, weight},
                                           {"backbone.bn1.running_mean", 1, {2}, 2, mean},
                                           {"backbone.bn1.running_var", 1, {2}, 2, variance}};
enum { N = sizeof tensors / sizeof tensors[0] };

static const struct {
    float *at, value;
    const char *said;
} faults[] = {
    {&weight[1], NAN, "neck.conv.weight: element 1 is nan, but weights are finite"},
    {&weight[2], -INFINITY, "neck.conv.weight: element 2 is -inf, but weights are finite"},
    {&mean[0], INFINITY, "backbone.bn1.running_mean: element 0 is inf, but weights are finite"},
    {&variance[1], NAN, "backbone.bn1.running_var: element 1 is nan, but weights are finite"},
    {&variance[0], -1e-30f, "backbone.bn1.running_var: element 0 is -1e-30, but no variance is negative"},
};

/* Reads what was written to path, at both doors. */
static void assert_refused(const char *path, const char *said)
{
    struct fa_weights_file *file;

    assert_fails_saying(fa_model_weights_read(path, &file, NULL), FA_EFORMAT, said);
    fa_test_message(path, __FILE__, __LINE__);
    assert_null(file);
    assert_ok(fa_model_weights_look(path, &file, NULL));
    fa_weights_free(file);
}

static void numbers_that_are_not_finite_and_negative_variances_are_refused_by_name(void **state)
{
    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const float before = *faults[i].at;

        *faults[i].at = faults[i].value;
        snprintf(path, sizeof path, "%s/w.h5", fa_test_directory());
        assert_ok(fa_weights_write(path, tensors, N, NULL));
        assert_refused(path, faults[i].said);
        snprintf(path, sizeof path, "%s/w.safetensors", fa_test_directory());
        assert_ok(fa_safetensors_write(path, tensors, N, NULL));
        assert_refused(path, faults[i].said);
        *faults[i].at = before;
    }
    assert_int_equal(fa_memory_balance(), 0);
}

/* A variance of 0 or nearly so is that of a channel which is always the same. */
static void the_smallest_variances_and_the_largest_weights_are_taken(void **state)
{
    struct fa_weights_file *file;
    char path[256];

    (void)state;
    variance[1] = -0.0f;
    weight[0] = 3.4028235e38f;
    snprintf(path, sizeof path, "%s/w.h5", fa_test_directory());
    assert_ok(fa_weights_write(path, tensors, N, NULL));
    assert_ok(fa_model_weights_read(path, &file, NULL));
    fa_weights_free(file);
    variance[1] = 1e-30f;
    weight[0] = 1;
    assert_int_equal(fa_memory_balance(), 0);
}

/* The legacy format has no checksum: one number of a file of torch.save becomes a NaN. */
static void a_file_of_torch_save_is_no_other(void **state)
{
    static const uint32_t number = 0xbec762aa,
                          nan = 0x7fc00000; /* the first of "weight" in golden/checkpoint.txt */
    struct fa_weights_file *file;
    char path[256], *bytes, *at;
    size_t n_bytes;

    (void)state;
    assert_ok(
        fa_model_weights_read(fa_test_source("tests/weights/golden/checkpoint.legacy.pth"), &file, NULL));
    fa_weights_free(file);
    assert_ok(fa_file_read(fa_test_source("tests/weights/golden/checkpoint.legacy.pth"), 1 << 20, &bytes,
                           &n_bytes));
    at = memmem(bytes, n_bytes, &number, sizeof number);
    assert_non_null(at);
    memcpy(at, &nan, sizeof nan);
    snprintf(path, sizeof path, "%s/w.pth", fa_test_directory());
    assert_ok(fa_file_write_atomic(path, bytes, n_bytes));
    assert_refused(path, "weight: element 0 is nan, but weights are finite");
    fa_free(bytes);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_are_not_finite_and_negative_variances_are_refused_by_name),
        cmocka_unit_test(the_smallest_variances_and_the_largest_weights_are_taken),
        cmocka_unit_test(a_file_of_torch_save_is_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
