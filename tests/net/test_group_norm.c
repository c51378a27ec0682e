/* What a model with group norm promises beyond its numbers, which test_golden and test_gradient compare. */
#include <string.h>

#include "fa/memory.h"
#include "flats.h"
#include "network.h"
#include "state.h"

#define H 32
#define W 64

static struct fa_model_config group_config(int depth, int frozen_stages)
{
    struct fa_model_config config = network_config_of_recipes(depth, frozen_stages);

    config.norm = FA_NORM_GROUP;
    config.norm_groups = 32;
    return config;
}

/* A narrow one, to compute with. */
static struct fa_model *create(int depth, int frozen_stages)
{
    struct fa_model_config config = network_config(depth, frozen_stages);
    struct fa_model *model;

    config.norm = FA_NORM_GROUP;
    config.norm_groups = 8;
    model = network_create(&config, NULL);

    network_fill(model);
    return model;
}

static void check_arena(int depth, int frozen_stages)
{
    struct fa_model *model = create(depth, frozen_stages);
    const size_t n_bytes = fa_model_params(model)->n_trainable * sizeof(fa_real);
    float *image = network_image("image", H, W);
    fa_real *first = network_gradient(model, image, H, W), *again;

    network_spoil_arena(model);
    again = network_gradient(model, image, H, W);
    assert_memory_equal(first, again, n_bytes);
    fa_free(first), fa_free(again), fa_free(image);
    network_destroy(model);
}

static void nothing_is_read_from_the_arena_before_it_is_written_or_made_again(void **state)
{
    (void)state;
    check_arena(18, -1);
    check_arena(50, 1);
}

static void training_and_inference_forward_give_the_same_bits(void **state)
{
    struct fa_model *model = create(50, 1);
    float *image = network_image("image", H, W);
    struct fa_head training, inference;

    (void)state;
    training = network_forward(model, FA_TRAINING, image, H, W);
    inference = network_forward(model, FA_INFERENCE, image, H, W);
    assert_memory_equal(training.cls, inference.cls, network_head_elements(&training) * sizeof(fa_real));
    fa_free(training.cls), fa_free(inference.cls), fa_free(image);
    network_destroy(model);
}

static void gammas_and_betas_are_final_with_their_layer(void **state)
{
    struct fa_model *model = create(18, -1);
    const struct fa_params *params = fa_model_params(model);
    struct network_progress progress = {.queue = fa_workspace_queue(network_workspace(model)),
                                        .params = params};
    float *image = network_image("image", H, W);
    struct fa_head head;
    fa_real *gradient;

    (void)state;
    assert_ok(fa_alloc(params->n_trainable, sizeof(fa_real), &progress.seen));
    assert_ok(network_ask(network_workspace(model), FA_TRAINING, image, H, W, &head));
    gradient = network_head_gradient(&head);
    assert_ok(network_backward(network_workspace(model), &head, gradient, network_take_ready, &progress));
    assert_int_equal(progress.n, params->n_trainable);
    assert_int_equal(progress.pieces, 20 + 8 + 6); /* of backbone, neck and head */
    assert_flat_holds(params->grad, 0, params->n_trainable, progress.seen);
    fa_free(gradient), fa_free(image), fa_free(progress.seen);
    network_destroy(model);
}

/* Those that mmdetection's ResNet, FPN and RetinaHead give with norm_cfg=dict(type='GN', num_groups=32). */
static void names_are_those_of_mmdetection_and_there_are_no_statistics(void **state)
{
    static const char *const there[] = {"backbone.gn1.weight",
                                        "backbone.layer1.0.gn3.bias",
                                        "backbone.layer2.0.downsample.1.weight",
                                        "neck.lateral_convs.2.gn.weight",
                                        "neck.fpn_convs.4.gn.bias",
                                        "bbox_head.cls_convs.0.gn.weight",
                                        "bbox_head.reg_convs.3.gn.bias",
                                        "bbox_head.retina_cls.bias",
                                        NULL};
    static const char *const absent[] = {"backbone.bn1.weight", "neck.fpn_convs.0.conv.bias",
                                         "bbox_head.cls_convs.0.conv.bias", "bbox_head.retina_cls.gn.weight",
                                         NULL};
    const struct fa_model_config config = group_config(50, 1);
    struct fa_params params;

    (void)state;
    assert_ok(fa_model_list_params(&config, &params));
    for (size_t i = 0; there[i] != NULL; i++)
        assert_non_null(fa_params_find(&params, there[i]));
    for (size_t i = 0; absent[i] != NULL; i++)
        assert_null(fa_params_find(&params, absent[i]));
    for (size_t i = 0; i < params.n; i++)
        assert_true(params.entry[i].kind != FA_PARAM_STATISTIC);
    assert_int_equal(params.n, 3 * (53 + 8 + 8) + 4);
    fa_params_destroy(&params);
}

