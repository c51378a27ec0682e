/*
 * COCO files: what is taken, what is refused and how it is said, and results that read back equal.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "annotations/coco_trim.h"
#include "fa/coco.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fixture.h"
#include "support.h"

#define CATEGORIES "\"categories\": [{\"id\": 90, \"name\": \"cat\"}, {\"id\": 2, \"name\": \"dog\"}]"
#define IMAGES                                                                                               \
    "\"images\": [{\"id\": 7, \"file_name\": \"sub/a.jpg\", \"width\": 640, \"height\": 480},"               \
    "{\"id\": 0, \"file_name\": \"b.jpg\", \"width\": 100, \"height\": 50}]"
#define BOX "\"bbox\": [1, 2, 30, 40]"

static const char *write_coco(const char *text)
{
    const char *path = fa_test_path(fa_test_directory(), "scene.json");

    fixture_write_text(path, text);
    return path;
}

static const char *write_annotations(const char *annotations)
{
    static char text[4096];

    snprintf(text, sizeof text, "{" CATEGORIES ", " IMAGES ", \"annotations\": [%s]}", annotations);
    return write_coco(text);
}

static void a_good_file_is_read_as_it_is(void **state)
{
    const char *path = write_annotations(
        "{\"id\": 0, \"image_id\": 0, \"category_id\": 2, \"bbox\": [1.5, 2, 30, 40.25], \"area\": 11.5, "
        "\"iscrowd\": 1, \"ignore\": 1},"
        "{\"id\": 5, \"image_id\": 7, \"category_id\": 90, \"bbox\": [0, 0, 0, -3], \"area\": 0, "
        "\"iscrowd\": 0}");
    const double want[4] = {1.5, 2, 30, 40.25};
    struct fa_coco *coco = NULL;

    (void)state;
    assert_ok(fa_coco_read(path, &coco));
    assert_int_equal(coco->n_categories, 2);
    assert_string_equal(coco->categories[1].name, "dog");
    assert_int_equal(coco->n_images, 2);
    assert_string_equal(coco->images[0].file_name, "sub/a.jpg");
    assert_int_equal(coco->images[0].w, 640);
    assert_int_equal(coco->images[0].h, 480);
    assert_int_equal(coco->n_annotations, 2);
    assert_int_equal(coco->annotations[0].id, 0);
    assert_int_equal(coco->annotations[0].image, 1);
    assert_int_equal(coco->annotations[0].label, 1);
    assert_memory_equal(coco->annotations[0].bbox, want, sizeof want);
    assert_near(coco->annotations[0].area, 11.5, 0);
    assert_true(coco->annotations[0].crowd && coco->annotations[0].ignore);
    assert_int_equal(coco->annotations[1].label, 0);
    assert_near(coco->annotations[1].bbox[3], -3, 0); /* for pack to judge */
    assert_false(coco->annotations[1].crowd || coco->annotations[1].ignore);
    assert_int_equal(coco->n_missing_area + coco->n_missing_crowd + coco->n_missing_id, 0);
    fa_coco_free(coco);
}

static void what_is_missing_is_filled_in_and_counted(void **state)
{
    const char *path = write_annotations("{\"image_id\": 7, \"category_id\": 2, " BOX "},"
                                         "{\"id\": 41, \"image_id\": 7, \"category_id\": 2, " BOX "},"
                                         "{\"image_id\": 7, \"category_id\": 2, " BOX ", \"area\": 3}");
    struct fa_coco *coco = NULL;

    (void)state;
    assert_ok(fa_coco_read(path, &coco));
    assert_int_equal(coco->n_missing_id, 2);
    assert_int_equal(coco->n_missing_area, 2);
    assert_int_equal(coco->n_missing_crowd, 3);
    assert_int_equal(coco->annotations[0].id, 42);
    assert_int_equal(coco->annotations[2].id, 43);
    assert_near(coco->annotations[0].area, 1200, 0);
    assert_false(coco->annotations[0].crowd);
    fa_coco_free(coco);
}

