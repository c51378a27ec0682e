/* Case files: what is written comes back, and what is no case is refused by name. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fa/case.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "fa/pyramid.h"

enum { H = 32, W = 64, CLASSES = 3, ANCHORS = 396 }; /* 9 * (4 * 8 + 2 * 4 + 1 * 2 + 1 + 1) */

static float image[3 * H * W], cls[ANCHORS * CLASSES], reg[ANCHORS * 4];
static const float boxes[2][4] = {{1, 2, 11.5f, 22}, {0, 0, 64, 32}};
static const int32_t labels[2] = {2, 0};

static char directory[256];

static const char *path_of(const char *name)
{
    return fa_test_path(directory, name);
}

static int prepare(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "%s", fa_test_directory());
    for (int i = 0; i < 3 * H * W; i++)
        image[i] = (float)i / 7 - 100;
    for (int i = 0; i < ANCHORS * CLASSES; i++)
        cls[i] = (float)(i % 11) - 5;
    for (int i = 0; i < ANCHORS * 4; i++)
        reg[i] = (float)(i % 13) / 13;
    return 0;
}

static struct fa_case case_of_image(void)
{
    return (struct fa_case){
        .h = H,
        .w = W,
        .image = image,
        .objects = {2, &boxes[0][0], labels},
        .has_normalizer = true,
        .normalizer = 7.5,
        .frame = {.clip_w = 60, .clip_h = 31, .scale_factor = {0.5f, 0.25f, 0.5f, 0.25f}}};
}

/* ---- what is written comes back ---- */

static void an_image_comes_back_with_everything(void **state)
{
    const struct fa_case given = case_of_image();
    struct fa_case got;

    (void)state;
    assert_ok(fa_case_write(path_of("image.h5"), &given));
    assert_ok(fa_case_read(path_of("image.h5"), &got));
    assert_int_equal(got.h, H);
    assert_int_equal(got.w, W);
    assert_memory_equal(got.image, image, sizeof image);
    assert_null(got.cls);
    assert_int_equal(got.objects.n, 2);
    assert_memory_equal(got.objects.boxes, boxes, sizeof boxes);
    assert_memory_equal(got.objects.labels, labels, sizeof labels);
    assert_true(got.has_normalizer);
    assert_near(got.normalizer, 7.5, 0);
    assert_memory_equal(&got.frame, &given.frame, sizeof got.frame);
    fa_case_clear(&got);
}

static void a_head_without_objects_comes_back(void **state)
{
    struct fa_case got, given = {.h = H, .w = W, .n_anchors = ANCHORS, .num_classes = CLASSES};

    (void)state;
    given.cls = cls;
    given.reg = reg;
    given.frame = case_of_image().frame;
    assert_ok(fa_case_write(path_of("head.h5"), &given));
    assert_ok(fa_case_read(path_of("head.h5"), &got));
    assert_null(got.image);
    assert_int_equal(got.n_anchors, ANCHORS);
    assert_int_equal(got.num_classes, CLASSES);
    assert_memory_equal(got.cls, cls, sizeof cls);
    assert_memory_equal(got.reg, reg, sizeof reg);
    assert_int_equal(got.objects.n, 0);
    assert_false(got.has_normalizer);
    fa_case_clear(&got);
}

static void what_is_optional_has_defaults(void **state)
{
    const int64_t dims[3] = {3, H, W}, none[2] = {0, 4};
    struct fa_case got;
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_h5_create(path_of("bare.h5"), &file));
    assert_ok(fa_h5_write(file, "image", FA_H5_F32, 3, dims, image));
    assert_ok(fa_h5_write(file, "gt_boxes", FA_H5_F32, 2, none, boxes));
    assert_ok(fa_h5_write(file, "gt_labels", FA_H5_I32, 1, none, labels));
    assert_ok(fa_h5_close(file));
    assert_ok(fa_case_read(path_of("bare.h5"), &got));
    assert_false(got.has_normalizer);
    assert_near(got.frame.clip_w, W, 0);
    assert_near(got.frame.clip_h, H, 0);
    for (int k = 0; k < 4; k++)
        assert_near(got.frame.scale_factor[k], 1, 0);
    fa_case_clear(&got);
}

