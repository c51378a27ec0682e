/* The loss by ATSS against numbers: golden cases, and selections by hand. */
#include <float.h>
#include <math.h>

#include "fa/loss.h"
#include "fa/memory.h"
#include "golden_loss.h"
#include "support.h"

static struct fa_loss_workspace *workspace;
static struct fa_loss_config config; /* anew for each test */

static int create_workspace(void **state)
{
    (void)state;
    return fa_loss_workspace_create(2, &workspace) == FA_OK ? 0 : -1;
}

static int destroy_workspace(void **state)
{
    (void)state;
    fa_loss_workspace_destroy(workspace);
    return fa_memory_balance() == 0 ? 0 : -1;
}

static int reset_config(void **state)
{
    (void)state;
    config = fa_loss_default;
    config.kind = FA_LOSS_ATSS;
    config.coder = (struct fa_box_coder){{1, 1, 1, 1}};
    return 0;
}

static double share_of(const struct fa_head_view *head, const struct fa_objects *objects)
{
    double share;

    assert_ok(fa_loss_share(&config, head, objects, workspace, &share));
    return share;
}

static void check_golden(const struct test_golden *golden, struct test_scene *scene,
                         const struct fa_objects *objects)
{
    struct fa_loss loss;

    config.atss.k = golden->k;
    config.focal.gamma = golden->gamma;
    assert_ok(fa_loss_compute(&config, &scene->head, objects, golden->normalizer, workspace, &loss,
                              scene->grad_cls, scene->grad_reg));
    test_golden_sum(golden, "cls", loss.part[FA_PART_CLS], golden->want[0]);
    test_golden_sum(golden, "bbox", loss.part[FA_PART_BBOX], golden->want[1]);
    test_golden_sum(golden, "share", share_of(&scene->head, objects), golden->want[2]);
    test_golden_sum(golden, "matched IoU", loss.matched_iou, golden->want[3]);
    test_golden_gradients(golden, scene);
}

static void golden_cases_agree_in_value_and_gradient(void **state)
{
    (void)state;
    assert_int_equal(test_golden_each("atss.bin", true, check_golden), 20);
}

/* ---- by hand: four anchors of one level, along a line ---- */

enum { N = 4 };

static const float line[N][4] = {{0, 0, 10, 10}, {4, 0, 14, 10}, {8, 0, 18, 10}, {30, 0, 40, 10}};
static const int32_t labels[] = {0, 1};

/* Whose the anchors are, by the only negative slopes at logits of 0; -1: nobody's. */
static void owners_of(const struct fa_objects *objects, int owners[N])
{
    static const fa_real zeros[4 * N];
    const struct fa_head_view head = {
        .n_anchors = N, .num_classes = 2, .anchors = &line[0][0], .cls = zeros, .reg = zeros};
    fa_real grad_cls[2 * N], grad_reg[4 * N];
    struct fa_loss loss;

    assert_ok(fa_loss_compute(&config, &head, objects, 1, workspace, &loss, grad_cls, grad_reg));
    for (size_t j = 0; j < N; j++)
        owners[j] = grad_cls[2 * j] < 0 ? 0 : grad_cls[2 * j + 1] < 0 ? 1 : -1;
}

static void assert_owners(const struct fa_objects *objects, int a, int b, int c, int d)
{
    int owners[N];

    owners_of(objects, owners);
    assert_int_equal(owners[0], a);
    assert_int_equal(owners[1], b);
    assert_int_equal(owners[2], c);
    assert_int_equal(owners[3], d);
}

/* IoUs with the first anchor's box: 1, 3/7, 1/9, 0; mean 0.385, deviation 0.449. */
static void an_anchor_below_mean_and_deviation_is_negative(void **state)
{
    const struct fa_objects object = {1, line[0], labels};

    (void)state;
    assert_owners(&object, 0, -1, -1, -1);
}

