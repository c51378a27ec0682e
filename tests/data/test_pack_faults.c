/*
 * Packing on a system that refuses: full disks, directories that may not be written, packings cut off.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/new_file.h"
#include "fixture.h"
#include "support.h"

#define NOBODY 65534

static fa_status pack(const struct fa_pack_config *config)
{
    struct fa_pack_report report;

    return fa_pack(config, &report);
}

/* Packs in a process whose files cannot grow past n_bytes, as on a disk that is full then. Whether that fails
   as it should: with FA_EIO, naming the file. */
static bool fails_on_a_disk_of(rlim_t n_bytes, const struct fa_pack_config *config)
{
    const pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {n_bytes, n_bytes};

        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(2);
        _exit(pack(config) == FA_EIO && strstr(fa_message(), "out" FA_TEMPORARY_SUFFIX "/") != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static uint64_t content_of(const char *out)
{
    struct fa_dataset *dataset = NULL;
    uint64_t content;

    assert_ok(fa_dataset_open(out, &dataset));
    content = dataset->content_hash;
    fa_dataset_close(dataset);
    return content;
}

static void a_disk_that_fills_up_leaves_nothing_new_and_the_old_dataset(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 3);
    uint64_t content;

    (void)state;
    assert_ok(pack(&config));
    content = content_of(config.out_directory);
    fixture_jpeg(fa_test_path(config.sources->image_directory, "1.jpg"), fixture_width(1), fixture_height(1),
                 99, 1);
    for (rlim_t limit = 64; limit < 8192; limit += 900) {
        assert_true(fails_on_a_disk_of(limit, &config));
        assert_string_equal(fixture_list(directory), "coco.json images out");
        assert_true(content_of(config.out_directory) == content);
    }
    assert_ok(pack(&config));
    assert_true(content_of(config.out_directory) != content);
}

static void too_little_space_is_noticed_before_anything_is_written(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 3);
    const char *disk = fa_test_path(directory, "disk");
    fa_status st;

    (void)state;
    assert_ok(fa_directory_make(disk));
    if (mount("tmpfs", disk, "tmpfs", 0, "size=32k") != 0) {
        print_message("skipped: no file system can be mounted here\n");
        skip();
    }
    config.out_directory = fa_test_path(disk, "out");
    st = pack(&config);
    assert_string_equal(fixture_list(disk), "");
    assert_int_equal(umount(disk), 0);
    assert_int_equal(st, FA_EIO);
    fa_test_message("out: the dataset needs", __FILE__, __LINE__);
}

static void a_directory_that_may_not_be_written_is_named(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 2);
    const uid_t user = geteuid();
    fa_status st;

    (void)state;
    assert_int_equal(chmod(directory, 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    st = pack(&config);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(directory, 0755), 0);
    assert_int_equal(st, FA_EIO);
    fa_test_message("out" FA_TEMPORARY_SUFFIX, __FILE__, __LINE__);
    assert_string_equal(fixture_list(directory), "coco.json images");
}

static void an_output_below_a_plain_file_is_refused(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 2);

    (void)state;
    config.out_directory = fa_test_path(config.sources->path, "out");
    assert_fails_saying(pack(&config), FA_EIO, "coco.json");
}

/* Replaces a dataset again and again, in one shard and in three, until killed. */
static void pack_forever(struct fa_pack_config config)
{
    for (int k = 0;; k++) {
        config.shard_bytes = k % 2 == 0 ? 1 : 1 << 20;
        if (pack(&config) != FA_OK)
            _exit(1);
    }
}

static void a_packing_killed_at_any_moment_leaves_a_whole_dataset(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 3);
    uint64_t content;

    (void)state;
    assert_ok(pack(&config));
    content = content_of(config.out_directory);
    for (useconds_t k = 0; k < 20; k++) {
        const pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0)
            pack_forever(config);
        usleep(10000 + 1700 * k);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_true(content_of(config.out_directory) == content);
    }
    assert_ok(pack(&config));
    assert_string_equal(fixture_list(directory), "coco.json images out");
}

static void what_an_interrupted_packing_left_is_swept(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 2);
    const char *staging = fa_test_path(directory, "out" FA_TEMPORARY_SUFFIX);

    (void)state;
    assert_ok(fa_directory_make(staging));
    fixture_write_text(fa_test_path(staging, "shard-00000.h5" FA_TEMPORARY_SUFFIX), "half");
    fixture_write_text(fa_test_path(staging, "shard-00007.h5"), "of another packing");
    assert_ok(pack(&config));
    assert_string_equal(fixture_list(directory), "coco.json images out");
    assert_string_equal(fixture_list(config.out_directory), "manifest.json shard-00000.h5");
}

