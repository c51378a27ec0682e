/*
 * What is planted in a directory of ours (links to files, to folders, to nothing, to themselves; pipes;
 * further names of a file; a folder that becomes a link while we look away) leads no write and no removal out
 * of it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/directory.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/new_file.h"
#include "support.h"

static const char *ground;        /* fresh for each test: "ours" is the directory, "theirs" must stay */
static struct fa_directory *ours; /* opened through a link */

static const char *in_ours(const char *name)
{
    return fa_test_path(fa_test_path(ground, "ours"), name);
}

static const char *in_theirs(const char *name)
{
    return fa_test_path(fa_test_path(ground, "theirs"), name);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_holds(const char *path, const char *want)
{
    char *text;
    size_t n;

    assert_ok(fa_file_read(path, 1000, &text, &n));
    assert_string_equal(text, want);
    fa_free(text);
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static int make_ground(void **state)
{
    (void)state;
    ground = fa_test_directory();
    assert_ok(fa_directory_make(in_ours("")));
    assert_ok(fa_directory_make(in_theirs("epoch_1")));
    put(in_theirs("precious"), "precious");
    put(in_theirs("epoch_1/shard"), "shard");
    assert_int_equal(symlink("ours", fa_test_path(ground, "link")), 0);
    assert_ok(fa_directory_open(fa_test_path(ground, "link"), &ours));
    return 0;
}

static int check_ground(void **state)
{
    (void)state;
    fa_directory_close(ours);
    assert_holds(in_theirs("precious"), "precious");
    assert_holds(in_theirs("epoch_1/shard"), "shard");
    return 0;
}

static bool is_shard(const char *name)
{
    return strcmp(name, "shard") == 0 || strcmp(name, FA_LOCK_NAME) == 0;
}

static bool is_epoch(const char *name)
{
    return strncmp(name, "epoch_", 6) == 0;
}

static bool is_file(const char *name)
{
    return strncmp(name, "file", 4) == 0;
}

static const struct fa_sweep sweep = {.is_file = is_file, .is_directory = is_epoch, .is_inside = is_shard};

/* ---- sweeping ---- */

static void a_sweep_takes_our_temporaries_and_nothing_else(void **state)
{
    static const char *const stay[] = {
        ("file" FA_TEMPORARY_SUFFIX "x"), "notes.tmp", ("other" FA_TEMPORARY_SUFFIX),
        "file.0123456789abcdef",          "file",      "epoch_1"};
    static const char *const go[] = {("file" FA_TEMPORARY_SUFFIX),
                                     ("file.0123456789abcdef" FA_TEMPORARY_SUFFIX)};

    (void)state;
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
        put(in_ours(stay[i]), "x");
    for (size_t i = 0; i < sizeof go / sizeof *go; i++)
        put(in_ours(go[i]), "x");
    assert_int_equal(mkdir(in_ours("epoch_2" FA_TEMPORARY_SUFFIX), 0777), 0);
    put(in_ours("epoch_2" FA_TEMPORARY_SUFFIX "/shard"), "x");
    put(in_ours("epoch_2" FA_TEMPORARY_SUFFIX "/shard.0123456789abcdef" FA_TEMPORARY_SUFFIX), "x");
    assert_ok(fa_directory_sweep(ours, &sweep));
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
        assert_true(is_there(in_ours(stay[i])));
    for (size_t i = 0; i < sizeof go / sizeof *go; i++)
        assert_false(is_there(in_ours(go[i])));
    assert_false(is_there(in_ours("epoch_2" FA_TEMPORARY_SUFFIX)));
}

static void a_sweep_of_one_name_takes_its_temporaries_alone(void **state)
{
    (void)state;
    put(in_ours("file.0123456789abcdef" FA_TEMPORARY_SUFFIX), "x");
    put(in_ours("other.0123456789abcdef" FA_TEMPORARY_SUFFIX), "x");
    put(in_ours("file"), "x");
    assert_int_equal(symlink(in_theirs("precious"), in_ours("file" FA_TEMPORARY_SUFFIX)), 0);
    assert_ok(fa_directory_sweep_of(ours, "file"));
    assert_false(is_there(in_ours("file.0123456789abcdef" FA_TEMPORARY_SUFFIX)));
    assert_true(is_there(in_ours("other.0123456789abcdef" FA_TEMPORARY_SUFFIX)));
    assert_true(is_there(in_ours("file")));
    assert_true(is_there(in_ours("file" FA_TEMPORARY_SUFFIX)));
}

static void a_sweep_follows_no_link_and_leaves_what_is_not_ours(void **state)
{
    (void)state;
    assert_int_equal(symlink(in_theirs("epoch_1"), in_ours("epoch_1" FA_TEMPORARY_SUFFIX)), 0);
    assert_int_equal(symlink(in_theirs("precious"), in_ours("file" FA_TEMPORARY_SUFFIX)), 0);
    assert_int_equal(symlink("nowhere", in_ours("file2" FA_TEMPORARY_SUFFIX)), 0);
    assert_int_equal(symlink("epoch_3" FA_TEMPORARY_SUFFIX, in_ours("epoch_3" FA_TEMPORARY_SUFFIX)), 0);
    assert_int_equal(mkfifo(in_ours("file3" FA_TEMPORARY_SUFFIX), 0600), 0);
    assert_int_equal(mkdir(in_ours("epoch_4" FA_TEMPORARY_SUFFIX), 0777), 0);
    put(in_ours("epoch_4" FA_TEMPORARY_SUFFIX "/shard"), "x");
    put(in_ours("epoch_4" FA_TEMPORARY_SUFFIX "/notes"), "a person's");
    assert_int_equal(mkdir(in_ours("epoch_5" FA_TEMPORARY_SUFFIX), 0777), 0);
    assert_int_equal(symlink(in_theirs("epoch_1/shard"), in_ours("epoch_5" FA_TEMPORARY_SUFFIX "/shard")), 0);
    assert_ok(fa_directory_sweep(ours, &sweep));
    assert_true(is_there(in_ours("epoch_1" FA_TEMPORARY_SUFFIX)));
    assert_true(is_there(in_ours("file" FA_TEMPORARY_SUFFIX)));
    assert_true(is_there(in_ours("file3" FA_TEMPORARY_SUFFIX)));
    assert_true(is_there(in_ours("epoch_4" FA_TEMPORARY_SUFFIX "/shard")));
    assert_true(is_there(in_ours("epoch_4" FA_TEMPORARY_SUFFIX "/notes")));
    assert_false(is_there(in_ours("epoch_5" FA_TEMPORARY_SUFFIX))); /* the link itself */
}

static void a_sweep_leaves_what_is_in_use(void **state)
{
    struct fa_directory *staging;
    struct fa_new_file *file;
    struct fa_lock *lock;

    (void)state;
    assert_ok(fa_directory_make_below(ours, "epoch_1" FA_TEMPORARY_SUFFIX, &staging));
    put(in_ours("epoch_1" FA_TEMPORARY_SUFFIX "/shard"), "x");
    assert_ok(fa_lock_acquire(staging, &lock));
    assert_ok(fa_new_file_open_in(ours, "file", &file));
    assert_ok(fa_directory_sweep(ours, &sweep));
    assert_holds(in_ours("epoch_1" FA_TEMPORARY_SUFFIX "/shard"), "x");
    assert_ok(fa_new_file_write(file, "whole", 5));
    assert_ok(fa_new_file_commit(file));
    assert_holds(in_ours("file"), "whole");
    fa_lock_release(lock);
    assert_ok(fa_directory_sweep(ours, &sweep));
    assert_false(is_there(in_ours("epoch_1" FA_TEMPORARY_SUFFIX)));
    fa_directory_close(staging);
}

/* ---- removing ---- */

static void a_tree_is_removed_only_if_all_of_it_is_ours(void **state)
{
    (void)state;
    assert_ok(fa_directory_remove_tree(ours, "none", is_shard));
    assert_int_equal(mkdir(in_ours("epoch_1"), 0777), 0);
    put(in_ours("epoch_1/shard"), "x");
    put(in_ours("epoch_1/zebra"), "x");
    assert_fails_saying(fa_directory_remove_tree(ours, "epoch_1", is_shard), FA_EINVAL, "holds \"zebra\"");
    assert_true(is_there(in_ours("epoch_1/shard")));
    assert_int_equal(unlink(in_ours("epoch_1/zebra")), 0);
    assert_int_equal(mkdir(in_ours("epoch_1/shard.0123456789abcdef" FA_TEMPORARY_SUFFIX), 0777), 0);
    assert_fails(fa_directory_remove_tree(ours, "epoch_1", is_shard), FA_EINVAL);
    assert_int_equal(rmdir(in_ours("epoch_1/shard.0123456789abcdef" FA_TEMPORARY_SUFFIX)), 0);
    assert_ok(fa_directory_remove_tree(ours, "epoch_1", is_shard));
    assert_false(is_there(in_ours("epoch_1")));
}

static void a_link_is_at_most_removed_itself(void **state)
{
    (void)state;
    assert_int_equal(symlink(in_theirs("epoch_1"), in_ours("epoch_1")), 0);
    assert_fails_saying(fa_directory_remove_tree(ours, "epoch_1", is_shard), FA_EIO, "epoch_1: is a link");
    assert_true(is_there(in_ours("epoch_1")));
    assert_ok(fa_directory_remove_file(ours, "epoch_1"));
    assert_false(is_there(in_ours("epoch_1")));
    assert_ok(fa_directory_remove_file(ours, "epoch_1"));
}

/* A thread that exchanges a folder of ours and a link to one of theirs, as fast as it can. */
static atomic_bool swapping;

static void *swap(void *unused)
{
    (void)unused;
    while (atomic_load(&swapping))
        renameat2(AT_FDCWD, in_ours("epoch_1"), AT_FDCWD, in_ours("epoch_2"), RENAME_EXCHANGE);
    return NULL;
}

static void a_folder_that_becomes_a_link_meanwhile_leads_nowhere(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(symlink(in_theirs("epoch_1"), in_ours("epoch_2")), 0);
    assert_int_equal(mkdir(in_ours("epoch_1"), 0777), 0);
    atomic_store(&swapping, true);
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (int i = 0; i < 2000; i++) {
        struct fa_directory *directory;

        if (fa_directory_make_below(ours, "epoch_1", &directory) != FA_OK)
            continue;
        assert_ok(fa_directory_write(directory, "shard", "new", 3));
        fa_directory_close(directory);
        (void)!fa_directory_remove_tree(ours, "epoch_1", is_shard);
    }
    atomic_store(&swapping, false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_holds(in_theirs("epoch_1/shard"), "shard");
    assert_true(is_there(in_theirs("epoch_1")));
}

/* ---- putting aside ---- */

static void what_is_put_aside_replaces_nothing(void **state)
{
    char *first, *second;

    (void)state;
    put(in_ours("log"), "one");
    assert_ok(fa_directory_put_aside(ours, "log", &first));
    assert_int_equal(symlink(in_theirs("precious"), in_ours("log")), 0);
    assert_ok(fa_directory_put_aside(ours, "log", &second));
    assert_string_not_equal(first, second);
    assert_holds(first, "one");
    assert_holds(second, "precious");
    assert_false(is_there(in_ours("log")));
    fa_free(first);
    fa_free(second);
}

/* ---- new files ---- */

static void a_new_file_replaces_a_link_and_does_not_follow_it(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(symlink(in_theirs("precious"), in_ours("a")), 0);
    assert_int_equal(symlink("nowhere", in_ours("b")), 0);
    assert_int_equal(link(in_theirs("precious"), in_ours("c")), 0);
    assert_ok(fa_directory_write(ours, "a", "new", 3));
    assert_ok(fa_file_write_atomic(in_ours("b"), "new", 3));
    assert_ok(fa_file_write_atomic(in_ours("c"), "new", 3));
    for (const char *name = "abc"; *name != '\0'; name++) {
        const char *path = in_ours((const char[]){*name, '\0'});

        assert_holds(path, "new");
        assert_int_equal(lstat(path, &st), 0);
        assert_true(S_ISREG(st.st_mode) && st.st_nlink == 1);
    }
    assert_false(is_there(in_ours("nowhere")));
}

static fa_status write_number(void *context, struct fa_h5 *file)
{
    return fa_h5_set_numbers(file, "n", FA_H5_I32, 1, context);
}

static void an_hdf5_file_replaces_a_link_and_does_not_follow_it(void **state)
{
    struct fa_h5 *file;
    int32_t number = 7, found = 0;

    (void)state;
    assert_int_equal(symlink(in_theirs("precious"), in_ours("w.h5")), 0);
    assert_ok(fa_h5_save(in_ours("w.h5"), write_number, &number));
    assert_ok(fa_h5_open(in_ours("w.h5"), &file));
    assert_ok(fa_h5_get_numbers(file, "n", FA_H5_I32, 1, &found));
    assert_ok(fa_h5_close(file));
    assert_int_equal(found, 7);
}

static void the_temporary_of_a_file_has_another_name_each_time(void **state)
{
    struct fa_new_file *file;
    char **names, first[300] = "";
    char long_name[250], base[300];
    size_t n;

    (void)state;
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    for (int i = 0; i < 2; i++) {
        assert_ok(fa_new_file_open_in(ours, i == 0 ? "f" : long_name, &file));
        assert_ok(fa_directory_names(ours, &n, &names));
        assert_int_equal(n, 1);
        assert_true(fa_temporary_base(names[0], base, sizeof base));
        assert_string_not_equal(names[0], first);
        snprintf(first, sizeof first, "%s", names[0]);
        fa_free(names);
        fa_new_file_discard(file);
    }
    assert_ok(fa_directory_names(ours, &n, &names));
    assert_int_equal(n, 0);
    fa_free(names);
    assert_fails_saying(fa_new_file_open(fa_test_path(ground, "none/f"), &file), FA_EIO,
                        "none/f: cannot create");
    assert_fails(fa_new_file_open(fa_test_path(ground, ""), &file), FA_EINVAL);
    assert_fails(fa_new_file_open("..", &file), FA_EINVAL);
}

/* ---- files that are kept ---- */

static void a_kept_file_is_plain_and_has_one_name(void **state)
{
    static const char *const names[] = {"link", "dangling", "loop", "hard", "pipe", "folder"};
    static const char *const words[] = {"is a link",     "is a link",        "is a link",
                                        "further names", "not a plain file", "not a plain file"};
    int fd;

    (void)state;
    assert_int_equal(symlink(in_theirs("precious"), in_ours("link")), 0);
    assert_int_equal(symlink(in_theirs("new"), in_ours("dangling")), 0);
    assert_int_equal(symlink("loop", in_ours("loop")), 0);
    assert_int_equal(link(in_theirs("precious"), in_ours("hard")), 0);
    assert_int_equal(mkfifo(in_ours("pipe"), 0600), 0);
    assert_int_equal(mkdir(in_ours("folder"), 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_fails_saying(fa_directory_open_own(ours, names[i], O_WRONLY | O_APPEND | O_CREAT, &fd), FA_EIO,
                            words[i]);
        assert_fails_saying(fa_file_open_own(in_ours(names[i]), O_WRONLY, &fd), FA_EIO, names[i]);
    }
    assert_false(is_there(in_theirs("new")));
    assert_fails(fa_directory_open_own(ours, "none", O_WRONLY, &fd), FA_EMISSING);
    assert_ok(fa_directory_open_own(ours, "none", O_WRONLY | O_CREAT, &fd));
    close(fd);
}

static void a_kept_file_belongs_to_us_or_to_the_owner_of_its_directory(void **state)
{
    int fd;

    (void)state;
    if (geteuid() != 0)
        skip();
    put(in_ours("log"), "");
    assert_int_equal(chown(in_ours("log"), 1234, 1234), 0);
    assert_fails_saying(fa_directory_open_own(ours, "log", O_WRONLY, &fd), FA_EIO, "of another user");
    assert_int_equal(chown(in_ours(""), 1234, 1234), 0);
    assert_ok(fa_directory_open_own(ours, "log", O_WRONLY, &fd));
    close(fd);
}

static void a_lock_is_not_taken_through_a_link(void **state)
{
    struct fa_lock *lock;

    (void)state;
    assert_int_equal(symlink(in_theirs("precious"), in_ours(FA_LOCK_NAME)), 0);
    assert_fails_saying(fa_lock_acquire(ours, &lock), FA_EIO, "is a link");
}

/* ---- the rest ---- */

static void a_directory_below_is_no_link(void **state)
{
    struct fa_directory *directory;

    (void)state;
    assert_int_equal(symlink(in_theirs("epoch_1"), in_ours("epoch_1")), 0);
    put(in_ours("file"), "");
    assert_fails_saying(fa_directory_open_below(ours, "epoch_1", &directory), FA_EIO, "is a link");
    assert_null(directory);
    assert_fails_saying(fa_directory_make_below(ours, "epoch_1", &directory), FA_EIO, "is a link");
    assert_fails_saying(fa_directory_open_below(ours, "file", &directory), FA_EIO, "is not a directory");
    assert_fails(fa_directory_open_below(ours, "none", &directory), FA_EMISSING);
}

static fa_status do_everything(void)
{
    struct fa_directory *directory;
    char *aside;
    fa_status status;

    FA_TRY(fa_directory_make_below(ours, "epoch_1", &directory));
    status = fa_directory_write(directory, "shard", "x", 1);
    fa_directory_close(directory);
    FA_TRY(status);
    FA_TRY(fa_directory_sweep(ours, &sweep));
    FA_TRY(fa_directory_remove_tree(ours, "epoch_1", is_shard));
    FA_TRY(fa_file_write_atomic(in_ours("log"), "x", 1));
    FA_TRY(fa_directory_put_aside(ours, "log", &aside));
    fa_free(aside);
    return FA_OK;
}

static void no_allocation_failure_leaks_or_passes(void **state)
{
    (void)state;
    assert_survives_shortage(do_everything());
}

#define on_fresh_ground(test) cmocka_unit_test_setup_teardown(test, make_ground, check_ground)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_fresh_ground(a_sweep_takes_our_temporaries_and_nothing_else),
        on_fresh_ground(a_sweep_of_one_name_takes_its_temporaries_alone),
        on_fresh_ground(a_sweep_follows_no_link_and_leaves_what_is_not_ours),
        on_fresh_ground(a_sweep_leaves_what_is_in_use),
        on_fresh_ground(a_tree_is_removed_only_if_all_of_it_is_ours),
        on_fresh_ground(a_link_is_at_most_removed_itself),
        on_fresh_ground(a_folder_that_becomes_a_link_meanwhile_leads_nowhere),
        on_fresh_ground(what_is_put_aside_replaces_nothing),
        on_fresh_ground(a_new_file_replaces_a_link_and_does_not_follow_it),
        on_fresh_ground(an_hdf5_file_replaces_a_link_and_does_not_follow_it),
        on_fresh_ground(the_temporary_of_a_file_has_another_name_each_time),
        on_fresh_ground(a_kept_file_is_plain_and_has_one_name),
        on_fresh_ground(a_kept_file_belongs_to_us_or_to_the_owner_of_its_directory),
        on_fresh_ground(a_lock_is_not_taken_through_a_link),
        on_fresh_ground(a_directory_below_is_no_link),
        on_fresh_ground(no_allocation_failure_leaks_or_passes),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
