/*
 * Damaged datasets: whatever happened to the files, opening or fetching says so, or gives what was packed.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/shard.h"
#include "fixture.h"
#include "shards/manifest.h"
#include "shards/shard_index.h"
#include "support.h"

static const char *out;

/* Three images in one shard. */
static void pack_three(void)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config;
    struct fa_pack_report report;

    config = fixture_scenes(directory, 3);
    config.shard_bytes = 1 << 20;
    assert_ok(fa_pack(&config, &report));
    out = config.out_directory;
}

static void assert_open_fails(const char *says)
{
    struct fa_dataset *dataset = NULL;

    assert_fails_saying(fa_dataset_open(out, &dataset), FA_EFORMAT, says);
    assert_null(dataset);
}

static void a_directory_without_manifest_is_no_dataset(void **state)
{
    struct fa_dataset *dataset = NULL;

    (void)state;
    pack_three();
    assert_int_equal(unlink(fa_test_path(out, "manifest.json")), 0);
    assert_fails_saying(fa_dataset_open(out, &dataset), FA_EMISSING, "manifest.json");
    assert_fails_saying(fa_dataset_open(fa_test_nowhere("data"), &dataset), FA_EMISSING, "nowhere/data");
}

static void a_shard_that_is_missing_is_named(void **state)
{
    (void)state;
    pack_three();
    assert_int_equal(unlink(fa_test_path(out, "shard-00000.h5")), 0);
    assert_open_fails("shard-00000.h5");
}

static void a_shard_cut_short_is_named(void **state)
{
    size_t n_bytes;
    const char *shard;

    (void)state;
    pack_three();
    shard = fa_test_path(out, "shard-00000.h5");
    fa_free(fixture_read(shard, &n_bytes));
    fixture_cut(shard, n_bytes - 1);
    assert_open_fails("shard-00000.h5: has");
    fixture_cut(shard, 0);
    assert_open_fails("shard-00000.h5: has");
}

static void a_shard_of_another_packing_is_refused(void **state)
{
    const char *directory;
    struct fa_pack_config config;
    struct fa_pack_report report;
    size_t n_bytes;
    uint8_t *shard;

    (void)state;
    pack_three();
    shard = fixture_read(fa_test_path(out, "shard-00000.h5"), &n_bytes);
    directory = fa_test_directory();
    config = fixture_scenes(directory, 3);
    config.shard_bytes = 1 << 20;
    fixture_jpeg(fa_test_path(config.sources->image_directory, "2.jpg"), fixture_width(2), fixture_height(2),
                 50, 1);
    assert_ok(fa_pack(&config, &report));
    fixture_write(fa_test_path(config.out_directory, "shard-00000.h5"), shard, n_bytes);
    fa_free(shard);
    out = config.out_directory;
    assert_open_fails("shard-00000.h5");
}

/* In a child, which alone can give up its right to more files. */
static void more_shards_than_files_may_be_open_name_the_flag_that_helps(void **state)
{
    struct rlimit few = {0};
    struct fa_dataset *dataset = NULL;
    struct fa_pack_config config;
    struct fa_pack_report report;
    int result;

    (void)state;
    config = fixture_scenes(fa_test_directory(), 12);
    config.shard_bytes = 1;
    assert_ok(fa_pack(&config, &report));
    if (fork() == 0) {
        few.rlim_cur = few.rlim_max = 10;
        if (setrlimit(RLIMIT_NOFILE, &few) != 0 ||
            fa_dataset_open(config.out_directory, &dataset) != FA_EINVAL)
            _exit(2);
        _exit(strstr(fa_message(), "or pack into fewer shards with --shard-mib") != NULL ? 0 : 1);
    }
    wait(&result);
    assert_int_equal(result, 0);
}

static void a_manifest_of_another_format_or_version_is_refused(void **state)
{
    (void)state;
    pack_three();
    fixture_write_text(fa_test_path(out, "manifest.json"), "{\"format\": \"coffee\"}");
    assert_open_fails("manifest.json: `format`");
    fixture_write_text(fa_test_path(out, "manifest.json"),
                       "{\"format\": \"freeanchor-dataset\", \"version\": 9}");
    assert_open_fails("manifest.json: its version is 9");
}