static void a_dataset_moved_aside_by_an_interrupted_swap_comes_back(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 2);
    const char *old = fa_test_path(directory, "out.replaced");
    struct fa_dataset *dataset;
    uint64_t content;

    (void)state;
    assert_ok(pack(&config));
    content = content_of(config.out_directory);
    assert_int_equal(rename(config.out_directory, old), 0);
    assert_fails_saying(fa_dataset_open(config.out_directory, &dataset), FA_EIO, "out.replaced");
    fixture_cut(fa_test_path(config.sources->image_directory, "1.jpg"), 100);
    assert_fails(pack(&config), FA_EFORMAT);
    assert_true(content_of(config.out_directory) == content);
    assert_string_equal(fixture_list(directory), "coco.json images out out.rejected.txt");
}

/* A neighbour of the output that a user might have, with a file in it. */
static void assert_neighbour_is_safe(const char *neighbour, const char *file, bool packs)
{
    const char *directory = fa_test_directory(), *path;
    struct fa_pack_config config;

    config = fixture_scenes(directory, 2);
    assert_ok(fa_directory_make(fa_test_path(directory, neighbour)));
    path = fa_test_path(fa_test_path(directory, neighbour), file);
    fixture_write_text(path, "precious");
    for (int k = 0; k < 2; k++) {
        if (packs)
            assert_ok(pack(&config));
        else
            assert_fails_saying(pack(&config), FA_EINVAL, neighbour);
        assert_true(fixture_contains(path, "precious"));
    }
}

static void directories_beside_the_output_are_safe(void **state)
{
    (void)state;
    assert_neighbour_is_safe("out.old", "shard-00000.h5", true);
    assert_neighbour_is_safe("out.old", "holiday.jpg", true);
    assert_neighbour_is_safe("out" FA_TEMPORARY_SUFFIX, "holiday.jpg", false);
    assert_neighbour_is_safe("out.replaced", "holiday.jpg", false);
}

static void a_checkpoint_is_no_dataset_to_replace(void **state)
{
    const char *directory = fa_test_directory(), *out;
    struct fa_pack_config config = fixture_scenes(directory, 2);

    (void)state;
    out = config.out_directory;
    assert_ok(fa_directory_make(out));
    fixture_write_text(fa_test_path(out, "manifest.json"), "{\"format\": \"freeanchor-checkpoint\"}");
    fixture_write_text(fa_test_path(out, "shard-00000.h5"), "weights");
    assert_fails_saying(pack(&config), FA_EINVAL, "nor a dataset");
    assert_string_equal(fixture_list(out), "manifest.json shard-00000.h5");
    fixture_write_text(fa_test_path(out, "manifest.json"),
                       "{\"format\": \"freeanchor-dataset\", \"version\": 0}");
    assert_ok(pack(&config)); /* one that cannot be read is packed again */
}

static void two_packings_into_one_directory_do_not_mix(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_pack_config config = fixture_scenes(directory, 2);
    struct fa_directory *staging;
    struct fa_lock *lock = NULL;

    (void)state;
    assert_ok(fa_directory_make(fa_test_path(directory, "out" FA_TEMPORARY_SUFFIX)));
    assert_ok(fa_directory_open(fa_test_path(directory, "out" FA_TEMPORARY_SUFFIX), &staging));
    assert_ok(fa_lock_acquire(staging, &lock));
    assert_fails_saying(pack(&config), FA_EIO, "out" FA_TEMPORARY_SUFFIX);
    assert_string_equal(fixture_list(directory), "coco.json images out" FA_TEMPORARY_SUFFIX);
    fa_lock_release(lock);
    fa_directory_close(staging);
    assert_ok(pack(&config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_fills_up_leaves_nothing_new_and_the_old_dataset),
        cmocka_unit_test(too_little_space_is_noticed_before_anything_is_written),
        cmocka_unit_test(a_directory_that_may_not_be_written_is_named),
        cmocka_unit_test(an_output_below_a_plain_file_is_refused),
        cmocka_unit_test(a_packing_killed_at_any_moment_leaves_a_whole_dataset),
        cmocka_unit_test(what_an_interrupted_packing_left_is_swept),
        cmocka_unit_test(a_dataset_moved_aside_by_an_interrupted_swap_comes_back),
        cmocka_unit_test(directories_beside_the_output_are_safe),
        cmocka_unit_test(a_checkpoint_is_no_dataset_to_replace),
        cmocka_unit_test(two_packings_into_one_directory_do_not_mix),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
