/* Several datasets as one: records end to end, images from where they lie, classes by their names. */
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "fa/shard.h"
#include "fixture.h"
#include "support.h"

#define CAT "{\"id\": 7, \"name\": \"cat\"}"
#define DOG "{\"id\": 3, \"name\": \"dog\"}"
#define OTHERS                                                                                               \
    "{\"id\": 1, \"name\": \"dog\"}, {\"id\": 2, \"name\": \"cat\"}" /* other ids, another order             \
                                                                      */
#define BIRD     "{\"id\": 9, \"name\": \"bird\"}"
#define TWO_CATS CAT ", {\"id\": 8, \"name\": \"cat\"}"

/* n images of 64 x 48 pixels, each with a box of the category; seeds tell images of different sets apart. */
static struct fa_dataset *pack(const char *directory, const char *name, int n, const char *classes,
                               int category, int seed)
{
    const char *root = fa_test_path(directory, name);
    char images[512] = "", boxes[1024] = "", text[2048], file[32];
    size_t at = 0, to = 0;

    assert_ok(fa_directory_make(root));
    assert_ok(fa_directory_make(fa_test_path(root, "images")));
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof file, "images/%d.jpg", i);
        fixture_jpeg(fa_test_path(root, file), 64, 48, seed + i, 1);
        at += (size_t)snprintf(images + at, sizeof images - at,
                               "%s{\"id\": %d, \"file_name\": \"%d.jpg\", \"width\": 64, \"height\": 48}",
                               i > 0 ? "," : "", i + 1, i);
        to += (size_t)snprintf(
            boxes + to, sizeof boxes - to,
            "%s{\"id\": %d, \"image_id\": %d, \"category_id\": %d, \"bbox\": [%d, 2, 20, 20], "
            "\"area\": 400, \"iscrowd\": 0}",
            i > 0 ? "," : "", i + 1, i + 1, category, seed + i);
    }
    snprintf(text, sizeof text, "{\"categories\": [%s], \"images\": [%s], \"annotations\": [%s]}", classes,
             images, boxes);
    fixture_write_text(fa_test_path(root, "coco.json"), text);
    return fixture_dataset(root);
}

static const char *const paths[] = {"first", "second", "third"};

static void records_follow_one_another_and_classes_go_by_their_names(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_dataset *parts[] = {pack(directory, "a", 3, CAT ", " DOG, 7, 0),
                                  pack(directory, "b", 2, OTHERS, 2, 10),
                                  pack(directory, "c", 1, DOG, 3, 20)};
    static const int32_t labels[] = {0, 0, 0, 0, 0, 1};
    static const int seeds[] = {0, 1, 2, 10, 11, 20};
    struct fa_dataset *whole = NULL;

    (void)state;
    assert_ok(fa_dataset_join(parts, paths, 3, &whole));
    assert_true(parts[0] == NULL && parts[2] == NULL);
    assert_int_equal(whole->n_records, 6);
    assert_int_equal(whole->n_annotations, 6);
    assert_int_equal(whole->n_categories, 2);
    assert_int_equal(whole->categories[1].id, 3);
    assert_int_equal(whole->n_parts, 3);
    assert_string_equal(whole->parts[1].path, "second");
    for (size_t r = 0; r < 6; r++) {
        const struct fa_record *record = &whole->records[r];

        assert_int_equal(record->first, r);
        assert_int_equal(record->n, 1);
        assert_int_equal(whole->label[r], labels[r]);
        assert_near(whole->bbox[r][0], seeds[r], 0);
        assert_int_equal(fa_dataset_part_of(whole, r), r < 3 ? 0 : r < 5 ? 1 : 2);
    }
    fa_dataset_close(whole);
}

static void an_image_is_fetched_from_its_own_dataset(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_dataset *parts[] = {pack(directory, "a", 2, CAT, 7, 0), pack(directory, "b", 2, CAT, 7, 10)};
    struct fa_dataset *whole = NULL;
    uint8_t *want, got[4096];
    size_t n_bytes;

    (void)state;
    assert_ok(fa_dataset_join(parts, paths, 2, &whole));
    for (size_t r = 0; r < 4; r++) {
        char name[32];

        snprintf(name, sizeof name, "%s/images/%zu.jpg", r < 2 ? "a" : "b", r % 2);
        want = fixture_read(fa_test_path(directory, name), &n_bytes);
        assert_true(n_bytes <= sizeof got);
        assert_int_equal(whole->records[r].n_bytes, n_bytes);
        assert_ok(fa_dataset_fetch(whole, r, got));
        assert_memory_equal(got, want, n_bytes);
        fa_free(want);
    }
    fa_dataset_close(whole);
}

static uint64_t hash_of(const char *directory, const char *one, const char *other)
{
    struct fa_dataset *parts[2], *whole = NULL;
    uint64_t hash;

    assert_ok(fa_dataset_open(fa_test_path(directory, one), &parts[0]));
    assert_ok(fa_dataset_open(fa_test_path(directory, other), &parts[1]));
    assert_ok(fa_dataset_join(parts, paths, 2, &whole));
    hash = whole->content_hash;
    fa_dataset_close(whole);
    return hash;
}

static void the_content_is_another_with_another_list(void **state)
{
    const char *directory = fa_test_directory();

    (void)state;
    fa_dataset_close(pack(directory, "a", 2, CAT, 7, 0));
    fa_dataset_close(pack(directory, "b", 2, CAT, 7, 10));
    fa_dataset_close(pack(directory, "c", 2, CAT, 7, 20));
    assert_true(hash_of(directory, "a/out", "b/out") == hash_of(directory, "a/out", "b/out"));
    assert_true(hash_of(directory, "a/out", "b/out") != hash_of(directory, "b/out", "a/out"));
    assert_true(hash_of(directory, "a/out", "b/out") != hash_of(directory, "a/out", "c/out"));
}

static void refuses(struct fa_dataset *a, struct fa_dataset *b, const char *says)
{
    struct fa_dataset *parts[] = {a, b}, *whole = NULL;

    assert_fails_saying(fa_dataset_join(parts, paths, 2, &whole), FA_EINVAL, says);
    assert_true(whole == NULL && parts[0] == a && parts[1] == b);
    fa_dataset_close(a);
    fa_dataset_close(b);
}

static void what_cannot_be_one_is_refused(void **state)
{
    const char *d = fa_test_directory();

    (void)state;
    refuses(pack(d, "a", 1, CAT, 7, 0), pack(d, "b", 1, CAT ", " BIRD, 9, 5),
            "second has the class \"bird\" and first lacks it");
    refuses(pack(d, "c", 1, TWO_CATS, 7, 0), pack(d, "d", 1, CAT, 7, 5),
            "first has 2 classes called \"cat\", so that of second");
    refuses(pack(d, "e", 2, CAT, 7, 0), pack(d, "f", 2, CAT, 7, 0),
            "first and second hold the same images and annotations");
}

static void memory_is_given_back_whichever_allocation_fails(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_dataset *parts[] = {pack(directory, "a", 2, CAT, 7, 0), pack(directory, "b", 2, CAT, 7, 10)};
    struct fa_dataset *whole = NULL;

    (void)state;
    assert_survives_shortage(fa_dataset_join(parts, paths, 2, &whole));
    fa_dataset_close(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_follow_one_another_and_classes_go_by_their_names),
        cmocka_unit_test(an_image_is_fetched_from_its_own_dataset),
        cmocka_unit_test(the_content_is_another_with_another_list),
        cmocka_unit_test(what_cannot_be_one_is_refused),
        cmocka_unit_test(memory_is_given_back_whichever_allocation_fails),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
