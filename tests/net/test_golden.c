/* Head outputs and gradients against PyTorch in double precision (golden/make_golden.py). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backends.h"
#include "fa/memory.h"
#include "flats.h"
#include "network.h"

#define H 64
#define W 96

/* Relative to the tensor's largest golden value. Double: two orders of summation. Float32: fifty layers of
   rounding, and ReLUs that flip by it. */
#ifdef FA_FLOAT64
#define HEAD_TOLERANCE 1e-10
#define GRAD_TOLERANCE 1e-9
#else
#define HEAD_TOLERANCE 2e-5
#define GRAD_TOLERANCE 2e-3
#endif

struct golden {
    struct fa_model *model;
    struct fa_head head; /* of the host's memory, as is grad */
    fa_real *grad;
    fa_real *dot; /* scratch as large as any parameter */
};

static double got_value(struct golden *golden, const char *kind, const char *name, size_t index)
{
    const struct fa_params *params = fa_model_params(golden->model);
    const struct fa_param *param = fa_params_find(params, name);
    const fa_real *grad;
    char dot_name[96];
    double sum = 0;

    assert_non_null(param);
    assert_true(param->kind == FA_PARAM_TRAINABLE && index < param->n_elem);
    grad = golden->grad + param->offset;
    if (strcmp(kind, "grad") == 0)
        return (double)grad[index];
    snprintf(dot_name, sizeof dot_name, "dot.%s", name);
    uniform(dot_name, golden->dot, param->n_elem, -1, 1);
    for (size_t i = 0; i < param->n_elem; i++)
        sum += (double)grad[i] * (double)golden->dot[i];
    return sum;
}

/* The gradient's Euclidean norm stands for the scale both of its elements (over sqrt n) and of a projection
   on a random vector. */
static double grad_scale(const struct golden *golden, const char *kind, const char *name)
{
    const struct fa_params *params = fa_model_params(golden->model);
    const struct fa_param *param = fa_params_find(params, name);
    double sum = 0;

    for (size_t i = 0; i < param->n_elem; i++)
        sum += pow((double)golden->grad[param->offset + i], 2);
    return strcmp(kind, "grad") == 0 ? sqrt(sum / (double)param->n_elem) : sqrt(sum / 3);
}

static void check_line(struct golden *golden, const char *line)
{
    char kind[8], name[80];
    size_t a, b;
    double want;

    if (sscanf(line, "cls %zu %zu %lf", &a, &b, &want) == 3) {
        assert_true(a < golden->head.n_anchors);
        assert_near((double)golden->head.cls[a * N_CLASSES + b], want, HEAD_TOLERANCE * (1 + fabs(want)));
    } else if (sscanf(line, "reg %zu %zu %lf", &a, &b, &want) == 3) {
        assert_near((double)golden->head.reg[a * 4 + b], want, HEAD_TOLERANCE * (1 + fabs(want)));
    } else {
        assert_int_equal(sscanf(line, "%7s %79s %zu %lf", kind, name, &a, &want), 4);
        assert_near(got_value(golden, kind, name, a), want,
                    GRAD_TOLERANCE * (fabs(want) + grad_scale(golden, kind, name)));
    }
}

static void check_case(const struct fa_model_config *config, const char *backend, const char *file)
{
    struct golden golden = {.model = network_create(config, backend)};
    float *image = network_image("image", H, W);
    char line[256];
    int n_lines = 0;
    FILE *f = fopen(fa_test_source(file), "r");

    assert_non_null(f);
    assert_ok(fa_alloc(fa_model_params(golden.model)->n_trainable, sizeof *golden.dot, &golden.dot));
    network_fill(golden.model);
    golden.grad = network_gradient(golden.model, image, H, W);
    golden.head = network_forward(golden.model, FA_INFERENCE, image, H, W);
    for (; fgets(line, sizeof line, f) != NULL; n_lines++)
        check_line(&golden, line);
    assert_true(n_lines > 200 + 3 * 35);
    fclose(f);
    fa_free(image);
    fa_free(golden.head.cls);
    fa_free(golden.grad);
    fa_free(golden.dot);
    network_destroy(golden.model);
}

