/* The whole network's gradient against central differences, in the double precision build. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "network.h"
#include "support.h"

#define H 64
#define W 96

#ifdef FA_FLOAT64

/* A step small enough crosses no ReLU, one large enough drowns rounding; one of these does both, and none
   brings a wrong gradient close. */
static const double steps[] = {1e-6, 1e-5, 1e-7, 1e-4};
#define N_STEPS   (sizeof steps / sizeof steps[0])
#define TOLERANCE 1e-6

struct problem {
    struct fa_model *model;
    float *image;
    fa_real *head_gradient;
};

static void open_problem(struct problem *problem, const struct fa_model_config *config)
{
    struct fa_head head;

    problem->model = network_create(config, "blas");
    problem->image = network_image("image", H, W);
    network_fill(problem->model);
    assert_ok(fa_model_forward(problem->model, FA_INFERENCE, problem->image, H, W, &head));
    problem->head_gradient = network_head_gradient(&head);
    network_step(problem->model, problem->image, H, W);
}

static void close_problem(struct problem *problem)
{
    fa_free(problem->image);
    fa_free(problem->head_gradient);
    network_destroy(problem->model);
}

/* The loss when value = origin + step * direction, n elements each. */
static double loss_at(struct problem *problem, double step, const fa_real *origin, const fa_real *direction,
                      fa_real *value, size_t n)
{
    struct fa_head head;

    for (size_t i = 0; i < n; i++)
        value[i] = origin[i] + step * direction[i];
    fa_model_params_changed(problem->model);
    assert_ok(fa_model_forward(problem->model, FA_INFERENCE, problem->image, H, W, &head));
    return network_loss(&head, problem->head_gradient);
}

/* The derivative along a direction that moves every element of one parameter, by gradient and by differences;
   the error is relative to the gradient's norm, which is what a random direction sees of it. */
static void check_param(struct problem *problem, const char *name)
{
    const struct fa_params *params = fa_model_params(problem->model);
    const struct fa_param *param = fa_params_find(params, name);
    fa_real *origin, *direction, *value;
    double want = 0, squares = 0, best = INFINITY;

    assert_non_null(param);
    assert_true(param->kind == FA_PARAM_TRAINABLE);
    value = params->value + param->offset;
    assert_ok(fa_alloc(param->n_elem, sizeof *origin, &origin));
    assert_ok(fa_alloc(param->n_elem, sizeof *direction, &direction));
    memcpy(origin, value, param->n_elem * sizeof *origin);
    uniform("direction", direction, param->n_elem, -1, 1);
    for (size_t i = 0; i < param->n_elem; i++) {
        want += params->grad[param->offset + i] * direction[i];
        squares += pow(params->grad[param->offset + i], 2);
    }
    for (size_t s = 0; s < N_STEPS && !(best <= TOLERANCE); s++) {
        double difference = (loss_at(problem, steps[s], origin, direction, value, param->n_elem) -
                             loss_at(problem, -steps[s], origin, direction, value, param->n_elem)) /
                            (2 * steps[s]);

        best = fmin(best, fabs(difference - want) / sqrt(squares));
    }
    if (!(best <= TOLERANCE))
        print_error("%s: differences are off by %.3g\n", name, best);
    assert_true(best <= TOLERANCE);
    memcpy(value, origin, param->n_elem * sizeof *origin);
    fa_free(origin);
    fa_free(direction);
}

static void check_params(const struct fa_model_config *config, const char *const *names)
{
    struct problem problem;

    open_problem(&problem, config);
    for (; *names != NULL; names++)
        check_param(&problem, *names);
    close_problem(&problem);
    assert_int_equal(fa_memory_balance(), 0);
}

static void every_kind_of_parameter_agrees_with_differences(void **state)
{
    static const char *const names[] = {"backbone.conv1.weight",
                                        "backbone.bn1.weight",
                                        "backbone.bn1.bias",
                                        "backbone.layer1.1.conv2.weight",
                                        "backbone.layer2.0.downsample.0.weight",
                                        "backbone.layer2.0.downsample.1.weight",
                                        "backbone.layer3.0.bn2.weight",
                                        "backbone.layer4.1.conv1.weight",
                                        "backbone.layer4.1.bn2.bias",
                                        "neck.lateral_convs.1.conv.weight",
                                        "neck.lateral_convs.2.conv.bias",
                                        "neck.fpn_convs.0.conv.weight",
                                        "neck.fpn_convs.3.conv.weight",
                                        "neck.fpn_convs.4.conv.bias",
                                        "bbox_head.cls_convs.0.conv.weight",
                                        "bbox_head.reg_convs.2.conv.bias",
                                        "bbox_head.retina_cls.weight",
                                        "bbox_head.retina_reg.bias",
                                        NULL};
    struct fa_model_config config = network_config(18, -1);

    (void)state;
    check_params(&config, names);
}

static void gradients_above_frozen_stages_agree_with_differences(void **state)
{
    static const char *const names[] = {
        "backbone.layer3.0.conv1.weight", "backbone.layer3.0.downsample.0.weight",
        "backbone.layer3.1.bn1.weight", "neck.lateral_convs.0.conv.weight", NULL};
    struct fa_model_config config = network_config(18, 2);

    (void)state;
    check_params(&config, names);
}

static void gradients_of_grouped_bottlenecks_agree_with_differences(void **state)
{
    static const char *const names[] = {"backbone.layer1.0.conv2.weight", "backbone.layer2.0.bn2.weight",
                                        "backbone.layer3.2.conv3.weight", NULL};
    struct fa_model_config config = network_config(50, -1);

    (void)state;
    config.groups = 32;
    config.base_width = 4;
    check_params(&config, names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_parameter_agrees_with_differences),
        cmocka_unit_test(gradients_above_frozen_stages_agree_with_differences),
        cmocka_unit_test(gradients_of_grouped_bottlenecks_agree_with_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    fa_test_skip("FLOAT64", "finite differences need the double precision build");
}

#endif
