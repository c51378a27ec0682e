#include <string.h>

#include "fa/model_weights.h"
#include "support.h"

static fa_status anchors_of(char *recipe, struct fa_anchor_design *design)
{
    const struct fa_weights_meta meta = {.recipe = recipe};

    return fa_model_weights_anchors(&meta, design);
}

static void assert_design(char *recipe, double scale, float first, float second, float third)
{
    struct fa_anchor_design design;

    assert_ok(anchors_of(recipe, &design));
    assert_true(design.scale == scale);
    assert_true(design.ratio[0] == first && design.ratio[1] == second && design.ratio[2] == third);
}

static void weights_that_do_not_speak_of_anchors_have_those_of_the_reference(void **state)
{
    (void)state;
    assert_design(NULL, 4, 0.5f, 1, 2);
    assert_design((char *)"{}", 4, 0.5f, 1, 2);
    assert_design((char *)"{\"model\": {\"depth\": 18}}", 4, 0.5f, 1, 2);
}

static void anchors_are_those_of_the_recipe(void **state)
{
    (void)state;
    assert_design((char *)"{\"model\": {\"anchor_scale\": 2.5}}", 2.5, 0.5f, 1, 2);
    assert_design((char *)"{\"model\": {\"anchor_ratios\": [0.25, 1, 4], \"anchor_scale\": 8}}", 8, 0.25f, 1,
                  4);
}

static void what_no_anchors_can_be_is_refused(void **state)
{
    static const struct {
        const char *recipe, *message;
    } bad[] = {
        {"{\"model\": {\"anchor_scale\": 0}}", "model.anchor_scale that is not a number above 0"},
        {"{\"model\": {\"anchor_scale\": -4}}", "model.anchor_scale that is not a number above 0"},
        {"{\"model\": {\"anchor_scale\": \"4\"}}", "model.anchor_scale that is not a number above 0"},
        {"{\"model\": {\"anchor_scale\": 1e999}}", "model.anchor_scale that is not a number above 0"},
        {"{\"model\": {\"anchor_ratios\": 1}}", "model.anchor_ratios that are not three"},
        {"{\"model\": {\"anchor_ratios\": [1, 2]}}", "model.anchor_ratios that are not three"},
        {"{\"model\": {\"anchor_ratios\": [1, 2, 3, 4]}}", "model.anchor_ratios that are not three"},
        {"{\"model\": {\"anchor_ratios\": [1, 2, null]}}",
         "model.anchor_ratios that is not a number above 0"},
        {"{\"model\": {\"anchor_ratios\": [1e-60, 1, 2]}}",
         "model.anchor_ratios that is not a number above 0"},
        {"{\"model\"", "the recipe of the weights"},
    };
    struct fa_anchor_design design;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(anchors_of((char *)bad[i].recipe, &design), FA_EFORMAT);
        if (strstr(fa_message(), bad[i].message) == NULL)
            fail_msg("%s: %s", bad[i].recipe, fa_message());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_that_do_not_speak_of_anchors_have_those_of_the_reference),
        cmocka_unit_test(anchors_are_those_of_the_recipe),
        cmocka_unit_test(what_no_anchors_can_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
