/*
 * What packing makes of good input, and that it makes nothing of bad input.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/loader.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fixture.h"
#include "support.h"

/* ---- good input ---- */

static void a_packed_dataset_gives_back_every_byte_and_annotation(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_dataset *dataset;

    (void)state;
    fixture_scenes(directory, 12);
    dataset = fixture_dataset(directory);
    assert_int_equal(dataset->n_records, 12);
    assert_int_equal(dataset->n_annotations, 12);
    assert_int_equal(dataset->n_categories, 2);
    assert_int_equal(dataset->categories[1].id, 3);
    assert_string_equal(dataset->categories[0].name, "cat");
    for (int i = 0; i < 12; i++) {
        const struct fa_record *record = &dataset->records[i];
        char name[32];
        size_t n_bytes;
        uint8_t *want, *got = NULL;

        snprintf(name, sizeof name, "%d.jpg", i);
        want = fixture_read(fa_test_path(fa_test_path(directory, "images"), name), &n_bytes);
        assert_string_equal(record->file_name, name);
        assert_int_equal(record->image_id, 10 + i);
        assert_int_equal(record->w, fixture_width(i));
        assert_int_equal(record->h, fixture_height(i));
        assert_int_equal(record->orientation, 1);
        assert_int_equal(record->n_bytes, n_bytes);
        assert_int_equal(record->n, i % 3);
        assert_ok(fa_alloc(n_bytes, 1, &got));
        assert_ok(fa_dataset_fetch(dataset, (size_t)i, got));
        assert_memory_equal(got, want, n_bytes);
        fa_free(want);
        fa_free(got);
    }
    fa_dataset_close(dataset);
}

static void annotations_keep_their_order_and_values(void **state)
{
    const char *directory = fa_test_directory();
    const double want[4] = {3, 4.5, 21, 20.25};
    struct fa_dataset *dataset;
    size_t second;

    (void)state;
    fixture_scenes(directory, 6);
    dataset = fixture_dataset(directory);
    assert_int_equal(dataset->records[5].n, 2);
    second = dataset->records[5].first + 1;
    assert_int_equal(dataset->annotation_id[second], 501);
    assert_int_equal(dataset->label[second], 1);
    assert_int_equal(dataset->label[second - 1], 0);
    assert_memory_equal(dataset->bbox[second], want, sizeof want);
    assert_near(dataset->area[second], 405.5, 0);
    assert_int_equal(dataset->crowd[second], 0);
    assert_int_equal(dataset->ignore[second], 0);
    fa_dataset_close(dataset);
}

static void content_does_not_depend_on_threads_or_on_where_shards_are_cut(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config;
    struct fa_pack_report report;
    struct fa_dataset *dataset;
    uint64_t content, categories;

    (void)state;
    config = fixture_scenes(directory, 9);
    config.shard_bytes = 1; /* every image has a shard of its own */
    assert_ok(fa_pack(&config, &report));
    assert_int_equal(report.n_shards, 9);
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    content = dataset->content_hash;
    categories = dataset->category_hash;
    fa_dataset_close(dataset);

    config.shard_bytes = 1 << 30;
    config.n_threads = 1;
    assert_ok(fa_pack(&config, &report));
    assert_int_equal(report.n_shards, 1);
    assert_int_equal(report.n_without_objects, 3);
    assert_string_equal(fixture_list(config.out_directory), "manifest.json shard-00000.h5");
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    assert_true(dataset->content_hash == content);
    assert_true(dataset->category_hash == categories);
    fa_dataset_close(dataset);
    assert_string_equal(fixture_list(directory), "coco.json images out");
}

/* One image 40x30 as stored; EXIF 6 turns it by 90 degrees. */
static void pack_turned(const char *directory, int w, int h, struct fa_pack_report *report)
{
    const struct fa_pack_config config = fixture_config(directory);
    char text[512];

    assert_ok(fa_directory_make(config.sources->image_directory));
    fixture_jpeg(fa_test_path(config.sources->image_directory, "a.jpg"), 40, 30, 1, 6);
    snprintf(text, sizeof text,
             "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], \"annotations\": [], \"images\": [{\"id\": 1, "
             "\"file_name\": \"a.jpg\", \"width\": %d, \"height\": %d}]}",
             w, h);
    fixture_write_text(config.sources->path, text);
    assert_ok(fa_pack(&config, report));
}