static void assert_trimmed(const char *text, const char *want)
{
    char *copy; /* of exactly its bytes, so that a sanitizer sees a step too far */
    const size_t n = strlen(text);

    assert_ok(fa_alloc(n, 1, &copy));
    memcpy(copy, text, n);
    fa_coco_trim(copy, n);
    assert_memory_equal(copy, want, n);
    fa_free(copy);
}

static void what_is_never_read_is_blanked_before_parsing(void **state)
{
    const char *cut = "{\"a\": \"\\\"\", \"segmentation\" : [[1, \"]\\\"]\"], {\"b\": 2}], \"c\": [3]}";

    (void)state;
    assert_trimmed("{\"segmentation\": [[1, 2], [3]], \"id\": 4}",
                   "{\"segmentation\": [           ], \"id\": 4}");
    assert_trimmed("{\"keypoints\":\n{\"a\":\n[\"}\"]}}", "{\"keypoints\":\n{    \n     }}");
    assert_trimmed("{\"name\": \"segmentation\", \"x\": [1]}", "{\"name\": \"segmentation\", \"x\": [1]}");
    assert_trimmed("{\"segmentation\": \"[1]\", \"x\": [1]}", "{\"segmentation\": \"[1]\", \"x\": [1]}");
    assert_trimmed("{\"my segmentation\": [1]}", "{\"my segmentation\": [1]}");
    assert_trimmed("{\"segmentation\": [1, [2]", "{\"segmentation\": [1, [2]");
    for (size_t n = 0; n < strlen(cut); n++) {
        char text[128];

        snprintf(text, sizeof text, "%.*s", (int)n, cut);
        assert_fails(fa_coco_read(write_coco(text), &(struct fa_coco *){NULL}), FA_EFORMAT);
    }
    assert_trimmed(cut, "{\"a\": \"\\\"\", \"segmentation\" : [                     ], \"c\": [3]}");
}

static void bad_annotations_are_refused_by_place_and_id(void **state)
{
    static const struct {
        const char *annotation, *says;
    } cases[] = {
        {"{\"id\": 3, \"image_id\": 8, \"category_id\": 2, " BOX "}", "image_id 8 is not in `images`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 1, " BOX "}", "category_id 1 is not in `categories`"},
        {"{\"id\": 3, \"category_id\": 2, " BOX "}", "`image_id` is missing"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": \"cat\", " BOX "}",
         "`category_id` is text, \"cat\"; ids are whole numbers"},
        {"{\"id\": 3, \"image_id\": 7.5, \"category_id\": 2, " BOX "}", "`image_id` is not a whole number"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 1e300, 3, 4]}",
         "number 2 of `bbox`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2}", "`bbox`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 2, 3]}", "`bbox`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 2, 3, 4, 5]}", "`bbox`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 1e999, 3, 4]}",
         "number 2 of `bbox`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2, \"bbox\": [1, 2, 3, null]}", "number 4 of `bbox`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2, " BOX ", \"area\": -1e999}", "`area`"},
        {"{\"id\": 3, \"image_id\": 7, \"category_id\": 2, " BOX ", \"iscrowd\": 2}", "`iscrowd`"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fa_coco *coco = NULL;

        assert_fails_saying(fa_coco_read(write_annotations(cases[i].annotation), &coco), FA_EFORMAT,
                            "scene.json: annotations[0] (id 3): ");
        fa_test_message(cases[i].says, __FILE__, __LINE__);
        assert_null(coco);
    }
}

