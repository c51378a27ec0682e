/*
 * What counts as an object to train on, and which boxes and classes are suspected.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/census.h"
#include "fa/loader.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fixture.h"
#include "support.h"

static struct fa_object object(double x, double y, double w, double h)
{
    return (struct fa_object){
        .bbox = {x, y, w, h}, .area = w * h, .id = 7, .file_name = "a.jpg", .image_w = 160, .image_h = 120};
}

static void what_is_no_object_has_one_reason(void **state)
{
    struct fa_object crowd = object(1, 1, 9, 9), ignored = crowd, flat = crowd, unknown = crowd;
    const struct fa_object good = object(159, 119, 1, 1), thin = object(5, 5, 0.99, 9),
                           small = object(5, 5, 9, 0.5);
    const struct fa_object beyond = object(160, 5, 9, 9), above = object(5, -9, 9, 9);

    (void)state;
    crowd.crowd = crowd.ignore = true;
    ignored.ignore = true;
    flat.area = 0;
    unknown.area = (double)NAN;
    assert_int_equal(fa_object_kind(&good), FA_OBJECT_TRAINED);
    assert_int_equal(fa_object_kind(&crowd), FA_OBJECT_CROWD);
    assert_int_equal(fa_object_kind(&ignored), FA_OBJECT_IGNORED);
    assert_int_equal(fa_object_kind(&flat), FA_OBJECT_NO_AREA);
    assert_int_equal(fa_object_kind(&unknown), FA_OBJECT_NO_AREA);
    assert_int_equal(fa_object_kind(&thin), FA_OBJECT_SUBPIXEL);
    assert_int_equal(fa_object_kind(&small), FA_OBJECT_SUBPIXEL);
    assert_int_equal(fa_object_kind(&beyond), FA_OBJECT_OUTSIDE);
    assert_int_equal(fa_object_kind(&above), FA_OBJECT_OUTSIDE);
}

/* A census of two classes, of which annotations have the first. */
static struct fa_census census_of(const struct fa_object *objects, size_t n)
{
    struct fa_census census;

    assert_ok(fa_census_create(2, &census));
    fa_census_set_class(&census, 0, 5, "cat");
    fa_census_set_class(&census, 1, 6, "cat");
    for (size_t i = 0; i < n; i++) {
        fa_census_look(&census, &objects[i]);
        fa_census_count(&census, &objects[i]);
    }
    return census;
}

/* What telling of the census says, from a file that the log went to. */
static const char *told(const struct fa_census *census)
{
    static char text[8192];
    const char *path = fa_test_path(fa_test_directory(), "log");
    size_t n_bytes;
    uint8_t *log;

    assert_ok(fa_log_to_file(path));
    fa_log_set_level(FA_LOG_INFO);
    assert_ok(fa_census_tell(census, "x.json"));
    fa_log_set_level(FA_LOG_ERROR);
    assert_ok(fa_log_to_file(NULL));
    log = fixture_read(path, &n_bytes);
    snprintf(text, sizeof text, "%s", (const char *)log);
    fa_free(log);
    return text;
}

static void assert_told(const char *text, const char *want)
{
    if (strstr(text, want) == NULL)
        fail_msg("\"%s\" is not in: %s", want, text);
}

static void corners_in_the_place_of_sizes_are_recognised(void **state)
{
    const struct fa_object boxes[] = {object(10, 12, 70, 62), object(90, 60, 120, 84),
                                      object(100, 50, 150, 110)};
    const struct fa_object one_leaves[] = {object(10, 12, 5, 62), object(90, 60, 120, 84)};
    struct fa_census census = census_of(boxes, 3);

    (void)state;
    assert_true(fa_census_has_corners(&census));
    assert_told(told(&census), "WARN  x.json: 2 of 3 boxes leave their image");
    assert_told(told(&census), "the first: a.jpg, annotation 7, [90 60 120 84] in 160x120 pixels");
    fa_census_clear(&census);
    census = census_of(one_leaves, 2);
    assert_false(fa_census_has_corners(&census));
    fa_census_clear(&census);
    census = census_of(boxes, 1); /* fits both ways */
    assert_false(fa_census_has_corners(&census));
    fa_census_clear(&census);
}

