/* What the files of a work directory tell of a run, whole and damaged. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/run_status.h"
#include "support.h"
#include "watchdog/roll.h"

#define STAMP "2026-01-31 12:00:00 "

static void write_file(const char *directory, const char *name, const char *text)
{
    assert_ok(fa_file_write_atomic(fa_test_path(directory, name), text, strlen(text)));
}

static void make(const char *path)
{
    assert_ok(fa_directory_make(path));
}

static void write_rank(const char *w, int rank, enum fa_roll_state state)
{
    const struct fa_roll_line line = {
        .rank = rank, .host = "node7", .beat = 5, .state = state, .text = "step 21, forward"};

    assert_ok(fa_roll_write(fa_test_path(w, ".ranks"), &line));
}

/* A run of 2 ranks and 40 steps that saved and evaluated after 10 and 20; log: how train.log goes on. */
static const char *make_run(const char *log)
{
    const char *w = fa_test_directory();
    char text[1024];

    write_file(w, "config.json",
               "{\"train\": {\"epochs\": 4, \"max_steps\": 0}, \"watchdog\": {\"silence_s\": 2}}");
    write_file(w, "log.jsonl",
               "{\"started\":\"x\",\"ranks\":2}\n"
               "{\"mode\":\"train\",\"step\":10,\"loss\":2.5,\"lr\":0.01,\"time\":0.5,\"eta_s\":15}\n"
               "{\"mode\":\"save\",\"checkpoint\":\"epoch_1\",\"step\":10}\n"
               "{\"mode\":\"val\",\"step\":10,\"bbox_mAP\":0.25}\n"
               "{\"mode\":\"train\",\"step\":20,\"loss\":1.5,\"lr\":0.02,\"time\":0.25,\"eta_s\":5000}\n"
               "{\"mode\":\"save\",\"checkpoint\":\"epoch_2\",\"step\":20}\n"
               "{\"mode\":\"val\",\"step\":20,\"bbox_mAP\":0.125}\n"
               "{\"mode\":\"train\",\"step\":22,\"lo");
    snprintf(text, sizeof text,
             STAMP "INFO  40 images to train on, 10 steps an epoch, 40 in all, on 2 ranks\n" STAMP
                   "INFO  Epoch [2][10/10]  lr: 2.000e-02, eta: 0:00:05\n%s",
             log);
    write_file(w, "train.log", text);
    make(fa_test_path(w, "checkpoints/epoch_1"));
    make(fa_test_path(w, "checkpoints/epoch_2"));
    write_file(w, "checkpoints/epoch_2/manifest.json", "{}");
    write_file(w, "checkpoints/latest", "epoch_2\n");
    write_file(w, "checkpoints/best", "epoch_1 0.25\n");
    assert_ok(fa_roll_create(fa_test_path(w, ".ranks"), 2, 7));
    write_rank(w, 0, FA_ROLL_LEFT);
    write_rank(w, 1, FA_ROLL_LEFT);
    return w;
}

static struct fa_run_status status_of(const char *w)
{
    struct fa_run_status status;

    assert_ok(fa_run_status_read(w, &status));
    return status;
}

static void assert_state(const char *log, enum fa_run_state want)
{
    struct fa_run_status status = status_of(make_run(log));

    assert_int_equal(status.state, want);
    fa_run_status_clear(&status);
}

static void the_end_of_a_run_is_told_apart(void **state)
{
    (void)state;
    assert_state("", FA_RUN_DIED);
    assert_state(STAMP "INFO  saved checkpoint epoch_2\n", FA_RUN_DIED);
    assert_state(STAMP "INFO  stopped on request after step 21; the state is saved, run again to go on\n",
                 FA_RUN_STOPPED);
    assert_state(STAMP "INFO  wrote w/weights.h5\n" STAMP "INFO  best bbox_mAP 0.25 is in w\n",
                 FA_RUN_FINISHED);
    assert_state(STAMP "ERROR step 21: rank 1 gives no sign of life\n", FA_RUN_FAILED);
    assert_state(STAMP "ERROR step 3, saving: the disk is full\n" STAMP
                       "INFO  40 images to train on, 10 steps an epoch, 40 in all, on 2 ranks\n",
                 FA_RUN_DIED);
}

static void append_bytes(const char *w, const char *name, const char *bytes, size_t n_bytes)
{
    FILE *file = fopen(fa_test_path(w, name), "ab");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
    fclose(file);
}

/* As a power failure leaves them. */
static void zeros_hide_nothing_that_follows(void **state)
{
    static const char line[] = "\0\0\0\n{\"mode\":\"train\",\"step\":30,\"loss\":0.5}\n",
                      end[] = "\0\0\0" STAMP "ERROR step 31: bad luck\n";
    const char *w = make_run("");
    struct fa_run_status s;

    (void)state;
    append_bytes(w, "log.jsonl", line, sizeof line - 1);
    append_bytes(w, "train.log", end, sizeof end - 1);
    s = status_of(w);
    assert_int_equal(s.progress.step, 30);
    assert_int_equal(s.state, FA_RUN_FAILED);
    assert_string_equal(s.why, "step 31: bad luck");
    fa_run_status_clear(&s);
}

