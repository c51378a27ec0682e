/* The whole network's gradient against central differences, in the double precision build. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "flats.h"
#include "network.h"

#define H 32
#define W 64

#ifdef FA_FLOAT64

/* Along one parameter the network is linear as far as no ReLU and no maximum of a pool changes sides. So a
   central difference has no error but rounding's, which grows as the step shrinks, until the step crosses a
   kink. Tried from the largest on: one that crosses none shows it by its agreement, and none brings a wrong
   gradient close. Through group norm it is smooth instead, and the square of the step remains. */
static const double steps[] = {1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7};
#define N_STEPS          (sizeof steps / sizeof steps[0])
#define LINEAR_TOLERANCE 1e-9
#define SMOOTH_TOLERANCE 1e-7

struct problem {
    struct fa_model *model;
    float *image;
    fa_real *head_gradient; /* in one block as network_head_gradient gives it */
};

static void open_problem(struct problem *problem, const struct fa_model_config *config)
{
    struct fa_head head;

    problem->model = network_create(config, "blas");
    problem->image = network_image("image", H, W);
    network_fill(problem->model);
    head = network_forward(problem->model, FA_INFERENCE, problem->image, H, W);
    problem->head_gradient = network_head_gradient(&head);
    fa_free(head.cls);
    network_step(problem->model, problem->image, H, W);
}

static void close_problem(struct problem *problem)
{
    fa_free(problem->image);
    fa_free(problem->head_gradient);
    network_destroy(problem->model);
}

/* A parameter, where it stands, and a direction of length 1 through there. */
struct line {
    struct fa_flat *values;
    size_t begin, n; /* the parameter's elements there */
    fa_real *origin, *direction, *point;
    double slope; /* along the direction, by the gradient */
};

/* Leans towards the gradient, so that the loss moves far more than it is rounded, and moves every element. */
static void choose_direction(struct line *line, const fa_real *gradient)
{
    double squares = 0, length = 0;

    uniform("direction", line->direction, line->n, -1, 1);
    for (size_t i = 0; i < line->n; i++)
        squares += gradient[i] * gradient[i];
    for (size_t i = 0; i < line->n; i++) {
        line->direction[i] += gradient[i] / sqrt(squares / (double)line->n);
        length += line->direction[i] * line->direction[i];
    }
    line->slope = 0;
    for (size_t i = 0; i < line->n; i++) {
        line->direction[i] /= sqrt(length);
        line->slope += gradient[i] * line->direction[i];
    }
}

static void open_line(const struct problem *problem, const struct fa_param *param, struct line *line)
{
    const struct fa_params *params = fa_model_params(problem->model);
    fa_real *gradient = flat_copy(params->grad, param->offset, param->n_elem);

    line->values = params->value;
    line->begin = param->offset;
    line->n = param->n_elem;
    line->origin = flat_copy(line->values, line->begin, line->n);
    assert_ok(fa_alloc(line->n, sizeof *line->direction, &line->direction));
    assert_ok(fa_alloc(line->n, sizeof *line->point, &line->point));
    choose_direction(line, gradient);
    fa_free(gradient);
}

static void close_line(struct line *line)
{
    assert_ok(fa_flat_write(line->values, line->begin, line->n, line->origin));
    fa_free(line->origin);
    fa_free(line->direction);
    fa_free(line->point);
}

/* The head there, freed by fa_free. */
static struct fa_head walk(struct problem *problem, const struct line *line, double step)
{
    for (size_t i = 0; i < line->n; i++)
        line->point[i] = line->origin[i] + step * line->direction[i];
    assert_ok(fa_flat_write(line->values, line->begin, line->n, line->point));
    fa_model_params_changed(problem->model);
    return network_forward(problem->model, FA_INFERENCE, problem->image, H, W);
}

/* The slope by a central difference. Outputs are subtracted, not losses: those would round more. */
static double difference(struct problem *problem, const struct line *line, double step)
{
    const struct fa_head ahead = walk(problem, line, step), behind = walk(problem, line, -step);
    double sum = 0;

    for (size_t i = 0; i < network_head_elements(&ahead); i++)
        sum += (ahead.cls[i] - behind.cls[i]) * problem->head_gradient[i];
    fa_free(ahead.cls);
    fa_free(behind.cls);
    return sum / (2 * step);
}

static void check_param(struct problem *problem, const struct fa_param *param)
{
    struct line line;
    const bool is_smooth = fa_model_config(problem->model)->norm == FA_NORM_GROUP;
    const double tolerance = is_smooth ? SMOOTH_TOLERANCE : LINEAR_TOLERANCE;
    double best = INFINITY;

    open_line(problem, param, &line);
    for (size_t s = 0; s < N_STEPS && !(best <= tolerance); s++)
        best = fmin(best, fabs(difference(problem, &line, steps[s]) / line.slope - 1));
    close_line(&line);
    if (!(best <= tolerance))
        print_error("%s: differences are off by %.3g\n", param->name, best);
    assert_true(best <= tolerance);
}

/* Every trainable parameter whose name begins so. */
static void check_params(const struct fa_model_config *config, const char *prefix, size_t n_expected)
{
    const struct fa_params *params;
    struct problem problem;
    size_t n = 0;

    open_problem(&problem, config);
    params = fa_model_params(problem.model);
    for (size_t i = 0; i < params->n; i++)
        if (params->entry[i].kind == FA_PARAM_TRAINABLE &&
            strncmp(params->entry[i].name, prefix, strlen(prefix)) == 0) {
            check_param(&problem, &params->entry[i]);
            n++;
        }
    assert_int_equal(n, n_expected);
    close_problem(&problem);
    assert_int_equal(fa_memory_balance(), 0);
}

static void every_parameter_of_a_resnet_agrees_with_differences(void **state)
{
    struct fa_model_config config = network_config(18, -1);

    (void)state;
    check_params(&config, "", 88);
}

static void gradients_above_frozen_stages_agree_with_differences(void **state)
{
    struct fa_model_config config = network_config(18, 2);

    (void)state;
    check_params(&config, "backbone.layer3", 15);
}

static void every_parameter_of_a_grouped_bottleneck_agrees_with_differences(void **state)
{
    struct fa_model_config config = network_config(50, -1);

    (void)state;
    config.groups = 32;
    config.base_width = 4;
    config.base_channels = 64;
    check_params(&config, "backbone.layer2.0", 12);
}

static void gradients_through_group_norm_agree_with_differences(void **state)
{
    struct fa_model_config config = network_config(18, -1);

    (void)state;
    config.norm = FA_NORM_GROUP;
    config.norm_groups = 32;
    check_params(&config, "backbone.layer2", 15);
    check_params(&config, "neck.lateral_convs", 9);
    check_params(&config, "bbox_head.cls_convs", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_of_a_resnet_agrees_with_differences),
        cmocka_unit_test(gradients_above_frozen_stages_agree_with_differences),
        cmocka_unit_test(every_parameter_of_a_grouped_bottleneck_agrees_with_differences),
        cmocka_unit_test(gradients_through_group_norm_agree_with_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    fa_test_skip("FLOAT64", "finite differences need the double precision build");
}

#endif
