/* Files, directories and locks. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "support.h"

static const char *directory; /* fresh for each test */

static int make_directory(void **state)
{
    (void)state;
    directory = fa_test_directory();
    return 0;
}

static const char *in_directory(const char *name)
{
    return fa_test_path(directory, name);
}

static void assert_content(const char *path, const char *want)
{
    char *data;
    size_t n_bytes;

    assert_ok(fa_file_read(path, 1000, &data, &n_bytes));
    assert_int_equal(n_bytes, strlen(want));
    assert_string_equal(data, want);
    fa_free(data);
}

static void assert_no_temporary(void)
{
    char **names, base[64];
    size_t n;

    assert_ok(fa_directory_list(directory, &n, &names));
    for (size_t i = 0; i < n; i++)
        assert_false(fa_temporary_base(names[i], base, sizeof base));
    fa_free(names);
}

static void a_file_is_written_replaced_and_read(void **state)
{
    const char *path = in_directory("f");
    uint64_t n_bytes;
    uint32_t crc;

    (void)state;
    assert_false(fa_file_exists(path));
    assert_ok(fa_file_write_atomic(path, "123456789", 9));
    assert_content(path, "123456789");
    assert_ok(fa_file_checksum(path, &crc, &n_bytes));
    assert_int_equal(crc, 0xE3069283);
    assert_int_equal(n_bytes, 9);
    assert_ok(fa_file_write_atomic(path, "", 0));
    assert_content(path, "");
    assert_ok(fa_file_size(path, &n_bytes));
    assert_int_equal(n_bytes, 0);
    assert_true(fa_file_exists(path));
    assert_no_temporary();
}

static void what_cannot_be_read_is_named(void **state)
{
    char name[301];
    char *data = (char *)1;
    size_t n_bytes;

    (void)state;
    memset(name, 'x', 300); /* longer than names can be */
    name[300] = '\0';
    assert_fails_saying(fa_file_read(in_directory(name), 10, &data, &n_bytes), FA_EMISSING, "xxx");
    assert_fails_saying(fa_file_read(in_directory("none"), 10, &data, &n_bytes), FA_EMISSING,
                        "none: cannot open");
    assert_null(data);
    assert_fails_saying(fa_file_read(directory, 10, &data, &n_bytes), FA_EFORMAT, "not a plain file");
    assert_int_equal(mkfifo(in_directory("pipe"), 0600), 0);
    assert_fails_saying(fa_file_read(in_directory("pipe"), 10, &data, &n_bytes), FA_EFORMAT,
                        "not a plain file");
    assert_ok(fa_file_write_atomic(in_directory("f"), "12345", 5));
    assert_fails_saying(fa_file_read(in_directory("f"), 4, &data, &n_bytes), FA_EFORMAT, "5 bytes");
    assert_null(data);
}

static void both_ends_of_a_file_are_read_alone(void **state)
{
    const char *path = in_directory("ends");
    char *data;
    size_t n_bytes;

    (void)state;
    assert_ok(fa_file_write_atomic(path, "abcdef", 6));
    assert_ok(fa_file_read_head(path, 4, &data, &n_bytes));
    assert_string_equal(data, "abcd");
    fa_free(data);
    assert_ok(fa_file_read_tail(path, 4, &data, &n_bytes));
    assert_string_equal(data, "cdef");
    fa_free(data);
    assert_ok(fa_file_read_head(path, 9, &data, &n_bytes));
    assert_string_equal(data, "abcdef");
    assert_int_equal(n_bytes, 6);
    fa_free(data);
}

static void reading_past_the_end_is_an_early_end(void **state)
{
    char data[4] = "";
    int fd;

    (void)state;
    assert_ok(fa_file_write_atomic(in_directory("f"), "12345", 5));
    fd = open(in_directory("f"), O_RDONLY);
    assert_ok(fa_file_read_at(fd, "f", 2, 3, data));
    assert_string_equal(data, "345");
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    assert_fails_saying(fa_file_read_at(fd, "f", 3, 3, data), FA_EFORMAT, "ends early");
    assert_fails_saying(fa_file_read_at(fd, "f", UINT64_MAX, 3, data), FA_EFORMAT, "ends early");
    close(fd);
}

/* In a child process: a limit on file sizes makes the write fail halfway, as a full disk does. */
static int write_under_limit(const char *path)
{
    static char data[10000];
    const struct rlimit limit = {4096, 4096};

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    return fa_file_write_atomic(path, data, sizeof data) == FA_EIO ? 0 : 1;
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    int result;
    pid_t child;

    (void)state;
    assert_ok(fa_file_write_atomic(in_directory("f"), "old", 3));
    child = fork();
    if (child == 0)
        _exit(write_under_limit(in_directory("f")));
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    assert_content(in_directory("f"), "old");
    assert_no_temporary();
}

static void a_failed_commit_leaves_neither_name(void **state)
{
    (void)state;
    assert_ok(fa_directory_make(in_directory("taken/inside")));
    assert_fails_saying(fa_file_write_atomic(in_directory("taken"), "x", 1), FA_EIO, "cannot rename");
    assert_no_temporary();
}

