/* Who is to blame, told from what a look found. */
#include <string.h>

#include "support.h"
#include "watchdog/judge.h"

enum { N = 3 };

/* Three ranks at work, seen by one of them, of which each may give a sign of life within 60 s and speak for 6
 * s. */
struct scene {
    struct fa_watched_rank ranks[N];
    struct fa_sight sight;
};

static struct scene *at_work(int rank)
{
    static struct scene scene;

    memset(&scene, 0, sizeof scene);
    scene.sight = (struct fa_sight){.rank = rank,
                                    .n_ranks = N,
                                    .silence_s = 60,
                                    .turn_s = 6,
                                    .state = FA_ROLL_RUNNING,
                                    .n_watched = N,
                                    .ranks = scene.ranks};
    scene.sight.works[0] = (struct fa_watched_work){"step 7, forward", 1, 300, "watchdog.step_s"};
    for (int r = 0; r < N; r++)
        scene.ranks[r].line =
            (struct fa_roll_line){.rank = r, .host = "node7", .beat = 5, .text = "step 7, sum of gradients"};
    return &scene;
}

static void all_wait(struct scene *scene, double seconds)
{
    scene->sight.works[0].what = NULL;
    scene->sight.state = FA_ROLL_OVERDUE;
    scene->sight.waited_s = seconds;
    for (int r = 0; r < N; r++)
        scene->ranks[r].line.state = FA_ROLL_OVERDUE;
}

static void assert_verdict(const struct scene *scene, enum fa_verdict_kind kind, int rank)
{
    const struct fa_verdict verdict = fa_judge(&scene->sight);

    assert_int_equal(verdict.kind, kind);
    if (kind > FA_VERDICT_LEAVE)
        assert_int_equal(verdict.rank, rank);
}

static void a_run_at_work_has_nobody_to_blame(void **state)
{
    (void)state;
    for (int r = 0; r < N; r++)
        assert_verdict(at_work(r), FA_VERDICT_NONE, 0);
}

static void each_work_has_its_own_limit(void **state)
{
    (void)state;
    for (int i = 0; i < FA_WATCHED_WORKS; i++) {
        struct scene *scene = at_work(0);

        scene->sight.works[i] = (struct fa_watched_work){"writing", 100, 100, "watchdog.save_s"};
        assert_verdict(scene, FA_VERDICT_NONE, 0);
        scene->sight.works[i].held_s = 101;
        assert_verdict(scene, FA_VERDICT_STUCK, 0);
        assert_string_equal(fa_judge(&scene->sight).work.what, "writing");
        scene->sight.works[i].what = NULL;
        assert_verdict(scene, FA_VERDICT_NONE, 0);
    }
}

static void ranks_that_see_the_same_speak_one_after_another(void **state)
{
    (void)state;
    for (int r = 0; r < N; r++) {
        struct scene *scene = at_work(r);

        scene->sight.works[0].held_s = 300 + 6 * r;
        assert_verdict(scene, FA_VERDICT_NONE, 0);
        scene->sight.works[0].held_s += 0.1;
        assert_verdict(scene, FA_VERDICT_STUCK, r);
    }
}

static void a_silent_rank_is_named_unless_it_has_left(void **state)
{
    struct scene *scene = at_work(0);

    (void)state;
    scene->ranks[2].silent_s = 59;
    assert_verdict(scene, FA_VERDICT_NONE, 0);
    scene->ranks[2].silent_s = 60;
    assert_verdict(scene, FA_VERDICT_SILENT, 2);
    scene->ranks[2].line.state = FA_ROLL_LEFT;
    assert_verdict(scene, FA_VERDICT_NONE, 0);
}

/* Others write only after it. */
static void of_silent_ranks_the_first_is_named(void **state)
{
    struct scene *scene = at_work(2);

    (void)state;
    scene->ranks[0].silent_s = scene->ranks[1].silent_s = 100;
    assert_verdict(scene, FA_VERDICT_SILENT, 0);
}

/* silent_s counts readings only, and a rank's own line says nothing to it. */
static void a_roll_that_cannot_be_read_says_nothing_about_others(void **state)
{
    struct scene *scene = at_work(0);

    (void)state;
    all_wait(scene, 1e6);
    scene->ranks[0].silent_s = 1e6;
    scene->sight.n_watched = 0;
    assert_verdict(scene, FA_VERDICT_NONE, 0);
}

