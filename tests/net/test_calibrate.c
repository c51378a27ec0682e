/* Batch-norm statistics from data. */
#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "fa/memory.h"
#include "flats.h"
#include "network.h"
#include "state.h"

#define N_IMAGES 3

struct set {
    struct fa_image image[N_IMAGES];
    float *data[N_IMAGES];
    size_t position[N_IMAGES];
};

static void open_set(struct set *set)
{
    static const int h[N_IMAGES] = {64, 32, 64}, w[N_IMAGES] = {32, 96, 32};
    static const char *const names[N_IMAGES] = {"first", "second", "third"};

    for (size_t k = 0; k < N_IMAGES; k++) {
        set->data[k] = network_image(names[k], h[k], w[k]);
        set->image[k] = (struct fa_image){.chw = set->data[k], .h = h[k], .w = w[k]};
        set->position[k] = k;
    }
}

static void close_set(struct set *set)
{
    for (size_t k = 0; k < N_IMAGES; k++)
        fa_free(set->data[k]);
}

static struct fa_model *create(void)
{
    struct fa_model_config config = network_config(18, 1);
    struct fa_model *model = network_create(&config, "blas");

    network_fill(model);
    return model;
}

#define MAX_CHANNELS 512

/* Of what each layer's batch norm makes of its input. */
struct moments {
    double count;
    double sum[MAX_CHANNELS], squares[MAX_CHANNELS];
};

static bool has_norm(const struct fa_model *model, int i)
{
    const int l = model->graph.node[i].layer;

    return l != FA_NONE && fa_layer_has_norm(&model->graph.layer[l]);
}

/* Adds those of conv node i without residual and ReLU; gamma is 1 and beta 0. */
static void add_moments(struct fa_model *model, const struct fa_plan *plan, int i, struct moments *moments)
{
    const struct fa_workspace *workspace = network_workspace(model);
    struct fa_backend *queue = fa_workspace_queue(workspace);
    const struct fa_node *node = &model->graph.node[i];
    const struct fa_shape shape = plan->node[i].shape;
    struct fa_conv_desc desc = fa_plan_conv_desc(plan, i);
    double sum[MAX_CHANNELS], squares[MAX_CHANNELS];
    struct fa_conv *conv;
    void *out;

    desc.relu = desc.residual = false;
    assert_ok(fa_backend_alloc(queue, fa_backend_activation_bytes(queue, shape), &out));
    assert_ok(fa_conv_create(queue, &desc, model->weights[node->layer], &conv));
    assert_ok(fa_conv_forward(conv, fa_plan_value(plan, workspace->arena, node->in), NULL, out));
    fa_backend_moments(queue, shape, out, sum, squares);
    assert_ok(fa_backend_synchronize(queue));
    for (int c = 0; c < shape.c; c++) {
        moments->sum[c] += sum[c];
        moments->squares[c] += squares[c];
    }
    moments->count += (double)shape.h * shape.w;
    fa_conv_destroy(conv);
    fa_backend_free(queue, out);
}

static void add_image(struct fa_model *model, const struct fa_image *image, struct moments *by_node)
{
    struct fa_workspace *workspace = network_workspace(model);
    struct fa_plan *plan;

    assert_ok(fa_workspace_plan(workspace, FA_INFERENCE, image->h, image->w, &plan));
    assert_ok(fa_workspace_reserve(workspace, plan));
    assert_ok(fa_model_fold(model));
    fa_backend_follow(fa_workspace_queue(workspace), model->folded);
    assert_ok(fa_plan_import(plan, image, workspace->arena));
    for (int i = 0; i < model->graph.n_nodes; i++) {
        if (has_norm(model, i))
            add_moments(model, plan, i, &by_node[i]);
        assert_ok(fa_plan_run(plan, workspace->arena, i));
    }
}

