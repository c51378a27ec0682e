/* Synthetic scenes: what is annotated is what can be seen, and the seed decides everything. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "fa/synth.h"
#include "support.h"
#include "synth/synth_coco.h"
#include "synth/synth_scene.h"
#include "synth/synth_shape.h"

static struct fa_synth_config config_of(const char *directory)
{
    return (struct fa_synth_config){
        .out_directory = directory, .n_images = 12, .n_classes = 20, .seed = 7, .w = 120, .h = 90};
}

/* A path within the scratch directory; valid until the next call. */
static const char *inside(const char *directory, const char *name)
{
    static char path[2048];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

/* ---- scenes ---- */

static void every_box_bounds_exactly_the_visible_pixels(void **state)
{
    struct fa_synth_config config = config_of(NULL);

    (void)state;
    for (uint64_t number = 0; number < 60; number++) {
        struct fa_scene scene;

        config.scenes = number % 4 == 3 ? FA_SYNTH_CROWDED : FA_SYNTH_USUAL;
        assert_ok(fa_scene_make(&config, number, &scene));
        for (int i = 0; i < scene.n_objects; i++) {
            const struct fa_scene_object *o = &scene.objects[i];
            int n = 0, n_left = 0, n_right = 0, n_top = 0, n_bottom = 0;

            assert_true(o->w > 0 && o->h > 0 && o->x >= 0 && o->y >= 0);
            assert_true(o->x + o->w <= config.w && o->y + o->h <= config.h);
            assert_in_range(o->label, 0, 19);
            for (int y = 0; y < config.h; y++)
                for (int x = 0; x < config.w; x++)
                    if (scene.owner[y * config.w + x] == i + 1) {
                        assert_true(x >= o->x && x < o->x + o->w && y >= o->y && y < o->y + o->h);
                        n++;
                        n_left += x == o->x;
                        n_right += x == o->x + o->w - 1;
                        n_top += y == o->y;
                        n_bottom += y == o->y + o->h - 1;
                    }
            assert_int_equal(n, o->area);
            assert_true(n_left > 0 && n_right > 0 && n_top > 0 && n_bottom > 0);
        }
        fa_scene_free(&scene);
    }
}

/* What is seen of an object is shorter where another lies on it. */
static void scenes_are_crowded_or_elongated_as_asked_for(void **state)
{
    struct fa_synth_config config = config_of(NULL);
    int n_long[3] = {0}, n_objects[3] = {0}, most[3] = {0};

    (void)state;
    config.w = config.h = 160;
    for (int scenes = 0; scenes < 3; scenes++)
        for (uint64_t number = 0; number < 16; number++) {
            struct fa_scene scene;

            config.scenes = (enum fa_synth_scenes)scenes;
            assert_ok(fa_scene_make(&config, number, &scene));
            for (int i = 0; i < scene.n_objects; i++) {
                const struct fa_scene_object *o = &scene.objects[i];

                assert_true(o->area >= (scenes == FA_SYNTH_CROWDED ? 0.25 : 0.4) * o->full_area);
                n_long[scenes] += fmax(o->w, o->h) >= 2.5 * fmin(o->w, o->h);
            }
            n_objects[scenes] += scene.n_objects;
            most[scenes] = scene.n_objects > most[scenes] ? scene.n_objects : most[scenes];
            fa_scene_free(&scene);
        }
    assert_true(most[FA_SYNTH_USUAL] <= 6 && most[FA_SYNTH_ELONGATED] <= 8 && most[FA_SYNTH_CROWDED] > 12);
    assert_true(n_objects[FA_SYNTH_CROWDED] > 2 * n_objects[FA_SYNTH_USUAL]);
    assert_true(n_long[FA_SYNTH_ELONGATED] > 0.8 * n_objects[FA_SYNTH_ELONGATED]);
    assert_true(n_long[FA_SYNTH_USUAL] < 0.2 * n_objects[FA_SYNTH_USUAL]);
}

static void objects_overlap_but_none_is_mostly_hidden(void **state)
{
    struct fa_synth_config config = config_of(NULL);
    int n_hidden = 0;

    (void)state;
    for (uint64_t number = 0; number < 100; number++) {
        struct fa_scene scene;

        assert_ok(fa_scene_make(&config, number, &scene));
        for (int i = 0; i < scene.n_objects; i++) {
            assert_true(scene.objects[i].area >= 0.4 * scene.objects[i].full_area);
            n_hidden += scene.objects[i].area < 0.7 * scene.objects[i].full_area;
        }
        fa_scene_free(&scene);
    }
    assert_true(n_hidden > 5);
}

/* The right half of the pixel at the left edge, and stripes of two pixels from the top. */
static void a_square_covers_what_geometry_says(void **state)
{
    const struct fa_figure square = {FA_SHAPE_SQUARE, 10, 10, 5.5, 5, 1, 0};
    int bounds[4];

    (void)state;
    assert_near(fa_figure_at(&square, 4, 10).coverage, 0.5, 0);
    assert_near(fa_figure_at(&square, 3, 10).coverage, 0, 0);
    assert_near(fa_figure_at(&square, 5, 5).coverage, 1, 0);
    assert_near(fa_figure_at(&square, 10, 6).stripe, 0, 0);
    assert_near(fa_figure_at(&square, 10, 7).stripe, 1, 0);
    fa_figure_bounds(&square, bounds);
    assert_true(bounds[0] <= 4 && bounds[1] <= 5 && bounds[2] >= 16 && bounds[3] >= 15);
}

static double luma(const uint8_t *rgb)
{
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

/* The part of the pixels around the objects' edges where lightness jumps from one owner to the next. */
static void objects_stand_out_from_what_is_around_them(void **state)
{
    struct fa_synth_config config = config_of(NULL);
    long n_edges = 0, n_jumps = 0;

    (void)state;
    config.n_classes = FA_SHAPES; /* solid ones */
    for (uint64_t number = 0; number < 60; number++) {
        struct fa_scene scene;

        assert_ok(fa_scene_make(&config, number, &scene));
        for (int y = 0; y < config.h; y++)
            for (int x = 2; x + 2 < config.w; x++) {
                int at = y * config.w + x;

                if (scene.owner[at] == scene.owner[at + 1])
                    continue;
                n_edges++;
                n_jumps += fabs(luma(scene.picture.rgb + 3 * (at - 2)) -
                                luma(scene.picture.rgb + 3 * (at + 2))) > 20;
            }
        fa_scene_free(&scene);
    }
    assert_true(n_edges > 1000);
    assert_true(n_jumps > 0.85 * n_edges);
}

static void scenes_are_of_every_kind(void **state)
{
    struct fa_synth_config config = config_of(NULL);
    int n_gray = 0, n_empty = 0, n_objects = 0, by_label[20] = {0};
    const int n = 400;

    (void)state;
    config.w = config.h = 64;
    for (int number = 0; number < n; number++) {
        struct fa_scene scene;

        assert_ok(fa_scene_make(&config, (uint64_t)number, &scene));
        n_gray += scene.gray;
        n_empty += scene.n_objects == 0;
        n_objects += scene.n_objects;
        for (int i = 0; i < scene.n_objects; i++)
            by_label[scene.objects[i].label]++;
        fa_scene_free(&scene);
    }
    assert_in_range(n_gray, n * 4 / 100, n * 12 / 100);
    assert_in_range(n_empty, n * 2 / 100, n * 8 / 100);
    assert_in_range(n_objects, 2 * n, 4 * n);
    for (int label = 0; label < 20; label++)
        assert_true(by_label[label] > n_objects / 60);
}

static void classes_have_names_of_their_own(void **state)
{
    char names[FA_SYNTH_CLASSES][32];

    (void)state;
    for (int i = 0; i < FA_SYNTH_CLASSES; i++) {
        fa_class_name(i, names[i]);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
    }
    assert_string_equal(names[0], "disc");
    assert_string_equal(names[10], "striped disc");
}

/* ---- files ---- */

/* CRC of all files of a set in order. */
static uint32_t content(const char *directory, size_t n_images)
{
    uint32_t crcs[65];
    uint64_t n_bytes;

    for (size_t i = 0; i < n_images; i++) {
        char name[32];

        snprintf(name, sizeof name, "images/%06zu.jpg", i + 1);
        assert_ok(fa_file_checksum(inside(directory, name), &crcs[i], &n_bytes));
    }
    assert_ok(fa_file_checksum(inside(directory, "annotations.json"), &crcs[n_images], &n_bytes));
    return fa_crc32c(0, crcs, (n_images + 1) * sizeof crcs[0]);
}

static void equal_seeds_give_equal_bytes_and_others_do_not(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_synth_config config = config_of(directory);
    uint32_t first;

    (void)state;
    assert_ok(fa_synth(&config));
    first = content(directory, 12);
    assert_ok(fa_synth(&config)); /* over the earlier one */
    assert_int_equal(content(directory, 12), first);
    config.seed++;
    assert_ok(fa_synth(&config));
    assert_int_not_equal(content(directory, 12), first);
}

/* Annotations in the file against the scenes that they describe. */
static void the_annotations_are_those_of_the_scenes(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_synth_config config = config_of(directory);
    struct fa_json *root, *annotation;
    int64_t next_id = 1;

    (void)state;
    assert_ok(fa_synth(&config));
    assert_ok(fa_json_read_file(inside(directory, "annotations.json"), &root));
    assert_int_equal(fa_json_count(fa_json_get(root, "categories")), 20);
    assert_int_equal(fa_json_count(fa_json_get(root, "images")), 12);
    annotation = fa_json_first(fa_json_get(root, "annotations"));
    for (int64_t image = 1; image <= 12; image++) {
        struct fa_scene scene;

        assert_ok(fa_scene_make(&config, (uint64_t)image - 1, &scene));
        for (int i = 0; i < scene.n_objects; i++, annotation = fa_json_next(annotation)) {
            const struct fa_scene_object *o = &scene.objects[i];
            const int64_t want[9] = {next_id++, image, o->label + 1, o->area, 0, o->x, o->y, o->w, o->h};
            static const char *const keys[5] = {"id", "image_id", "category_id", "area", "iscrowd"};
            struct fa_json *side = fa_json_first(fa_json_get(annotation, "bbox"));
            int64_t value;

            for (int k = 0; k < 9; k++) {
                assert_true(fa_json_to_int(k < 5 ? fa_json_get(annotation, keys[k]) : side, &value));
                assert_int_equal(value, want[k]);
                if (k >= 5)
                    side = fa_json_next(side);
            }
        }
        fa_scene_free(&scene);
    }
    assert_null(annotation);
    fa_json_free(root);
}

static void a_smaller_set_leaves_nothing_of_a_larger_one(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_synth_config config = config_of(directory);

    (void)state;
    assert_ok(fa_synth(&config));
    config.n_images = 2;
    assert_ok(fa_synth(&config));
    assert_true(fa_file_exists(inside(directory, "images/000002.jpg")));
    assert_false(fa_file_exists(inside(directory, "images/000003.jpg")));
}

static void files_of_somebody_else_are_not_touched(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_synth_config config = config_of(directory);
    const char text[] = "{\"info\": {\"description\": \"COCO 2017\"}, \"images\": []}";

    (void)state;
    assert_ok(fa_file_write_atomic(inside(directory, "annotations.json"), text, strlen(text)));
    assert_fails_saying(fa_synth(&config), FA_EINVAL, "not empty");
    assert_true(fa_file_exists(inside(directory, "annotations.json")));
    assert_ok(fa_file_write_atomic(inside(directory, "annotations.json"), "{", 1));
    assert_fails_saying(fa_synth(&config), FA_EINVAL, "not empty");
}

static void a_photograph_put_among_the_scenes_is_safe(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_synth_config config = config_of(directory);

    (void)state;
    assert_ok(fa_synth(&config));
    assert_ok(fa_file_write_atomic(inside(directory, "images/000000000139.jpg"), "x", 1));
    assert_fails_saying(fa_synth(&config), FA_EINVAL, "000000000139.jpg");
    assert_true(fa_file_exists(inside(directory, "images/000000000139.jpg")));
    assert_true(fa_file_exists(inside(directory, "annotations.json")));
}

static void wrong_numbers_are_refused(void **state)
{
    struct fa_synth_config config = config_of("unused");

    (void)state;
    config.n_classes = 21;
    assert_fails_saying(fa_synth(&config), FA_EINVAL, "21 classes");
    config = config_of("unused");
    config.n_images = 0;
    assert_fails_saying(fa_synth(&config), FA_EINVAL, "0 synthetic images");
    config = config_of("unused");
    config.h = 31;
    assert_fails_saying(fa_synth(&config), FA_EINVAL, "120 x 31");
    assert_false(fa_file_exists("unused"));
}

static bool is_any(const char *name)
{
    (void)name;
    return true;
}

static void remove_images(const char *set)
{
    struct fa_directory *directory;

    if (!fa_directory_exists(set))
        return;
    assert_ok(fa_directory_open(set, &directory));
    assert_ok(fa_directory_remove_tree(directory, "images", is_any));
    fa_directory_close(directory);
}

static void exhausted_memory_is_reported_and_leaves_no_half_annotations(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_synth_config config;
    fa_status status = FA_ENOMEM;
    char *set;
    bool whole;

    (void)state;
    assert_ok(fa_path_join(directory, "set", &set));
    config = config_of(set);
    config.n_images = 1;
    config.w = config.h = 48;
    for (long n = 1; status != FA_OK; n++) {
        remove_images(set);
        fa_memory_fail_after(n);
        status = fa_synth(&config);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        if (status == FA_OK || fa_file_exists(inside(set, "annotations.json"))) {
            assert_ok(fa_synth_coco_is_ours(inside(set, "annotations.json"), &whole));
            assert_true(whole);
        }
        assert_true(n < 2000);
    }
    fa_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_box_bounds_exactly_the_visible_pixels),
        cmocka_unit_test(scenes_are_crowded_or_elongated_as_asked_for),
        cmocka_unit_test(objects_overlap_but_none_is_mostly_hidden),
        cmocka_unit_test(a_square_covers_what_geometry_says),
        cmocka_unit_test(objects_stand_out_from_what_is_around_them),
        cmocka_unit_test(scenes_are_of_every_kind),
        cmocka_unit_test(classes_have_names_of_their_own),
        cmocka_unit_test(equal_seeds_give_equal_bytes_and_others_do_not),
        cmocka_unit_test(the_annotations_are_those_of_the_scenes),
        cmocka_unit_test(a_smaller_set_leaves_nothing_of_a_larger_one),
        cmocka_unit_test(files_of_somebody_else_are_not_touched),
        cmocka_unit_test(a_photograph_put_among_the_scenes_is_safe),
        cmocka_unit_test(wrong_numbers_are_refused),
        cmocka_unit_test(exhausted_memory_is_reported_and_leaves_no_half_annotations),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
