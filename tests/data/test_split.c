/* The parts of a split: their shares, what decides on them, and that they are datasets which have each image
 * once. */
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "fixture.h"
#include "pack/pack_split.h"
#include "support.h"

enum { N = 60000 };

static struct fa_image_check *make_checks(void)
{
    struct fa_image_check *checks;

    assert_ok(fa_alloc_zero(N, sizeof *checks, &checks));
    for (size_t i = 0; i < N; i++) {
        checks[i].crc = (uint32_t)(i / 2) * 2654435761u; /* of two images each */
        checks[i].n_bytes = 1000 + i / 2 % 7;
    }
    return checks;
}

static void shares_are_met_and_equal_files_stay_together(void **state)
{
    const struct fa_pack_split split = {.n_parts = 3, .share = {0.7, 0.2, 0.1}};
    struct fa_image_check *checks = make_checks();
    size_t n_in[3] = {0};
    uint8_t *part_of;

    (void)state;
    assert_ok(fa_alloc(N, 1, &part_of));
    fa_split_images(&split, checks, N, part_of);
    for (size_t i = 0; i < N; i++)
        n_in[part_of[i]]++;
    for (size_t k = 0; k < 3; k++) /* four deviations */
        assert_near((double)n_in[k] / N, split.share[k], 0.011);
    for (size_t i = 0; i < N; i += 2)
        assert_int_equal(part_of[i], part_of[i + 1]);
    fa_free(part_of);
    fa_free(checks);
}

static void the_seed_changes_parts_and_other_images_do_not(void **state)
{
    struct fa_pack_split split = {.n_parts = 2, .share = {0.5, 0.5}};
    struct fa_image_check *checks = make_checks();
    uint8_t *whole, *some;
    size_t n_moved = 0;

    (void)state;
    assert_ok(fa_alloc(N, 1, &whole));
    assert_ok(fa_alloc(N, 1, &some));
    fa_split_images(&split, checks, N, whole);
    fa_split_images(&split, checks + 1000, 100, some);
    assert_memory_equal(some, whole + 1000, 100);
    split.seed = 1;
    fa_split_images(&split, checks, N, some);
    for (size_t i = 0; i < N; i++)
        n_moved += some[i] != whole[i];
    assert_near((double)n_moved / N, 0.5, 0.011);
    fa_free(some);
    fa_free(whole);
    fa_free(checks);
}

/* The names in a part, of which none may have been seen before. */
static void look_into(const char *path, bool seen[40])
{
    struct fa_dataset *dataset;
    int i;

    assert_ok(fa_dataset_open(path, &dataset));
    assert_int_equal(dataset->n_categories, 2);
    for (size_t r = 0; r < dataset->n_records; r++) {
        assert_int_equal(sscanf(dataset->records[r].file_name, "%d.jpg", &i), 1);
        assert_true(i >= 0 && i < 40 && !seen[i]);
        seen[i] = true;
        assert_int_equal(dataset->records[r].n, i % 3);
    }
    fa_dataset_close(dataset);
}

static void each_image_is_in_one_part(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 40);
    struct fa_pack_report report;
    bool seen[40] = {false};
    char slash[512];

    (void)state;
    config.split = (struct fa_pack_split){.n_parts = 2, .share = {0.6, 0.4}};
    snprintf(slash, sizeof slash, "%s/", config.out_directory);
    config.out_directory = slash;
    assert_ok(fa_pack(&config, &report));
    assert_int_equal(report.n_images, 40);
    assert_int_equal(report.n_in_part[0] + report.n_in_part[1], 40);
    assert_string_equal(fixture_list(slash), "train val");
    look_into(fa_test_path(slash, "train"), seen);
    look_into(fa_test_path(slash, "val"), seen);
    for (size_t i = 0; i < 40; i++)
        assert_true(seen[i]);
    assert_ok(fa_pack(&config, &report)); /* over what it made itself */

    config.out_directory = fa_test_path(slash, "val");
    assert_fails_saying(fa_pack(&config, &report), FA_EINVAL, "is a dataset");
}

static void a_part_of_an_earlier_split_is_not_left_beside(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 40);
    struct fa_pack_report report;

    (void)state;
    config.split = (struct fa_pack_split){.n_parts = 3, .share = {0.5, 0.25, 0.25}};
    assert_ok(fa_pack(&config, &report));
    config.split = (struct fa_pack_split){.n_parts = 2, .share = {0.5, 0.5}};
    assert_fails_saying(fa_pack(&config, &report), FA_EINVAL, "test: is left over from an earlier split");
    assert_string_equal(fixture_list(config.out_directory), "test train val");
}

static void a_part_without_images_is_refused_and_leaves_nothing(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 2);
    struct fa_pack_report report;

    (void)state;
    config.split = (struct fa_pack_split){.n_parts = 2, .share = {0.999, 0.001}};
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "no image falls to val");
    assert_false(fa_file_exists(config.out_directory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_met_and_equal_files_stay_together),
        cmocka_unit_test(the_seed_changes_parts_and_other_images_do_not),
        cmocka_unit_test(each_image_is_in_one_part),
        cmocka_unit_test(a_part_of_an_earlier_split_is_not_left_beside),
        cmocka_unit_test(a_part_without_images_is_refused_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