static void a_shard_of_another_version_is_refused(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "shard-00000.h5");
    const int32_t version = FA_MANIFEST_VERSION + 1;
    struct fa_shard_index index = {0};
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_h5_create(path, &file));
    assert_ok(fa_h5_set_string(file, "format", FA_SHARD_FORMAT));
    assert_ok(fa_h5_set_numbers(file, "version", FA_H5_I32, 1, &version));
    assert_ok(fa_h5_close(file));
    assert_ok(fa_h5_open(path, &file));
    assert_fails_saying(fa_shard_index_read(&index, file, path), FA_EFORMAT,
                        "shard-00000.h5: its version is 3");
    assert_ok(fa_h5_close(file));
}

static void claim(const char *n_records, const char *n_bytes)
{
    char text[512];

    snprintf(text, sizeof text,
             "{\"format\": \"freeanchor-dataset\", \"version\": 1, \"n_records\": %s, "
             "\"n_annotations\": 0, \"n_categories\": 2, \"category_hash\": \"0123456789abcdef\", "
             "\"content_hash\": \"0123456789abcdef\", \"shards\": [{\"name\": \"shard-00000.h5\", "
             "\"n_bytes\": %s, "
             "\"jpeg_offset\": 0, \"jpeg_bytes\": 9, \"frame_crc32c\": \"00000000\", \"n_records\": %s, "
             "\"n_annotations\": 0}]}",
             n_records, n_bytes, n_records);
    fixture_write_text(fa_test_path(out, "manifest.json"), text);
}

/* A manifest may claim anything, also the bytes to go with it; memory is not taken for it. */
static void absurd_counts_are_refused_before_memory_is_taken(void **state)
{
    (void)state;
    pack_three();
    claim("9007199254740991", "5000");
    assert_open_fails("cannot hold what is claimed");
    claim("10000000000", "4000000000000");
    assert_open_fails("bytes, the manifest says 4000000000000");
}

/* One record of 64x48 pixels with one annotation, as opened. */
static struct fa_shard_index sound_index(void)
{
    static int64_t offset, length, image_id, annotation_offset[2], annotation_id, category_id;
    static uint32_t crc;
    static int32_t width, height, label;
    static uint8_t orientation, crowd, ignore;
    static double bbox[4], area;
    static char *name[1];

    length = annotation_offset[1] = orientation = 1;
    width = 64;
    height = 48;
    bbox[2] = bbox[3] = 10;
    name[0] = (char *)(uintptr_t) "a.jpg";
    return (struct fa_shard_index){1,
                                   1,
                                   1,
                                   &offset,
                                   &length,
                                   &crc,
                                   &width,
                                   &height,
                                   &orientation,
                                   &image_id,
                                   name,
                                   annotation_offset,
                                   bbox,
                                   &label,
                                   &annotation_id,
                                   &area,
                                   &crowd,
                                   &ignore,
                                   &category_id,
                                   name};
}

static void boxes_that_no_image_can_have_are_damage(void **state)
{
    static const double damage[] = {1e300, -1e300, 2e6, NAN, INFINITY};
    struct fa_shard_index index = sound_index();

    (void)state;
    assert_ok(fa_shard_index_check(&index, "x.h5", 1));
    for (int k = 0; k < 4; k++)
        for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
            const double before = index.bbox[k];

            index.bbox[k] = damage[i];
            assert_fails_saying(fa_shard_index_check(&index, "x.h5", 1), FA_EFORMAT,
                                "annotation 0 cannot be right");
            index.bbox[k] = before;
        }
}

/* The place of a record's JPEG in the shard's file. */
static size_t find_record(const struct fa_dataset *dataset, size_t record, const char *shard)
{
    const size_t n = dataset->records[record].n_bytes;
    size_t n_bytes, place;
    uint8_t *file = fixture_read(shard, &n_bytes), *jpeg = NULL;
    const uint8_t *found;

    assert_ok(fa_alloc(n, 1, &jpeg));
    assert_ok(fa_dataset_fetch(dataset, record, jpeg));
    found = memmem(file, n_bytes, jpeg, n);
    assert_non_null(found);
    place = (size_t)(found - file);
    fa_free(jpeg);
    fa_free(file);
    return place;
}

static void a_flipped_byte_in_an_image_is_found_when_it_is_fetched(void **state)
{
    struct fa_dataset *dataset = NULL;
    const char *shard;
    uint8_t *jpeg = NULL;

    (void)state;
    pack_three();
    shard = fa_test_path(out, "shard-00000.h5");
    assert_ok(fa_dataset_open(out, &dataset));
    fixture_flip_byte(shard, find_record(dataset, 1, shard) + 100);
    fa_dataset_close(dataset);
    assert_ok(fa_dataset_open(out, &dataset));
    assert_ok(fa_alloc(1 << 16, 1, &jpeg));
    assert_ok(fa_dataset_fetch(dataset, 0, jpeg));
    assert_fails_saying(fa_dataset_fetch(dataset, 1, jpeg), FA_EFORMAT,
                        "shard-00000.h5: the checksum of record 1 (1.jpg)");
    assert_ok(fa_dataset_fetch(dataset, 2, jpeg));
    fa_free(jpeg);
    fa_dataset_close(dataset);
}

