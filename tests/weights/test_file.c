/* Weights files: round trips and damage. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "fa/weights.h"
#include "support.h"

static float conv[2 * 3 * 1 * 1] = {1, 2, 3, 4, 5, 6};
static float bias[2] = {-0.0f, 0.1f};

/* In no order: a file is sorted, what is written need not be. */
static const struct fa_tensor tensors[] = {
    {"neck.conv.weight", 4, {2, 3, 1, 1}, 6, conv},
    {"backbone.layer1.0.bn1.bias", 1, {2}, 2, bias},
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
    .model = "r50",
};

static const char *path_in_scratch(const char *name)
{
    return fa_test_path(fa_test_directory(), name);
}

static void assert_is_what_was_written(const struct fa_weights_file *file)
{
    const struct fa_tensor *found = fa_weights_find(file, "neck.conv.weight");

    assert_int_equal(file->n, 2);
    assert_string_equal(file->tensors[0].name, "backbone.layer1.0.bn1.bias");
    assert_non_null(found);
    assert_true(fa_dims_equal(found->n_dims, found->dims, 4, tensors[0].dims));
    assert_int_equal(found->n_elem, 6);
    assert_memory_equal(found->data, conv, sizeof conv);
    assert_memory_equal(file->tensors[0].data, bias, sizeof bias);
}

static void reading_gives_back_what_was_written(void **state)
{
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;

    (void)state;
    assert_ok(fa_weights_write(path, tensors, 2, &meta));
    assert_ok(fa_weights_read(path, &file));
    assert_is_what_was_written(file);
    assert_null(fa_weights_find(file, "neck.conv"));
    assert_true(file->has_meta);
    assert_memory_equal(file->meta.mean, meta.mean, sizeof meta.mean);
    assert_memory_equal(file->meta.std, meta.std, sizeof meta.std);
    assert_true(file->meta.to_rgb);
    assert_memory_equal(file->meta.coder_std, meta.coder_std, sizeof meta.coder_std);
    assert_near(file->meta.thresholds.all, 1.0 / 3, 0);
    assert_string_equal(file->meta.model, "r50");
    assert_int_equal(file->meta.n_classes, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(file->meta.classes[i], class_names[i]);
    assert_int_equal(file->meta.thresholds.n, 3);
    assert_memory_equal(file->meta.thresholds.of_class, class_thresholds, sizeof class_thresholds);
    fa_weights_free(file);
}

/* As files were before classes had thresholds of their own. */
static void one_threshold_for_all_classes_is_enough(void **state)
{
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_meta old = meta;
    struct fa_weights_file *file;

    (void)state;
    old.thresholds.n = 0;
    assert_ok(fa_weights_write(path, tensors, 2, &old));
    assert_ok(fa_weights_read(path, &file));
    assert_near(file->meta.thresholds.all, 1.0 / 3, 0);
    assert_int_equal(file->meta.thresholds.n, 0);
    assert_near(fa_thresholds_of(&file->meta.thresholds, 1), 1.0 / 3, 0);
    fa_weights_free(file);
}

/* Written by such a program. */
static void a_file_with_one_threshold_stays_readable(void **state)
{
    char *bytes;
    size_t n_bytes;
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;

    (void)state;
    bytes = golden_bytes("one_threshold.h5", &n_bytes);
    assert_ok(fa_file_write_atomic(path, bytes, n_bytes));
    assert_ok(fa_weights_read(path, &file));
    assert_int_equal(file->n, 2);
    assert_int_equal(file->meta.n_classes, 3);
    assert_string_equal(file->meta.classes[2], "triangle");
    assert_non_null(strstr(file->meta.recipe, "\"scale\":[96,64]"));
    assert_int_equal(file->meta.thresholds.n, 0);
    for (size_t k = 0; k < 3; k++)
        assert_near(fa_thresholds_of(&file->meta.thresholds, k), 0.073790393769741058, 0);
    fa_weights_free(file);
    fa_free(bytes);
}

static void thresholds_of_other_classes_are_refused(void **state)
{
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_meta two = meta;
    struct fa_weights_file *file;

    (void)state;
    two.thresholds.n = 2;
    assert_ok(fa_weights_write(path, tensors, 2, &two));
    assert_fails_saying(fa_weights_read(path, &file), FA_EFORMAT, "of 2 classes, and names 3");
    two.thresholds = (struct fa_thresholds){.n = 3, .of_class = (double[]){0.5, 1.5, 0}};
    assert_ok(fa_weights_write(path, tensors, 2, &two));
    assert_fails_saying(fa_weights_read(path, &file), FA_EFORMAT, "class 2 is not a number from 0 to 1");
}

static void attributes_may_be_absent(void **state)
{
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;

    (void)state;
    assert_ok(fa_weights_write(path, tensors, 2, NULL));
    assert_ok(fa_weights_read(path, &file));
    assert_false(file->has_meta);
    assert_int_equal(file->meta.n_classes, 0);
    assert_null(file->meta.model);
    assert_is_what_was_written(file);
    fa_weights_free(file);
}

static void no_temporary_stays_behind(void **state)
{
    const char *path = path_in_scratch("w.h5");
    char temporary[300];

    (void)state;
    snprintf(temporary, sizeof temporary, "%s" FA_TEMPORARY_SUFFIX, path);
    assert_ok(fa_weights_write(path, tensors, 2, &meta));
    assert_false(fa_file_exists(temporary));
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    const struct fa_tensor twice[] = {tensors[0], tensors[0]};
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;
    char temporary[300];

    (void)state;
    snprintf(temporary, sizeof temporary, "%s" FA_TEMPORARY_SUFFIX, path);
    assert_ok(fa_weights_write(path, tensors, 2, &meta));
    assert_fails_saying(fa_weights_write(path, twice, 2, &meta), FA_EIO, "neck.conv.weight");
    assert_false(fa_file_exists(temporary));
    assert_ok(fa_weights_read(path, &file));
    assert_is_what_was_written(file);
    fa_weights_free(file);
}

static void a_truncated_file_is_refused(void **state)
{
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;
    uint64_t n_bytes;

    (void)state;
    assert_ok(fa_weights_write(path, tensors, 2, &meta));
    assert_ok(fa_file_size(path, &n_bytes));
    assert_int_equal(truncate(path, (off_t)n_bytes - 1), 0);
    assert_fails_saying(fa_weights_read(path, &file), FA_EFORMAT, "w.h5");
    assert_null(file);
}

static void a_missing_file_is_named(void **state)
{
    struct fa_weights_file *file;

    (void)state;
    assert_fails_saying(fa_weights_read(path_in_scratch("none.h5"), &file), FA_EMISSING, "none.h5");
}

static void other_types_are_refused(void **state)
{
    const char *path = path_in_scratch("w.h5");
    const int64_t one = 1, counter = 5;
    struct fa_weights_file *file;
    struct fa_h5 *h5;

    (void)state;
    assert_ok(fa_h5_create(path, &h5));
    assert_ok(fa_h5_write(h5, "num_batches_tracked", FA_H5_I64, 1, &one, &counter));
    assert_ok(fa_h5_close(h5));
    assert_fails_saying(fa_weights_read(path, &file), FA_EFORMAT, "num_batches_tracked");
}

/* A weights file of no tensors that says this of itself. */
static void write_stated(const char *path, const char *format, int32_t version)
{
    struct fa_h5 *h5;

    assert_ok(fa_h5_create(path, &h5));
    assert_ok(fa_h5_set_string(h5, "format", format));
    assert_ok(fa_h5_set_numbers(h5, "version", FA_H5_I32, 1, &version));
    assert_ok(fa_h5_close(h5));
}

static void a_version_newer_than_the_program_is_refused(void **state)
{
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;

    (void)state;
    write_stated(path, "freeanchor-weights", 2);
    assert_fails_saying(fa_weights_read(path, &file), FA_EFORMAT, "w.h5: its version is 2");
    write_stated(path, "freeanchor-weights", 1);
    assert_ok(fa_weights_read(path, &file));
    fa_weights_free(file);
    write_stated(path, "another program's", 2);
    assert_ok(fa_weights_read(path, &file));
    fa_weights_free(file);
}

static void damaged_class_names_are_refused(void **state)
{
    static const char *const damaged[] = {"[\"a\"", "{\"a\": 1}", "[\"a\", 1]"};
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;
    struct fa_h5 *h5;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const uint8_t to_rgb = 1;

        assert_ok(fa_h5_create(path, &h5));
        assert_ok(fa_h5_set_numbers(h5, "mean", FA_H5_F32, 3, meta.mean));
        assert_ok(fa_h5_set_numbers(h5, "std", FA_H5_F32, 3, meta.std));
        assert_ok(fa_h5_set_numbers(h5, "to_rgb", FA_H5_U8, 1, &to_rgb));
        assert_ok(fa_h5_set_string(h5, "classes", damaged[i]));
        assert_ok(fa_h5_close(h5));
        assert_fails_saying(fa_weights_read(path, &file), FA_EFORMAT, "classes");
    }
}

