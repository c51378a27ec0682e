/* A dataset that a team opens together, and copies of datasets on a disk of the host's own. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "fa/staged_dataset.h"
#include "fixture.h"
#include "support.h"

enum { MEMBERS = 3 };

/* ---- a team of threads ---- */

static struct {
    pthread_barrier_t barrier;
    fa_status status[MEMBERS];
    char message[FA_MESSAGE_MAX];
    const void *data;
} meeting;

struct member {
    struct fa_team team;
    const char *path, *stage;
    struct fa_dataset *dataset;
    struct fa_staged_dataset *staged;
    fa_status status;
};

static fa_status agree(void *context, fa_status status)
{
    const struct member *member = context;
    fa_status first = FA_OK;

    meeting.status[member->team.rank] = status;
    pthread_barrier_wait(&meeting.barrier);
    for (int r = MEMBERS - 1; r >= 0; r--)
        first = meeting.status[r] != FA_OK ? meeting.status[r] : first;
    pthread_barrier_wait(&meeting.barrier);
    return first;
}

static void broadcast(void *context, void *data, size_t n_bytes, int root)
{
    const struct member *member = context;

    if (member->team.rank == root)
        meeting.data = data;
    pthread_barrier_wait(&meeting.barrier);
    if (member->team.rank != root)
        memcpy(data, meeting.data, n_bytes);
    pthread_barrier_wait(&meeting.barrier);
}

static void *open_it(void *context)
{
    struct member *member = context;

    member->status = fa_dataset_open_together(member->path, &member->team, &member->dataset);
    return NULL;
}

static void *stage_it(void *context)
{
    struct member *member = context;

    member->status = fa_dataset_stage(member->path, member->stage, &member->team, NULL, 0, &member->staged);
    return NULL;
}

static void all_do(void *(*what)(void *), struct member members[MEMBERS], const char *path, const char *stage)
{
    pthread_t threads[MEMBERS];

    pthread_barrier_init(&meeting.barrier, NULL, MEMBERS);
    for (int r = 0; r < MEMBERS; r++) {
        members[r] = (struct member){.path = path, .stage = stage};
        members[r].team = (struct fa_team){r, MEMBERS, &members[r], agree, broadcast};
        assert_int_equal(pthread_create(&threads[r], NULL, what, &members[r]), 0);
    }
    for (int r = 0; r < MEMBERS; r++)
        pthread_join(threads[r], NULL);
    pthread_barrier_destroy(&meeting.barrier);
}

/* ---- places ---- */

static char out[512], stage[512]; /* of the running test */

static const char *prepare(int n)
{
    const char *directory = fa_test_directory();

    (void)fixture_scenes(directory, n);
    snprintf(out, sizeof out, "%s/out", directory);
    snprintf(stage, sizeof stage, "%s/stage", directory);
    return directory;
}

/* ---- opened together ---- */

static void assert_same(const struct fa_dataset *a, const struct fa_dataset *b)
{
    assert_int_equal(a->n_records, b->n_records);
    assert_int_equal(a->n_annotations, b->n_annotations);
    assert_int_equal(a->n_categories, b->n_categories);
    assert_true(a->content_hash == b->content_hash && a->category_hash == b->category_hash);
    assert_memory_equal(a->bbox, b->bbox, a->n_annotations * sizeof *a->bbox);
    assert_memory_equal(a->label, b->label, a->n_annotations * sizeof *a->label);
    assert_memory_equal(a->annotation_id, b->annotation_id, a->n_annotations * sizeof *a->annotation_id);
    assert_memory_equal(a->area, b->area, a->n_annotations * sizeof *a->area);
    assert_memory_equal(a->crowd, b->crowd, a->n_annotations);
    assert_memory_equal(a->ignore, b->ignore, a->n_annotations);
    for (size_t k = 0; k < a->n_categories; k++) {
        assert_string_equal(a->categories[k].name, b->categories[k].name);
        assert_int_equal(a->categories[k].id, b->categories[k].id);
    }
    for (size_t i = 0; i < a->n_records; i++) {
        static uint8_t x[1 << 16], y[1 << 16];

        assert_string_equal(a->records[i].file_name, b->records[i].file_name);
        assert_int_equal(a->records[i].image_id, b->records[i].image_id);
        assert_int_equal(a->records[i].first, b->records[i].first);
        assert_ok(fa_dataset_fetch(a, i, x));
        assert_ok(fa_dataset_fetch(b, i, y));
        assert_memory_equal(x, y, a->records[i].n_bytes);
    }
}