static void a_sample_becomes_a_case(void **state)
{
    static uint8_t pixels[30][60][3];
    static float chw[3][H][W];
    const struct fa_sample sample = {.frame = {.rgb = &pixels[0][0][0],
                                               .w = 60,
                                               .h = 30,
                                               .flip = {.horizontal = true},
                                               .normalize = {{100, 0, 0}, {2, 1, 1}, true}},
                                     .h = H,
                                     .w = W,
                                     .scale_factor = {2, 3, 2, 3},
                                     .objects = {2, &boxes[0][0], labels}};
    struct fa_case got;

    (void)state;
    pixels[29][0][0] = 104;
    fa_case_of_sample(&sample, &chw[0][0][0], &got);
    assert_ptr_equal(got.image, chw);
    assert_int_equal(got.h, H);
    assert_int_equal(got.w, W);
    assert_near(chw[0][29][59], 2, 0);
    assert_near(chw[0][29][58], -50, 0);
    assert_near(chw[0][29][60], 0, 0);
    assert_near(chw[0][30][0], 0, 0);
    assert_near(got.frame.clip_w, 60, 0);
    assert_near(got.frame.clip_h, 30, 0);
    assert_near(got.frame.scale_factor[1], 3, 0);
    assert_int_equal(got.objects.n, 2);
    assert_false(got.has_normalizer);
}

/* ---- what is no case ---- */

/* A dataset that takes the place of a sound one, or is added. */
struct part {
    const char *name;
    enum fa_h5_type type;
    int n_dims;
    int64_t dims[3];
    const void *values; /* NULL: the dataset is left out */
};

static const int64_t stored_labels[3] = {2, 0, 1};
static const float frame[4] = {60, 31, 1, 1};
static const double seven = 7;
static const struct part image_parts[] = {
    {"image", FA_H5_F32, 3, {3, H, W}, image},       {"gt_boxes", FA_H5_F32, 2, {2, 4}, boxes},
    {"gt_labels", FA_H5_I64, 1, {2}, stored_labels}, {"normalizer", FA_H5_F64, 0, {0}, &seven},
    {"clip_size", FA_H5_F32, 1, {2}, frame},         {0},
};
static const int64_t head_size[3] = {H, W, 0};
static const struct part head_parts[] = {
    {"head/cls", FA_H5_F32, 2, {ANCHORS, CLASSES}, cls}, {"head/reg", FA_H5_F32, 2, {ANCHORS, 4}, reg},
    {"head/size", FA_H5_I64, 1, {2}, head_size},         {"gt_boxes", FA_H5_F32, 2, {2, 4}, boxes},
    {"gt_labels", FA_H5_I64, 1, {2}, stored_labels},     {0},
};

static void write_part(struct fa_h5 *file, const struct part *part)
{
    if (part->values != NULL)
        assert_ok(fa_h5_write(file, part->name, part->type, part->n_dims, part->dims, part->values));
}

static void write_parts(const struct part *parts, const struct part *odd)
{
    struct fa_h5 *file;

    assert_ok(fa_h5_create(path_of("odd.h5"), &file));
    for (; parts->name != NULL; parts++)
        if (strcmp(parts->name, odd->name) != 0)
            write_part(file, parts);
    write_part(file, odd);
    assert_ok(fa_h5_close(file));
}

/* The case with this part is refused in words that name the file and the dataset. */
static void refuse(const struct part *parts, struct part odd, const char *words)
{
    struct fa_case got;

    write_parts(parts, &odd);
    assert_fails_saying(fa_case_read(path_of("odd.h5"), &got), FA_EFORMAT, words);
    fa_test_message("odd.h5: ", __FILE__, __LINE__);
    fa_test_message(odd.name, __FILE__, __LINE__);
    assert_null(got.image);
    assert_null(got.objects.boxes);
}