static void no_allocation_failure_leaks_or_passes(void **state)
{
    const char *path = path_in_scratch("w.h5");
    struct fa_weights_file *file;
    long before = fa_memory_balance();
    fa_status status = FA_ENOMEM;

    (void)state;
    for (long n = 1; status != FA_OK; n++) {
        assert_in_range(n, 1, 200);
        fa_memory_fail_after(n);
        status = fa_weights_write(path, tensors, 2, &meta);
        if (status == FA_OK)
            status = fa_weights_read(path, &file);
        fa_memory_fail_after(0);
        if (status != FA_OK) {
            assert_int_equal(status, FA_ENOMEM);
            assert_int_equal(fa_memory_balance(), before);
        }
    }
    assert_is_what_was_written(file);
    fa_weights_free(file);
}

static void nothing_is_left_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_gives_back_what_was_written),
        cmocka_unit_test(one_threshold_for_all_classes_is_enough),
        cmocka_unit_test(a_file_with_one_threshold_stays_readable),
        cmocka_unit_test(thresholds_of_other_classes_are_refused),
        cmocka_unit_test(attributes_may_be_absent),
        cmocka_unit_test(no_temporary_stays_behind),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(a_truncated_file_is_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(a_version_newer_than_the_program_is_refused),
        cmocka_unit_test(damaged_class_names_are_refused),
        cmocka_unit_test(no_allocation_failure_leaks_or_passes),
        cmocka_unit_test(nothing_is_left_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