/* 1 and 3/7 alone: 0.714 + 0.404 is above both; of the nearest alone, its own IoU. */
static void candidates_are_the_k_nearest_and_one_has_no_deviation(void **state)
{
    const struct fa_objects object = {1, line[0], labels};

    (void)state;
    config.atss.k = 2;
    assert_owners(&object, -1, -1, -1, -1);
    config.atss.k = 1;
    assert_owners(&object, 0, -1, -1, -1);
}

/* Two anchors that overlap it equally are at the mean of their IoUs exactly; with their centres on its edge,
   neither counts. */
static void equal_candidates_are_positive_where_their_centres_lie_inside(void **state)
{
    static const float inside[] = {4.5f, 0, 9.5f, 10}, on_edge[] = {5, 0, 9, 10};
    const struct fa_objects between = {1, inside, labels}, edges = {1, on_edge, labels};

    (void)state;
    config.atss.k = 2;
    assert_owners(&between, 0, 0, -1, -1);
    assert_owners(&edges, -1, -1, -1, -1);
}

static void an_anchor_goes_to_the_object_it_overlaps_most_and_of_equal_ones_to_the_first(void **state)
{
    static const float wide_first[] = {0, 0, 10, 12, 0, 0, 10, 10}, twice[] = {0, 0, 10, 10, 0, 0, 10, 10};
    const struct fa_objects better = {2, wide_first, labels}, equal = {2, twice, labels};

    (void)state;
    config.atss.k = 1;
    assert_owners(&better, 1, -1, -1, -1);
    assert_owners(&equal, 0, -1, -1, -1);
}

/* The first two anchors as levels of their own: each is its level's nearest. */
static void every_level_has_its_own_candidates(void **state)
{
    static const float wide[] = {-1, 0, 15, 10};
    static const size_t first[] = {0, 1};
    const struct fa_objects object = {1, wide, labels};
    struct fa_head_view head = {.n_anchors = 2, .num_classes = 1, .anchors = &line[0][0]};

    (void)state;
    config.atss.k = 1;
    assert_near(share_of(&head, &object), 1, 0);
    head.n_levels = 2;
    head.level_first = first;
    assert_near(share_of(&head, &object), 2, 0);
}

static void the_anchors_of_a_position_are_candidates_together(void **state)
{
    static const float wide[] = {-1, 0, 15, 10};
    const struct fa_objects object = {1, wide, labels};
    const struct fa_head_view head = {
        .n_anchors = N, .num_classes = 1, .anchors = &line[0][0], .per_position = 2};

    (void)state;
    config.atss.k = 1;
    assert_near(share_of(&head, &object), 2, 0);
}

static void without_a_positive_anchor_the_share_is_one(void **state)
{
    static const float far[] = {1000, 1000, 1010, 1020};
    const struct fa_objects object = {1, far, labels};
    const struct fa_head_view head = {.n_anchors = N, .num_classes = 1, .anchors = &line[0][0]};

    (void)state;
    assert_near(share_of(&head, &test_no_objects), 1, 0);
    assert_near(share_of(&head, &object), 1, 0);
    assert_owners(&object, -1, -1, -1, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(golden_cases_agree_in_value_and_gradient, reset_config),
        cmocka_unit_test_setup(an_anchor_below_mean_and_deviation_is_negative, reset_config),
        cmocka_unit_test_setup(candidates_are_the_k_nearest_and_one_has_no_deviation, reset_config),
        cmocka_unit_test_setup(equal_candidates_are_positive_where_their_centres_lie_inside, reset_config),
        cmocka_unit_test_setup(an_anchor_goes_to_the_object_it_overlaps_most_and_of_equal_ones_to_the_first,
                               reset_config),
        cmocka_unit_test_setup(every_level_has_its_own_candidates, reset_config),
        cmocka_unit_test_setup(the_anchors_of_a_position_are_candidates_together, reset_config),
        cmocka_unit_test_setup(without_a_positive_anchor_the_share_is_one, reset_config),
    };

    return cmocka_run_group_tests(tests, create_workspace, destroy_workspace);
}