static void while_another_speaks_nobody_else_does(void **state)
{
    struct scene *scene = at_work(1);

    (void)state;
    scene->sight.works[0].held_s = 1000;
    scene->ranks[0].line.state = FA_ROLL_SPEAKING;
    assert_verdict(scene, FA_VERDICT_NONE, 0);
    scene->ranks[0].silent_s = 11; /* longer than last words take: it is gone itself */
    assert_verdict(scene, FA_VERDICT_STUCK, 1);
    scene->ranks[2].line.state = FA_ROLL_ENDED;
    assert_verdict(scene, FA_VERDICT_LEAVE, 0);
}

static void a_rank_that_waits_is_to_blame_only_where_nobody_works(void **state)
{
    struct scene *scene = at_work(0);

    (void)state;
    all_wait(scene, 1000);
    scene->ranks[1].line.state = FA_ROLL_RUNNING;
    assert_verdict(scene, FA_VERDICT_NONE, 0);
    scene->ranks[1].line.state = FA_ROLL_LEFT;
    assert_verdict(scene, FA_VERDICT_APART, 0);
}

static void the_only_rank_that_stands_still_is_named(void **state)
{
    struct scene *scene = at_work(0);

    (void)state;
    all_wait(scene, 1000);
    scene->ranks[2].line.state = FA_ROLL_STILL;
    assert_verdict(scene, FA_VERDICT_STILL, 2);
    scene->ranks[1].line.state = FA_ROLL_STILL;
    assert_verdict(scene, FA_VERDICT_APART, 0);
}

static void rank_0_judges_for_all_unless_it_has_left(void **state)
{
    struct scene *scene = at_work(1);

    (void)state;
    all_wait(scene, 1000);
    assert_verdict(scene, FA_VERDICT_NONE, 0);
    scene->ranks[0].line.state = FA_ROLL_LEFT;
    assert_verdict(scene, FA_VERDICT_APART, 1);
}

static void a_wait_is_overdue_after_its_limit_and_still_where_nobody_looks(void **state)
{
    (void)state;
    assert_int_equal(fa_judge_wait(100, 100, 100), FA_ROLL_WAITING);
    assert_int_equal(fa_judge_wait(101, 50, 100), FA_ROLL_OVERDUE);
    assert_int_equal(fa_judge_wait(101, 51, 100), FA_ROLL_STILL);
}

static void the_words_name_rank_host_step_and_limit(void **state)
{
    struct scene *scene = at_work(0);
    struct fa_verdict verdict;
    char text[640];

    (void)state;
    scene->sight.works[0].held_s = 301;
    verdict = fa_judge(&scene->sight);
    fa_verdict_print(&verdict, &scene->sight, "node1", "step 7, forward", text, sizeof text);
    assert_non_null(strstr(text,
                           "rank 0 (node1) has been in step 7, forward for 301 s without progress, 300 s are "
                           "allowed (watchdog.step_s): the job ends"));
    assert_null(strstr(text, "GPU"));
    scene->sight.device = "GPU 3 (NVIDIA H200)";
    fa_verdict_print(&verdict, &scene->sight, "node1", "step 7, forward", text, sizeof text);
    assert_non_null(strstr(text, "look at that host's disks and load, and at its GPU 3 (NVIDIA H200)"));
    scene = at_work(0);
    scene->ranks[2].silent_s = 60;
    verdict = fa_judge(&scene->sight);
    fa_verdict_print(&verdict, &scene->sight, "node1", "step 7, forward", text, sizeof text);
    assert_non_null(strstr(text,
                           "rank 2 (node7) has given no sign of life for 60 s; it was in step 7, sum of "
                           "gradients: the job ends"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_at_work_has_nobody_to_blame),
        cmocka_unit_test(each_work_has_its_own_limit),
        cmocka_unit_test(ranks_that_see_the_same_speak_one_after_another),
        cmocka_unit_test(a_silent_rank_is_named_unless_it_has_left),
        cmocka_unit_test(of_silent_ranks_the_first_is_named),
        cmocka_unit_test(a_roll_that_cannot_be_read_says_nothing_about_others),
        cmocka_unit_test(while_another_speaks_nobody_else_does),
        cmocka_unit_test(a_rank_that_waits_is_to_blame_only_where_nobody_works),
        cmocka_unit_test(the_only_rank_that_stands_still_is_named),
        cmocka_unit_test(rank_0_judges_for_all_unless_it_has_left),
        cmocka_unit_test(a_wait_is_overdue_after_its_limit_and_still_where_nobody_looks),
        cmocka_unit_test(the_words_name_rank_host_step_and_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