static void all_have_what_one_has_read(void **state)
{
    const char *directory = prepare(40);
    struct fa_dataset *alone;
    struct member members[MEMBERS];

    (void)state;
    alone = fixture_dataset(directory);
    all_do(open_it, members, out, NULL);
    for (int r = 0; r < MEMBERS; r++) {
        assert_ok(members[r].status);
        assert_same(alone, members[r].dataset);
        fa_dataset_close(members[r].dataset);
    }
    fa_dataset_close(alone);
}

static void the_index_is_read_by_one_and_files_are_opened_when_needed(void **state)
{
    const char *directory = prepare(10);
    struct member members[MEMBERS];
    uint8_t *image;

    (void)state;
    fa_dataset_close(fixture_dataset(directory));
    all_do(open_it, members, out, NULL);
    assert_ok(members[1].status);
    assert_int_equal(rename(out, fa_test_path(directory, "elsewhere")), 0);
    assert_ok(fa_alloc(members[1].dataset->records[0].n_bytes, 1, &image));
    assert_ok(fa_dataset_fetch(members[0].dataset, 0, image)); /* it has the file open */
    assert_fails_saying(fa_dataset_fetch(members[1].dataset, 0, image), FA_EFORMAT, "cannot be opened");
    assert_int_equal(rename(fa_test_path(directory, "elsewhere"), out), 0);
    assert_ok(fa_dataset_fetch(members[1].dataset, 0, image)); /* nothing but that fetch had failed */
    fa_free(image);
    for (int r = 0; r < MEMBERS; r++)
        fa_dataset_close(members[r].dataset);
}

static void what_one_cannot_open_none_has(void **state)
{
    const char *directory = prepare(10);
    struct member members[MEMBERS];

    (void)state;
    fa_dataset_close(fixture_dataset(directory));
    fixture_flip_byte(fa_test_path(out, "shard-00000.h5"), 100);
    all_do(open_it, members, out, NULL);
    for (int r = 0; r < MEMBERS; r++) {
        assert_int_equal(members[r].status, FA_EFORMAT);
        assert_null(members[r].dataset);
    }
}

/* ---- staged ---- */

static const char *the_copy(void)
{
    return fa_test_path(stage, fixture_list(stage));
}

static void stage_and_leave(bool keep)
{
    struct fa_staged_dataset *staged;

    assert_ok(fa_dataset_stage(out, stage, NULL, NULL, 0, &staged));
    assert_string_equal(fa_staged_dataset_path(staged), the_copy());
    fa_staged_dataset_leave(staged, keep);
}

static void a_copy_is_the_dataset_and_goes_unless_kept(void **state)
{
    const char *directory = prepare(20);
    struct fa_dataset *alone, *copy;
    struct fa_staged_dataset *other;
    struct member members[MEMBERS];

    (void)state;
    alone = fixture_dataset(directory);
    all_do(stage_it, members, out, stage);
    for (int r = 0; r < MEMBERS; r++) {
        assert_ok(members[r].status);
        assert_string_equal(fa_staged_dataset_path(members[r].staged), the_copy());
    }
    assert_ok(fa_dataset_open(the_copy(), &copy));
    assert_same(alone, copy);
    fa_dataset_close(copy);
    fa_dataset_close(alone);
    assert_fails_saying(fa_dataset_stage(out, stage, NULL, NULL, 0, &other), FA_EIO, "is in use by");
    for (int r = MEMBERS - 1; r > 0; r--)
        fa_staged_dataset_leave(members[r].staged, false);
    assert_ok(fa_dataset_open(the_copy(), &copy)); /* it is the first one's to remove */
    fa_dataset_close(copy);
    fa_staged_dataset_leave(members[0].staged, false);
    assert_string_equal(fixture_list(stage), "");
    stage_and_leave(true);
    assert_true(fa_file_exists(fa_test_path(the_copy(), "manifest.json")));
}

static void a_copy_that_is_not_sound_is_made_anew(void **state)
{
    const char *directory = prepare(20);
    struct fa_dataset *alone, *copy;
    char shard[512];
    size_t n_bytes;

    (void)state;
    alone = fixture_dataset(directory);
    stage_and_leave(true);
    snprintf(shard, sizeof shard, "%s/shard-00000.h5", the_copy());
    fa_free(fixture_read(shard, &n_bytes));
    fixture_flip_byte(shard, n_bytes - 1); /* of an image, or of the frame */
    fixture_write_text(fa_test_path(the_copy(), "shard-00077.h5"), "left by another");
    stage_and_leave(true);
    assert_false(fa_file_exists(fa_test_path(the_copy(), "shard-00077.h5")));
    fixture_cut(shard, n_bytes / 2); /* as a kill leaves it */
    stage_and_leave(true);
    assert_ok(fa_dataset_open(the_copy(), &copy));
    assert_same(alone, copy);
    fa_dataset_close(copy);
    fa_dataset_close(alone);
}

