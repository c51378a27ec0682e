/* What a model promises whoever drives it. */
#include <string.h>

#include "fa/memory.h"
#include "flats.h"
#include "network.h"
#include "state.h"

#define H 32
#define W 64

static struct fa_model *create(int depth, int frozen_stages)
{
    struct fa_model_config config = network_config(depth, frozen_stages);
    struct fa_model *model = network_create(&config, NULL);

    network_fill(model);
    return model;
}

static void assert_same_forward(struct fa_model *a, enum fa_pass pass_a, struct fa_model *b,
                                enum fa_pass pass_b, const float *image, int h, int w, bool same)
{
    const struct fa_head x = network_forward(a, pass_a, image, h, w),
                         y = network_forward(b, pass_b, image, h, w);
    const size_t n = network_head_elements(&x);

    assert_int_equal(n, network_head_elements(&y));
    assert_true((memcmp(x.cls, y.cls, n * sizeof(fa_real)) == 0) == same);
    fa_free(x.cls);
    fa_free(y.cls);
}

static void training_and_inference_forward_give_the_same_bits(void **state)
{
    float *image = network_image("image", H, W);

    (void)state;
    for (int frozen = -1; frozen <= 1; frozen += 2) {
        struct fa_model *model = create(50, frozen);

        assert_same_forward(model, FA_TRAINING, model, FA_INFERENCE, image, H, W, true);
        network_destroy(model);
    }
    fa_free(image);
}

/* 32x64: levels 4x8, 2x4, 1x2, 1x1, 1x1. */
static void rows_of_the_head_are_the_anchors_of_five_levels(void **state)
{
    struct fa_model *model = create(18, 1);
    float *image = network_image("image", H, W);
    struct fa_head head;

    (void)state;
    assert_ok(network_ask(network_workspace(model), FA_INFERENCE, image, H, W, &head));
    assert_int_equal(head.n_anchors, 9 * (32 + 8 + 2 + 1 + 1));
    assert_int_equal(head.num_classes, N_CLASSES);
    fa_free(image);
    network_destroy(model);
}

static void gradients_called_ready_are_final_and_all_become_ready(void **state)
{
    struct fa_model *model = create(50, 1);
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
    assert_true(progress.pieces > 50);
    assert_flat_holds(params->grad, 0, params->n_trainable, progress.seen);
    fa_free(gradient);
    fa_free(image);
    fa_free(progress.seen);
    network_destroy(model);
}

static void two_sizes_that_alternate_do_not_disturb_each_other(void **state)
{
    struct fa_model *model = create(18, 1);
    const size_t n_bytes = fa_model_params(model)->n_trainable * sizeof(fa_real);
    float *small = network_image("small", 64, 32), *large = network_image("large", 96, 64);
    fa_real *small_first = network_gradient(model, small, 64, 32), *small_again;
    fa_real *large_first = network_gradient(model, large, 96, 64), *large_again;

    (void)state;
    small_again = network_gradient(model, small, 64, 32);
    large_again = network_gradient(model, large, 96, 64);
    assert_memory_equal(small_first, small_again, n_bytes);
    assert_memory_equal(large_first, large_again, n_bytes);
    fa_free(small_first), fa_free(small_again), fa_free(large_first), fa_free(large_again);
    fa_free(small), fa_free(large);
    network_destroy(model);
}

static void nothing_is_read_from_the_arena_before_it_is_written(void **state)
{
    struct fa_model *model = create(18, -1);
    const size_t n_bytes = fa_model_params(model)->n_trainable * sizeof(fa_real);
    float *image = network_image("image", H, W);
    fa_real *first = network_gradient(model, image, H, W), *again;

    (void)state;
    network_spoil_arena(model);
    again = network_gradient(model, image, H, W);
    assert_memory_equal(first, again, n_bytes);
    fa_free(first), fa_free(again), fa_free(image);
    network_destroy(model);
}

