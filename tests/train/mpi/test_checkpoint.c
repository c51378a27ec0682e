/* Checkpoints written, found, read, damaged, pruned, on any number of ranks; and one that Python wrote. */
#include "ranks.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "checkpoint/checkpoint_private.h"
#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/log.h"

enum { N_VALUE = 130, N_MOMENTUM = 112 };

/* The model of golden/make_checkpoint.py. */
static const struct fa_param entries[] = {
    {"head.weight", FA_PARAM_TRAINABLE, 4, {4, 3, 3, 3}, 108, 0, 0},
    {"head.bias", FA_PARAM_TRAINABLE, 1, {4}, 4, 108, 1},
    {"stem.weight", FA_PARAM_FROZEN, 2, {5, 2}, 10, 112, 2},
    {"bn.running_mean", FA_PARAM_STATISTIC, 1, {4}, 4, 122, 3},
    {"bn.running_var", FA_PARAM_STATISTIC, 1, {4}, 4, 126, 4},
};

static char *class_names[] = {"cat", "dog"};
static const struct fa_weights_meta meta = {.mean = {1, 2, 3.3f},
                                            .std = {4, 5, 6},
                                            .to_rgb = true,
                                            .n_classes = 2,
                                            .classes = class_names,
                                            .model = "r50"};

struct model {
    struct fa_param entry[5];
    fa_real value[N_VALUE], momentum[N_MOMENTUM];
    struct fa_params params;
    struct fa_training_state state;
};

static void make_model(struct model *model, float value_step, float momentum_step)
{
    *model = (struct model){0};
    memcpy(model->entry, entries, sizeof entries);
    for (size_t i = 0; i < N_VALUE; i++)
        model->value[i] = (float)i * value_step;
    for (size_t i = 0; i < N_MOMENTUM; i++)
        model->momentum[i] = (float)i * momentum_step;
    model->params = (struct fa_params){
        .n = 5, .entry = model->entry, .n_elem = N_VALUE, .n_trainable = N_MOMENTUM, .value = model->value};
    model->state = (struct fa_training_state){.params = &model->params,
                                              .momentum = model->momentum,
                                              .config = "{\"train\": {\"batch\": 16}}",
                                              .meta = &meta,
                                              .progress = {.seed = 9, .category_hash = 7, .content_hash = 8}};
}

static char root[512];

/* All ranks work in rank 0's scratch folder. */
static int fresh_root(void **state)
{
    (void)state;
    fa_comm_barrier(comm); /* nobody looks into the old one any more */
    if (fa_comm_rank(comm) == 0)
        snprintf(root, sizeof root, "%s/checkpoints", fa_test_directory());
    fa_comm_broadcast(comm, root, sizeof root, 0);
    fa_checkpoint_shard_bytes = 1;
    return 0;
}

static const char *in_root(const char *name)
{
    return fa_test_path(root, name);
}

static void write_epoch(int epoch, float value_step)
{
    struct model model;
    char name[32];

    make_model(&model, value_step, -value_step);
    model.state.progress.epoch = epoch;
    model.state.progress.step = 10 * epoch;
    model.state.progress.samples = 160 * epoch;
    snprintf(name, sizeof name, "epoch_%d", epoch);
    assert_ok(fa_checkpoint_write(comm, root, name, &model.state));
}

static void assert_holds(const struct model *got, float value_step, float momentum_step)
{
    struct model want;

    make_model(&want, value_step, momentum_step);
    assert_memory_equal(got->value, want.value, sizeof want.value);
    assert_memory_equal(got->momentum, want.momentum, sizeof want.momentum);
}

static void assert_found(const char *name)
{
    char *found;

    assert_ok(fa_checkpoint_find(comm, root, &found));
    if (name == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found, in_root(name));
    fa_free(found);
}

static void prune(int keep, const char *protected_name)
{
    fa_comm_barrier(comm);
    if (fa_comm_rank(comm) == 0)
        assert_ok(fa_checkpoint_prune(root, keep, protected_name));
    fa_comm_barrier(comm);
}