static void count_norms(void *context, const struct fa_layer_info *layer)
{
    *(int *)context += layer->norm_groups == 32;
}

/* 20 of the backbone, 8 of the neck, 8 of the head at 5 levels. */
static void a_description_tells_of_the_norms(void **state)
{
    const struct fa_model_config config = group_config(18, 1);
    struct fa_model *model = network_create(&config, "blas");
    int n = 0;

    (void)state;
    assert_ok(fa_workspace_describe(network_workspace(model), H, W, count_norms, &n));
    assert_int_equal(n, 20 + 8 + 8 * 5);
    network_destroy(model);
}

static fa_real value_of(struct fa_model *model, const char *name)
{
    const struct fa_params *params = fa_model_params(model);

    return flat_at(params->value, fa_params_find(params, name)->offset);
}

static void a_residual_block_starts_at_gamma_0_and_any_other_norm_at_1(void **state)
{
    struct fa_model_config config = group_config(18, -1);
    struct fa_model *model;

    (void)state;
    config.zero_init_residual = true;
    model = network_create(&config, "blas");
    assert_ok(fa_model_init(model, 1));
    assert_true(value_of(model, "backbone.layer3.1.gn2.weight") == 0);
    assert_true(value_of(model, "backbone.layer3.1.gn1.weight") == 1);
    assert_true(value_of(model, "neck.lateral_convs.0.gn.weight") == 1);
    assert_true(value_of(model, "bbox_head.reg_convs.0.gn.weight") == 1);
    assert_true(value_of(model, "bbox_head.reg_convs.0.gn.bias") == 0);
    network_destroy(model);
}

static void groups_must_divide_channels_and_few_channels_have_a_quarter(void **state)
{
    struct fa_model_config config = group_config(50, 1);
    struct fa_backend *backend;
    struct fa_model *model;

    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    config.norm_groups = 48;
    assert_fails_saying(fa_model_create(&config, backend, &model), FA_EINVAL, "64 channels of backbone.gn1");
    config.norm_groups = 0;
    assert_fails_saying(fa_model_create(&config, backend, &model), FA_EINVAL, "at least 1");
    config.norm_groups = 128;
    assert_ok(fa_model_create(&config, backend, &model));
    assert_int_equal(model->graph.layer[0].norm_groups, 64 / 4);
    assert_int_equal(model->graph.layer[3].norm_groups, 128); /* 256 channels */
    fa_model_destroy(model);
    fa_backend_close(backend);
}

static size_t step_memory(const struct fa_model_config *config, size_t *arena)
{
    struct fa_model *model = network_create(config, "blas");
    struct fa_model_memory memory;
    struct fa_plan *plan;

    assert_ok(fa_workspace_plan(network_workspace(model), FA_TRAINING, 800, 1344, &plan));
    fa_workspace_memory(network_workspace(model), &memory);
    network_destroy(model);
    *arena = memory.arena;
    return memory.parameters + 2 * memory.gradients + memory.packed_weights + memory.arena;
}

static void a_step_takes_at_most_a_quarter_more_memory_than_with_batch_norm(void **state)
{
    (void)state;
    for (int frozen = -1; frozen <= 1; frozen += 2) {
        struct fa_model_config batch = network_config_of_recipes(50, frozen),
                               group = group_config(50, frozen);
        size_t batch_arena, group_arena, batch_all = step_memory(&batch, &batch_arena);

        assert_true(4 * step_memory(&group, &group_arena) <= 5 * batch_all);
        assert_true(group_arena < batch_arena + batch_arena / 2);
    }
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_read_from_the_arena_before_it_is_written_or_made_again),
        cmocka_unit_test(training_and_inference_forward_give_the_same_bits),
        cmocka_unit_test(gammas_and_betas_are_final_with_their_layer),
        cmocka_unit_test(names_are_those_of_mmdetection_and_there_are_no_statistics),
        cmocka_unit_test(a_description_tells_of_the_norms),
        cmocka_unit_test(a_residual_block_starts_at_gamma_0_and_any_other_norm_at_1),
        cmocka_unit_test(groups_must_divide_channels_and_few_channels_have_a_quarter),
        cmocka_unit_test(a_step_takes_at_most_a_quarter_more_memory_than_with_batch_norm),
        cmocka_unit_test(nothing_stays_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