static void backward_adds_to_the_gradient(void **state)
{
    struct fa_model *model = create(18, 1);
    const struct fa_params *params = fa_model_params(model);
    float *image = network_image("image", H, W);
    fa_real *once = network_gradient(model, image, H, W), *twice, *gradient;
    struct fa_head head;

    (void)state;
    assert_ok(network_ask(network_workspace(model), FA_TRAINING, image, H, W, &head));
    gradient = network_head_gradient(&head);
    assert_ok(network_backward(network_workspace(model), &head, gradient, NULL, NULL));
    twice = flat_copy(params->grad, 0, params->n_trainable);
    for (size_t i = 0; i < params->n_trainable; i++)
        assert_true(twice[i] == 2 * once[i]);
    fa_free(gradient), fa_free(once), fa_free(twice), fa_free(image);
    network_destroy(model);
}

static void a_second_step_at_a_known_size_allocates_nothing(void **state)
{
    struct fa_model *model = create(18, 1);
    struct fa_workspace *workspace = network_workspace(model);
    float *image = network_image("image", H, W);
    struct fa_head head;
    fa_real *gradient, *rows;
    long balance;
    size_t bytes;

    (void)state;
    network_step(model, image, H, W);
    assert_ok(network_ask(workspace, FA_TRAINING, image, H, W, &head));
    gradient = network_head_gradient(&head);
    rows = backend_copy(fa_workspace_queue(workspace), gradient, network_head_elements(&head));
    balance = fa_memory_balance();
    bytes = fa_memory_bytes();
    fa_memory_fail_after(1); /* whatever allocates now, fails */
    fa_flat_clear(fa_model_params(model)->grad);
    fa_backend_follow(fa_workspace_queue(workspace), fa_backend_mark(fa_model_backend(model)));
    fa_model_params_changed(model);
    assert_ok(network_ask(workspace, FA_TRAINING, image, H, W, &head));
    assert_ok(fa_workspace_backward(workspace, rows, rows + head.n_anchors * N_CLASSES, NULL, NULL));
    assert_ok(fa_backend_synchronize(fa_workspace_queue(workspace)));
    fa_memory_fail_after(0);
    assert_int_equal(fa_memory_balance(), balance);
    assert_int_equal(fa_memory_bytes(), bytes);
    fa_backend_free(fa_workspace_queue(workspace), rows);
    fa_free(gradient), fa_free(image);
    network_destroy(model);
}

/* Filters are packed in two forms, each as large as the parameters; few layers have theirs at a time. */
static void a_step_keeps_no_packed_filters(void **state)
{
    const struct fa_model_config config = network_config_of_recipes(18, 1);
    struct fa_model *model = network_create(&config, NULL);
    float *image = network_image("image", H, W);
    struct fa_model_memory memory;
    size_t before = fa_memory_bytes();

    (void)state;
    if (!fa_backend_is_host(model->backend)) { /* what is counted is the host's memory */
        fa_free(image);
        network_destroy(model);
        skip();
    }
    network_fill(model);
    network_step(model, image, H, W);
    fa_workspace_memory(network_workspace(model), &memory);
    if (strcmp(fa_backend_name(model->backend), "blas") == 0)
        before += memory.gradients; /* its sums of gradients stay */
    assert_true(fa_memory_bytes() - before < memory.arena + memory.parameters / 2);
    fa_free(image);
    network_destroy(model);
}

static void backward_without_a_training_forward_is_refused(void **state)
{
    struct fa_model *model = create(18, 1);
    float *image = network_image("image", H, W);
    struct fa_head head;
    fa_real *gradient;

    (void)state;
    assert_ok(network_ask(network_workspace(model), FA_INFERENCE, image, H, W, &head));
    gradient = network_head_gradient(&head);
    assert_fails_saying(network_backward(network_workspace(model), &head, gradient, NULL, NULL), FA_EINVAL,
                        "training forward");
    network_step(model, image, H, W); /* and its values serve one backward only */
    assert_fails(network_backward(network_workspace(model), &head, gradient, NULL, NULL), FA_EINVAL);
    assert_ok(network_ask(network_workspace(model), FA_TRAINING, image, H, W, &head));
    fa_model_params_changed(model);
    assert_fails(network_backward(network_workspace(model), &head, gradient, NULL, NULL), FA_EINVAL);
    fa_free(gradient), fa_free(image);
    network_destroy(model);
}