static void a_shard_that_shrinks_while_open_is_found_when_it_is_fetched(void **state)
{
    struct fa_dataset *dataset = NULL;
    uint8_t *jpeg = NULL;

    (void)state;
    pack_three();
    assert_ok(fa_dataset_open(out, &dataset));
    fixture_cut(fa_test_path(out, "shard-00000.h5"), 100);
    assert_ok(fa_alloc(1 << 16, 1, &jpeg));
    assert_fails_saying(fa_dataset_fetch(dataset, 0, jpeg), FA_EFORMAT, "shard-00000.h5");
    fa_free(jpeg);
    fa_dataset_close(dataset);
}

/* What the dataset holds, bytes of images and names included; 0 if opening or fetching fails. */
static uint64_t digest(void)
{
    struct fa_dataset *dataset = NULL;
    uint64_t sum = 1;
    uint8_t *jpeg = NULL;
    fa_status st = fa_dataset_open(out, &dataset);

    if (st != FA_OK) {
        assert_true(st == FA_EFORMAT || st == FA_EIO || st == FA_ENOMEM);
        assert_true(strstr(fa_message(), out) != NULL);
        return 0;
    }
    assert_ok(fa_alloc(1 << 16, 1, &jpeg));
    for (size_t i = 0; i < dataset->n_records && st == FA_OK; i++) {
        st = fa_dataset_fetch(dataset, i, jpeg);
        for (const char *c = dataset->records[i].file_name; *c != '\0'; c++)
            sum = sum * 31 + (unsigned char)*c;
    }
    sum = sum * 31 + dataset->content_hash;
    for (size_t i = 0; i < dataset->n_categories; i++)
        sum = sum * 31 + (unsigned char)dataset->categories[i].name[0];
    fa_free(jpeg);
    fa_dataset_close(dataset);
    return st == FA_OK ? sum : 0;
}

static void no_flipped_byte_anywhere_changes_what_is_read(void **state)
{
    static const char *const files[] = {"shard-00000.h5", "manifest.json"};
    uint64_t want;

    (void)state;
    pack_three();
    want = digest();
    assert_true(want != 0);
    for (int f = 0; f < 2; f++) {
        char path[256];
        size_t n_bytes;

        snprintf(path, sizeof path, "%s", fa_test_path(out, files[f]));
        fa_free(fixture_read(path, &n_bytes));
        for (size_t at = 0; at < n_bytes; at += 7) {
            uint64_t got;

            fixture_flip_byte(path, at);
            got = digest();
            fixture_flip_byte(path, at);
            if (got != 0 && (f == 0 || got != want))
                print_error("%s: byte %zu goes unnoticed\n", files[f], at);
            assert_true(got == 0 || (f == 1 && got == want)); /* a manifest has blanks */
        }
    }
    assert_true(digest() == want);
}

static void memory_is_given_back_whichever_allocation_fails(void **state)
{
    struct fa_dataset *dataset = NULL;

    (void)state;
    pack_three();
    assert_survives_shortage(fa_dataset_open(out, &dataset));
    fa_dataset_close(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_without_manifest_is_no_dataset),
        cmocka_unit_test(a_shard_that_is_missing_is_named),
        cmocka_unit_test(a_shard_cut_short_is_named),
        cmocka_unit_test(a_shard_of_another_packing_is_refused),
        cmocka_unit_test(more_shards_than_files_may_be_open_name_the_flag_that_helps),
        cmocka_unit_test(a_manifest_of_another_format_or_version_is_refused),
        cmocka_unit_test(a_shard_of_another_version_is_refused),
        cmocka_unit_test(absurd_counts_are_refused_before_memory_is_taken),
        cmocka_unit_test(boxes_that_no_image_can_have_are_damage),
        cmocka_unit_test(a_flipped_byte_in_an_image_is_found_when_it_is_fetched),
        cmocka_unit_test(a_shard_that_shrinks_while_open_is_found_when_it_is_fetched),
        cmocka_unit_test(no_flipped_byte_anywhere_changes_what_is_read),
        cmocka_unit_test(memory_is_given_back_whichever_allocation_fails),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
