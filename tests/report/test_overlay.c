/* Names over a picture never cover each other and never leave it, and those without room are counted. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "overlay.h"

enum { MOST = 200 };

struct tag {
    double x, y, w, h;
};

static double attribute(const char *element, const char *name)
{
    return strtod(strstr(element, name) + strlen(name), NULL);
}

static size_t read_tags(const char *svg, struct tag *tags)
{
    size_t n = 0;

    for (const char *at = strstr(svg, "<rect class=tag"); at != NULL; at = strstr(at + 1, "<rect class=tag"))
        tags[n++] = (struct tag){attribute(at, " x="), attribute(at, " y="), attribute(at, "width="),
                                 attribute(at, "height=")};
    return n;
}

static void names_of_crowded_boxes_do_not_overlap(void **state)
{
    struct fa_overlay_box boxes[MOST];
    struct fa_page page = {0};
    struct tag tags[MOST];
    size_t n, n_left_out;

    (void)state;
    srand(1);
    for (int i = 0; i < MOST; i++)
        boxes[i] =
            (struct fa_overlay_box){.x = rand() % 480 - 20,
                                    .y = rand() % 340 - 20,
                                    .w = rand() % 90,
                                    .h = rand() % 90,
                                    .look = "wrong",
                                    .name = i % 2 == 0 ? "platelets" : "\xe7\xb4\x85\xe8\xa1\x80\xe7\x90\x83",
                                    .score = 0.5,
                                    .rank = i % 3};
    n_left_out = fa_overlay_draw(&page, 480, 320, boxes, MOST);
    assert_ok(page.status);
    n = read_tags(page.text, tags);
    assert_int_equal(n + n_left_out, MOST);
    assert_true(n > 10);
    for (size_t i = 0; i < n; i++) {
        assert_true(tags[i].x >= 0 && tags[i].y >= 0 && tags[i].x + tags[i].w <= 480.1 &&
                    tags[i].y + tags[i].h <= 320.1);
        for (size_t k = 0; k < i; k++)
            assert_true(tags[i].x >= tags[k].x + tags[k].w || tags[k].x >= tags[i].x + tags[i].w ||
                        tags[i].y >= tags[k].y + tags[k].h || tags[k].y >= tags[i].y + tags[i].h);
    }
    fa_free(page.text);
}

static void a_name_does_not_hide_a_small_box_where_there_is_room(void **state)
{
    /* the small one lies where the name of the large one would be */
    struct fa_overlay_box boxes[2] = {
        {.x = 100, .y = 100, .w = 120, .h = 90, .look = "wrong", .name = "platelet", .score = 0.5},
        {.x = 104, .y = 86, .w = 12, .h = 10, .look = "right", .score = -1, .rank = 1}};
    struct fa_page page = {0};
    struct tag tag;

    (void)state;
    assert_int_equal(fa_overlay_draw(&page, 480, 320, boxes, 2), 0);
    assert_int_equal(read_tags(page.text, &tag), 1);
    assert_true(tag.x >= 116 || tag.x + tag.w <= 104 || tag.y >= 96 || tag.y + tag.h <= 86);
    fa_free(page.text);
}

static void hostile_names_stay_text_and_in_bounds(void **state)
{
    char name[3000];
    struct fa_overlay_box box = {
        .x = 10, .y = 40, .w = 50, .h = 50, .look = "right", .name = name, .score = -1};
    struct fa_page page = {0};

    (void)state;
    memset(name, '<', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(fa_overlay_draw(&page, 480, 320, &box, 1), 0);
    assert_null(strstr(page.text, "<<"));
    assert_non_null(strstr(page.text, "\xe2\x80\xa6"));
    fa_free(page.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_crowded_boxes_do_not_overlap),
        cmocka_unit_test(a_name_does_not_hide_a_small_box_where_there_is_room),
        cmocka_unit_test(hostile_names_stay_text_and_in_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
