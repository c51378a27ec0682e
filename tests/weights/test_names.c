/* Names of other programs become ours. */
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/weights.h"
#include "support.h"
#include "tensors.h"

/* The name that a tensor gets when it is alone in a file; "" if it is left out. */
static const char *translated(const char *name)
{
    static char result[128];
    struct fa_weights_file *file = test_file_of((const char *const[]){name, NULL});
    struct fa_weights_translation translation;

    assert_ok(fa_weights_translate(file, &translation));
    assert_int_equal(translation.n_left_out, file->n == 0);
    strcpy(result, file->n == 1 ? file->tensors[0].name : "");
    assert_int_equal(translation.n_renamed, file->n == 1 && strcmp(result, name) != 0);
    fa_weights_free(file);
    return result;
}

static void names_of_torchvision_get_the_scope_of_the_backbone(void **state)
{
    (void)state;
    assert_string_equal(translated("conv1.weight"), "backbone.conv1.weight");
    assert_string_equal(translated("bn1.running_mean"), "backbone.bn1.running_mean");
    assert_string_equal(translated("gn1.weight"), "backbone.gn1.weight");
    assert_string_equal(translated("layer1.0.downsample.1.bias"), "backbone.layer1.0.downsample.1.bias");
    assert_string_equal(translated("layer4.2.conv3.weight"), "backbone.layer4.2.conv3.weight");
}

static void names_of_mmdetection_stay(void **state)
{
    static const char *const names[] = {
        "backbone.layer3.5.bn2.running_var", "neck.lateral_convs.0.conv.weight",
        "neck.fpn_convs.4.conv.bias",        "bbox_head.cls_convs.3.conv.weight",
        "bbox_head.reg_convs.0.conv.bias",   "bbox_head.retina_cls.weight",
        "bbox_head.retina_reg.bias",         NULL,
    };

    (void)state;
    for (size_t i = 0; names[i] != NULL; i++)
        assert_string_equal(translated(names[i]), names[i]);
}

static void towers_of_the_oldest_versions_get_their_conv(void **state)
{
    (void)state;
    assert_string_equal(translated("bbox_head.cls_convs.0.weight"), "bbox_head.cls_convs.0.conv.weight");
    assert_string_equal(translated("bbox_head.reg_convs.13.bias"), "bbox_head.reg_convs.13.conv.bias");
    assert_string_equal(translated("bbox_head.cls_convs.0.bn.weight"), "bbox_head.cls_convs.0.bn.weight");
    assert_string_equal(translated("bbox_head.cls_convs.weight"), "bbox_head.cls_convs.weight");
    assert_string_equal(translated("bbox_head.cls_convs."), "bbox_head.cls_convs.");
}

static void wrappers_are_taken_off_however_many(void **state)
{
    (void)state;
    assert_string_equal(translated("module.neck.fpn_convs.0.conv.bias"), "neck.fpn_convs.0.conv.bias");
    assert_string_equal(translated("module.module.conv1.weight"), "backbone.conv1.weight");
    assert_string_equal(translated("_orig_mod.module.conv1.weight"), "backbone.conv1.weight");
    assert_string_equal(translated("module._orig_mod.neck.x"), "neck.x");
    assert_string_equal(translated("module.bbox_head.cls_convs.1.bias"), "bbox_head.cls_convs.1.conv.bias");
}

static void what_no_detector_uses_is_left_out(void **state)
{
    static const char *const names[] = {"fc.weight",
                                        "fc.bias",
                                        "module.fc.bias",
                                        "bn1.num_batches_tracked",
                                        "backbone.layer1.0.bn1.num_batches_tracked",
                                        "ema_backbone_conv1_weight",
                                        "data_preprocessor.mean",
                                        NULL};

    (void)state;
    for (size_t i = 0; names[i] != NULL; i++)
        assert_string_equal(translated(names[i]), "");
}

static void unknown_names_stay_to_be_seen(void **state)
{
    static const char *const names[] = {"",
                                        "fc.weight.scale",
                                        "layer5.0.conv1.weight",
                                        "conv1",
                                        "rpn_head.rpn_cls.bias",
                                        "layers.1",
                                        "modules.conv1.weight",
                                        NULL};

    (void)state;
    for (size_t i = 0; names[i] != NULL; i++)
        assert_string_equal(translated(names[i]), names[i]);
}