static void exif_is_applied_where_the_annotation_file_has_the_turned_size(void **state)
{
    const struct fa_transform transform = {.scale = {100, 64}, .normalize = fa_normalize_default};
    const char *directory = fa_test_directory();
    const struct fa_sample *sample;
    const size_t record = 0;
    struct fa_pack_report report;
    struct fa_dataset *dataset;
    struct fa_loader *loader;

    (void)state;
    pack_turned(directory, 30, 40, &report);
    assert_int_equal(report.n_oriented, 1);
    assert_int_equal(report.n_exif_ignored, 0);
    assert_ok(fa_dataset_open(fa_test_path(directory, "out"), &dataset));
    assert_int_equal(dataset->records[0].orientation, 6);
    assert_int_equal(dataset->records[0].w, 30);
    assert_ok(fa_loader_open_list(&transform, dataset, &record, 1, 1, 1, &loader));
    assert_ok(fa_loader_next(loader, &sample));
    assert_int_equal(sample->original_w, 30);
    assert_int_equal(sample->original_h, 40);
    fa_loader_close(loader);
    fa_dataset_close(dataset);
}

static void exif_is_ignored_where_the_annotation_file_has_the_stored_size(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_report report;
    struct fa_dataset *dataset;

    (void)state;
    pack_turned(directory, 40, 30, &report);
    assert_int_equal(report.n_oriented, 0);
    assert_int_equal(report.n_exif_ignored, 1);
    assert_ok(fa_dataset_open(fa_test_path(directory, "out"), &dataset));
    assert_int_equal(dataset->records[0].orientation, 1);
    fa_dataset_close(dataset);
}

/* Images of 40x30 as stored and one of 32x32, each with an EXIF orientation, and the sizes annotated. */
struct turned_image {
    int w, h, orientation, annotated_w, annotated_h;
};

static struct fa_pack_config write_turned(const char *directory, const struct turned_image *images, int n)
{
    const struct fa_pack_config config = fixture_config(directory);
    FILE *file = fopen(config.sources->path, "w");

    assert_non_null(file);
    assert_ok(fa_directory_make(config.sources->image_directory));
    fprintf(file, "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], \"images\": [");
    for (int i = 0; i < n; i++) {
        char name[16];

        snprintf(name, sizeof name, "%d.jpg", i);
        fixture_jpeg(fa_test_path(config.sources->image_directory, name), images[i].w, images[i].h, i,
                     images[i].orientation);
        fprintf(file, "%s{\"id\": %d, \"file_name\": \"%s\", \"width\": %d, \"height\": %d}",
                i > 0 ? ", " : "", i, name, images[i].annotated_w, images[i].annotated_h);
    }
    fprintf(file, "]}");
    assert_int_equal(fclose(file), 0);
    return config;
}

static void assert_orientations(const struct fa_pack_config *config, const int *want, size_t n)
{
    struct fa_pack_report report;
    struct fa_dataset *dataset;

    assert_ok(fa_pack(config, &report));
    assert_ok(fa_dataset_open(config->out_directory, &dataset));
    assert_int_equal(dataset->n_records, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(dataset->records[i].orientation, want[i]);
    fa_dataset_close(dataset);
}

/* Rotations by half a turn and squares show nothing by their size; the other images tell. */
static void exif_is_decided_once_for_the_dataset(void **state)
{
    static const struct turned_image stored[] = {
        {40, 30, 6, 40, 30}, {40, 30, 3, 40, 30}, {32, 32, 6, 32, 32}};
    static const struct turned_image turned[] = {
        {40, 30, 6, 30, 40}, {40, 30, 3, 40, 30}, {32, 32, 6, 32, 32}};
    static const struct turned_image mixed[] = {
        {40, 30, 6, 30, 40}, {40, 30, 8, 40, 30}, {40, 30, 8, 40, 30}, {40, 30, 3, 40, 30}};
    static const int as_stored[] = {1, 1, 1}, as_turned[] = {6, 3, 6}, as_mixed[] = {6, 1, 1, 1};
    struct fa_pack_config config = write_turned(fa_test_directory(), stored, 3);
    struct fa_pack_report report;

    (void)state;
    assert_orientations(&config, as_stored, 3);
    config.exif = FA_PACK_EXIF_APPLY;
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT,
                        "0.jpg: EXIF turns it to 30x40, the annotation file has 40x30");
    config = write_turned(fa_test_directory(), turned, 3);
    assert_orientations(&config, as_turned, 3);
    config.exif = FA_PACK_EXIF_IGNORE;
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT,
                        "0.jpg: is stored as 40x30, the annotation file has 30x40");
    config = write_turned(fa_test_directory(), mixed, 4);
    assert_orientations(&config, as_mixed, 4);
}