static void on_first_rank_change_byte(const char *path, long offset, unsigned char flip)
{
    FILE *file;
    int byte;

    fa_comm_barrier(comm);
    if (fa_comm_rank(comm) == 0) {
        file = fopen(path, "r+b");
        assert_non_null(file);
        fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET);
        byte = fgetc(file);
        fseek(file, -1, SEEK_CUR);
        fputc(byte ^ flip, file);
        fclose(file);
    }
    fa_comm_barrier(comm);
}

static void what_was_written_is_read_back_with_progress(void **state)
{
    struct model model;

    (void)state;
    write_epoch(3, 0.25f);
    make_model(&model, 0, 0);
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_3"), &model.state));
    assert_holds(&model, 0.25f, -0.25f);
    assert_int_equal(model.state.progress.samples, 480);
    assert_int_equal(model.state.progress.step, 30);
    assert_int_equal(model.state.progress.epoch, 3);
    assert_int_equal(model.state.progress.seed, 9);
    assert_int_equal(model.state.progress.category_hash, 7);
    assert_int_equal(model.state.progress.content_hash, 8);
}

/* Of the model, beside its values. */
static void write_with_average(const char *name, float value_step, const fa_real *average)
{
    struct model model;

    make_model(&model, value_step, -value_step);
    model.state.average = (fa_real *)average;
    assert_ok(fa_checkpoint_write(comm, root, name, &model.state));
}

static int version_of(const char *directory)
{
    struct fa_checkpoint_manifest manifest;
    int64_t version = 0;

    assert_ok(fa_checkpoint_manifest_read(directory, &manifest));
    assert_true(fa_json_to_int(fa_json_get(manifest.root, "version"), &version));
    fa_checkpoint_manifest_clear(&manifest);
    return (int)version;
}

static void a_moving_average_is_kept_beside_the_weights_and_raises_the_version(void **state)
{
    fa_real average[N_MOMENTUM], got[N_MOMENTUM] = {0};
    struct model model;

    (void)state;
    for (size_t i = 0; i < N_MOMENTUM; i++)
        average[i] = (float)i / 3;
    write_with_average("epoch_1", 0.25f, average);
    write_epoch(2, 0.5f);
    assert_int_equal(version_of(in_root("epoch_1")), 3);
    assert_int_equal(version_of(in_root("epoch_2")), 2);
    make_model(&model, 0, 0);
    model.state.average = got;
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state));
    assert_holds(&model, 0.25f, -0.25f);
    assert_memory_equal(got, average, sizeof got);
    model.state.average = NULL;
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state));
    assert_holds(&model, 0.25f, -0.25f);
}

static void an_average_that_was_not_kept_begins_with_the_weights(void **state)
{
    fa_real got[N_MOMENTUM] = {0};
    struct model model;

    (void)state;
    write_epoch(2, 0.5f);
    make_model(&model, 0, 0);
    model.state.average = got;
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_2"), &model.state));
    assert_memory_equal(got, model.value, sizeof got);
}

static void the_weights_of_a_checkpoint_are_the_average_where_it_has_one(void **state)
{
    fa_real average[N_MOMENTUM];
    struct fa_weights_file *file;

    (void)state;
    for (size_t i = 0; i < N_MOMENTUM; i++)
        average[i] = -(float)i;
    write_with_average("epoch_1", 0.25f, average);
    assert_ok(fa_checkpoint_weights(in_root("epoch_1"), &file));
    assert_near(fa_weights_find(file, "head.weight")->data[7], -7, 0);
    assert_near(fa_weights_find(file, "head.bias")->data[3], -111, 0);
    assert_near(fa_weights_find(file, "stem.weight")->data[1], 0.25 * 113, 0);
    assert_near(fa_weights_find(file, "bn.running_var")->data[0], 0.25 * 126, 0);
    fa_weights_free(file);
}

static void a_small_state_is_one_shard_and_a_large_one_a_shard_a_rank(void **state)
{
    struct model model;
    const size_t bytes = (N_VALUE + N_MOMENTUM) * sizeof(float);
    const size_t ranks = (size_t)fa_comm_size(comm);

    (void)state;
    for (size_t wanted = 1; wanted <= ranks + 1; wanted++) {
        struct fa_checkpoint_manifest manifest;

        fa_checkpoint_shard_bytes = (bytes + wanted - 1) / wanted;
        write_epoch((int)wanted, 0.5f);
        make_model(&model, 0, 0);
        assert_ok(fa_checkpoint_manifest_read(in_root(wanted == 1   ? "epoch_1"
                                                      : wanted == 2 ? "epoch_2"
                                                                    : "epoch_3"),
                                              &manifest));
        assert_int_equal(manifest.n_shards, wanted < ranks ? wanted : ranks);
        fa_checkpoint_manifest_clear(&manifest);
        if (wanted == 3)
            break;
    }
}

