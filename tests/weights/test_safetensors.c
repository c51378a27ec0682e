/* safetensors files: those of others, our own, and those that lie. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/new_file.h"

static const float numbers[6] = {0.0f, -1.5f, 65504.0f, 0x1p-24f, 3.140625f, -0.0f};
static const float brain[6] = {0.0f, -1.5f, 65536.0f, 0x1p-100f, 3.140625f, -0.0f};

static void every_type_becomes_float32_or_is_left_out(void **state)
{
    size_t n_bytes;
    char *bytes = golden_bytes("types.safetensors", &n_bytes);
    const float scalar = 2.5f;
    struct fa_weights_file *file;

    (void)state;
    assert_ok(read_bytes(bytes, n_bytes, &file));
    assert_int_equal(file->n, 6);
    assert_int_equal(file->n_left_out, 2);
    assert_tensor(file, "single", 2, (const int64_t[]){2, 3}, numbers);
    assert_tensor(file, "double", 2, (const int64_t[]){3, 2}, numbers);
    assert_tensor(file, "half", 1, (const int64_t[]){6}, numbers);
    assert_tensor(file, "brain", 2, (const int64_t[]){6, 1}, brain);
    assert_tensor(file, "scalar", 0, NULL, &scalar);
    assert_tensor(file, "empty", 2, (const int64_t[]){0, 4}, NULL);
    assert_string_equal(file->tensors[0].name, "brain");
    assert_false(file->has_meta);
    fa_weights_free(file);
    fa_free(bytes);
}

static float conv[6] = {1, 2, 3, 4, 5, NAN};
static float bias[1] = {-0.0f};
static const struct fa_tensor tensors[] = {
    {"neck.conv.weight", 4, {2, 3, 1, 1}, 6, conv},
    {"backbone.bn1.bias", 0, {0}, 1, bias},
};
static double class_thresholds[] = {0.1, 0, 1.0 / 7};
static char *class_names[] = {"person", "traffic \"light\"", "caf\xc3\xa9"};
static const struct fa_weights_meta meta = {
    .mean = {123.675f, 116.28f, 103.53f},
    .std = {58.395f, 57.12f, 57.375f},
    .to_rgb = true,
    .coder_std = {0.1f, 0.1f, 0.2f, 0.2f},
    .thresholds = {.all = 1.0 / 3, .n = 3, .of_class = class_thresholds},
    .n_classes = 3,
    .classes = class_names,
    .model = "r50"};

static void reading_gives_back_what_was_written(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "w.safetensors");
    struct fa_weights_file *file;
    char *bytes;
    size_t n_bytes;
    uint64_t n_header;

    (void)state;
    assert_ok(fa_safetensors_write(path, tensors, 2, &meta));
    assert_ok(fa_weights_read(path, &file));
    assert_int_equal(file->n, 2);
    assert_tensor(file, "neck.conv.weight", 4, tensors[0].dims, conv);
    assert_tensor(file, "backbone.bn1.bias", 0, NULL, bias);
    assert_true(file->has_meta && file->meta.to_rgb);
    assert_memory_equal(file->meta.coder_std, meta.coder_std, sizeof meta.coder_std);
    assert_memory_equal(file->meta.mean, meta.mean, sizeof meta.mean);
    assert_memory_equal(file->meta.std, meta.std, sizeof meta.std);
    assert_near(file->meta.thresholds.all, 1.0 / 3, 0);
    assert_int_equal(file->meta.thresholds.n, 3);
    assert_memory_equal(file->meta.thresholds.of_class, class_thresholds, sizeof class_thresholds);
    assert_string_equal(file->meta.model, "r50");
    assert_int_equal(file->meta.n_classes, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(file->meta.classes[i], class_names[i]);
    fa_weights_free(file);

    assert_ok(fa_file_read(path, 1 << 20, &bytes, &n_bytes));
    memcpy(&n_header, bytes, sizeof n_header);
    assert_int_equal(n_header % 8, 0);
    assert_int_equal(n_bytes, 8 + n_header + sizeof conv + sizeof bias);
    fa_free(bytes);
}

static void without_attributes_none_come_back(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "w.safetensors");
    struct fa_weights_file *file;

    (void)state;
    assert_ok(fa_safetensors_write(path, tensors, 1, NULL));
    assert_ok(fa_weights_read(path, &file));
    assert_int_equal(file->n, 1);
    assert_false(file->has_meta);
    assert_int_equal(file->meta.n_classes, 0);
    fa_weights_free(file);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    const struct fa_tensor twice[] = {tensors[0], tensors[0]};
    const char *path = fa_test_path(fa_test_directory(), "w.safetensors");
    struct fa_weights_file *file;
    char temporary[300];

    (void)state;
    snprintf(temporary, sizeof temporary, "%s" FA_TEMPORARY_SUFFIX, path);
    assert_ok(fa_safetensors_write(path, tensors, 2, &meta));
    assert_fails_saying(fa_safetensors_write(path, twice, 2, &meta), FA_EINVAL, "neck.conv.weight");
    assert_false(fa_file_exists(temporary));
    assert_ok(fa_weights_read(path, &file));
    fa_weights_free(file);
    assert_fails_saying(fa_safetensors_write(fa_test_nowhere("w"), tensors, 2, &meta), FA_EIO, "nowhere/w");
}

/* A file with this header and n_data bytes after it. */
static fa_status try_header(const char *header, size_t n_data)
{
    static char bytes[1 << 16];
    const uint64_t n_header = strlen(header);

    assert_true(8 + n_header + n_data <= sizeof bytes);
    memcpy(bytes, &n_header, sizeof n_header);
    memcpy(bytes + 8, header, n_header);
    memset(bytes + 8 + n_header, 0, n_data);
    return try_bytes(bytes, 8 + n_header + n_data);
}