static void a_choice_on_exif_goes_for_images_whose_size_does_not_tell(void **state)
{
    static const struct turned_image images[] = {{40, 30, 3, 40, 30}, {32, 32, 6, 32, 32}};
    static const int ignored[] = {1, 1}, applied[] = {3, 6};
    struct fa_pack_config config = write_turned(fa_test_directory(), images, 2);

    (void)state;
    assert_orientations(&config, applied, 2);
    config.exif = FA_PACK_EXIF_IGNORE;
    assert_orientations(&config, ignored, 2);
    config.exif = FA_PACK_EXIF_APPLY;
    assert_orientations(&config, applied, 2);
}

/* ---- boxes ---- */

/* Annotations 1 to 4 of a 64x48 image: good, empty, partly outside, wholly outside. */
static struct fa_pack_config write_bad_boxes(const char *directory)
{
    const struct fa_pack_config config = fixture_config(directory);

    assert_ok(fa_directory_make(config.sources->image_directory));
    fixture_jpeg(fa_test_path(config.sources->image_directory, "a.jpg"), 64, 48, 1, 1);
    fixture_write_text(config.sources->path,
                       "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], \"images\": [{\"id\": 5, "
                       "\"file_name\": \"a.jpg\", \"width\": 64, \"height\": 48}], \"annotations\": ["
                       "{\"id\": 1, \"image_id\": 5, \"category_id\": 1, \"bbox\": [1, 2, 30, 40]},"
                       "{\"id\": 2, \"image_id\": 5, \"category_id\": 1, \"bbox\": [9, 9, 0, 7]},"
                       "{\"id\": 3, \"image_id\": 5, \"category_id\": 1, \"bbox\": [50, -4, 20, 10]},"
                       "{\"id\": 4, \"image_id\": 5, \"category_id\": 1, \"bbox\": [70, 0, 5, 5]}]}");
    return config;
}

static void bad_boxes_stop_the_packing_and_are_all_listed(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = write_bad_boxes(directory);
    struct fa_pack_report report;
    const char *list = fa_test_path(directory, "out.rejected.txt");

    (void)state;
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "coco.json: 3 items");
    fa_test_message("a.jpg: annotation 2: box [9 9 0 7] is empty", __FILE__, __LINE__);
    fa_test_message("--fix drop", __FILE__, __LINE__);
    assert_true(fixture_contains(list, "a.jpg: annotation 2:"));
    assert_true(fixture_contains(list, "a.jpg: annotation 3: box [50 -4 20 10] reaches outside"));
    assert_true(fixture_contains(list, "a.jpg: annotation 4:"));
    assert_string_equal(fixture_list(directory), "coco.json images out.rejected.txt");
}

static void drop_leaves_bad_boxes_out(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = write_bad_boxes(directory);
    struct fa_pack_report report;
    struct fa_dataset *dataset;

    (void)state;
    config.fix = FA_PACK_DROP;
    assert_ok(fa_pack(&config, &report));
    assert_int_equal(report.n_dropped_boxes, 3);
    assert_int_equal(report.n_clipped_boxes, 0);
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    assert_int_equal(dataset->n_annotations, 1);
    assert_int_equal(dataset->annotation_id[0], 1);
    fa_dataset_close(dataset);
}

static void clip_cuts_boxes_at_the_border_and_drops_what_is_empty_then(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = write_bad_boxes(directory);
    struct fa_pack_report report;
    struct fa_dataset *dataset;
    const double want[4] = {50, 0, 14, 6};

    (void)state;
    config.fix = FA_PACK_CLIP;
    assert_ok(fa_pack(&config, &report));
    assert_int_equal(report.n_dropped_boxes, 2);
    assert_int_equal(report.n_clipped_boxes, 1);
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    assert_int_equal(dataset->n_annotations, 2);
    assert_int_equal(dataset->annotation_id[1], 3);
    assert_memory_equal(dataset->bbox[1], want, sizeof want);
    fa_dataset_close(dataset);
    assert_true(fixture_contains(fa_test_path(directory, "out.rejected.txt"), "clipped"));
}