/* The variance is 1 but for epsilon: var / (var + 1e-5). */
static void check_moments(const struct fa_model *model, int i, const struct moments *moments)
{
    const struct fa_layer *layer = &model->graph.layer[model->graph.node[i].layer];

    for (int c = 0; c < layer->desc.out_channels; c++) {
        const double mean = moments->sum[c] / moments->count;
        const double var = (double)flat_at(model->params.value, layer->var->offset + (size_t)c);

        assert_near(mean, 0, 2e-5);
        assert_near(moments->squares[c] / moments->count - mean * mean, var / (var + 1e-5), 2e-5);
    }
}

static void every_normalised_input_has_mean_0_and_variance_1(void **state)
{
    struct fa_model *model = create();
    struct moments *by_node;
    struct set set;

    (void)state;
    open_set(&set);
    assert_ok(fa_alloc_zero(FA_GRAPH_MAX_NODES, sizeof *by_node, &by_node));
    assert_ok(fa_model_init(model, 1));
    assert_ok(fa_model_calibrate(model, set.image, set.position, N_IMAGES, N_IMAGES, NULL, NULL));
    for (size_t k = 0; k < N_IMAGES; k++)
        add_image(model, &set.image[k], by_node);
    for (int i = 0; i < model->graph.n_nodes; i++)
        if (has_norm(model, i))
            check_moments(model, i, &by_node[i]);
    fa_free(by_node);
    close_set(&set);
    network_destroy(model);
}

/* Two callers in threads: a sum waits for both and leaves the total with both. */
struct pair {
    pthread_barrier_t barrier;
    double *offered[2];
};

struct caller {
    struct pair *pair;
    int rank;
    const struct set *set;
    size_t first, n;
    struct fa_model *model;
};

static fa_status sum_of_two(void *context, double *values, size_t n)
{
    struct caller *caller = context;
    struct pair *pair = caller->pair;

    pair->offered[caller->rank] = values;
    pthread_barrier_wait(&pair->barrier);
    if (caller->rank == 0)
        for (size_t i = 0; i < n; i++) {
            assert(pair->offered[0][i] == 0 || pair->offered[1][i] == 0);
            pair->offered[0][i] = pair->offered[1][i] = pair->offered[0][i] + pair->offered[1][i];
        }
    pthread_barrier_wait(&pair->barrier);
    return FA_OK;
}

static void *calibrate_part(void *context)
{
    struct caller *caller = context;

    assert_ok(fa_model_calibrate(caller->model, caller->set->image + caller->first,
                                 caller->set->position + caller->first, caller->n, N_IMAGES, sum_of_two,
                                 caller));
    return NULL;
}

static void assert_same_values(struct fa_model *a, struct fa_model *b)
{
    assert_same_flats(a->params.value, b->params.value, a->params.n_elem);
}

static void statistics_do_not_depend_on_who_has_which_image(void **state)
{
    struct fa_model *alone = create();
    struct set set;

    (void)state;
    open_set(&set);
    assert_ok(fa_model_calibrate(alone, set.image, set.position, N_IMAGES, N_IMAGES, NULL, NULL));
    for (size_t split = 0; split < N_IMAGES; split++) { /* 0: the first caller has none */
        struct pair pair;
        struct caller caller[2] = {{&pair, 0, &set, 0, split, create()},
                                   {&pair, 1, &set, split, N_IMAGES - split, create()}};
        pthread_t thread;

        assert_int_equal(pthread_barrier_init(&pair.barrier, NULL, 2), 0);
        assert_int_equal(pthread_create(&thread, NULL, calibrate_part, &caller[1]), 0);
        calibrate_part(&caller[0]);
        assert_int_equal(pthread_join(thread, NULL), 0);
        pthread_barrier_destroy(&pair.barrier);
        for (int r = 0; r < 2; r++) {
            assert_same_values(caller[r].model, alone);
            network_destroy(caller[r].model);
        }
    }
    close_set(&set);
    network_destroy(alone);
}