static void a_checkpoint_of_three_shards_from_python_is_read_on_any_ranks(void **state)
{
    struct model model;

    (void)state;
    make_model(&model, 0, 0);
    assert_ok(fa_checkpoint_read(comm, fa_test_source("tests/train/golden/epoch_7"), &model.state));
    assert_holds(&model, 1.0f / 8, -1.0f / 16);
    assert_int_equal(model.state.progress.samples, 1120);
    assert_true(model.state.progress.seed == ((uint64_t)1 << 63) + 5);
    assert_true(model.state.progress.content_hash == UINT64_MAX - 77);
}

static void the_newest_is_found_and_latest_names_it(void **state)
{
    char *text;
    size_t n;

    (void)state;
    assert_found(NULL);
    write_epoch(10, 1);
    write_epoch(9, 1); /* fewer samples: not newer, though written later and sorted after */
    assert_found("epoch_10");
    assert_ok(fa_file_read(in_root("latest"), 100, &text, &n));
    assert_string_equal(text, "epoch_9\n");
    fa_free(text);
}

static void a_flipped_byte_in_a_shard_is_noticed_and_the_one_before_is_found(void **state)
{
    struct model model;

    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    on_first_rank_change_byte(in_root("epoch_2/shard-00000.h5"), -3, 1);
    assert_found("epoch_1");
    make_model(&model, 5, 6);
    assert_fails_saying(fa_checkpoint_read(comm, in_root("epoch_2"), &model.state), FA_EFORMAT, "CRC32C");
    assert_holds(&model, 5, 6);
}

static void a_flipped_digit_of_the_manifest_is_noticed(void **state)
{
    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    on_first_rank_change_byte(in_root("epoch_2/manifest.json"), 60, 1);
    assert_found("epoch_1");
}

static void a_shard_cut_short_is_noticed(void **state)
{
    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    if (fa_comm_rank(comm) == 0)
        assert_int_equal(truncate(in_root("epoch_2/shard-00000.h5"), 100), 0);
    fa_comm_barrier(comm);
    assert_found("epoch_1");
}

static void a_missing_shard_and_a_missing_manifest_are_noticed(void **state)
{
    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    write_epoch(3, 2);
    if (fa_comm_rank(comm) == 0) {
        assert_int_equal(unlink(in_root("epoch_2/manifest.json")), 0);
        assert_int_equal(unlink(in_root("epoch_3/shard-00000.h5")), 0);
    }
    fa_comm_barrier(comm);
    assert_found("epoch_1");
}

static void a_damaged_checkpoint_is_replaced_when_its_epoch_ends_again(void **state)
{
    struct model model;

    (void)state;
    write_epoch(2, 2);
    on_first_rank_change_byte(in_root("epoch_2/shard-00000.h5"), -3, 1);
    write_epoch(2, 4);
    assert_found("epoch_2");
    make_model(&model, 0, 0);
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_2"), &model.state));
    assert_holds(&model, 4, -4);
    assert_false(fa_file_exists(in_root("epoch_2" FA_TEMPORARY_SUFFIX)));
}

static void what_a_crash_left_is_no_checkpoint_and_is_swept(void **state)
{
    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    if (fa_comm_rank(comm) == 0)
        assert_int_equal(rename(in_root("epoch_2"), in_root("epoch_2" FA_TEMPORARY_SUFFIX)), 0);
    fa_comm_barrier(comm);
    assert_found("epoch_1");
    prune(0, NULL);
    assert_false(fa_file_exists(in_root("epoch_2" FA_TEMPORARY_SUFFIX)));
    assert_true(fa_file_exists(in_root("epoch_1/manifest.json")));
}

