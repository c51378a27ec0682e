/* Several sources of annotations as one: classes by their names, ids that never clash, each image in its own
 * folder. */
#include <stdio.h>
#include <string.h>

#include "fa/annotations.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/shard.h"
#include "fixture.h"
#include "support.h"

/* <directory>/<name>/coco.json with one image, a.jpg of w x 48 pixels and of this id, a class and a box of
 * it. */
static struct fa_annotation_source write_source(const char *directory, const char *name, int w, int id,
                                                const char *classes, int category)
{
    const char *root = fa_test_path(directory, name);
    char text[1024];

    assert_ok(fa_directory_make(root));
    fixture_jpeg(fa_test_path(root, "a.jpg"), w, 48, w, 1);
    snprintf(text, sizeof text,
             "{\"categories\": [%s], \"images\": [{\"id\": %d, \"file_name\": \"a.jpg\", \"width\": %d, "
             "\"height\": 48}], \"annotations\": [{\"id\": %d, \"image_id\": %d, \"category_id\": %d, "
             "\"bbox\": [1, "
             "2, 20, 20], \"area\": 400, \"iscrowd\": 0}]}",
             classes, id, w, 10 * id, id, category);
    fixture_write_text(fa_test_path(root, "coco.json"), text);
    return (struct fa_annotation_source){.path = fa_test_path(root, "coco.json"), .image_directory = root};
}

#define CAT "{\"id\": 7, \"name\": \"cat\"}"
#define DOG "{\"id\": 3, \"name\": \"dog\"}"

static void classes_are_united_by_name_and_unique_ids_stay(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_annotation_source sources[] = {
        write_source(directory, "one", 64, 5, CAT, 7),
        write_source(directory, "two", 72, 6, DOG ", {\"id\": 1, \"name\": \"cat\"}", 1)};
    struct fa_coco *coco = NULL;

    (void)state;
    assert_ok(fa_annotations_read(sources, 2, NULL, &coco));
    assert_int_equal(coco->n_categories, 2);
    assert_string_equal(coco->categories[0].name, "cat");
    assert_string_equal(coco->categories[1].name, "dog");
    assert_int_equal(coco->categories[0].id, 7);
    assert_int_equal(coco->categories[1].id, 3);
    assert_int_equal(coco->images[0].id, 5);
    assert_int_equal(coco->images[1].id, 6);
    assert_int_equal(coco->images[1].source, 1);
    assert_int_equal(coco->n_annotations, 2);
    for (size_t a = 0; a < 2; a++) {
        assert_int_equal(coco->annotations[a].label, 0);
        assert_int_equal(coco->annotations[a].category_id, 7);
        assert_int_equal(coco->annotations[a].image, a);
        assert_int_equal(coco->annotations[a].id, 50 + 10 * a);
    }
    fa_coco_free(coco);
}

static void equal_ids_become_1_2_3(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_annotation_source sources[] = {
        write_source(directory, "one", 64, 5, CAT, 7),
        write_source(directory, "two", 72, 5, "{\"id\": 7, \"name\": \"dog\"}", 7)};
    struct fa_coco *coco = NULL;

    (void)state;
    assert_ok(fa_annotations_read(sources, 2, NULL, &coco));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(coco->images[i].id, i + 1);
        assert_int_equal(coco->annotations[i].id, i + 1);
        assert_int_equal(coco->annotations[i].image_id, i + 1);
        assert_int_equal(coco->categories[i].id, i + 1);
        assert_int_equal(coco->annotations[i].category_id, i + 1);
    }
    fa_coco_free(coco);
}

static void a_list_orders_classes_and_what_is_beyond_it_is_a_fault(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_annotation_source sources[] = {write_source(directory, "one", 64, 5, CAT, 7),
                                                   write_source(directory, "two", 72, 6, DOG, 3)};
    struct fa_coco *coco = NULL;

    (void)state;
    assert_ok(fa_annotations_read(sources, 2, "dog,cat", &coco));
    assert_string_equal(coco->categories[0].name, "dog");
    assert_int_equal(coco->annotations[0].label, 1);
    assert_int_equal(coco->n_faults, 0);
    fa_coco_free(coco);

    assert_ok(fa_annotations_read(sources, 2, "dog,bird", &coco));
    assert_int_equal(coco->n_annotations, 1);
    assert_int_equal(coco->annotations[0].label, 0);
    assert_int_equal(coco->n_faults, 1);
    assert_non_null(
        strstr(coco->faults[0], "one/coco.json: annotation 50: \"cat\" is not one of the 2 classes"));
    assert_int_equal(coco->categories[1].id, 2); /* no source has a number for it */
    fa_coco_free(coco);

    assert_ok(fa_annotations_read(sources, 1, "dog,cat", &coco)); /* of one COCO file too */
    assert_int_equal(coco->annotations[0].label, 1);
    fa_coco_free(coco);
}

static void two_classes_of_one_name_cannot_be_told_apart(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_annotation_source sources[] = {
        write_source(directory, "one", 64, 5, CAT ", {\"id\": 9, \"name\": \"cat\"}", 7),
        write_source(directory, "two", 72, 6, DOG, 3)};
    struct fa_coco *coco = NULL;

    (void)state;
    assert_fails_saying(fa_annotations_read(sources, 2, NULL, &coco), FA_EFORMAT,
                        "classes 7 and 9 are both called \"cat\"");
}

static void each_image_comes_from_its_own_folder(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_annotation_source sources[] = {write_source(directory, "one", 64, 5, CAT, 7),
                                                   write_source(directory, "two", 72, 6, DOG, 3)};
    struct fa_pack_config config = {.sources = sources,
                                    .n_sources = 2,
                                    .out_directory = fa_test_path(directory, "out"),
                                    .shard_bytes = 1 << 20,
                                    .n_threads = 2};
    struct fa_pack_report report;
    struct fa_dataset *dataset;

    (void)state;
    assert_ok(fa_pack(&config, &report));
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    for (size_t i = 0; i < 2; i++) {
        size_t n_bytes;
        uint8_t *file = fixture_read(fa_test_path(sources[i].image_directory, "a.jpg"), &n_bytes),
                packed[4096];

        assert_int_equal(dataset->records[i].w, 64 + 8 * i);
        assert_int_equal(dataset->records[i].n_bytes, n_bytes);
        assert_ok(fa_dataset_fetch(dataset, i, packed));
        assert_memory_equal(packed, file, n_bytes);
        fa_free(file);
    }
    fa_dataset_close(dataset);
}

static void memory_that_runs_out_is_told(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_annotation_source sources[] = {write_source(directory, "one", 64, 5, CAT, 7),
                                                   write_source(directory, "two", 72, 6, DOG, 3)};
    struct fa_coco *coco = NULL;
    fa_status status = FA_ENOMEM;

    (void)state;
    for (long n = 1; status != FA_OK; n++) {
        fa_memory_fail_after(n);
        status = fa_annotations_read(sources, 2, "dog,bird", &coco);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
    }
    fa_coco_free(coco);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_united_by_name_and_unique_ids_stay),
        cmocka_unit_test(equal_ids_become_1_2_3),
        cmocka_unit_test(a_list_orders_classes_and_what_is_beyond_it_is_a_fault),
        cmocka_unit_test(two_classes_of_one_name_cannot_be_told_apart),
        cmocka_unit_test(each_image_comes_from_its_own_folder),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