/* A quarter is added to each channel, for a ReLU may hide one. */
static void shift(struct fa_model *model, const char *name)
{
    const struct fa_params *params = fa_model_params(model);
    const struct fa_param *param = fa_params_find(params, name);
    fa_real *values;

    assert_ok(fa_flat_open(params->value, FA_FLAT_WRITE, &values));
    for (size_t e = 0; e < param->n_elem; e++)
        values[param->offset + e] += (fa_real)0.25;
    assert_ok(fa_flat_close(params->value));
}

/* A loaded checkpoint changes frozen parameters too, long after the first forward. */
static void a_change_of_any_parameter_reaches_the_next_forward(void **state)
{
    struct fa_model *a = create(18, 1), *b = create(18, 1);
    float *image = network_image("image", H, W);
    static const char *const names[] = {"backbone.layer1.0.conv1.weight", "backbone.bn1.running_var",
                                        "backbone.layer4.0.bn1.bias", "bbox_head.retina_cls.bias"};

    (void)state;
    assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, true);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        shift(a, names[i]);
        fa_model_params_changed(a);
        assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, false);
        network_fill(a);
        assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, true);
    }
    fa_free(image);
    network_destroy(a);
    network_destroy(b);
}

static void after_a_step_only_trainable_layers_are_folded_anew(void **state)
{
    struct fa_model *a = create(18, 1), *b = create(18, 1);
    float *image = network_image("image", H, W);

    (void)state;
    assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, true);
    shift(a, "backbone.bn1.running_var");
    fa_model_params_stepped(a);
    assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, true);
    shift(a, "backbone.layer4.0.bn1.bias");
    shift(b, "backbone.layer4.0.bn1.bias");
    fa_model_params_stepped(a);
    assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, false);
    fa_model_params_stepped(b);
    assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, true);
    fa_model_params_changed(a);
    assert_same_forward(a, FA_INFERENCE, b, FA_INFERENCE, image, H, W, false);
    fa_free(image);
    network_destroy(a);
    network_destroy(b);
}

static void a_step_of_the_parameters_ends_what_forward_kept(void **state)
{
    struct fa_model *model = create(18, 1);
    float *image = network_image("image", H, W);
    struct fa_head head = network_forward(model, FA_TRAINING, image, H, W);

    (void)state;
    fa_model_params_stepped(model);
    assert_fails(network_backward(network_workspace(model), &head, head.cls, NULL, NULL), FA_EINVAL);
    fa_free(head.cls), fa_free(image);
    network_destroy(model);
}

static void initial_weights_depend_on_seed_and_name_alone(void **state)
{
    struct fa_model *a = create(18, -1), *b = create(34, 1);
    const struct fa_param *x = fa_params_find(fa_model_params(a), "backbone.layer2.0.conv2.weight");
    const struct fa_param *y = fa_params_find(fa_model_params(b), "backbone.layer2.0.conv2.weight");
    fa_real *want, *other;

    (void)state;
    assert_ok(fa_model_init(a, 7));
    assert_ok(fa_model_init(b, 7));
    want = flat_copy(fa_model_params(a)->value, x->offset, x->n_elem);
    assert_flat_holds(fa_model_params(b)->value, y->offset, x->n_elem, want);
    assert_ok(fa_model_init(b, 8));
    other = flat_copy(fa_model_params(b)->value, y->offset, x->n_elem);
    assert_memory_not_equal(want, other, x->n_elem * sizeof *want);
    fa_free(want), fa_free(other);
    network_destroy(a);
    network_destroy(b);
}