static void headers_that_lie_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *header;
        size_t n_data;
        const char *message;
    } cases[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4,
         "a: has data_offsets outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, "has 12 bytes of tensors"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8,
         "a: has data_offsets outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8,
         "a: has data_offsets outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,1e300]}}", 8, "two whole numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}", 8, "two whole numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "a: leaves a gap"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, "b: overlaps"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
         8, "overlaps"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
         16, "there twice"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
         "do not fit its shape and dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
         "do not fit its shape and dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,0]}}", 0,
         "do not fit its shape and dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0,
         "a dimension that cannot be right"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,0]}}", 0,
         "a dimension that cannot be right"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "5 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}",
         4, "more than 16 dimensions"},
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "a: has a dtype"},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "a: has no dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,2]}}", 2, "a: has no shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "a: has no data_offsets"},
        {"{\"a\":8}", 8, "a: has no dtype"},
        {"{\"a\\n\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "not printable"},
        {"{\"\xff\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "not printable"},
        {"{\"\xff\":{}}", 0, "\\xff: has no dtype"},
        {"{\"__metadata__\":{\"mean\":\"[1,2]\",\"std\":\"[1,1,1]\",\"to_rgb\":\"true\"}}", 0,
         "mean is not three"},
        {"{\"__metadata__\":{\"mean\":\"[1,2,\",\"std\":\"[1,1,1]\",\"to_rgb\":\"true\"}}", 0, "mean"},
        {"{\"__metadata__\":{\"mean\":\"[1,2,3]\",\"std\":\"[1,1,1]\",\"to_rgb\":\"1\"}}", 0, "to_rgb"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails_saying(try_header(cases[i].header, cases[i].n_data), FA_EFORMAT, cases[i].message);
    assert_ok(try_header("{}", 0));
    assert_ok(try_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  ", 8));
}

static void deep_headers_are_refused(void **state)
{
    char header[1024] = "{\"a\":";

    (void)state;
    memset(header + 5, '[', 900);
    assert_fails_saying(try_header(header, 0), FA_EFORMAT, "nested deeper");
}

static void header_lengths_are_bounded_by_the_file_and_by_reason(void **state)
{
    static char bytes[(1 << 24) + 16] = {[8] = '{'};
    const uint64_t beyond = 100, huge = (1 << 24) + 1;

    (void)state;
    memcpy(bytes, &beyond, sizeof beyond);
    assert_fails_saying(try_bytes(bytes, 40), FA_EFORMAT, "header of 100 bytes is not all there");
    memcpy(bytes, &huge, sizeof huge);
    assert_fails_saying(try_bytes(bytes, sizeof bytes), FA_EFORMAT, "at most");
}

static void cuts_are_refused_and_changes_do_no_harm(void **state)
{
    (void)state;
    assert_cuts_are_refused("types.safetensors");
    assert_changes_do_no_harm("types.safetensors");
}

static void every_allocation_of_reading_is_checked(void **state)
{
    (void)state;
    assert_allocations_are_checked("types.safetensors");
}

static void every_allocation_of_writing_is_checked(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "w.safetensors");
    fa_status status = FA_ENOMEM;

    (void)state;
    for (long n = 1; status != FA_OK; n++) {
        assert_in_range(n, 1, 500);
        fa_memory_fail_after(n);
        status = fa_safetensors_write(path, tensors, 2, &meta);
        fa_memory_fail_after(0);
        if (status != FA_OK)
            assert_fails(status, FA_ENOMEM);
        assert_int_equal(fa_memory_balance(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_refused_and_changes_do_no_harm),
        cmocka_unit_test(every_type_becomes_float32_or_is_left_out),
        cmocka_unit_test(headers_that_lie_are_refused_with_the_reason),
        cmocka_unit_test(deep_headers_are_refused),
        cmocka_unit_test(header_lengths_are_bounded_by_the_file_and_by_reason),
        cmocka_unit_test(reading_gives_back_what_was_written),
        cmocka_unit_test(without_attributes_none_come_back),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(every_allocation_of_reading_is_checked),
        cmocka_unit_test(every_allocation_of_writing_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