static void pruning_keeps_the_newest_sound_ones_and_the_protected(void **state)
{
    (void)state;
    for (int epoch = 1; epoch <= 5; epoch++)
        write_epoch(epoch, 1);
    on_first_rank_change_byte(in_root("epoch_5/shard-00000.h5"), -3, 1);
    prune(2, "epoch_1");
    assert_true(fa_file_exists(in_root("epoch_1")));
    assert_false(fa_file_exists(in_root("epoch_2")));
    assert_true(fa_file_exists(in_root("epoch_3")));
    assert_true(fa_file_exists(in_root("epoch_4")));
    assert_found("epoch_4");
}

static void the_best_is_remembered_while_it_is_there(void **state)
{
    struct fa_checkpoint_best best = {.name = "epoch_2", .ap = 1.0 / 3};

    (void)state;
    write_epoch(2, 1);
    if (fa_comm_rank(comm) != 0)
        return;
    assert_ok(fa_checkpoint_best_write(root, &best));
    best = (struct fa_checkpoint_best){0};
    assert_ok(fa_checkpoint_best_read(root, &best));
    assert_string_equal(best.name, "epoch_2");
    assert_near(best.ap, 1.0 / 3, 0);
    assert_int_equal(rename(in_root("epoch_2"), in_root("epoch_3")), 0);
    assert_ok(fa_checkpoint_best_read(root, &best));
    assert_string_equal(best.name, "");
    assert_near(best.ap, -1, 0);
}

static void a_file_of_the_best_that_says_something_else_is_passed_over(void **state)
{
    static const char *const texts[] = {"", "epoch_2", "epoch_2 good", "epoch_2 nan",
                                        "../checkpoints/epoch_2 0.5"};
    struct fa_checkpoint_best best;

    (void)state;
    write_epoch(2, 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts && fa_comm_rank(comm) == 0; i++) {
        assert_ok(fa_file_write_atomic(in_root("best"), texts[i], strlen(texts[i])));
        assert_ok(fa_checkpoint_best_read(root, &best));
        assert_string_equal(best.name, "");
        assert_near(best.ap, -1, 0);
    }
}

static void another_model_is_refused_by_its_first_difference(void **state)
{
    struct model model;

    (void)state;
    write_epoch(1, 1);
    make_model(&model, 5, 6);
    model.entry[2].dims[0] = 10;
    model.entry[2].dims[1] = 1;
    assert_fails_saying(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state), FA_EINVAL,
                        "stem.weight is 5x2 there and 10x1 here");
    make_model(&model, 5, 6);
    model.entry[1].name = "head.offset";
    assert_fails_saying(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state), FA_EINVAL,
                        "no head.offset");
    make_model(&model, 5, 6);
    model.entry[2].kind = FA_PARAM_STATISTIC;
    assert_fails_saying(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state), FA_EINVAL,
                        "frozen stages");
    make_model(&model, 5, 6);
    model.params.n = 4;
    assert_fails_saying(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state), FA_EINVAL,
                        "5 parameters");
    assert_holds(&model, 5, 6);
}

/* Which a run that overflows in the step before a save may leave. */
static void numbers_that_are_not_finite_are_refused_by_name_and_nothing_is_taken(void **state)
{
    struct model model;

    (void)state;
    make_model(&model, 1, -1);
    model.value[model.entry[2].offset + 1] = NAN;
    assert_ok(fa_checkpoint_write(comm, root, "epoch_1", &model.state));
    make_model(&model, 1, -1);
    model.momentum[0] = INFINITY;
    assert_ok(fa_checkpoint_write(comm, root, "epoch_2", &model.state));
    make_model(&model, 5, 6);
    assert_fails_saying(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state), FA_EFORMAT,
                        "epoch_1: stem.weight: element 1 is nan, but weights are finite");
    assert_fails_saying(fa_checkpoint_read(comm, in_root("epoch_2"), &model.state), FA_EFORMAT,
                        "epoch_2: momentum: head.");
    assert_holds(&model, 5, 6);
}

/* With another version in its manifest, and the checksum of that text. */
static void restate_version(const char *directory, char digit)
{
    const char *path = fa_test_path(directory, "manifest.json");
    char *text, *at;
    size_t n_bytes, n_sealed, n_seal;

    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    at = strstr(text, "\"version\"");
    assert_non_null(at);
    at[strcspn(at, "123456789")] = digit;
    n_seal = (size_t)snprintf(NULL, 0, FA_MANIFEST_SEAL, (uint32_t)0);
    n_sealed = n_bytes - n_seal;
    snprintf(text + n_sealed, n_seal + 1, FA_MANIFEST_SEAL, fa_crc32c(0, text, n_sealed));
    assert_ok(fa_file_write_atomic(path, text, n_bytes));
    fa_free(text);
}