/* ---- images ---- */

enum damage { MISSING, NO_JPEG, TRUNCATED, OTHER_SIZE, EMPTY };

static void damage_image(const char *path, enum damage damage)
{
    size_t n_bytes;

    switch (damage) {
    case MISSING:
        assert_int_equal(unlink(path), 0);
        break;
    case NO_JPEG:
        fixture_write_text(path, "GIF89a: this is no JPEG at all, although its name says so");
        break;
    case TRUNCATED:
        fa_free(fixture_read(path, &n_bytes));
        fixture_cut(path, n_bytes / 2);
        break;
    case OTHER_SIZE:
        fixture_jpeg(path, 50, 50, 9, 1);
        break;
    case EMPTY:
        fixture_cut(path, 0);
        break;
    }
}

static void an_image_that_cannot_be_used_stops_the_packing_or_is_dropped(void **state)
{
    (void)state;
    for (int damage = MISSING; damage <= EMPTY; damage++) {
        const char *directory = fa_test_directory();
        struct fa_pack_config config;
        struct fa_pack_report report;
        struct fa_dataset *dataset;

        config = fixture_scenes(directory, 6);
        damage_image(fa_test_path(config.sources->image_directory, "4.jpg"), (enum damage)damage);
        assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "4.jpg");
        fa_test_message("image 14", __FILE__, __LINE__);
        assert_string_equal(fixture_list(directory), "coco.json images out.rejected.txt");
        config.fix = FA_PACK_CLIP; /* cuts boxes, not images */
        assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "4.jpg");
        config.fix = FA_PACK_DROP;
        assert_ok(fa_pack(&config, &report));
        assert_int_equal(report.n_dropped_images, 1);
        assert_ok(fa_dataset_open(config.out_directory, &dataset));
        assert_int_equal(dataset->n_records, 5);
        assert_int_equal(dataset->records[4].image_id, 15);
        assert_int_equal(dataset->annotation_id[dataset->records[4].first], 500);
        fa_dataset_close(dataset);
    }
}

static void links_are_followed_to_where_they_stay_in_the_folder(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 2);
    const char *image = fa_test_path(config.sources->image_directory, "1.jpg"),
               *list = fa_test_path(directory, "out.rejected.txt");
    struct fa_annotation_source source;
    struct fa_pack_report report;

    (void)state;
    assert_int_equal(rename(image, fa_test_path(config.sources->image_directory, "x.jpg")), 0);
    assert_int_equal(symlink(fa_test_path(config.sources->image_directory, "x.jpg"), image), 0);
    assert_ok(fa_pack(&config, &report)); /* absolute, but it ends inside */
    assert_int_equal(
        rename(fa_test_path(config.sources->image_directory, "x.jpg"), fa_test_path(directory, "x.jpg")), 0);
    assert_int_equal(unlink(image), 0);
    assert_int_equal(symlink("../x.jpg", image), 0);
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "1.jpg: is a link out of the image folder");
    assert_true(fixture_contains(list, "--follow-links"));
    source = *config.sources;
    source.follow_links = true;
    config.sources = &source;
    assert_ok(fa_pack(&config, &report));
    source.follow_links = false;
    assert_int_equal(unlink(image), 0);
    assert_int_equal(symlink("../images/0.jpg", image), 0);
    assert_int_equal(rename(config.sources->image_directory, fa_test_path(directory, "real")), 0);
    assert_int_equal(symlink("real", config.sources->image_directory),
                     0); /* the folder itself may be a link */
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "1.jpg: the image is 64x48");
}