static void a_part_alone_is_initialised_as_with_the_rest(void **state)
{
    struct fa_model *all = create(18, 1), *part = create(18, 1), *untouched = create(18, 1);
    const struct fa_params *got = fa_model_params(part);

    (void)state;
    assert_ok(fa_model_init(all, 7));
    assert_ok(fa_model_init_part(part, 7, "neck."));
    for (size_t i = 0; i < got->n; i++) {
        const struct fa_param *param = &got->entry[i];
        struct fa_model *want = strncmp(param->name, "neck.", 5) == 0 ? all : untouched;
        fa_real *values = flat_copy(fa_model_params(want)->value, param->offset, param->n_elem);

        assert_flat_holds(got->value, param->offset, param->n_elem, values);
        fa_free(values);
    }
    network_destroy(all);
    network_destroy(part);
    network_destroy(untouched);
}

static void assert_filled(const struct fa_params *params, const char *name, double mean, double std,
                          double tolerance)
{
    const struct fa_param *param = fa_params_find(params, name);
    fa_real *values = flat_copy(params->value, param->offset, param->n_elem);
    double sum = 0, squares = 0;

    for (size_t i = 0; i < param->n_elem; i++) {
        double v = (double)values[i];

        sum += v;
        squares += (v - mean) * (v - mean);
    }
    assert_near(sum / (double)param->n_elem, mean, tolerance + 1e-6);
    assert_near(squares / (double)param->n_elem, std * std, tolerance * std + 1e-6);
    fa_free(values);
}

/* Standard deviations by hand: sqrt(2 / (128 * 9)) = 0.041667; Xavier's bound sqrt(6 / (512 * 9 + 256 * 9)) =
   0.029463 over sqrt 3; -ln 99 = -4.595120. */
static void initial_weights_have_the_recipes_spread(void **state)
{
    struct fa_model_config config = network_config_of_recipes(18, 1);
    struct fa_model *model;
    const struct fa_params *params;

    (void)state;
    config.zero_init_residual = true;
    model = network_create(&config, "blas");
    params = fa_model_params(model);
    assert_ok(fa_model_init(model, 1));
    assert_filled(params, "backbone.layer2.1.conv1.weight", 0, 0.041667, 5e-4);
    assert_filled(params, "neck.fpn_convs.3.conv.weight", 0, 0.017010, 1e-4);
    assert_filled(params, "bbox_head.retina_cls.weight", 0, 0.01, 2e-4);
    assert_filled(params, "bbox_head.retina_cls.bias", -4.59511985013459, 0, 0);
    assert_filled(params, "bbox_head.cls_convs.0.conv.bias", 0, 0, 0);
    assert_filled(params, "backbone.layer2.1.bn1.weight", 1, 0, 0);
    assert_filled(params, "backbone.layer2.1.bn2.weight", 0, 0, 0);
    assert_filled(params, "backbone.layer2.0.downsample.1.weight", 1, 0, 0);
    assert_filled(params, "backbone.bn1.running_var", 1, 0, 0);
    network_destroy(model);
}

/* By hand: sqrt(2 / (256 * 9)) = 0.029463. */
static void a_kaiming_head_changes_its_towers_alone(void **state)
{
    struct fa_model_config config = network_config_of_recipes(18, 1);
    struct fa_model *model;
    const struct fa_params *params;

    (void)state;
    config.head_init = FA_HEAD_KAIMING;
    model = network_create(&config, "blas");
    params = fa_model_params(model);
    assert_ok(fa_model_init(model, 1));
    assert_filled(params, "bbox_head.cls_convs.3.conv.weight", 0, 0.029463, 2e-4);
    assert_filled(params, "bbox_head.reg_convs.0.conv.weight", 0, 0.029463, 2e-4);
    assert_filled(params, "bbox_head.retina_cls.weight", 0, 0.01, 2e-4);
    assert_filled(params, "bbox_head.retina_reg.weight", 0, 0.01, 2e-4);
    network_destroy(model);
}

