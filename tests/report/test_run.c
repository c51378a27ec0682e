/* A report shows pictures as its run saw them, and as usual where the configuration says nothing that can be
 * used. */
#include "support.h"

#include <string.h>

#include "fa/file.h"
#include "run.h"

static void assert_rendering(const char *config, const int want[5])
{
    const char *directory = fa_test_directory();
    const char *log = fa_test_path(directory, "log.jsonl"), *file = fa_test_path(directory, "config.json");
    struct fa_report_run run;
    struct fa_rendering rendering;

    assert_ok(fa_file_write_atomic(log, "", 0));
    assert_ok(fa_file_write_atomic(file, config, strlen(config)));
    assert_ok(fa_report_run_open(directory, &run));
    rendering = fa_report_run_rendering(&run);
    assert_memory_equal(rendering.range, want, sizeof rendering.range);
    assert_memory_equal(rendering.ground, want + 2, sizeof rendering.ground);
    fa_report_run_close(&run);
}

static void a_run_renders_as_its_configuration_says(void **state)
{
    const int usual[5] = {0, 65535, 255, 255, 255}, own[5] = {500, 3050, 0, 0, 255},
              of_ground[5] = {0, 65535, 1, 2, 3};

    (void)state;
    assert_rendering("{\"data\": {\"range\": [500, 3050], \"ground\": [0, 0, 255]}}", own);
    assert_rendering("{\"data\": {\"range\": [9, 9], \"ground\": [1, 2, 3]}}", of_ground);
    assert_rendering("{\"data\": {\"range\": [0, 70000], \"ground\": [0, 0, -1]}}", usual);
    assert_rendering("{\"data\": {\"range\": [5], \"ground\": \"white\"}}", usual);
    assert_rendering("{}", usual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_renders_as_its_configuration_says),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