static void numbers_are_those_of_the_last_whole_lines(void **state)
{
    struct fa_run_status s = status_of(make_run(STAMP "ERROR step 21: bad luck\n"));

    (void)state;
    assert_string_equal(s.why, "step 21: bad luck");
    assert_int_equal(s.step, 21); /* of the roll, which is newer */
    assert_int_equal(s.last_step, 40);
    assert_int_equal(s.steps_per_epoch, 10);
    assert_int_equal(s.epochs, 4);
    assert_true(s.progress.is_known);
    assert_int_equal(s.progress.step, 20);
    assert_true(s.progress.loss == 1.5 && s.progress.lr == 0.02 && s.progress.step_s == 0.25);
    assert_string_equal(s.save.name, "epoch_2");
    assert_int_equal(s.save.step, 20);
    assert_true(s.save.age_s >= 0 && s.save.age_s < 60);
    assert_string_equal(s.best.name, "epoch_1");
    assert_true(s.best.ap == 0.25);
    assert_true(s.is_evaluated && s.last_ap == 0.125);
    assert_int_equal(s.n_ranks, 2);
    assert_string_equal(s.ranks[1].host, "node7");
    assert_string_equal(s.ranks[1].state, "left");
    assert_string_equal(s.ranks[0].doing, "step 21, forward");
    fa_run_status_clear(&s);
}

static void a_run_that_holds_the_lock_goes_on_and_its_silent_ranks_are_named(void **state)
{
    const char *w = make_run("");
    struct fa_directory *directory;
    struct fa_lock *lock;
    struct fa_run_status s;

    (void)state;
    write_rank(w, 0, FA_ROLL_RUNNING);
    assert_ok(fa_directory_open(w, &directory));
    assert_ok(fa_lock_acquire(directory, &lock));
    s = status_of(w);
    assert_int_equal(s.state, FA_RUN_RUNNING);
    assert_non_null(strstr(s.holder, "process "));
    assert_true(s.watched_s > 0 && s.watched_s < 5);
    assert_true(s.ranks[0].is_silent);
    assert_false(s.ranks[1].is_silent); /* it has left */
    fa_run_status_clear(&s);
    fa_lock_release(lock);
    assert_ok(fa_lock_acquire(directory, &lock)); /* a look leaves nothing behind */
    fa_lock_release(lock);
    fa_directory_close(directory);
}

static void what_is_damaged_is_unknown(void **state)
{
    static const char *const names[] = {"config.json", "log.jsonl",          "train.log",
                                        ".ranks",      "checkpoints/latest", "checkpoints/best"};
    static const char *const junk[] = {"", "\n\n\n",
                                       "{\"mode\":\"train\",\"step\":1e999}\n[]\nnull\n{\"step\":\"x\"}\n",
                                       "\xFF\x00\xFE", "Epoch [1][1/0]\n2026 INFO Epoch [1][1/0]\n"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < sizeof junk / sizeof *junk; k++) {
            const char *w = make_run("");
            struct fa_run_status s;

            write_file(w, names[i], junk[k]);
            s = status_of(w);
            assert_int_equal(s.state, FA_RUN_DIED);
            fa_run_status_clear(&s);
        }
}

static void a_directory_in_the_place_of_a_file_is_passed_over(void **state)
{
    static const char *const names[] = {"config.json", "log.jsonl", ".ranks", ".lock"};
    const char *w = make_run("");
    struct fa_run_status s;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unlink(fa_test_path(w, names[i]));
        make(fa_test_path(w, names[i]));
    }
    s = status_of(w);
    assert_int_equal(s.state, FA_RUN_DIED);
    assert_int_equal(s.step, -1);
    fa_run_status_clear(&s);
}

static void other_directories_are_refused(void **state)
{
    const char *w = fa_test_directory();
    struct fa_run_status s;

    (void)state;
    assert_fails_saying(fa_run_status_read(w, &s), FA_EINVAL, "is empty; no run has begun there");
    write_file(w, "photo.txt", "x");
    assert_fails_saying(fa_run_status_read(w, &s), FA_EINVAL, "is not the work directory of a run");
    assert_fails_saying(fa_run_status_read(fa_test_path(w, "photo.txt"), &s), FA_EINVAL, "is a file");
    assert_fails_saying(fa_run_status_read(fa_test_path(w, "none"), &s), FA_EMISSING, "no such directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_run_is_told_apart),
        cmocka_unit_test(zeros_hide_nothing_that_follows),
        cmocka_unit_test(numbers_are_those_of_the_last_whole_lines),
        cmocka_unit_test(a_run_that_holds_the_lock_goes_on_and_its_silent_ranks_are_named),
        cmocka_unit_test(what_is_damaged_is_unknown),
        cmocka_unit_test(a_directory_in_the_place_of_a_file_is_passed_over),
        cmocka_unit_test(other_directories_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