static void bad_files_are_refused_with_their_name(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"{" CATEGORIES ", " IMAGES ", \"annot", "scene.json"},
        {"", "scene.json"},
        {"[]", "`categories` is missing"},
        {"{" IMAGES ", \"annotations\": []}", "`categories` is missing"},
        {"{" CATEGORIES ", \"annotations\": []}", "`images` is missing"},
        {"{" CATEGORIES ", " IMAGES ", \"annotations\": 3}", "`annotations` is missing"},
        {"{\"categories\": [], " IMAGES ", \"annotations\": []}", "`categories` has 0 entries"},
        {"{" CATEGORIES ", " IMAGES ", \"annotations\": [17]}", "annotations[0]: not an object"},
        {"{\"categories\": [{\"id\": 4, \"name\": \"x\"}, {\"id\": 5, \"name\": \"y\"}, {\"id\": 4, "
         "\"name\": "
         "\"z\"}], " IMAGES ", \"annotations\": []}",
         "categories[0] and categories[2] both have id 4"},
        {"{\"categories\": [{\"id\": 4}], " IMAGES ", \"annotations\": []}", "categories[0] (id 4): `name`"},
        {"{\"categories\": [{\"id\": 4.5, \"name\": \"x\"}], " IMAGES ", \"annotations\": []}", "`id`"},
        {"{" CATEGORIES
         ", \"images\": [{\"id\": 1, \"file_name\": \"a\", \"width\": 1, \"height\": 1}, {\"id\": "
         "1, \"file_name\": \"b\", \"width\": 1, \"height\": 1}], \"annotations\": []}",
         "images[0] and images[1] both have id 1"},
        {"{" CATEGORIES ", \"images\": [{\"id\": 1, \"file_name\": \"a\", \"width\": 0, \"height\": 1}], "
         "\"annotations\": []}",
         "images[0] (id 1): `width`"},
        {"{" CATEGORIES ", \"images\": [{\"id\": 1, \"file_name\": \"a\", \"width\": 5, \"height\": 70000}], "
         "\"annotations\": []}",
         "images[0] (id 1): `height`"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fa_coco *coco = NULL;

        assert_fails_saying(fa_coco_read(write_coco(cases[i].text), &coco), FA_EFORMAT, cases[i].says);
        fa_test_message("scene.json", __FILE__, __LINE__);
    }
}

static void a_missing_file_is_an_error_of_the_system(void **state)
{
    struct fa_coco *coco = NULL;

    (void)state;
    assert_fails_saying(fa_coco_read(fa_test_nowhere("scene.json"), &coco), FA_EMISSING,
                        "nowhere/scene.json");
}

