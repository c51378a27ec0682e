/* Where labels go, and that boxes and labels can be read. */
#include <math.h>
#include <string.h>

#include "drawing/label_place.h"
#include "fa/annotate.h"
#include "images/picture.h"
#include "support.h"

static bool overlap(const struct fa_window *a, const struct fa_window *b)
{
    return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static bool touches(const struct fa_window *label, const int box[4])
{
    return label->x <= box[2] && label->x + label->w >= box[0] && label->y <= box[3] &&
           label->y + label->h >= box[1];
}

static void assert_inside(const struct fa_window *label, int w, int h)
{
    assert_true(label->x >= 0 && label->y >= 0 && label->x + label->w <= w && label->y + label->h <= h);
}

static void a_label_goes_above_else_inside_else_below(void **state)
{
    const int in_the_middle[4] = {100, 100, 200, 200}, at_the_top[4] = {100, 5, 200, 105},
              flat[4] = {100, 5, 200, 25}, at_the_right[4] = {290, 100, 320, 140};
    struct fa_label_map map;
    struct fa_window place;

    (void)state;
    assert_ok(fa_label_map_create(320, 240, 1, &map));
    place = fa_label_place(&map, in_the_middle, 60, 11);
    assert_true(place.x == 100 && place.y == 89);
    place = fa_label_place(&map, at_the_top, 60, 11);
    assert_true(place.x == 100 && place.y == 5);
    place = fa_label_place(&map, flat, 60, 11);
    assert_true(place.x == 100 && place.y == 25);
    place = fa_label_place(&map, at_the_right, 60, 11);
    assert_true(place.x == 260 && place.y == 89);
    fa_label_map_clear(&map);
}

static void labels_do_not_overlap_where_there_is_room(void **state)
{
    enum { N = 24 };
    const int boxes[3][4] = {{200, 150, 320, 270}, {205, 155, 330, 280}, {20, 0, 140, 90}};
    struct fa_window places[N];
    struct fa_label_map map;

    (void)state;
    for (int cell = 1; cell <= 3; cell++) {
        assert_ok(fa_label_map_create(640, 480, cell, &map));
        for (int i = 0; i < N; i++) {
            places[i] = fa_label_place(&map, boxes[i % 3], 41, 11);
            assert_inside(&places[i], 640, 480);
            assert_true(touches(&places[i], boxes[i % 3]));
            for (int j = 0; j < i; j++)
                if (overlap(&places[i], &places[j]))
                    fail_msg("labels %d and %d overlap", i, j);
        }
        fa_label_map_clear(&map);
    }
}

/* A small object right above another, where its label would be. */
static void a_label_does_not_hide_a_small_object_where_there_is_room(void **state)
{
    const int box[4] = {100, 100, 140, 140}, small[4] = {110, 85, 125, 98},
              outside[4] = {-50, 400, 9000, 9000};
    const struct fa_window object = {110, 85, 15, 13};
    struct fa_label_map map;
    struct fa_window place;

    (void)state;
    for (int cell = 1; cell <= 3; cell++) {
        assert_ok(fa_label_map_create(320, 240, cell, &map));
        fa_label_map_avoid(&map, small);
        fa_label_map_avoid(&map, outside);
        place = fa_label_place(&map, box, 60, 14);
        assert_false(overlap(&place, &object));
        assert_true(touches(&place, box));
        fa_label_map_clear(&map);
    }
}

/* Where everything is taken, rather an object than a label. */
static void a_label_hides_an_object_rather_than_a_label(void **state)
{
    const int everything[4] = {0, 0, 64, 48}, box[4] = {10, 20, 50, 40};
    struct fa_label_map map;
    struct fa_window first, second;

    (void)state;
    assert_ok(fa_label_map_create(64, 48, 1, &map));
    fa_label_map_avoid(&map, everything);
    first = fa_label_place(&map, box, 30, 8);
    fa_label_map_avoid(&map, everything);
    second = fa_label_place(&map, box, 30, 8);
    assert_false(overlap(&first, &second));
    fa_label_map_clear(&map);
}

static void labels_stay_in_the_picture_where_there_is_no_room(void **state)
{
    struct fa_label_map map;

    (void)state;
    assert_ok(fa_label_map_create(50, 23, 2, &map));
    for (int i = 0; i < 60; i++) {
        const int box[4] = {i * 3 - 60, i - 30, i * 3 - 40, i - 20};
        const struct fa_window place = fa_label_place(&map, box, 50 - i % 7, 23 - i % 5);

        assert_inside(&place, 50, 23);
    }
    fa_label_map_clear(&map);
}

/* ---- pictures ---- */

static struct fa_picture gray_picture(int w, int h)
{
    struct fa_picture picture;

    assert_ok(fa_picture_alloc(w, h, &picture));
    memset(picture.rgb, 100, (size_t)w * (size_t)h * 3);
    return picture;
}

static size_t count_color(const struct fa_picture *picture, const uint8_t rgb[3])
{
    size_t n = 0;

    for (size_t i = 0; i < (size_t)picture->w * (size_t)picture->h; i++)
        n += memcmp(picture->rgb + 3 * i, rgb, 3) == 0;
    return n;
}

static const uint8_t black[3] = {0, 0, 0}, white[3] = {255, 255, 255};

static void ink_stands_out_from_its_ground(void **state)
{
    struct fa_annotation annotation = {.box = {20, 30, 120, 90}, .name = "Zelle", .rgb = {255, 225, 25}};

    (void)state;
    for (int dark = 0; dark < 2; dark++) {
        struct fa_picture picture = gray_picture(160, 120);

        if (dark)
            memcpy(annotation.rgb, (const uint8_t[3]){145, 30, 180}, 3);
        assert_ok(fa_picture_annotate(&picture, &annotation, 1));
        assert_true(count_color(&picture, dark ? white : black) > 40);
        assert_int_equal(count_color(&picture, dark ? black : white), 0);
        fa_picture_free(&picture);
    }
}

static void labels_grow_with_the_picture(void **state)
{
    const struct fa_annotation annotation = {.box = {30, 60, 31, 61}, .name = "x", .rgb = {255, 255, 0}};
    struct fa_picture small = gray_picture(320, 240), large = gray_picture(1280, 960);
    size_t of_small, of_large;

    (void)state;
    assert_ok(fa_picture_annotate(&small, &annotation, 1));
    assert_ok(fa_picture_annotate(&large, &annotation, 1));
    of_small = count_color(&small, annotation.rgb);
    of_large = count_color(&large, annotation.rgb);
    assert_true(of_large > 6 * of_small);
    fa_picture_free(&small);
    fa_picture_free(&large);
}

/* The same label, alone and among sixty others of the same colour, whose boxes have no height. */
static void labels_are_smaller_in_a_crowd(void **state)
{
    enum { N = 61 };
    struct fa_annotation crowd[N];
    struct fa_picture alone = gray_picture(640, 480), crowded = gray_picture(640, 480);
    const uint8_t yellow[3] = {255, 255, 0};
    size_t of_one, of_all;

    (void)state;
    for (int i = 0; i < N; i++) {
        const float x = (float)(i % 8 * 80), y = (float)(30 + i / 8 * 55);

        crowd[i] =
            (struct fa_annotation){.box = {x, y, x + 40, y}, .name = "Platelets", .rgb = {255, 255, 0}};
    }
    assert_ok(fa_picture_annotate(&alone, crowd, 1));
    assert_ok(fa_picture_annotate(&crowded, crowd, N));
    of_one = count_color(&alone, yellow);
    of_all = count_color(&crowded, yellow);
    assert_true(of_one > 1000 && of_all > N * of_one / 6 && of_all < N * of_one / 2);
    fa_picture_free(&alone);
    fa_picture_free(&crowded);
}

static bool is_row_of(const struct fa_picture *picture, int y, const uint8_t rgb[3])
{
    for (int x = 0; x < picture->w; x++)
        if (memcmp(fa_picture_row(picture, y) + 3 * x, rgb, 3) != 0)
            return false;
    return true;
}

static void a_legend_stands_below_the_picture(void **state)
{
    const struct fa_legend_entry entries[3] = {{"RBC", {10, 180, 75}},
                                               {"WBC 12 from 0.30", {255, 225, 25}},
                                               {"one that has no room any more", {1, 2, 3}}};
    struct fa_picture picture = gray_picture(160, 120);
    int w, h, second_w;

    (void)state;
    assert_ok(fa_picture_legend(&picture, entries, 0));
    assert_int_equal(picture.h, 120);
    fa_text_size(1, entries[0].text, &w, &h);
    fa_text_size(1, entries[1].text, &second_w, &h);
    assert_ok(fa_picture_legend(&picture, entries, 3));
    assert_int_equal(picture.w, 160);
    assert_int_equal(picture.h, 120 + h);
    for (int y = 0; y < 120; y++)
        assert_true(is_row_of(&picture, y, (const uint8_t[3]){100, 100, 100}));
    assert_memory_equal(fa_picture_row(&picture, 120), entries[0].rgb, 3);
    assert_memory_equal(fa_picture_row(&picture, 120) + 3 * w, white, 3); /* between two */
    assert_memory_equal(fa_picture_row(&picture, 120) + 3 * (w + h / 2), entries[1].rgb, 3);
    assert_memory_equal(fa_picture_row(&picture, 120) + 3 * (w + h / 2 + second_w), white, 3);
    assert_int_equal(count_color(&picture, entries[2].rgb), 0);
    assert_true(count_color(&picture, black) > 60); /* the ink on both */
    fa_picture_free(&picture);
}

static void a_long_name_is_cut_and_its_note_stays(void **state)
{
    const char *name = "a\xCC\x88\xC3\xA9very long name of a class that does not fit into the picture";
    struct fa_picture cut = gray_picture(100, 40), whole = gray_picture(100, 40);
    struct fa_annotation annotation = {.box = {0, 20, 90, 40}, .name = name, .note = "0.93"};
    int w, h;

    (void)state;
    assert_ok(fa_picture_annotate(&cut, &annotation, 1));
    annotation.name = "\xC3\xA4\xC3\xA9very long\xE2\x80\xA6";
    fa_text_size(1, "\xC3\xA4\xC3\xA9very long \xE2\x80\xA6 0.93", &w, &h);
    assert_true(w <= 100);
    assert_ok(fa_picture_annotate(&whole, &annotation, 1));
    /* the last letters may differ, the note and the first ones not */
    assert_memory_equal(fa_picture_row(&cut, 8), fa_picture_row(&whole, 8), 3 * 40);
    fa_picture_free(&cut);
    fa_picture_free(&whole);
}

static void strange_boxes_and_names_do_no_harm(void **state)
{
    const struct fa_annotation annotations[] = {
        {.box = {NAN, NAN, NAN, NAN}, .name = "nan", .note = "nan"},
        {.box = {-INFINITY, -1e30f, INFINITY, 1e30f}, .name = ""},
        {.box = {30, 30, 10, 10}, .name = "\xFF\xFE\x80", .note = ""},
        {.box = {5, 5, 5, 5}, .name = NULL},
        {.box = {500, 500, 600, 600}, .name = "\xE6\x97\xA5\xE6\x9C\xAC"},
    };

    (void)state;
    for (int side = 1; side <= 64; side *= 4) {
        struct fa_picture picture = gray_picture(side, 65 - side);

        assert_ok(fa_picture_annotate(&picture, annotations, sizeof annotations / sizeof *annotations));
        assert_ok(fa_picture_caption(&picture, "a caption longer than the picture is wide"));
        assert_true(picture.h > 65 - side);
        fa_picture_free(&picture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_goes_above_else_inside_else_below),
        cmocka_unit_test(labels_do_not_overlap_where_there_is_room),
        cmocka_unit_test(a_label_does_not_hide_a_small_object_where_there_is_room),
        cmocka_unit_test(a_label_hides_an_object_rather_than_a_label),
        cmocka_unit_test(labels_stay_in_the_picture_where_there_is_no_room),
        cmocka_unit_test(ink_stands_out_from_its_ground),
        cmocka_unit_test(labels_grow_with_the_picture),
        cmocka_unit_test(labels_are_smaller_in_a_crowd),
        cmocka_unit_test(a_legend_stands_below_the_picture),
        cmocka_unit_test(a_long_name_is_cut_and_its_note_stays),
        cmocka_unit_test(strange_boxes_and_names_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
