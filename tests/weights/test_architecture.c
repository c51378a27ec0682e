/* A network is known by the names and shapes of its tensors. */
#include <stdio.h>

#include "fa/architecture.h"
#include "fa/memory.h"
#include "support.h"
#include "tensors.h"

struct sketch {
    int n_blocks[4];
    bool bottleneck;
    int64_t conv2[4]; /* of layer1.0, if bottleneck */
    int64_t channels; /* of the class layer; 0: none */
    bool neck, head;
};

static void add_block(struct fa_weights_file *file, int stage, int block, const struct sketch *sketch)
{
    static const int64_t one[4] = {1, 1, 1, 1};
    const int n_convs = sketch->bottleneck ? 3 : 2;
    char name[64];

    for (int c = 1; c <= n_convs; c++) {
        snprintf(name, sizeof name, "backbone.layer%d.%d.conv%d.weight", stage, block, c);
        test_file_add(file, name, 4, c == 2 && sketch->bottleneck ? sketch->conv2 : one, 0);
    }
}

/* Only what tells networks apart. */
static struct fa_weights_file *draw(const struct sketch *sketch)
{
    struct fa_weights_file *file = test_file_create();
    const int64_t one = 1;

    for (int s = 0; s < 4; s++)
        for (int b = 0; b < sketch->n_blocks[s]; b++)
            add_block(file, s + 1, b, sketch);
    if (sketch->neck)
        test_file_add(file, "neck.lateral_convs.0.conv.bias", 1, &one, 0);
    if (sketch->head)
        test_file_add(file, "bbox_head.retina_reg.bias", 1, &one, 0);
    if (sketch->channels > 0)
        test_file_add(file, "bbox_head.retina_cls.bias", 1, &sketch->channels, 0);
    test_file_sort(file);
    return file;
}

static void assert_recognised(const struct sketch *sketch, const char *text, const char *model)
{
    struct fa_weights_file *file = draw(sketch);
    struct fa_architecture found;
    char got[128];

    assert_ok(fa_architecture_recognise(file, &found));
    fa_architecture_print(&found, got, sizeof got);
    assert_string_equal(got, text);
    fa_architecture_print_model(&found, got, sizeof got);
    assert_string_equal(got, model);
    fa_weights_free(file);
}

static void assert_refused(const struct sketch *sketch, const char *text)
{
    struct fa_weights_file *file = draw(sketch);
    struct fa_architecture found;

    assert_fails_saying(fa_architecture_recognise(file, &found), FA_EFORMAT, text);
    fa_weights_free(file);
}

static void depth_groups_and_classes_are_recognised(void **state)
{
    (void)state;
    assert_recognised(&(struct sketch){.n_blocks = {2, 2, 2, 2}}, "ResNet-18 without neck and head", "r18");
    assert_recognised(&(struct sketch){.n_blocks = {3, 4, 6, 3}, .neck = true}, "ResNet-34, FPN, no head",
                      "r34");
    assert_recognised(&(struct sketch){{3, 4, 6, 3}, true, {64, 64, 3, 3}, 720, true, true},
                      "ResNet-50, FPN, head of 80 classes", "r50");
    assert_recognised(&(struct sketch){{3, 4, 23, 3}, true, {64, 64, 3, 3}, 9, true, true},
                      "ResNet-101, FPN, head of 1 class", "r101");
    assert_recognised(&(struct sketch){{3, 4, 23, 3}, true, {128, 4, 3, 3}, 0, true, true},
                      "ResNeXt-101 32x4d, FPN, head without class layer", "x101_32x4d");
    assert_recognised(&(struct sketch){{3, 4, 23, 3}, true, {256, 4, 3, 3}, 0, false, false},
                      "ResNeXt-101 64x4d without neck and head", "x101_64x4d");
    assert_recognised(&(struct sketch){{3, 4, 6, 3}, true, {128, 4, 3, 3}, 0, false, false},
                      "ResNeXt-50 32x4d without neck and head", "x50_32x4d");
}

static void group_norm_and_its_groups_are_recognised(void **state)
{
    const int64_t channels = 64;
    char model[] = "r18_gn16";
    struct fa_weights_file *file = draw(&(struct sketch){.n_blocks = {2, 2, 2, 2}, .neck = true});
    struct fa_architecture found;
    char text[128];

    (void)state;
    test_file_add(file, "backbone.gn1.weight", 1, &channels, 0);
    test_file_sort(file);
    assert_ok(fa_architecture_recognise(file, &found));
    assert_true(found.group_norm);
    assert_int_equal(found.norm_groups, 0);
    fa_architecture_print(&found, text, sizeof text);
    assert_string_equal(text, "ResNet-18 with group normalisation, FPN, no head");
    fa_architecture_print_model(&found, text, sizeof text);
    assert_string_equal(text, "r18_gn");
    file->meta.model = model;
    assert_ok(fa_architecture_recognise(file, &found));
    assert_int_equal(found.norm_groups, 16);
    fa_architecture_print_model(&found, text, sizeof text);
    assert_string_equal(text, "r18_gn16");
    file->meta.model = NULL;
    fa_weights_free(file);
}