static void a_version_newer_than_the_program_is_refused_and_not_taken_for_damage(void **state)
{
    struct fa_checkpoint_manifest manifest;

    (void)state;
    write_epoch(1, 1);
    if (fa_comm_rank(comm) == 0) {
        restate_version(in_root("epoch_1"), '4');
        assert_fails_saying(fa_checkpoint_manifest_read(in_root("epoch_1"), &manifest), FA_EINVAL,
                            "has version 4 of the format");
    }
}

static void a_checkpoint_serves_as_a_weights_file(void **state)
{
    struct fa_weights_file *file;
    const struct fa_tensor *mean;
    const char *path = fa_test_source("tests/train/golden/epoch_7");

    (void)state;
    assert_ok(fa_checkpoint_weights(path, &file));
    assert_int_equal(file->n, 5);
    assert_string_equal(file->tensors[0].name, "bn.running_mean");
    mean = fa_weights_find(file, "bn.running_mean");
    assert_int_equal(mean->n_elem, 4);
    assert_near(mean->data[1], 123.0 / 8, 0);
    assert_int_equal(fa_weights_find(file, "head.weight")->dims[1], 3);
    assert_true(file->has_meta && file->meta.to_rgb);
    assert_near(file->meta.coder_std[3], 0.125, 0);
    assert_near(file->meta.std[2], 57.375, 0);
    assert_string_equal(file->meta.classes[1], "dog");
    assert_string_equal(file->meta.model, "r50");
    fa_weights_free(file);
    for (long n = 1;; n++) {
        fa_memory_fail_after(n);
        if (fa_checkpoint_weights(path, &file) == FA_OK)
            break;
        assert_null(file);
    }
    fa_memory_fail_after(0);
    fa_weights_free(file);
}

static void assert_leads_to(const char *path, const char *want)
{
    char *directory;

    assert_ok(fa_checkpoint_follow(path, &directory));
    if (want == NULL)
        assert_null(directory);
    else
        assert_string_equal(directory, want);
    fa_free(directory);
}

static void latest_and_best_lead_to_the_checkpoints_they_name_and_other_files_nowhere(void **state)
{
    static const char *const others[] = {"", "epoch_2\n", "../epoch_1\n", ".\n", "\n"};
    char long_text[5000], want[300];
    const char *path;

    (void)state;
    write_epoch(1, 1);
    snprintf(want, sizeof want, "%s", in_root("epoch_1"));
    assert_leads_to(in_root("latest"), want);
    assert_leads_to(in_root("epoch_1"), NULL);
    assert_leads_to(in_root("absent"), NULL);
    if (fa_comm_rank(comm) != 0)
        return;
    path = in_root("odd");
    assert_ok(fa_file_write_atomic(path, "epoch_1 0.25\n", 13));
    assert_leads_to(path, want);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_ok(fa_file_write_atomic(path, others[i], strlen(others[i])));
        assert_leads_to(path, NULL);
    }
    memset(long_text, 'x', sizeof long_text);
    memcpy(long_text, "epoch_1 ", 8);
    assert_ok(fa_file_write_atomic(path, long_text, sizeof long_text));
    assert_leads_to(path, NULL);
}

/* The last rank may write files of no more than 100 bytes, as if its disk were full. */
static void a_full_disk_on_one_rank_leaves_the_checkpoint_before(void **state)
{
    int last = fa_comm_size(comm) - 1;
    struct rlimit before, tiny;
    struct model model;
    fa_status status;

    (void)state;
    write_epoch(1, 1);
    make_model(&model, 2, 2);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    tiny = (struct rlimit){100, before.rlim_max};
    if (fa_comm_rank(comm) == last)
        setrlimit(RLIMIT_FSIZE, &tiny);
    status = fa_checkpoint_write(comm, root, "epoch_2", &model.state);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_fails(status, fa_comm_rank(comm) == last ? FA_EIO : FA_EREMOTE);
    fa_comm_barrier(comm);
    assert_false(fa_file_exists(in_root("epoch_2")));
    assert_false(fa_file_exists(in_root("epoch_2" FA_TEMPORARY_SUFFIX)));
    assert_found("epoch_1");
}