static void check_backends(const struct fa_model_config *config, const char *file)
{
    for (size_t b = 0; fa_test_backend(b) != NULL; b++)
        check_case(config, fa_test_backend(b), file);
    assert_int_equal(fa_memory_balance(), 0);
}

static void basic_blocks_with_a_frozen_stage_agree_with_pytorch(void **state)
{
    struct fa_model_config config = network_config_of_recipes(18, 1);

    (void)state;
    check_backends(&config, "tests/net/golden/r18.txt");
}

static void bottlenecks_with_nothing_frozen_agree_with_pytorch(void **state)
{
    struct fa_model_config config = network_config_of_recipes(50, -1);

    (void)state;
    check_backends(&config, "tests/net/golden/r50.txt");
}

static void grouped_bottlenecks_with_two_frozen_stages_agree_with_pytorch(void **state)
{
    struct fa_model_config config = network_config_of_recipes(50, 2);

    (void)state;
    config.groups = 32;
    config.base_width = 4;
    config.base_channels = 64;
    check_backends(&config, "tests/net/golden/x50.txt");
}

static void group_norm_in_basic_blocks_agrees_with_pytorch(void **state)
{
    struct fa_model_config config = network_config_of_recipes(18, -1);

    (void)state;
    config.norm = FA_NORM_GROUP;
    config.norm_groups = 16;
    check_backends(&config, "tests/net/golden/r18_gn.txt");
}

static void group_norm_in_bottlenecks_with_a_frozen_stage_agrees_with_pytorch(void **state)
{
    struct fa_model_config config = network_config_of_recipes(50, 1);

    (void)state;
    config.norm = FA_NORM_GROUP;
    config.norm_groups = 32;
    check_backends(&config, "tests/net/golden/r50_gn.txt");
}

static void narrow_neck_and_head_agree_with_pytorch(void **state)
{
    struct fa_model_config config = network_config_of_recipes(18, 3);

    (void)state;
    config.neck_channels = 96;
    config.head_channels = 48;
    config.head_convs = 2;
    check_backends(&config, "tests/net/golden/r18_narrow.txt");
}

static void a_pyramid_from_p2_on_agrees_with_pytorch(void **state)
{
    struct fa_model_config config = network_config_of_recipes(18, 0);

    (void)state;
    config.anchors = fa_anchors_of_reference;
    config.anchors.finest_level = 2;
    config.neck_channels = 48;
    config.head_channels = 48;
    config.head_convs = 1;
    check_backends(&config, "tests/net/golden/r18_p2.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic_blocks_with_a_frozen_stage_agree_with_pytorch),
        cmocka_unit_test(bottlenecks_with_nothing_frozen_agree_with_pytorch),
        cmocka_unit_test(grouped_bottlenecks_with_two_frozen_stages_agree_with_pytorch),
        cmocka_unit_test(group_norm_in_basic_blocks_agrees_with_pytorch),
        cmocka_unit_test(group_norm_in_bottlenecks_with_a_frozen_stage_agrees_with_pytorch),
        cmocka_unit_test(narrow_neck_and_head_agree_with_pytorch),
        cmocka_unit_test(a_pyramid_from_p2_on_agrees_with_pytorch),
    };
    const struct CMUnitTest small[] = {
        cmocka_unit_test(narrow_neck_and_head_agree_with_pytorch),
        cmocka_unit_test(a_pyramid_from_p2_on_agrees_with_pytorch),
    };

#ifdef __SANITIZE_ADDRESS__ /* which finds no more where there are more filters */
    (void)tests;
    return cmocka_run_group_tests(small, NULL, NULL);
#else
    (void)small;
    return cmocka_run_group_tests(tests, NULL, NULL);
#endif
}