static void plans_are_bounded_and_the_oldest_goes(void **state)
{
    struct fa_model *model = create(18, 1);
    struct fa_plan *first, *plan;

    (void)state;
    assert_in_range(network_workspace(model)->most_plans, FA_LEAST_PLANS, FA_MOST_PLANS);
    network_workspace(model)->most_plans = 16;
    for (int i = 0; i < 18; i++) {
        assert_ok(fa_workspace_plan(network_workspace(model), FA_INFERENCE, 32, 32 * (1 + i), &plan));
        if (i == 0)
            first = plan;
        assert_ok(fa_workspace_plan(network_workspace(model), FA_INFERENCE, 32, 32,
                                    &plan)); /* the first stays in use */
        assert_ptr_equal(plan, first);
        assert_true(network_workspace(model)->n_plans <= 16);
    }
    for (int i = 0; i < network_workspace(model)->n_plans; i++)
        assert_int_not_equal(network_workspace(model)->plan[i]->w, 64);
    network_destroy(model);
}

/* Multi-scale training: what all sizes share is as large as the largest needs, in whatever order they come.
 */
static void several_sizes_take_the_memory_of_the_largest(void **state)
{
    static const int sides[] = {64, 128, 96, 32, 128};
    struct fa_model *one = create(18, 1), *many = create(18, 1);
    struct fa_model_memory want, got;
    struct fa_plan *plan;

    (void)state;
    assert_ok(fa_workspace_plan(network_workspace(one), FA_TRAINING, 128, 128, &plan));
    assert_ok(fa_workspace_reserve(network_workspace(one), plan));
    for (int i = 0; i < 5; i++) {
        assert_ok(fa_workspace_plan(network_workspace(many), FA_TRAINING, sides[i], sides[i], &plan));
        assert_ok(fa_workspace_reserve(network_workspace(many), plan));
    }
    fa_workspace_memory(network_workspace(one), &want);
    fa_workspace_memory(network_workspace(many), &got);
    assert_int_equal(got.arena, want.arena);
    assert_int_equal(network_workspace(many)->arena_bytes, network_workspace(one)->arena_bytes);
    assert_int_equal(network_workspace(many)->head_anchors, network_workspace(one)->head_anchors);
    network_destroy(many);
    network_destroy(one);
}

static void memory_is_told_before_it_is_taken(void **state)
{
    struct fa_model *model = create(18, 1);
    struct fa_model_memory memory;
    struct fa_plan *training, *inference;

    (void)state;
    assert_ok(fa_workspace_plan(network_workspace(model), FA_TRAINING, 64, 96, &training));
    assert_ok(fa_workspace_plan(network_workspace(model), FA_INFERENCE, 64, 96, &inference));
    fa_workspace_memory(network_workspace(model), &memory);
    assert_int_equal(memory.n_plans, 2);
    assert_int_equal(memory.arena, training->arena_bytes);
    assert_true(inference->arena_bytes < training->arena_bytes);
    assert_int_equal(memory.gradients, fa_model_params(model)->n_trainable * sizeof(fa_real));
    assert_null(network_workspace(model)->arena);
    network_destroy(model);
}

static void sizes_that_do_not_fit_the_network_are_refused(void **state)
{
    struct fa_model *model = create(18, 1);
    struct fa_head head;
    float pixel[3] = {0};

    (void)state;
    assert_fails_saying(network_ask(network_workspace(model), FA_INFERENCE, pixel, 64, 100, &head), FA_EINVAL,
                        "100x64");
    assert_fails(network_ask(network_workspace(model), FA_INFERENCE, pixel, 0, 32, &head), FA_EINVAL);
    assert_fails(network_ask(network_workspace(model), FA_INFERENCE, pixel, -32, 32, &head), FA_EINVAL);
    assert_fails(network_ask(network_workspace(model), FA_INFERENCE, pixel, 32, 1 << 30, &head), FA_EINVAL);
    network_destroy(model);
}