/* Orders the n-th allocation of the last rank to fail, for every n that matters. */
static void without_memory_nothing_is_changed_and_nothing_kept(void **state)
{
    bool last = fa_comm_rank(comm) == fa_comm_size(comm) - 1;
    fa_status status = FA_ENOMEM;
    struct model model;
    long balance;

    (void)state;
    write_epoch(1, 1);
    balance = fa_memory_balance();
    for (long n = 1; status != FA_OK; n++) {
        make_model(&model, 5, 6);
        fa_memory_fail_after(last ? n : 0);
        status = fa_checkpoint_read(comm, in_root("epoch_1"), &model.state);
        fa_memory_fail_after(0);
        assert_int_equal(fa_memory_balance(), balance);
        if (status == FA_OK)
            assert_holds(&model, 1, -1);
        else
            assert_holds(&model, 5, 6);
    }
    status = FA_ENOMEM;
    for (long n = 1; status != FA_OK; n++) {
        make_model(&model, 2, -2);
        model.state.progress.samples = 1000;
        fa_memory_fail_after(last ? n : 0);
        status = fa_checkpoint_write(comm, root, "epoch_2", &model.state);
        fa_memory_fail_after(0);
        assert_int_equal(fa_memory_balance(), balance);
        if (status != FA_OK)
            assert_true(fa_file_exists(in_root("epoch_1/manifest.json")));
    }
    assert_found("epoch_2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_written_is_read_back_with_progress, fresh_root),
        cmocka_unit_test_setup(a_moving_average_is_kept_beside_the_weights_and_raises_the_version,
                               fresh_root),
        cmocka_unit_test_setup(an_average_that_was_not_kept_begins_with_the_weights, fresh_root),
        cmocka_unit_test_setup(the_weights_of_a_checkpoint_are_the_average_where_it_has_one, fresh_root),
        cmocka_unit_test_setup(a_small_state_is_one_shard_and_a_large_one_a_shard_a_rank, fresh_root),
        cmocka_unit_test_setup(a_checkpoint_of_three_shards_from_python_is_read_on_any_ranks, fresh_root),
        cmocka_unit_test_setup(the_newest_is_found_and_latest_names_it, fresh_root),
        cmocka_unit_test_setup(a_flipped_byte_in_a_shard_is_noticed_and_the_one_before_is_found, fresh_root),
        cmocka_unit_test_setup(a_flipped_digit_of_the_manifest_is_noticed, fresh_root),
        cmocka_unit_test_setup(a_shard_cut_short_is_noticed, fresh_root),
        cmocka_unit_test_setup(a_missing_shard_and_a_missing_manifest_are_noticed, fresh_root),
        cmocka_unit_test_setup(a_damaged_checkpoint_is_replaced_when_its_epoch_ends_again, fresh_root),
        cmocka_unit_test_setup(what_a_crash_left_is_no_checkpoint_and_is_swept, fresh_root),
        cmocka_unit_test_setup(pruning_keeps_the_newest_sound_ones_and_the_protected, fresh_root),
        cmocka_unit_test_setup(the_best_is_remembered_while_it_is_there, fresh_root),
        cmocka_unit_test_setup(a_file_of_the_best_that_says_something_else_is_passed_over, fresh_root),
        cmocka_unit_test_setup(another_model_is_refused_by_its_first_difference, fresh_root),
        cmocka_unit_test_setup(numbers_that_are_not_finite_are_refused_by_name_and_nothing_is_taken,
                               fresh_root),
        cmocka_unit_test_setup(a_version_newer_than_the_program_is_refused_and_not_taken_for_damage,
                               fresh_root),
        cmocka_unit_test_setup(a_checkpoint_serves_as_a_weights_file, fresh_root),
        cmocka_unit_test_setup(latest_and_best_lead_to_the_checkpoints_they_name_and_other_files_nowhere,
                               fresh_root),
        cmocka_unit_test_setup(a_full_disk_on_one_rank_leaves_the_checkpoint_before, fresh_root),
        cmocka_unit_test_setup(without_memory_nothing_is_changed_and_nothing_kept, fresh_root),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return run_on_ranks(tests);
}