static void a_second_calibration_changes_nothing(void **state)
{
    struct fa_model *model = create();
    struct set set;
    fa_real *first;

    (void)state;
    open_set(&set);
    assert_ok(fa_model_calibrate(model, set.image, set.position, N_IMAGES, N_IMAGES, NULL, NULL));
    first = flat_copy(model->params.value, 0, model->params.n_elem);
    assert_ok(fa_model_calibrate(model, set.image, set.position, N_IMAGES, N_IMAGES, NULL, NULL));
    assert_flat_holds(model->params.value, 0, model->params.n_elem, first);
    fa_free(first);
    close_set(&set);
    network_destroy(model);
}

static void channels_without_variance_are_safe(void **state)
{
    struct fa_model *model = create();
    const struct fa_param *weight = fa_params_find(&model->params, "backbone.conv1.weight");
    const struct fa_param *var = fa_params_find(&model->params, "backbone.bn1.running_var");
    struct fa_head head;
    struct set set;
    fa_real *values;

    (void)state;
    open_set(&set);
    assert_ok(fa_flat_open(model->params.value, FA_FLAT_WRITE, &values));
    memset(values + weight->offset, 0, weight->n_elem / 2 * sizeof *values);
    assert_ok(fa_flat_close(model->params.value));
    assert_ok(fa_model_calibrate(model, set.image, set.position, N_IMAGES, N_IMAGES, NULL, NULL));
    assert_true(flat_at(model->params.value, var->offset) == 0);
    head = network_forward(model, FA_INFERENCE, set.data[0], 64, 32);
    for (size_t i = 0; i < head.n_anchors * N_CLASSES; i++)
        assert_true(isfinite(head.cls[i]));
    fa_free(head.cls);
    close_set(&set);
    network_destroy(model);
}

static void impossible_calibrations_are_refused(void **state)
{
    struct fa_model *model = create();
    struct set set;

    (void)state;
    open_set(&set);
    assert_fails(fa_model_calibrate(model, set.image, set.position, 0, 0, NULL, NULL), FA_EINVAL);
    assert_fails_saying(fa_model_calibrate(model, set.image, set.position, 0, 2, NULL, NULL), FA_EINVAL,
                        "none was given");
    assert_fails_saying(fa_model_calibrate(model, set.image, set.position + 1, 2, 2, NULL, NULL), FA_EINVAL,
                        "position 2 of 2");
    set.image[1].w = 33;
    assert_fails(fa_model_calibrate(model, set.image, set.position, 3, 3, NULL, NULL), FA_EINVAL);
    set.image[1].w = 96;
    set.data[2][5] = NAN;
    assert_fails_saying(fa_model_calibrate(model, set.image, set.position, 3, 3, NULL, NULL), FA_ENUMERIC,
                        "backbone.bn1");
    close_set(&set);
    network_destroy(model);
}

/* What failed attempts leave behind shows in nothing_stays_allocated. */
static void exhausted_memory_is_survived(void **state)
{
    struct fa_model *model = create();
    struct set set;
    fa_status status = FA_ENOMEM;

    (void)state;
    open_set(&set);
    for (long n = 1; status != FA_OK; n += 1 + n / 3) {
        fa_memory_fail_after(n);
        status = fa_model_calibrate(model, set.image, set.position, N_IMAGES, N_IMAGES, NULL, NULL);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
    }
    close_set(&set);
    network_destroy(model);
}

static void nothing_stays_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_normalised_input_has_mean_0_and_variance_1),
        cmocka_unit_test(statistics_do_not_depend_on_who_has_which_image),
        cmocka_unit_test(a_second_calibration_changes_nothing),
        cmocka_unit_test(channels_without_variance_are_safe),
        cmocka_unit_test(impossible_calibrations_are_refused),
        cmocka_unit_test(exhausted_memory_is_survived),
        cmocka_unit_test(nothing_stays_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