static void names_from_windows_are_read_with_slashes(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_pack_config config = fixture_config(directory);
    struct fa_pack_report report;
    struct fa_dataset *dataset;

    (void)state;
    assert_ok(fa_directory_make(fa_test_path(config.sources->image_directory, "train")));
    fixture_jpeg(fa_test_path(config.sources->image_directory, "train/a.jpg"), 40, 30, 1, 1);
    fixture_jpeg(fa_test_path(config.sources->image_directory, "b\\c.jpg"), 40, 30, 2,
                 1); /* a name like another */
    fixture_write_text(
        config.sources->path,
        "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], \"images\": [{\"id\": 1, \"file_name\": "
        "\"train\\\\a.jpg\", \"width\": 40, \"height\": 30}, {\"id\": 2, \"file_name\": \"b\\\\c.jpg\", "
        "\"width\": 40, \"height\": 30}]}");
    assert_ok(fa_pack(&config, &report));
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    assert_string_equal(dataset->records[0].file_name, "train/a.jpg");
    assert_string_equal(dataset->records[1].file_name, "b\\c.jpg");
    fa_dataset_close(dataset);
    fixture_write_text(
        config.sources->path,
        "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], \"images\": [{\"id\": 1, \"file_name\": "
        "\"..\\\\coco.json\", \"width\": 40, \"height\": 30}]}");
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "..\\coco.json: cannot open");
}

static void annotations_that_contradict_the_file_are_all_listed_and_dropped(void **state)
{
    const char *directory = fa_test_directory(), *list = fa_test_path(directory, "out.rejected.txt");
    struct fa_pack_config config = fixture_config(directory);
    struct fa_pack_report report;

    (void)state;
    assert_ok(fa_directory_make(config.sources->image_directory));
    fixture_jpeg(fa_test_path(config.sources->image_directory, "a.jpg"), 64, 48, 1, 1);
    fixture_write_text(
        config.sources->path,
        "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], \"images\": [{\"id\": 5, "
        "\"file_name\": \"a.jpg\", \"width\": 64, \"height\": 48}, {\"id\": 6}], \"annotations\": ["
        "{\"id\": 1, \"image_id\": 5, \"category_id\": 1, \"bbox\": [1, 2, 30, 40]},"
        "{\"id\": 2, \"image_id\": 5, \"category_id\": 1},"
        "{\"id\": 3, \"image_id\": 5, \"category_id\": 9, \"bbox\": [1, 2, 30, 40]}]}");
    assert_fails_saying(
        fa_pack(&config, &report), FA_EFORMAT,
        "3 items cannot be used (images: 1, annotations: 2, boxes: 0), the first: images[1] (id 6)");
    assert_true(fixture_contains(list, "annotations[1] (id 2): `bbox`"));
    assert_true(fixture_contains(list, "annotations[2] (id 3): category_id 9"));
    config.fix = FA_PACK_DROP;
    assert_ok(fa_pack(&config, &report));
    assert_int_equal(report.n_dropped_items, 3);
    assert_int_equal(report.n_annotations, 1);
    assert_int_equal(report.n_objects, 1);
}

static void annotations_of_which_none_is_an_object_are_refused(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = write_bad_boxes(directory);
    struct fa_pack_report report;

    (void)state;
    fixture_write_text(
        config.sources->path,
        "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], \"images\": [{\"id\": 5, "
        "\"file_name\": \"a.jpg\", \"width\": 64, \"height\": 48}], \"annotations\": ["
        "{\"id\": 1, \"image_id\": 5, \"category_id\": 1, \"bbox\": [1, 2, 30, 40], \"area\": 0},"
        "{\"id\": 2, \"image_id\": 5, \"category_id\": 1, \"bbox\": [1, 2, 30, 40], \"iscrowd\": 1},"
        "{\"id\": 3, \"image_id\": 5, \"category_id\": 1, \"bbox\": [90, 2, 30, 40]}]}");
    config.fix = FA_PACK_DROP;
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT,
                        "none of 2 annotations is an object to train on; 1 crowd, 1 of area 0 or less");
    assert_string_equal(fixture_list(directory), "coco.json images out.rejected.txt");
}

/* ---- the other inputs ---- */

static void an_annotation_file_without_images_is_refused(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_config(directory);
    struct fa_pack_report report;

    (void)state;
    assert_fails_saying(fa_pack(&config, &report), FA_EMISSING, "coco.json");
    fixture_write_text(config.sources->path, "{\"categories\": [{\"id\": 1, \"name\": \"x\"}], "
                                             "\"images\": [], \"annotations\": []}");
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "no image is left");
    assert_string_equal(fixture_list(directory), "coco.json");
}