static void refuse(struct fa_backend *backend, struct fa_model_config config, const char *text)
{
    struct fa_model *model;

    assert_fails_saying(fa_model_create(&config, backend, &model), FA_EINVAL, text);
    assert_null(model);
}

static void impossible_models_are_refused(void **state)
{
    struct fa_model_config config = network_config(18, 1);
    struct fa_backend *backend;

    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    config.depth = 20;
    refuse(backend, config, "depth is 20");
    config = network_config(34, 1);
    config.groups = 32;
    refuse(backend, config, "no bottleneck");
    config = network_config(50, 5);
    refuse(backend, config, "frozen_stages is 5");
    config = network_config(50, 1);
    config.num_classes = 0;
    refuse(backend, config, "0 classes");
    config = network_config(50, 1);
    config.prior_probability = 1;
    refuse(backend, config, "prior");
    fa_backend_close(backend);
}

/* Allocations of creation and of a first step, ever sparser ones, fail; each time all is freed and the model,
   where there is one, still works. */
static void exhausted_memory_is_survived(void **state)
{
    struct fa_model_config config = network_config(18, 1);
    float *image = network_image("image", 32, 32);
    const long before = fa_memory_balance();
    long n = 1;

    (void)state;
    for (fa_status status = FA_ENOMEM; status != FA_OK; n += 1 + n / 4) {
        struct fa_backend *backend;
        struct fa_workspace *workspace = NULL;
        struct fa_model *model;
        struct fa_head head;

        assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
        fa_memory_fail_after(n);
        status = fa_model_create(&config, backend, &model);
        if (status == FA_OK)
            status = fa_workspace_create(model, NULL, &workspace);
        if (status == FA_OK) {
            status = network_ask(workspace, FA_TRAINING, image, 32, 32, &head);
            fa_memory_fail_after(0);
            assert_ok(network_ask(workspace, FA_TRAINING, image, 32, 32, &head));
        }
        fa_workspace_destroy(workspace);
        fa_model_destroy(model);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        fa_backend_close(backend);
        assert_int_equal(fa_memory_balance(), before);
    }
    assert_true(n > 100);
    fa_free(image);
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_and_inference_forward_give_the_same_bits),
        cmocka_unit_test(rows_of_the_head_are_the_anchors_of_five_levels),
        cmocka_unit_test(gradients_called_ready_are_final_and_all_become_ready),
        cmocka_unit_test(two_sizes_that_alternate_do_not_disturb_each_other),
        cmocka_unit_test(nothing_is_read_from_the_arena_before_it_is_written),
        cmocka_unit_test(backward_adds_to_the_gradient),
        cmocka_unit_test(a_second_step_at_a_known_size_allocates_nothing),
        cmocka_unit_test(a_step_keeps_no_packed_filters),
        cmocka_unit_test(backward_without_a_training_forward_is_refused),
        cmocka_unit_test(a_change_of_any_parameter_reaches_the_next_forward),
        cmocka_unit_test(after_a_step_only_trainable_layers_are_folded_anew),
        cmocka_unit_test(a_step_of_the_parameters_ends_what_forward_kept),
        cmocka_unit_test(initial_weights_depend_on_seed_and_name_alone),
        cmocka_unit_test(a_part_alone_is_initialised_as_with_the_rest),
        cmocka_unit_test(initial_weights_have_the_recipes_spread),
        cmocka_unit_test(a_kaiming_head_changes_its_towers_alone),
        cmocka_unit_test(plans_are_bounded_and_the_oldest_goes),
        cmocka_unit_test(several_sizes_take_the_memory_of_the_largest),
        cmocka_unit_test(memory_is_told_before_it_is_taken),
        cmocka_unit_test(sizes_that_do_not_fit_the_network_are_refused),
        cmocka_unit_test(impossible_models_are_refused),
        cmocka_unit_test(exhausted_memory_is_survived),
        cmocka_unit_test(nothing_stays_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
