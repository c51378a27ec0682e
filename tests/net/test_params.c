/* Names, shapes, counts and costs of every model against the tables of the recipe (C = 80). */
#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "layout.h"
#include "network.h"
#include "support.h"

struct expected {
    const char *name;
    int depth, groups, base_width;
    size_t n_params, n_trainable, n_tensors, n_trainable_tensors;
    double giga_operations; /* at 1280x800, see add_cost */
};

static const struct expected models[] = {
    {"r18", 18, 1, 64, 21410100, 21252596, 96, 81, 188.74},
    {"r34", 34, 1, 64, 31518260, 31286772, 144, 123, 226.57},
    {"r50", 50, 1, 64, 37968692, 37743348, 195, 162, 239.32},
    {"r101", 101, 1, 64, 56960820, 56735476, 348, 315, 315.39},
    {"x101_32x4d", 101, 32, 4, 56589364, 56374004, 348, 315, 319.14},
    {"x101_64x4d", 101, 64, 4, 95866932, 95464180, 348, 315, 472.61},
};

static struct fa_model *create(const struct expected *want)
{
    struct fa_model_config config = network_config_of_recipes(want->depth, 1);

    config.num_classes = 80;
    config.groups = want->groups;
    config.base_width = want->base_width;
    config.base_channels = 64;
    return network_create(&config, "blas");
}

static void count(const struct fa_params *params, struct expected *got)
{
    memset(got, 0, sizeof *got);
    for (size_t i = 0; i < params->n; i++) {
        const struct fa_param *param = &params->entry[i];

        if (param->kind == FA_PARAM_STATISTIC)
            continue;
        got->n_params += param->n_elem;
        got->n_tensors++;
        if (param->kind == FA_PARAM_TRAINABLE) {
            got->n_trainable += param->n_elem;
            got->n_trainable_tensors++;
        }
    }
}

static void assert_counts(const struct fa_params *params, const struct expected *want)
{
    struct expected got;

    count(params, &got);
    assert_int_equal(got.n_params, want->n_params);
    assert_int_equal(got.n_trainable, want->n_trainable);
    assert_int_equal(got.n_trainable, params->n_trainable);
    assert_int_equal(got.n_tensors, want->n_tensors);
    assert_int_equal(got.n_trainable_tensors, want->n_trainable_tensors);
}

struct cost {
    double operations;
    size_t n_params;
};

/* The recipe's counter: multiply-adds, one for each addition of a bias, two for each element that passes a
   batch norm, one for a ReLU and for an element that goes into the pool. */
static void add_cost(void *context, const struct fa_layer_info *layer)
{
    struct cost *cost = context;
    const double n_out = (double)fa_shape_elements(layer->out);
    const bool has_norm = strncmp(layer->name, "backbone.", 9) == 0;
    const bool pooled = strcmp(layer->name, "backbone.conv1") == 0;

    cost->operations += layer->macs + n_out * ((has_norm ? 2 : 1) + layer->conv.relu + pooled);
    cost->n_params += layer->n_params;
    assert_non_null(layer->algorithm[FA_CONV_FORWARD]);
    assert_true((layer->algorithm[FA_CONV_BACKWARD_DATA] != NULL) == layer->conv.backward_data);
}

static void counts_and_costs_are_those_of_the_recipe(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        struct fa_model *model = create(&models[m]);
        struct cost cost = {0};

        assert_counts(fa_model_params(model), &models[m]);
        assert_ok(fa_workspace_describe(network_workspace(model), 800, 1280, add_cost, &cost));
        assert_near(cost.operations / 1e9, models[m].giga_operations, 0.005001);
        assert_int_equal(cost.n_params, models[m].n_params);
        network_destroy(model);
    }
}

static void assert_param(const struct fa_params *params, const char *name, enum fa_param_kind kind,
                         const char *shape)
{
    const struct fa_param *param = fa_params_find(params, name);
    char text[64];

    if (param == NULL)
        print_error("no parameter %s\n", name);
    assert_non_null(param);
    fa_dims_print(param->n_dims, param->dims, text, sizeof text);
    assert_string_equal(text, shape);
    assert_int_equal(param->kind, kind);
}