static void values_stay_with_their_tensors_and_the_file_sorted(void **state)
{
    static const char *const names[] = {"neck.x", "module.conv1.weight", "fc.weight", "bn1.bias", NULL};
    struct fa_weights_file *file = test_file_of(names);
    struct fa_weights_translation translation;

    (void)state;
    assert_ok(fa_weights_translate(file, &translation));
    assert_int_equal(file->n, 3);
    assert_string_equal(file->tensors[0].name, "backbone.bn1.bias");
    assert_true(fa_weights_find(file, "neck.x")->data[0] == 0);
    assert_true(fa_weights_find(file, "backbone.conv1.weight")->data[0] == 1);
    assert_true(fa_weights_find(file, "backbone.bn1.bias")->data[0] == 3);
    assert_int_equal(translation.n_renamed, 2);
    assert_string_equal(translation.left_out, "fc.weight");
    fa_weights_free(file);
}

static void two_tensors_of_one_name_are_refused(void **state)
{
    static const char *const names[] = {"conv1.weight", "module.backbone.conv1.weight", NULL};
    struct fa_weights_file *file = test_file_of(names);
    struct fa_weights_translation translation;

    (void)state;
    assert_fails_saying(fa_weights_translate(file, &translation), FA_EFORMAT, "backbone.conv1.weight");
    fa_weights_free(file);
}

static void a_long_list_of_what_is_left_out_is_cut(void **state)
{
    struct fa_weights_file *file = test_file_create();
    struct fa_weights_translation translation;
    const int64_t one = 1;
    char name[64];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "ema_backbone_layer1_%02d", i);
        test_file_add(file, name, 1, &one, 0);
    }
    test_file_sort(file);
    assert_ok(fa_weights_translate(file, &translation));
    assert_int_equal(translation.n_left_out, 100);
    assert_int_equal(file->n, 0);
    assert_memory_equal(translation.left_out, "ema_backbone_layer1_00, ema_backbone_layer1_01, ", 48);
    assert_string_equal(translation.left_out + strlen(translation.left_out) - 5, ", ...");
    fa_weights_free(file);
}

static void parts_are_found_and_dropped_by_their_prefix(void **state)
{
    static const char *const names[] = {"neck.a", "bbox_head.retina_cls.bias", "bbox_head.retina_reg.bias",
                                        NULL};
    struct fa_weights_file *file = test_file_of(names);

    (void)state;
    assert_true(fa_weights_has(file, "bbox_head.retina_cls."));
    assert_int_equal(fa_weights_drop(file, "bbox_head.retina_cls."), 1);
    assert_false(fa_weights_has(file, "bbox_head.retina_cls."));
    assert_int_equal(fa_weights_drop(file, "bbox_head.retina_cls."), 0);
    assert_int_equal(file->n, 2);
    assert_non_null(fa_weights_find(file, "bbox_head.retina_reg.bias"));
    fa_weights_free(file);
}

static void no_allocation_failure_leaks(void **state)
{
    static const char *const names[] = {"conv1.weight", "bn1.bias", "fc.bias", "neck.x", NULL};
    struct fa_weights_translation translation;
    fa_status status = FA_ENOMEM;

    (void)state;
    for (long n = 1; status != FA_OK; n++) {
        struct fa_weights_file *file = test_file_of(names);

        assert_in_range(n, 1, 20);
        fa_memory_fail_after(n);
        status = fa_weights_translate(file, &translation);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        fa_weights_free(file);
    }
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_torchvision_get_the_scope_of_the_backbone),
        cmocka_unit_test(names_of_mmdetection_stay),
        cmocka_unit_test(towers_of_the_oldest_versions_get_their_conv),
        cmocka_unit_test(wrappers_are_taken_off_however_many),
        cmocka_unit_test(what_no_detector_uses_is_left_out),
        cmocka_unit_test(unknown_names_stay_to_be_seen),
        cmocka_unit_test(values_stay_with_their_tensors_and_the_file_sorted),
        cmocka_unit_test(two_tensors_of_one_name_are_refused),
        cmocka_unit_test(a_long_list_of_what_is_left_out_is_cut),
        cmocka_unit_test(parts_are_found_and_dropped_by_their_prefix),
        cmocka_unit_test(no_allocation_failure_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