static void data_of_one_content_are_staged_once(void **state)
{
    const char *directory = prepare(4);
    struct fa_staged_dataset *first, *second;
    char same[1024];

    (void)state;
    fa_dataset_close(fixture_dataset(directory));
    snprintf(same, sizeof same, "%s/", out);
    assert_ok(fa_dataset_stage(out, stage, NULL, NULL, 0, &first));
    assert_ok(fa_dataset_stage(same, stage, NULL, &first, 1, &second));
    assert_string_equal(fa_staged_dataset_path(second), fa_staged_dataset_path(first));
    fa_staged_dataset_leave(second, false);
    assert_true(fa_file_exists(fa_test_path(the_copy(), "manifest.json"))); /* it is the first one's */
    fa_staged_dataset_leave(first, false);
    assert_string_equal(fixture_list(stage), "");
}

static void links_are_not_a_copy(void **state)
{
    const char *directory = prepare(4);
    struct stat before, after;
    char shard[1024], original[1024];

    (void)state;
    fa_dataset_close(fixture_dataset(directory));
    stage_and_leave(true);
    snprintf(shard, sizeof shard, "%s/shard-00000.h5", the_copy());
    snprintf(original, sizeof original, "%s/shard-00000.h5", out);
    assert_int_equal(stat(original, &before), 0);
    assert_int_equal(unlink(shard), 0);
    assert_int_equal(symlink(original, shard), 0);
    stage_and_leave(true);
    assert_int_equal(lstat(shard, &after), 0);
    assert_true(S_ISREG(after.st_mode));
    assert_int_equal(stat(original, &after), 0);
    assert_true(after.st_ino == before.st_ino && after.st_size == before.st_size);
}

static void a_file_that_is_called_like_a_shard_only_at_its_ends_stays(void **state)
{
    const char *directory = prepare(4);
    struct fa_staged_dataset *staged;

    (void)state;
    fa_dataset_close(fixture_dataset(directory));
    stage_and_leave(true);
    fixture_write_text(fa_test_path(the_copy(), "shard-my-results.h5"), "mine");
    assert_fails_saying(fa_dataset_stage(out, stage, NULL, NULL, 0, &staged), FA_EINVAL,
                        "shard-my-results.h5");
    assert_true(fa_file_exists(fa_test_path(the_copy(), "shard-my-results.h5")));
}

static void what_is_not_a_datasets_stays(void **state)
{
    const char *directory = prepare(4);
    struct fa_staged_dataset *staged;

    (void)state;
    fa_dataset_close(fixture_dataset(directory));
    stage_and_leave(true);
    fixture_write_text(fa_test_path(the_copy(), "thesis.tex"), "mine");
    assert_fails_saying(fa_dataset_stage(out, stage, NULL, NULL, 0, &staged), FA_EINVAL, "thesis.tex");
    assert_true(fa_file_exists(fa_test_path(the_copy(), "thesis.tex")));
    assert_true(fa_file_exists(fa_test_path(the_copy(), "manifest.json")));
    assert_fails(fa_dataset_stage(fa_test_path(directory, "none"), stage, NULL, NULL, 0, &staged),
                 FA_EMISSING);
    fixture_write_text(fa_test_path(directory, "file"), "");
    assert_fails(fa_dataset_stage(out, fa_test_path(directory, "file"), NULL, NULL, 0, &staged), FA_EIO);
}

static void memory_that_runs_out_leaves_nothing(void **state)
{
    const char *directory = prepare(2);
    struct fa_staged_dataset *staged;
    fa_status status = FA_ENOMEM;

    (void)state;
    fa_dataset_close(fixture_dataset(directory));
    assert_ok(fa_directory_make(stage));
    for (long n = 1; status != FA_OK; n += n < 20 ? 1 : 7) {
        fa_memory_fail_after(n);
        status = fa_dataset_stage(out, stage, NULL, NULL, 0, &staged);
        fa_memory_fail_after(0);
        if (status != FA_OK)
            assert_string_equal(fixture_list(stage), "");
    }
    fa_staged_dataset_leave(staged, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_have_what_one_has_read),
        cmocka_unit_test(the_index_is_read_by_one_and_files_are_opened_when_needed),
        cmocka_unit_test(what_one_cannot_open_none_has),
        cmocka_unit_test(a_copy_is_the_dataset_and_goes_unless_kept),
        cmocka_unit_test(a_copy_that_is_not_sound_is_made_anew),
        cmocka_unit_test(data_of_one_content_are_staged_once),
        cmocka_unit_test(links_are_not_a_copy),
        cmocka_unit_test(a_file_that_is_called_like_a_shard_only_at_its_ends_stays),
        cmocka_unit_test(what_is_not_a_datasets_stays),
        cmocka_unit_test(memory_that_runs_out_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