static void names_and_shapes_are_those_of_a_checkpoint(void **state)
{
    struct fa_model *model = create(&models[4]);
    const struct fa_params *params = fa_model_params(model);

    (void)state;
    assert_param(params, "backbone.conv1.weight", FA_PARAM_FROZEN, "64x3x7x7");
    assert_param(params, "backbone.bn1.weight", FA_PARAM_FROZEN, "64");
    assert_param(params, "backbone.bn1.running_mean", FA_PARAM_STATISTIC, "64");
    assert_param(params, "backbone.layer1.0.downsample.0.weight", FA_PARAM_FROZEN, "256x64x1x1");
    assert_param(params, "backbone.layer1.2.conv2.weight", FA_PARAM_FROZEN, "128x4x3x3");
    assert_param(params, "backbone.layer2.0.downsample.1.running_var", FA_PARAM_STATISTIC, "512");
    assert_param(params, "backbone.layer3.22.bn3.bias", FA_PARAM_TRAINABLE, "1024");
    assert_param(params, "backbone.layer4.0.conv1.weight", FA_PARAM_TRAINABLE, "1024x1024x1x1");
    assert_param(params, "backbone.layer4.2.conv2.weight", FA_PARAM_TRAINABLE, "1024x32x3x3");
    assert_param(params, "neck.lateral_convs.2.conv.weight", FA_PARAM_TRAINABLE, "256x2048x1x1");
    assert_param(params, "neck.fpn_convs.3.conv.weight", FA_PARAM_TRAINABLE, "256x2048x3x3");
    assert_param(params, "neck.fpn_convs.4.conv.bias", FA_PARAM_TRAINABLE, "256");
    assert_param(params, "bbox_head.cls_convs.3.conv.weight", FA_PARAM_TRAINABLE, "256x256x3x3");
    assert_param(params, "bbox_head.retina_cls.weight", FA_PARAM_TRAINABLE, "720x256x3x3");
    assert_param(params, "bbox_head.retina_reg.bias", FA_PARAM_TRAINABLE, "36");
    assert_null(fa_params_find(params, "backbone.layer1.1.downsample.0.weight"));
    assert_null(fa_params_find(params, "backbone.conv1.bias"));
    network_destroy(model);
}

static const char *at_rank(const struct fa_params *params, int module_order)
{
    const char *name = NULL;

    for (size_t i = 0; i < params->n; i++)
        if (params->entry[i].module_order == module_order) {
            assert_null(name); /* a rank belongs to one */
            name = params->entry[i].name;
        }
    return name;
}

static void module_order_is_that_of_the_state_dict(void **state)
{
    static const char *const block[] = {"layer1.0.conv1.weight",
                                        "layer1.0.bn1.weight",
                                        "layer1.0.bn1.bias",
                                        "layer1.0.bn1.running_mean",
                                        "layer1.0.bn1.running_var",
                                        "layer1.0.conv2.weight",
                                        "layer1.0.bn2.weight",
                                        "layer1.0.bn2.bias",
                                        "layer1.0.bn2.running_mean",
                                        "layer1.0.bn2.running_var",
                                        "layer1.0.conv3.weight",
                                        "layer1.0.bn3.weight",
                                        "layer1.0.bn3.bias",
                                        "layer1.0.bn3.running_mean",
                                        "layer1.0.bn3.running_var",
                                        "layer1.0.downsample.0.weight",
                                        "layer1.0.downsample.1.weight",
                                        "layer1.0.downsample.1.bias"};
    struct fa_model *model = create(&models[2]);
    const struct fa_params *params = fa_model_params(model);

    (void)state;
    for (int i = 0; i < (int)params->n; i++)
        assert_non_null(at_rank(params, i));
    for (int i = 0; i < (int)(sizeof block / sizeof block[0]); i++)
        assert_string_equal(at_rank(params, 5 + i) + strlen("backbone."), block[i]);
    assert_string_equal(at_rank(params, (int)params->n - 4), "bbox_head.retina_cls.weight");
    assert_string_equal(at_rank(params, (int)params->n - 1), "bbox_head.retina_reg.bias");
    network_destroy(model);
}