static void directories_are_made_with_their_parents(void **state)
{
    (void)state;
    assert_ok(fa_directory_make(in_directory("a/b//c/")));
    assert_ok(fa_directory_make(in_directory("a/b/c")));
    assert_true(fa_directory_exists(in_directory("a/b/c")));
    assert_ok(fa_file_write_atomic(in_directory("f"), "", 0));
    assert_false(fa_directory_exists(in_directory("f")));
    assert_fails_saying(fa_directory_make(in_directory("f/g")), FA_EIO, "f: cannot make");
}

static void names_are_listed_in_order(void **state)
{
    char **names, text[16];
    size_t n;

    (void)state;
    assert_ok(fa_directory_list(directory, &n, &names));
    assert_int_equal(n, 0);
    fa_free(names);
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "n%03d", (i * 7) % 500);
        close(open(in_directory(text), O_WRONLY | O_CREAT, 0666));
    }
    assert_ok(fa_directory_list(directory, &n, &names));
    assert_int_equal(n, 500);
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "n%03d", i);
        assert_string_equal(names[i], text);
    }
    fa_free(names);
    assert_fails_saying(fa_directory_list(in_directory("none"), &n, &names), FA_EMISSING, "none");
}

static void paths_are_joined_by_one_slash(void **state)
{
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char *path;

        assert_ok(fa_path_join(cases[i][0], cases[i][1], &path));
        assert_string_equal(path, cases[i][2]);
        fa_free(path);
    }
}

static void two_names_of_one_file_are_the_same_and_two_files_are_not(void **state)
{
    char a[256], b[256], other[256];

    (void)state;
    snprintf(a, sizeof a, "%s", in_directory("a"));
    snprintf(b, sizeof b, "%s", in_directory("b"));
    snprintf(other, sizeof other, "%s", in_directory("other"));
    assert_true(fa_file_is_same(a, a)); /* before there is one */
    assert_false(fa_file_is_same(a, b));
    assert_ok(fa_file_write_atomic(a, "x", 1));
    assert_ok(fa_file_write_atomic(other, "x", 1));
    assert_int_equal(symlink("a", b), 0);
    assert_true(fa_file_is_same(a, b));
    assert_false(fa_file_is_same(a, other));
}

static void free_space_is_known(void **state)
{
    uint64_t n_bytes = 0;

    (void)state;
    assert_ok(fa_directory_free_bytes(directory, &n_bytes));
    assert_true(n_bytes > 0);
    assert_fails(fa_directory_free_bytes(in_directory("none"), &n_bytes), FA_EIO);
}

static void a_lock_is_held_once_and_names_its_holder(void **state)
{
    struct fa_directory *open;
    struct fa_lock *first, *second;
    char holder[64];

    (void)state;
    snprintf(holder, sizeof holder, "in use by process %ld on ", (long)getpid());
    assert_ok(fa_directory_open(directory, &open));
    assert_ok(fa_lock_acquire(open, &first));
    assert_fails_saying(fa_lock_acquire(open, &second), FA_EIO, holder);
    assert_null(second);
    fa_lock_release(first);
    assert_ok(fa_lock_acquire(open, &second));
    fa_lock_release(second);
    fa_lock_release(NULL);
    fa_directory_close(open);
}

static void a_lock_ends_with_its_process(void **state)
{
    struct fa_directory *open;
    struct fa_lock *lock;
    int result;
    pid_t child;

    (void)state;
    assert_ok(fa_directory_open(directory, &open));
    child = fork();
    if (child == 0) {
        if (fa_lock_acquire(open, &lock) == FA_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    assert_ok(fa_lock_acquire(open, &lock));
    fa_lock_release(lock);
    fa_directory_close(open);
}

static fa_status write_and_list(void)
{
    char **names;
    size_t n;

    FA_TRY(fa_file_write_atomic(in_directory("f"), "x", 1));
    FA_TRY(fa_directory_list(directory, &n, &names));
    fa_free(names);
    return FA_OK;
}

static void no_allocation_failure_leaks_or_passes(void **state)
{
    (void)state;
    assert_survives_shortage(write_and_list());
}

#define in_fresh_directory(test) cmocka_unit_test_setup(test, make_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_fresh_directory(a_file_is_written_replaced_and_read),
        in_fresh_directory(what_cannot_be_read_is_named),
        in_fresh_directory(both_ends_of_a_file_are_read_alone),
        in_fresh_directory(reading_past_the_end_is_an_early_end),
        in_fresh_directory(a_failed_write_leaves_the_old_file),
        in_fresh_directory(a_failed_commit_leaves_neither_name),
        in_fresh_directory(directories_are_made_with_their_parents),
        in_fresh_directory(names_are_listed_in_order),
        in_fresh_directory(paths_are_joined_by_one_slash),
        in_fresh_directory(two_names_of_one_file_are_the_same_and_two_files_are_not),
        in_fresh_directory(free_space_is_known),
        in_fresh_directory(a_lock_is_held_once_and_names_its_holder),
        in_fresh_directory(a_lock_ends_with_its_process),
        in_fresh_directory(no_allocation_failure_leaks_or_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