static void foreign_files_are_never_replaced(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config;
    struct fa_pack_report report;

    (void)state;
    config = fixture_scenes(directory, 2);
    assert_ok(fa_directory_make(config.out_directory));
    fixture_write_text(fa_test_path(config.out_directory, "thesis.tex"), "\\begin");
    assert_fails_saying(fa_pack(&config, &report), FA_EINVAL, "thesis.tex");
    config.out_directory = config.sources->image_directory;
    assert_fails_saying(fa_pack(&config, &report), FA_EINVAL, "0.jpg");
    config.out_directory = config.sources->path;
    assert_fails_saying(fa_pack(&config, &report), FA_EINVAL, "not a directory");
    assert_string_equal(fixture_list(directory), "coco.json images out");
}

static void a_failed_packing_leaves_the_previous_dataset(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config;
    struct fa_pack_report report;
    struct fa_dataset *dataset;
    uint64_t content;

    (void)state;
    fixture_scenes(directory, 6);
    dataset = fixture_dataset(directory);
    content = dataset->content_hash;
    fa_dataset_close(dataset);
    config = fixture_config(directory);
    damage_image(fa_test_path(config.sources->image_directory, "2.jpg"), TRUNCATED);
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "2.jpg");
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    assert_true(dataset->content_hash == content);
    fa_dataset_close(dataset);
}

static void a_symbolic_link_to_a_dataset_stays_a_link(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config;
    struct fa_pack_report report;
    char target[64];

    (void)state;
    config = fixture_scenes(directory, 2);
    assert_int_equal(symlink("real", config.out_directory), 0);
    assert_ok(fa_directory_make(fa_test_path(directory, "real")));
    assert_ok(fa_pack(&config, &report));
    assert_ok(fa_pack(&config, &report));
    assert_true(readlink(config.out_directory, target, sizeof target) > 0);
    assert_string_equal(fixture_list(directory), "coco.json images out real");
}

static void memory_is_given_back_whichever_allocation_fails(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config;
    struct fa_pack_report report;
    const long before = fa_memory_balance();
    fa_status st = FA_ENOMEM;

    (void)state;
    config = fixture_scenes(directory, 2);
    config.n_threads = 1;
    for (long n = 1; st != FA_OK; n++) {
        assert_true(n < 5000);
        fa_memory_fail_after(n);
        st = fa_pack(&config, &report);
        fa_memory_fail_after(0);
        assert_int_equal(fa_memory_balance(), before);
        if (st == FA_OK)
            break;
        assert_int_equal(st, FA_ENOMEM);
        assert_string_equal(fixture_list(directory), "coco.json images");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packed_dataset_gives_back_every_byte_and_annotation),
        cmocka_unit_test(annotations_keep_their_order_and_values),
        cmocka_unit_test(content_does_not_depend_on_threads_or_on_where_shards_are_cut),
        cmocka_unit_test(exif_is_applied_where_the_annotation_file_has_the_turned_size),
        cmocka_unit_test(exif_is_ignored_where_the_annotation_file_has_the_stored_size),
        cmocka_unit_test(exif_is_decided_once_for_the_dataset),
        cmocka_unit_test(a_choice_on_exif_goes_for_images_whose_size_does_not_tell),
        cmocka_unit_test(bad_boxes_stop_the_packing_and_are_all_listed),
        cmocka_unit_test(drop_leaves_bad_boxes_out),
        cmocka_unit_test(clip_cuts_boxes_at_the_border_and_drops_what_is_empty_then),
        cmocka_unit_test(an_image_that_cannot_be_used_stops_the_packing_or_is_dropped),
        cmocka_unit_test(links_are_followed_to_where_they_stay_in_the_folder),
        cmocka_unit_test(names_from_windows_are_read_with_slashes),
        cmocka_unit_test(annotations_that_contradict_the_file_are_all_listed_and_dropped),
        cmocka_unit_test(annotations_of_which_none_is_an_object_are_refused),
        cmocka_unit_test(an_annotation_file_without_images_is_refused),
        cmocka_unit_test(foreign_files_are_never_replaced),
        cmocka_unit_test(a_failed_packing_leaves_the_previous_dataset),
        cmocka_unit_test(a_symbolic_link_to_a_dataset_stays_a_link),
        cmocka_unit_test(memory_is_given_back_whichever_allocation_fails),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