static void fractions_in_the_place_of_pixels_are_recognised(void **state)
{
    const struct fa_object boxes[] = {object(0.1, 0.2, 0.3, 0.4), object(0.5, 0.5, 0.5, 0.5)};
    const struct fa_object pixel = object(0, 0, 1, 1);
    struct fa_census census = census_of(boxes, 2);

    (void)state;
    assert_told(told(&census), "2 of 2 boxes lie within one pixel of the corner");
    assert_fails_saying(fa_census_require_objects(&census, "x.json"), FA_EFORMAT,
                        "x.json: none of 2 annotations is an object to train on; 2 below a pixel");
    fa_census_clear(&census);
    census = census_of(&pixel, 1);
    assert_null(strstr(told(&census), "one pixel"));
    assert_ok(fa_census_require_objects(&census, "x.json"));
    fa_census_clear(&census);
}

static void boxes_all_in_one_quarter_are_told(void **state)
{
    struct fa_object boxes[20];
    struct fa_census census;

    (void)state;
    for (int i = 0; i < 20; i++)
        boxes[i] = object(80 + i, 60 + i, 10, 10);
    census = census_of(boxes, 20);
    assert_told(told(&census), "20 of 20 boxes lie in the lower right quarter");
    fa_census_clear(&census);
    boxes[0] = boxes[1] = object(70, 60, 20, 20); /* across the middle */
    census = census_of(boxes, 20);
    assert_null(strstr(told(&census), "quarter"));
    fa_census_clear(&census);
}

static void classes_that_nothing_uses_or_that_share_a_name_are_told(void **state)
{
    const struct fa_object box = object(10, 20, 30, 40);
    struct fa_census census = census_of(&box, 1);

    (void)state;
    assert_told(told(&census), "1 of 1 annotations are objects to train on");
    assert_told(told(&census), "1 of 2 classes without an object to train on, the first: \"cat\" (id 6)");
    assert_told(told(&census), "the first: \"cat\" is that of ids 5 and 6");
    fa_census_clear(&census);
}

static void objects_are_told_by_size_and_by_class(void **state)
{
    struct fa_object boxes[] = {object(10, 20, 30, 40), object(10, 20, 31, 33), object(10, 20, 10, 10),
                                object(10, 20, 5, 0.5)};
    struct fa_census census;

    (void)state;
    boxes[2].area = 96 * 96;
    census = census_of(boxes, 4);
    assert_told(told(&census), "small 1, medium 1, large 1; cat 3");
    fa_census_clear(&census);
}

/* The loader and the census go by one rule. */
static void the_census_of_a_dataset_counts_what_samples_have(void **state)
{
    const struct fa_transform transform = {.scale = {100, 64}, .normalize = fa_normalize_default};
    const char *directory = fa_test_directory();
    struct fa_dataset *dataset;
    struct fa_census census;
    size_t n = 0;

    (void)state;
    fixture_scenes(directory, 7);
    dataset = fixture_dataset(directory);
    for (size_t r = 0; r < dataset->n_records; r++) {
        struct fa_sample sample = {0};
        struct fa_image_plan plan;

        fa_image_plan_still(&transform, dataset->records[r].w, dataset->records[r].h, &plan);
        assert_ok(fa_sample_from_record(dataset, r, &transform, &plan, &sample));
        n += sample.objects.n;
        fa_sample_clear(&sample);
    }
    assert_ok(fa_census_take(dataset, &census));
    assert_int_equal(census.n, dataset->n_annotations);
    assert_int_equal(census.of[FA_OBJECT_TRAINED], n);
    assert_int_equal(census.classes[0].n_trained + census.classes[1].n_trained, n);
    fa_census_clear(&census);
    fa_dataset_close(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_object_has_one_reason),
        cmocka_unit_test(corners_in_the_place_of_sizes_are_recognised),
        cmocka_unit_test(fractions_in_the_place_of_pixels_are_recognised),
        cmocka_unit_test(boxes_all_in_one_quarter_are_told),
        cmocka_unit_test(classes_that_nothing_uses_or_that_share_a_name_are_told),
        cmocka_unit_test(objects_are_told_by_size_and_by_class),
        cmocka_unit_test(the_census_of_a_dataset_counts_what_samples_have),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