static void file_names_cannot_leave_the_image_directory(void **state)
{
    static const struct {
        const char *name;
        bool allowed;
    } cases[] = {
        {"a.jpg", true},     {"sub/..a.jpg", true},   {"a..b/c.jpg", true}, {"/etc/passwd", false},
        {"../a.jpg", false}, {"sub/../a.jpg", false}, {"sub/..", false},    {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fa_coco *coco = NULL;
        char text[512];
        fa_status st;

        snprintf(text, sizeof text,
                 "{" CATEGORIES
                 ", \"images\": [{\"id\": 1, \"file_name\": \"%s\", \"width\": 5, \"height\": 7}], "
                 "\"annotations\": []}",
                 cases[i].name);
        st = fa_coco_read(write_coco(text), &coco);
        assert_int_equal(st, cases[i].allowed ? FA_OK : FA_EFORMAT);
        if (!cases[i].allowed)
            fa_test_message("images[0] (id 1)", __FILE__, __LINE__);
        fa_coco_free(coco);
    }
}

static void ids_are_exact_and_may_be_text(void **state)
{
    const char *path = write_coco(
        "{" CATEGORIES ", \"images\": [{\"id\": 9007199254740993, \"file_name\": \"a\", \"width\": 9, "
        "\"height\": 9}, {\"id\": \"9007199254740992\", \"file_name\": \"b\", \"width\": 9, \"height\": 9}], "
        "\"annotations\": [{\"id\": \"-4\", \"image_id\": \"9007199254740993\", \"category_id\": \"2\", " BOX
        "}, {\"id\": 9223372036854775807, \"image_id\": 9007199254740992, \"category_id\": 2, " BOX "}]}");
    struct fa_coco *coco = NULL;

    (void)state;
    assert_ok(fa_coco_read(path, &coco));
    assert_true(coco->images[0].id == INT64_C(9007199254740993));
    assert_true(coco->images[1].id == INT64_C(9007199254740992));
    assert_int_equal(coco->annotations[0].image, 0);
    assert_int_equal(coco->annotations[0].id, -4);
    assert_int_equal(coco->annotations[1].image, 1);
    assert_true(coco->annotations[1].id == INT64_MAX);
    assert_int_equal(coco->n_text_ids, 4);
    fa_coco_free(coco);
    path = write_annotations("{\"id\": 9223372036854775807, \"image_id\": 7, \"category_id\": 2, " BOX "}, "
                             "{\"image_id\": 7, \"category_id\": 2, " BOX "}");
    assert_fails_saying(fa_coco_read(path, &coco), FA_EFORMAT, "no ids are left");
}

static void a_file_without_annotations_has_images_without_objects(void **state)
{
    struct fa_coco *coco = NULL;

    (void)state;
    assert_ok(fa_coco_read(write_coco("{" CATEGORIES ", " IMAGES "}"), &coco));
    assert_int_equal(coco->n_images, 2);
    assert_int_equal(coco->n_annotations, 0);
    fa_coco_free(coco);
}

static void all_that_cannot_be_used_is_listed_and_left_out(void **state)
{
    static const char *const faults[] = {
        "images[1] (id 8): `width`",
        "images[3]: not an object",
        "annotations[0] (id 1): `bbox`",
        "annotations[2] (id 3): category_id 44 is not in `categories`",
        "annotations[5] (id 6): image_id 99 is not in `images`",
        "annotations[4] and annotations[6] both have id 5",
    };
    const char *path = write_coco(
        "{" CATEGORIES ", \"images\": [{\"id\": 7, \"file_name\": \"a\", \"width\": 9, \"height\": 9}, "
        "{\"id\": 8, \"file_name\": \"b\", \"width\": \"w\", \"height\": 9}, "
        "{\"id\": 9, \"file_name\": \"c\", \"width\": 9, \"height\": 9}, 17], \"annotations\": ["
        "{\"id\": 1, \"image_id\": 7, \"category_id\": 2},"
        "{\"id\": 2, \"image_id\": 9, \"category_id\": 2, " BOX "},"
        "{\"id\": 3, \"image_id\": 7, \"category_id\": 44, " BOX "},"
        "{\"id\": 4, \"image_id\": 8, \"category_id\": 2, " BOX "}," /* of an image that is left out */
        "{\"id\": 5, \"image_id\": 7, \"category_id\": 90, " BOX "},"
        "{\"id\": 6, \"image_id\": 99, \"category_id\": 90, " BOX "},"
        "{\"id\": 5, \"image_id\": 9, \"category_id\": 90, " BOX "}]}");
    struct fa_coco *coco = NULL;

    (void)state;
    assert_fails_saying(fa_coco_read(path, &coco), FA_EFORMAT, "scene.json: images[1] (id 8): `width`");
    fa_test_message("5 more items cannot be used", __FILE__, __LINE__);
    assert_ok(fa_coco_read_usable(path, &coco));
    assert_int_equal(coco->n_faults, 6);
    assert_int_equal(coco->n_faulty_images, 2);
    for (size_t i = 0; i < 6; i++)
        assert_ptr_equal(strstr(coco->faults[i], faults[i]), coco->faults[i]);
    assert_int_equal(coco->n_images, 2);
    assert_string_equal(coco->images[1].file_name, "c");
    assert_int_equal(coco->n_annotations, 2);
    assert_int_equal(coco->annotations[0].id, 2);
    assert_int_equal(coco->annotations[0].image, 1);
    assert_int_equal(coco->annotations[1].id, 5);
    assert_int_equal(coco->annotations[1].image, 0);
    fa_coco_free(coco);
    coco = NULL;
    assert_survives_shortage(fa_coco_read_usable(path, &coco));
    fa_coco_free(coco);
}

static void duplicate_annotation_ids_are_refused(void **state)
{
    const char *path = write_annotations("{\"id\": 1, \"image_id\": 7, \"category_id\": 2, " BOX "},"
                                         "{\"id\": 2, \"image_id\": 7, \"category_id\": 2, " BOX "},"
                                         "{\"id\": 2, \"image_id\": 0, \"category_id\": 2, " BOX "}");
    struct fa_coco *coco = NULL;

    (void)state;
    assert_fails_saying(fa_coco_read(path, &coco), FA_EFORMAT,
                        "annotations[1] and annotations[2] both have id 2");
}

static void results_read_back_bit_for_bit(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "results.json");
    const struct fa_coco_result want[] = {
        {7, 90, {0.1, 1.0 / 3, 1e-17, 12345.678}, (double)0.3f},
        {-3, 2, {-0.5, 0, 4e5, 5e-324}, 1},
        {INT64_C(9007199254740993), INT64_MIN, {1e9, 1, 2, 3}, 0.05000000074505806},
    };
    struct fa_coco_result *got = NULL;
    size_t n = 0;

    (void)state;
    assert_ok(fa_coco_results_write(path, want, 3));
    assert_ok(fa_coco_results_read(path, &got, &n));
    assert_int_equal(n, 3);
    assert_memory_equal(got, want, sizeof want);
    fa_free(got);
    assert_ok(fa_coco_results_write(path, want, 0));
    assert_ok(fa_coco_results_read(path, &got, &n));
    assert_int_equal(n, 0);
    fa_free(got);
}