static void a_version_newer_than_the_program_is_refused(void **state)
{
    const int32_t version = 2;
    struct fa_case got;
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_h5_create(path_of("newer.h5"), &file));
    for (const struct part *part = image_parts; part->name != NULL; part++)
        write_part(file, part);
    assert_ok(fa_h5_set_string(file, "format", "freeanchor-case"));
    assert_ok(fa_h5_set_numbers(file, "version", FA_H5_I32, 1, &version));
    assert_ok(fa_h5_close(file));
    assert_fails_saying(fa_case_read(path_of("newer.h5"), &got), FA_EFORMAT, "newer.h5: its version is 2");
}

static void a_part_that_is_missing_is_named(void **state)
{
    (void)state;
    refuse(image_parts, (struct part){.name = "image"}, "neither");
    refuse(image_parts, (struct part){.name = "gt_boxes"}, "no dataset");
    refuse(image_parts, (struct part){.name = "gt_labels"}, "no dataset");
    refuse(head_parts, (struct part){.name = "head/cls"}, "no dataset");
    refuse(head_parts, (struct part){.name = "head/reg"}, "no dataset");
    refuse(head_parts, (struct part){.name = "head/size"}, "no dataset");
    refuse(head_parts, (struct part){"image", FA_H5_F32, 3, {3, H, W}, image}, "both");
}

static void a_part_of_another_shape_or_type_is_refused(void **state)
{
    (void)state;
    refuse(image_parts, (struct part){"image", FA_H5_F32, 3, {1, H, W}, image}, "3 x H x W");
    refuse(image_parts, (struct part){"image", FA_H5_F32, 2, {3, H * W}, image}, "3 x H x W");
    refuse(image_parts, (struct part){"image", FA_H5_U8, 3, {3, H, W}, image}, "floats");
    refuse(image_parts, (struct part){"gt_boxes", FA_H5_F32, 2, {4, 2}, boxes}, "objects x 4");
    refuse(image_parts, (struct part){"gt_boxes", FA_H5_F32, 1, {8}, boxes}, "objects x 4");
    refuse(image_parts, (struct part){"gt_labels", FA_H5_F32, 1, {2}, boxes}, "whole numbers");
    refuse(image_parts, (struct part){"gt_labels", FA_H5_I64, 1, {3}, stored_labels}, "3 labels for 2");
    refuse(image_parts, (struct part){"clip_size", FA_H5_F32, 1, {4}, frame}, "2 (w, h)");
    refuse(image_parts, (struct part){"scale_factor", FA_H5_F32, 1, {2}, frame}, "expected");
    refuse(image_parts, (struct part){"normalizer", FA_H5_F64, 1, {1}, &seven}, "scalar");
    refuse(head_parts, (struct part){"head/cls", FA_H5_F32, 2, {ANCHORS - 1, CLASSES}, cls}, "396 anchors");
    refuse(head_parts, (struct part){"head/reg", FA_H5_F32, 2, {ANCHORS - 9, 4}, reg}, "396 anchors");
    refuse(head_parts, (struct part){"head/cls", FA_H5_F32, 2, {ANCHORS, 0}, cls}, "0 classes");
}

static void a_size_that_the_network_does_not_take_is_refused(void **state)
{
    const int64_t odd[2] = {H, W + 1}, none[2] = {0, W}, huge[2] = {H, INT64_C(1) << 40};
    float *wide;

    (void)state;
    refuse(image_parts, (struct part){"image", FA_H5_F32, 3, {3, H - 1, W}, image}, "multiple of 32");
    refuse(image_parts, (struct part){"image", FA_H5_F32, 3, {3, 0, W}, image}, "multiple of 32");
    refuse(head_parts, (struct part){"head/size", FA_H5_I64, 1, {2}, odd}, "multiple of 32");
    refuse(head_parts, (struct part){"head/size", FA_H5_I64, 1, {2}, none}, "multiple of 32");
    refuse(head_parts, (struct part){"head/size", FA_H5_I64, 1, {2}, huge}, "up to 16384");
    assert_ok(fa_alloc_zero(3 * H * 16416, sizeof *wide, &wide));
    refuse(image_parts, (struct part){"image", FA_H5_F32, 3, {3, H, 16416}, wide}, "up to 16384");
    fa_free(wide);
}

