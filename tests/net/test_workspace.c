/* Images that are on their way at the same time, each in a workspace of its own, do not see each other: their
   results have the bits of images that ran one after another. */
#include "network.h"

#include <string.h>

#include "backends.h"
#include "fa/memory.h"
#include "flats.h"
#include "state.h"

enum { N = 3 };

/* Of different sizes, so that plans and arenas differ too. */
static const int height[N] = {64, 32, 64}, width[N] = {96, 64, 32};
static const char *const names[N] = {"first", "second", "third"};

struct lane {
    struct fa_workspace *workspace;
    struct fa_head head;
    float *image;
    struct fa_flat *grad;
    fa_real *grad_head;
};

static struct lane lanes[N];

static void open_lanes(struct fa_model *model)
{
    for (int i = 0; i < N; i++) {
        assert_ok(fa_flat_create(model->backend, model->params.n_trainable, &lanes[i].grad));
        assert_ok(fa_workspace_create(model, lanes[i].grad, &lanes[i].workspace));
        lanes[i].image = network_image(names[i], height[i], width[i]);
        lanes[i].grad_head = NULL;
    }
}

static void close_lanes(void)
{
    for (int i = 0; i < N; i++) {
        fa_workspace_destroy(lanes[i].workspace);
        fa_free(lanes[i].image);
        fa_free(lanes[i].grad_head);
        fa_flat_destroy(lanes[i].grad);
    }
}

static void forward(int i)
{
    struct lane *lane = &lanes[i];

    assert_ok(network_ask(lane->workspace, FA_TRAINING, lane->image, height[i], width[i], &lane->head));
    lane->grad_head = network_head_gradient(&lane->head);
}

static void backward(int i)
{
    const struct lane *lane = &lanes[i];

    assert_ok(network_backward(lane->workspace, &lane->head, lane->grad_head, NULL, NULL));
}

static void check_lanes(struct fa_model *model)
{
    const size_t n = model->params.n_trainable;
    fa_real *want[N];

    network_fill(model);
    open_lanes(model);
    for (int i = 0; i < N; i++)
        forward(i);
    for (int i = N; i-- > 0;) /* not in the order in which they came */
        backward((i + 1) % N);
    for (int i = 0; i < N; i++) {
        want[i] = network_gradient(model, lanes[i].image, height[i], width[i]);
        assert_flat_holds(lanes[i].grad, 0, n, want[i]);
    }
    for (int i = 1; i < N; i++)
        assert_memory_not_equal(want[0], want[i], n * sizeof *want[i]);
    for (int i = 0; i < N; i++)
        fa_free(want[i]);
    close_lanes();
}

static void lanes_that_interleave_give_the_bits_of_one_after_another(void **state)
{
    struct fa_model_config config = network_config(18, 1);

    (void)state;
    for (size_t b = 0; fa_test_backend(b) != NULL; b++) {
        struct fa_model *model = network_create(&config, fa_test_backend(b));

        check_lanes(model);
        network_destroy(model);
    }
}

static void so_do_lanes_with_group_norm(void **state)
{
    struct fa_model_config config = network_config(18, -1);
    struct fa_model *model;

    (void)state;
    config.norm = FA_NORM_GROUP;
    config.norm_groups = 32;
    model = network_create(&config, fa_backend_known(0));
    check_lanes(model);
    network_destroy(model);
}

static void changed_parameters_end_what_every_lane_kept(void **state)
{
    struct fa_model_config config = network_config(18, 4);
    struct fa_model *model = network_create(&config, "blas");

    (void)state;
    network_fill(model);
    open_lanes(model);
    for (int i = 0; i < N; i++)
        forward(i);
    fa_model_params_changed(model);
    for (int i = 0; i < N; i++)
        assert_fails(network_backward(lanes[i].workspace, &lanes[i].head, lanes[i].grad_head, NULL, NULL),
                     FA_EINVAL);
    close_lanes();
    network_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_that_interleave_give_the_bits_of_one_after_another),
        cmocka_unit_test(so_do_lanes_with_group_norm),
        cmocka_unit_test(changed_parameters_end_what_every_lane_kept),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