static void parameters_lie_in_the_order_in_which_backward_ends(void **state)
{
    struct fa_model *model = create(&models[2]);
    const struct fa_params *params = fa_model_params(model);
    size_t offset = 0;

    (void)state;
    for (size_t i = 0; i < params->n; offset += params->entry[i].n_elem, i++) {
        assert_int_equal(params->entry[i].offset, offset);
        if (i > 0)
            assert_true(params->entry[i].kind >= params->entry[i - 1].kind);
    }
    assert_int_equal(offset, params->n_elem);
    assert_string_equal(params->entry[0].name, "bbox_head.retina_reg.weight");
    assert_true(fa_params_find(params, "neck.lateral_convs.2.conv.weight")->offset <
                fa_params_find(params, "backbone.layer4.2.conv3.weight")->offset);
    assert_true(fa_params_find(params, "backbone.layer4.2.conv3.weight")->offset <
                fa_params_find(params, "backbone.layer2.0.conv1.weight")->offset);
    network_destroy(model);
}

static void a_table_without_values_is_that_of_the_model(void **state)
{
    struct fa_model_config config = network_config_of_recipes(50, 1);
    struct fa_model *model = network_create(&config, "blas");
    struct fa_params table;

    (void)state;
    assert_ok(fa_model_list_params(&config, &table));
    assert_int_equal(fa_flat_length(fa_model_params(model)->value), table.n_elem);
    assert_int_equal(fa_flat_length(fa_model_params(model)->grad), table.n_trainable);
    assert_int_equal(table.n, fa_model_params(model)->n);
    assert_true(fa_params_fingerprint(&table) == fa_params_fingerprint(fa_model_params(model)));
    assert_null(table.value);
    assert_null(table.grad);
    fa_params_destroy(&table);
    config.depth = 20;
    assert_fails(fa_model_list_params(&config, &table), FA_EINVAL);
    network_destroy(model);
}

static void no_allocation_failure_leaks_a_table(void **state)
{
    const struct fa_model_config config = network_config_of_recipes(18, 1);
    const long before = fa_memory_balance();
    struct fa_params table;

    (void)state;
    for (long n = 1; n <= 3; n++) {
        fa_memory_fail_after(n);
        assert_fails(fa_model_list_params(&config, &table), FA_ENOMEM);
        fa_memory_fail_after(0);
        assert_int_equal(fa_memory_balance(), before);
    }
    assert_ok(fa_model_list_params(&config, &table));
    fa_params_destroy(&table);
}

static uint64_t fingerprint(int depth, int frozen_stages)
{
    struct fa_model_config config = network_config_of_recipes(depth, frozen_stages);
    struct fa_model *model = network_create(&config, "blas");
    uint64_t result = fa_params_fingerprint(fa_model_params(model));

    network_destroy(model);
    return result;
}

static void fingerprints_tell_models_apart_and_are_stable(void **state)
{
    (void)state;
    assert_true(fingerprint(18, 1) == fingerprint(18, 1));
    assert_true(fingerprint(18, 1) != fingerprint(18, 2));
    assert_true(fingerprint(18, 1) != fingerprint(34, 1));
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_costs_are_those_of_the_recipe),
        cmocka_unit_test(names_and_shapes_are_those_of_a_checkpoint),
        cmocka_unit_test(module_order_is_that_of_the_state_dict),
        cmocka_unit_test(parameters_lie_in_the_order_in_which_backward_ends),
        cmocka_unit_test(a_table_without_values_is_that_of_the_model),
        cmocka_unit_test(no_allocation_failure_leaks_a_table),
        cmocka_unit_test(fingerprints_tell_models_apart_and_are_stable),
        cmocka_unit_test(nothing_stays_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