static void a_box_that_is_none_is_refused_with_its_object(void **state)
{
    static const float strange[][4] = {{0, 0, NAN, 5},       {0, 0, INFINITY, 5}, {5, 0, 5, 5},
                                       {0, 6, 5, 5},         {-3e38f, 0, 5, 5},   {0, 0, 5, 2e6f},
                                       {NAN, NAN, NAN, NAN}, {10, 10, 3, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        float rows[2][4];

        memcpy(rows[0], boxes[0], sizeof rows[0]);
        memcpy(rows[1], strange[i], sizeof rows[1]);
        refuse(image_parts, (struct part){"gt_boxes", FA_H5_F32, 2, {2, 4}, rows}, "object 1 is not a box");
    }
}

static void a_label_that_cannot_be_is_refused_with_its_object(void **state)
{
    const int64_t negative[2] = {0, -1}, large[2] = {INT64_C(1) << 32, 0}, over[2] = {0, CLASSES};
    const struct fa_case given = case_of_image();

    (void)state;
    refuse(image_parts, (struct part){"gt_labels", FA_H5_I64, 1, {2}, negative}, "object 1 has label -1");
    refuse(image_parts, (struct part){"gt_labels", FA_H5_I64, 1, {2}, large},
           "object 0 has label 4294967296");
    refuse(head_parts, (struct part){"gt_labels", FA_H5_I64, 1, {2}, over}, "there are 3 classes");
    assert_ok(fa_case_check_labels(&given, "x.h5", 3));
    assert_fails_saying(fa_case_check_labels(&given, "x.h5", 2), FA_EFORMAT,
                        "x.h5: gt_labels: object 0 has label 2");
}

static void numbers_without_meaning_are_refused(void **state)
{
    static const double nan_number = NAN, negative = -1;
    static const float empty[2] = {0, 31}, wide[2] = {65, 31}, nan_size[2] = {60, NAN};
    static const float zero[4] = {1, 1, 0, 1}, infinite[4] = {1, INFINITY, 1, 1};

    (void)state;
    refuse(image_parts, (struct part){"normalizer", FA_H5_F64, 0, {0}, &nan_number}, "neither 0 nor");
    refuse(image_parts, (struct part){"normalizer", FA_H5_F64, 0, {0}, &negative}, "neither 0 nor");
    refuse(image_parts, (struct part){"clip_size", FA_H5_F32, 1, {2}, empty}, "not within");
    refuse(image_parts, (struct part){"clip_size", FA_H5_F32, 1, {2}, wide}, "not within");
    refuse(image_parts, (struct part){"clip_size", FA_H5_F32, 1, {2}, nan_size}, "not within");
    refuse(image_parts, (struct part){"scale_factor", FA_H5_F32, 1, {4}, zero}, "positive number");
    refuse(image_parts, (struct part){"scale_factor", FA_H5_F32, 1, {4}, infinite}, "positive number");
}

static void a_dataset_of_another_name_is_left_alone(void **state)
{
    const struct part odd = {"expected/loss", FA_H5_F64, 0, {0}, &seven};
    struct fa_case got;

    (void)state;
    write_parts(image_parts, &odd);
    fa_log_set_level(FA_LOG_ERROR);
    assert_ok(fa_case_read(path_of("odd.h5"), &got));
    fa_log_set_level(FA_LOG_INFO);
    fa_case_clear(&got);
}

static void a_file_that_is_cut_short_is_refused(void **state)
{
    const struct fa_case given = case_of_image();
    const char *path = path_of("cut.h5");
    struct fa_case got;
    uint64_t n_bytes;

    (void)state;
    assert_ok(fa_case_write(path, &given));
    assert_ok(fa_file_size(path, &n_bytes));
    for (int i = 0; i < 16; i++) {
        assert_ok(fa_case_write(path, &given));
        assert_int_equal(truncate(path, (off_t)(n_bytes * (uint64_t)i / 16)), 0);
        assert_fails_saying(fa_case_read(path, &got), FA_EFORMAT, "cut.h5");
    }
    assert_fails_saying(fa_case_read(path_of("nowhere.h5"), &got), FA_EMISSING, "nowhere.h5");
}

/* A file without checksums: what matters is that no byte of it leads astray. */
static void a_byte_that_is_changed_gives_a_case_or_a_refusal(void **state)
{
    const struct fa_case given = case_of_image();
    char *data;
    size_t n_bytes;

    (void)state;
    assert_ok(fa_case_write(path_of("whole.h5"), &given));
    assert_ok(fa_file_read(path_of("whole.h5"), 1 << 20, &data, &n_bytes));
    for (size_t i = 0; i < n_bytes; i += i < 4096 ? 13 : 997) {
        struct fa_case got;
        fa_status status;

        data[i] ^= 0x55;
        assert_ok(fa_file_write_atomic(path_of("changed.h5"), data, n_bytes));
        data[i] ^= 0x55;
        status = fa_case_read(path_of("changed.h5"), &got);
        assert_true(status == FA_OK || status == FA_EFORMAT);
        if (status == FA_OK)
            assert_int_equal(got.objects.n, 2);
        fa_case_clear(&got);
    }
    fa_free(data);
}

/* ---- when the machine fails ---- */

static void memory_that_runs_out_anywhere_leaves_nothing_behind(void **state)
{
    const struct fa_case given = case_of_image();
    fa_status status = FA_ENOMEM;
    long balance = fa_memory_balance();

    (void)state;
    for (long n = 1; status != FA_OK; n++) {
        fa_memory_fail_after(n);
        status = fa_case_write(path_of("memory.h5"), &given);
        fa_memory_fail_after(0);
        assert_false(fa_file_exists(path_of("memory.h5" FA_TEMPORARY_SUFFIX)));
        assert_int_equal(fa_memory_balance(), balance);
    }
    status = FA_ENOMEM;
    for (long n = 1; status != FA_OK; n++) {
        struct fa_case got;

        fa_memory_fail_after(n);
        status = fa_case_read(path_of("memory.h5"), &got);
        fa_memory_fail_after(0);
        fa_case_clear(&got);
        assert_int_equal(fa_memory_balance(), balance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_comes_back_with_everything),
        cmocka_unit_test(a_head_without_objects_comes_back),
        cmocka_unit_test(what_is_optional_has_defaults),
        cmocka_unit_test(a_sample_becomes_a_case),
        cmocka_unit_test(a_version_newer_than_the_program_is_refused),
        cmocka_unit_test(a_part_that_is_missing_is_named),
        cmocka_unit_test(a_part_of_another_shape_or_type_is_refused),
        cmocka_unit_test(a_size_that_the_network_does_not_take_is_refused),
        cmocka_unit_test(a_box_that_is_none_is_refused_with_its_object),
        cmocka_unit_test(a_label_that_cannot_be_is_refused_with_its_object),
        cmocka_unit_test(numbers_without_meaning_are_refused),
        cmocka_unit_test(a_dataset_of_another_name_is_left_alone),
        cmocka_unit_test(a_file_that_is_cut_short_is_refused),
        cmocka_unit_test(a_byte_that_is_changed_gives_a_case_or_a_refusal),
        cmocka_unit_test(memory_that_runs_out_anywhere_leaves_nothing_behind),
    };
    int failed = cmocka_run_group_tests(tests, prepare, NULL);

    return failed == 0 && fa_memory_balance() != 0 ? 1 : failed;
}