static void the_widths_of_backbone_neck_and_head_are_recognised(void **state)
{
    const int64_t stem[4] = {32, 3, 7, 7};
    const int64_t lateral[4] = {96, 512, 1, 1}, first[4] = {48, 96, 3, 3}, second[4] = {48, 48, 3, 3};
    struct fa_weights_file *file = draw(&(struct sketch){.n_blocks = {2, 2, 2, 2}});
    struct fa_architecture found;
    char text[128];

    (void)state;
    assert_ok(fa_architecture_recognise(file, &found));
    assert_int_equal(found.base_channels, 64);
    assert_int_equal(found.neck_channels, 256);
    assert_int_equal(found.head_channels, 256);
    assert_int_equal(found.head_convs, 4);
    test_file_add(file, "backbone.conv1.weight", 4, stem, 0);
    test_file_add(file, "neck.lateral_convs.0.conv.weight", 4, lateral, 0);
    test_file_add(file, "bbox_head.cls_convs.0.conv.weight", 4, first, 0);
    test_file_add(file, "bbox_head.cls_convs.1.conv.weight", 4, second, 0);
    test_file_sort(file);
    assert_ok(fa_architecture_recognise(file, &found));
    assert_int_equal(found.base_channels, 32);
    assert_int_equal(found.neck_channels, 96);
    assert_int_equal(found.head_channels, 48);
    assert_int_equal(found.head_convs, 2);
    fa_architecture_print(&found, text, sizeof text);
    assert_string_equal(text, "ResNet-18 of 32 channels, FPN, head without class layer");
    fa_architecture_print_model(&found, text, sizeof text);
    assert_string_equal(text, "r18_c32");
    fa_weights_free(file);
}

static void a_pyramid_from_p2_on_is_recognised_by_its_fourth_lateral(void **state)
{
    const int64_t lateral[4] = {256, 512, 1, 1};
    struct fa_weights_file *file = draw(&(struct sketch){.n_blocks = {2, 2, 2, 2}});
    struct fa_architecture found;
    char text[128];

    (void)state;
    assert_ok(fa_architecture_recognise(file, &found));
    assert_int_equal(found.finest_level, 3);
    test_file_add(file, "neck.lateral_convs.3.conv.weight", 4, lateral, 0);
    test_file_sort(file);
    assert_ok(fa_architecture_recognise(file, &found));
    assert_int_equal(found.finest_level, 2);
    fa_architecture_print(&found, text, sizeof text);
    assert_string_equal(text, "ResNet-18, FPN from P2, no head");
    fa_architecture_print_model(&found, text, sizeof text);
    assert_string_equal(text, "r18_p2");
    fa_weights_free(file);
}

static void other_resnets_are_refused_with_what_was_found(void **state)
{
    (void)state;
    assert_refused(&(struct sketch){{3, 8, 36, 3}, true, {64, 64, 3, 3}, 0, false, false},
                   "3, 8, 36 and 3 bottleneck blocks");
    assert_refused(&(struct sketch){.n_blocks = {2, 2, 2, 1}}, "2, 2, 2 and 1 basic blocks");
    assert_refused(&(struct sketch){{3, 4, 6, 3}, true, {64, 48, 3, 3}, 0, false, false}, "is 64x48x3x3");
    assert_refused(&(struct sketch){{3, 4, 6, 3}, true, {64, 0, 3, 3}, 0, false, false}, "is 64x0x3x3");
}

static void a_file_without_a_resnet_is_refused_naming_what_it_has(void **state)
{
    struct fa_weights_file *file = test_file_of((const char *const[]){"classifier.0.bias", NULL});
    struct fa_weights_file empty = {0};
    struct fa_architecture found;

    (void)state;
    assert_fails_saying(fa_architecture_recognise(file, &found), FA_EFORMAT,
                        "the first is classifier.0.bias");
    assert_fails_saying(fa_architecture_recognise(&empty, &found), FA_EFORMAT, "no tensor");
    fa_weights_free(file);
}

static void a_class_layer_of_other_anchors_is_refused(void **state)
{
    (void)state;
    assert_refused(&(struct sketch){.n_blocks = {2, 2, 2, 2}, .channels = 80, .head = true}, "80 channels");
    assert_refused(&(struct sketch){.n_blocks = {2, 2, 2, 2}, .channels = 9 * 65537, .head = true},
                   "channels");
}

static void class_names_must_be_as_many_as_classes(void **state)
{
    struct fa_weights_file *file =
        draw(&(struct sketch){.n_blocks = {2, 2, 2, 2}, .channels = 18, .head = true});
    struct fa_architecture found;

    (void)state;
    file->meta.n_classes = 3;
    assert_fails_saying(fa_architecture_recognise(file, &found), FA_EFORMAT,
                        "names 3 classes but predicts 2");
    file->meta.n_classes = 2;
    assert_ok(fa_architecture_recognise(file, &found));
    file->meta.n_classes = 0;
    fa_weights_free(file);
}

static void nothing_is_left_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_groups_and_classes_are_recognised),
        cmocka_unit_test(group_norm_and_its_groups_are_recognised),
        cmocka_unit_test(the_widths_of_backbone_neck_and_head_are_recognised),
        cmocka_unit_test(a_pyramid_from_p2_on_is_recognised_by_its_fourth_lateral),
        cmocka_unit_test(other_resnets_are_refused_with_what_was_found),
        cmocka_unit_test(a_file_without_a_resnet_is_refused_naming_what_it_has),
        cmocka_unit_test(a_class_layer_of_other_anchors_is_refused),
        cmocka_unit_test(class_names_must_be_as_many_as_classes),
        cmocka_unit_test(nothing_is_left_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