static void bad_results_are_refused(void **state)
{
    const char *directory = fa_test_directory();
    const char *path = fa_test_path(directory, "results.json");
    const struct fa_coco_result bad = {1, 2, {0, 0, 1, 1}, NAN};
    struct fa_coco_result *results = NULL;
    size_t n;

    (void)state;
    fixture_write_text(path, "{}");
    assert_fails_saying(fa_coco_results_read(path, &results, &n), FA_EFORMAT, "results.json: not a list");
    fixture_write_text(path,
                       "[{\"image_id\": 1, \"category_id\": 2, \"score\": 0.5, \"bbox\": [1, 2, 3, 4]},"
                       "{\"image_id\": 1, \"category_id\": 2, \"score\": 1e999, \"bbox\": [1, 2, 3, 4]}]");
    assert_fails_saying(fa_coco_results_read(path, &results, &n), FA_EFORMAT,
                        "results.json: result 1: `score`");
    path = fa_test_path(directory, "new.json");
    assert_fails_saying(fa_coco_results_write(path, &bad, 1), FA_ENUMERIC, "result 0, of image 1");
    assert_fails_saying(fa_coco_results_write(fa_test_nowhere("new.json"), &bad, 0), FA_EIO,
                        "nowhere/new.json");
    assert_string_equal(fixture_list(directory), "results.json");
}

static void memory_is_given_back_whichever_allocation_fails(void **state)
{
    const char *path = write_annotations("{\"id\": 1, \"image_id\": 7, \"category_id\": 2, " BOX "}");
    struct fa_coco *coco = NULL;

    (void)state;
    assert_survives_shortage(fa_coco_read(path, &coco));
    fa_coco_free(coco);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_read_as_it_is),
        cmocka_unit_test(what_is_missing_is_filled_in_and_counted),
        cmocka_unit_test(what_is_never_read_is_blanked_before_parsing),
        cmocka_unit_test(bad_annotations_are_refused_by_place_and_id),
        cmocka_unit_test(bad_files_are_refused_with_their_name),
        cmocka_unit_test(a_missing_file_is_an_error_of_the_system),
        cmocka_unit_test(file_names_cannot_leave_the_image_directory),
        cmocka_unit_test(ids_are_exact_and_may_be_text),
        cmocka_unit_test(a_file_without_annotations_has_images_without_objects),
        cmocka_unit_test(all_that_cannot_be_used_is_listed_and_left_out),
        cmocka_unit_test(duplicate_annotation_ids_are_refused),
        cmocka_unit_test(results_read_back_bit_for_bit),
        cmocka_unit_test(bad_results_are_refused),
        cmocka_unit_test(memory_is_given_back_whichever_allocation_fails),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
