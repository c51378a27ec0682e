/* Checkpoints written, found, read, damaged, pruned, on any number of ranks; and one that Python wrote. */
#include "flats.h"
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
#include "fa/new_file.h"

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
    struct fa_params params;
    struct fa_training_state state;
};

static struct fa_backend *backend;

/* Flats of the test that runs. */
static struct fa_flat *flats[256];
static size_t n_flats;

static struct fa_flat *keep(struct fa_flat *flat)
{
    assert_true(n_flats < sizeof flats / sizeof flats[0]);
    return flats[n_flats++] = flat;
}

static void drop_flats(void)
{
    while (n_flats > 0)
        fa_flat_destroy(flats[--n_flats]);
}

/* i * step; freed by fa_free. */
static fa_real *ramp(size_t n, float step)
{
    fa_real *values;

    assert_ok(fa_alloc(n, sizeof *values, &values));
    for (size_t i = 0; i < n; i++)
        values[i] = (float)i * step;
    return values;
}

static struct fa_flat *ramp_flat(size_t n, float step)
{
    fa_real *values = ramp(n, step);
    struct fa_flat *flat = keep(flat_of(backend, values, n));

    fa_free(values);
    return flat;
}

static void make_model(struct model *model, float value_step, float momentum_step)
{
    *model = (struct model){0};
    memcpy(model->entry, entries, sizeof entries);
    model->params = (struct fa_params){.n = 5,
                                       .entry = model->entry,
                                       .n_elem = N_VALUE,
                                       .n_trainable = N_MOMENTUM,
                                       .value = ramp_flat(N_VALUE, value_step)};
    model->state = (struct fa_training_state){.params = &model->params,
                                              .momentum = ramp_flat(N_MOMENTUM, momentum_step),
                                              .config = "{\"train\": {\"batch\": 16}}",
                                              .meta = &meta,
                                              .run = "0123456789abcdef0123456789abcdef",
                                              .progress = {.seed = 9, .category_hash = 7, .content_hash = 8}};
}

static int open_backend(void **state)
{
    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    fa_backend_close(backend);
    return 0;
}

static char root[512];
static struct fa_directory *root_directory;
static const char run_id[] = "0123456789abcdef0123456789abcdef";

/* All ranks work in rank 0's scratch folder. */
static int fresh_root(void **state)
{
    (void)state;
    fa_comm_barrier(comm); /* nobody looks into the old one any more */
    if (fa_comm_rank(comm) == 0)
        snprintf(root, sizeof root, "%s/checkpoints", fa_test_directory());
    fa_comm_broadcast(comm, root, sizeof root, 0);
    assert_ok(fa_directory_make(root));
    assert_ok(fa_directory_open(root, &root_directory));
    fa_checkpoint_shard_bytes = 1;
    return 0;
}

static int close_root(void **state)
{
    (void)state;
    fa_directory_close(root_directory);
    drop_flats();
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
    assert_ok(fa_checkpoint_write(comm, root_directory, name, &model.state));
}

static void assert_holds(const struct model *got, float value_step, float momentum_step)
{
    fa_real *value = ramp(N_VALUE, value_step), *momentum = ramp(N_MOMENTUM, momentum_step);

    assert_flat_holds(got->params.value, 0, N_VALUE, value);
    assert_flat_holds(got->state.momentum, 0, N_MOMENTUM, momentum);
    fa_free(value);
    fa_free(momentum);
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
        assert_ok(fa_checkpoint_prune(root_directory, run_id, keep, protected_name));
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
    model.state.average = keep(flat_of(backend, average, N_MOMENTUM));
    assert_ok(fa_checkpoint_write(comm, root_directory, name, &model.state));
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
    fa_real average[N_MOMENTUM];
    struct model model;

    (void)state;
    for (size_t i = 0; i < N_MOMENTUM; i++)
        average[i] = (float)i / 3;
    write_with_average("epoch_1", 0.25f, average);
    write_epoch(2, 0.5f);
    assert_int_equal(version_of(in_root("epoch_1")), 3);
    assert_int_equal(version_of(in_root("epoch_2")), 2);
    make_model(&model, 0, 0);
    model.state.average = ramp_flat(N_MOMENTUM, 0);
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state));
    assert_holds(&model, 0.25f, -0.25f);
    assert_flat_holds(model.state.average, 0, N_MOMENTUM, average);
    model.state.average = NULL;
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_1"), &model.state));
    assert_holds(&model, 0.25f, -0.25f);
}

static void an_average_that_was_not_kept_begins_with_the_weights(void **state)
{
    struct model model;

    (void)state;
    write_epoch(2, 0.5f);
    make_model(&model, 0, 0);
    model.state.average = ramp_flat(N_MOMENTUM, 0);
    assert_ok(fa_checkpoint_read(comm, in_root("epoch_2"), &model.state));
    assert_same_flats(model.state.average, model.params.value, N_MOMENTUM);
    assert_holds(&model, 0.5f, -0.5f);
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

/* ---- what is not the run's own ---- */

/* Rank 0: as a person does with cp -r. */
static void copy_checkpoint(const char *from, const char *to)
{
    struct fa_directory *directory;
    char **names, *content;
    size_t n, n_bytes;

    assert_ok(fa_directory_make(to));
    assert_ok(fa_directory_open(from, &directory));
    assert_ok(fa_directory_names(directory, &n, &names));
    for (size_t i = 0; i < n; i++) {
        assert_ok(fa_file_read(fa_test_path(from, names[i]), 1 << 20, &content, &n_bytes));
        assert_ok(fa_file_write_atomic(fa_test_path(to, names[i]), content, n_bytes));
        fa_free(content);
    }
    fa_free(names);
    fa_directory_close(directory);
}

static bool is_whole(const char *name)
{
    return fa_checkpoint_check(in_root(name)) == FA_OK;
}

static void write_epoch_of(const char *run, int epoch)
{
    struct model model;
    char name[32];

    make_model(&model, 1, 1);
    snprintf(model.state.run, sizeof model.state.run, "%s", run);
    model.state.progress.epoch = epoch;
    model.state.progress.step = 10 * epoch;
    model.state.progress.samples = 160 * epoch;
    snprintf(name, sizeof name, "epoch_%d", epoch);
    assert_ok(fa_checkpoint_write(comm, root_directory, name, &model.state));
}

static const char other_run[] = "ffffffffffffffff0000000000000000";

static void pruning_leaves_copies_links_and_checkpoints_of_other_runs(void **state)
{
    static const char *const kept[] = {"paper-result", "epoch_1.bak", "epoch_01",
                                       "epoch_7",      "epoch_8",     "epoch_9",
                                       "epoch_10",     "epoch_3",     "elsewhere/epoch_2"};

    (void)state;
    write_epoch_of(other_run, 9);
    write_epoch_of("", 10); /* of an old program */
    for (int epoch = 1; epoch <= 4; epoch++)
        write_epoch(epoch, 1);
    if (fa_comm_rank(comm) == 0) {
        copy_checkpoint(in_root("epoch_1"), in_root("paper-result"));
        copy_checkpoint(in_root("epoch_1"), in_root("epoch_1.bak"));
        copy_checkpoint(in_root("epoch_1"), in_root("epoch_01"));
        copy_checkpoint(in_root("epoch_1"), in_root("epoch_7"));
        copy_checkpoint(in_root("epoch_2"), in_root("elsewhere/epoch_2"));
        assert_int_equal(symlink("elsewhere/epoch_2", in_root("epoch_8")), 0);
        assert_ok(fa_file_write_atomic(in_root("epoch_3/notes"), "a person's", 10));
    }
    prune(1, NULL);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_true(is_whole(kept[i]));
    assert_false(fa_file_exists(in_root("epoch_1")));
    assert_false(fa_file_exists(in_root("epoch_2")));
    assert_true(is_whole("epoch_4"));
    fa_comm_barrier(comm);
}

static void a_run_without_an_id_prunes_nothing(void **state)
{
    (void)state;
    for (int epoch = 1; epoch <= 3; epoch++)
        write_epoch_of("", epoch);
    if (fa_comm_rank(comm) == 0)
        assert_ok(fa_checkpoint_prune(root_directory, "", 1, NULL));
    prune(1, NULL);
    assert_true(is_whole("epoch_1") && is_whole("epoch_2") && is_whole("epoch_3"));
    fa_comm_barrier(comm);
}

/* The content of what was called so, in whatever it is called now; NULL if it is gone. */
static const char *find_aside(const char *name)
{
    static char found[64];
    char **names, want[64];
    size_t n;

    found[0] = '\0';
    snprintf(want, sizeof want, "%s.before_", name);
    assert_ok(fa_directory_names(root_directory, &n, &names));
    for (size_t i = 0; i < n; i++)
        if (strncmp(names[i], want, strlen(want)) == 0)
            snprintf(found, sizeof found, "%s", names[i]);
    fa_free(names);
    return found[0] != '\0' ? found : NULL;
}

static void one_of_another_run_or_a_link_of_the_same_name_is_put_aside(void **state)
{
    (void)state;
    write_epoch_of(other_run, 1);
    write_epoch_of(other_run, 2);
    if (fa_comm_rank(comm) == 0) {
        copy_checkpoint(in_root("epoch_2"), in_root("elsewhere"));
        assert_int_equal(symlink("elsewhere", in_root("epoch_3")), 0);
    }
    fa_comm_barrier(comm);
    write_epoch(1, 1);
    write_epoch(3, 1);
    assert_true(is_whole("epoch_1") && is_whole("epoch_3") && is_whole("elsewhere"));
    assert_non_null(find_aside("epoch_1"));
    assert_true(is_whole(find_aside("epoch_1")));
    assert_non_null(find_aside("epoch_3"));
    assert_true(is_whole(find_aside("epoch_3"))); /* the link */
    fa_comm_barrier(comm);
}

/* ---- what cannot be read ---- */

static void put_link(const char *to, const char *name)
{
    fa_comm_barrier(comm);
    if (fa_comm_rank(comm) == 0) {
        unlink(in_root(name));
        assert_int_equal(symlink(to, in_root(name)), 0);
    }
    fa_comm_barrier(comm);
}

/* What one rank's system refuses is another's to mend; the user's mistakes are everybody's. */
static fa_status seen_from(int rank, fa_status status)
{
    return rank != 0 && status == FA_EIO ? FA_EREMOTE : status;
}

static void assert_root_refused(const char *path, fa_status status, const char *text)
{
    char *found;

    assert_fails_saying(fa_checkpoint_find(comm, path, &found), seen_from(fa_comm_rank(comm), status), text);
    assert_null(found);
}

static void assert_refused(fa_status status, const char *text)
{
    assert_root_refused(root, status, text);
}

static void a_checkpoint_that_cannot_be_read_is_not_passed_over(void **state)
{
    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    put_link("manifest.json", "epoch_2/manifest.json");
    assert_refused(FA_EIO, "epoch_2/manifest.json");
    put_link("nowhere/manifest.json", "epoch_2/manifest.json");
    assert_refused(FA_EIO, "is its disk mounted?");
    write_epoch(2, 2);
    put_link("nowhere/shard-00000.h5", "epoch_2/shard-00000.h5");
    assert_refused(FA_EIO, "epoch_2/shard-00000.h5");
    write_epoch(2, 2);
    put_link("nowhere/epoch_4", "epoch_4");
    assert_refused(FA_EIO, "epoch_4: is a link to what is not there");
    put_link("epoch_2", "epoch_4");
    assert_found("epoch_4"); /* a link to a checkpoint is one; of equal ones the first by name */
}

static void what_need_not_be_a_checkpoint_is_passed_over(void **state)
{
    (void)state;
    write_epoch(1, 1);
    if (fa_comm_rank(comm) == 0)
        assert_ok(fa_directory_make(in_root("lost+found")));
    put_link("manifest.json", "lost+found/manifest.json");
    assert_found("epoch_1");
}

static void a_root_that_leads_nowhere_is_refused(void **state)
{
    (void)state;
    put_link("nowhere", "link");
    assert_root_refused(in_root("link"), FA_EIO, "is its disk mounted?");
    put_link("link", "link");
    assert_root_refused(in_root("link"), FA_EIO, "link");
}

static void where_all_are_damaged_there_is_not_none(void **state)
{
    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    on_first_rank_change_byte(in_root("epoch_1/manifest.json"), 60, 1);
    on_first_rank_change_byte(in_root("epoch_2/shard-00000.h5"), -3, 1);
    assert_refused(FA_EFORMAT, "none of the 2 checkpoints there can be used");
    assert_refused(FA_EFORMAT, "--resume none");
}

/* A manifest of this program with one word changed, and sealed again. */
static void change_manifest(const char *name, const char *from, const char *to)
{
    char *text, *at, *changed;
    size_t n;

    fa_comm_barrier(comm);
    if (fa_comm_rank(comm) == 0) {
        assert_ok(fa_file_read(fa_test_path(in_root(name), "manifest.json"), 1 << 20, &text, &n));
        at = strstr(text, from);
        assert_non_null(at);
        *strstr(text, ",\n\t\"crc32c\"") = '\0';
        assert_ok(fa_asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)));
        fa_free(text);
        assert_ok(fa_asprintf(&text, "%s" FA_MANIFEST_SEAL, changed, fa_crc32c(0, changed, strlen(changed))));
        assert_ok(fa_file_write_atomic(fa_test_path(in_root(name), "manifest.json"), text, strlen(text)));
        fa_free(changed);
        fa_free(text);
    }
    fa_comm_barrier(comm);
}

static void a_checkpoint_of_a_newer_program_is_not_passed_over(void **state)
{
    (void)state;
    write_epoch(1, 1);
    write_epoch(2, 2);
    change_manifest("epoch_2", "\"version\": 2", "\"version\": 4");
    assert_refused(FA_EINVAL, "use a newer program");
}

static void progress_that_cannot_be_is_damage(void **state)
{
    static const char *const steps[] = {"9007199254740992", "9007199254740991", "481", "2"};

    (void)state;
    write_epoch(2, 1);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char step[64];

        write_epoch(3, 1);
        snprintf(step, sizeof step, "\"step\": %s", steps[i]);
        change_manifest("epoch_3", "\"step\": 30", step);
        assert_found("epoch_2");
    }
    write_epoch(3, 1);
    change_manifest("epoch_3", "\"samples\": 480", "\"samples\": 9007199254740992");
    assert_found("epoch_2");
}

static void a_shard_smaller_than_what_it_shall_hold_is_damage(void **state)
{
    struct fa_checkpoint_manifest manifest;

    (void)state;
    fa_checkpoint_shard_bytes = 1 << 20;
    write_epoch(1, 1);
    change_manifest("epoch_1", "\"n_value\": 130", "\"n_value\": 4503599627370496");
    change_manifest("epoch_1", "[0, 130]", "[0, 4503599627370496]");
    assert_fails_saying(fa_checkpoint_manifest_read(in_root("epoch_1"), &manifest), FA_EFORMAT, "too small");
}

static void saving_is_proven_by_a_small_file(void **state)
{
    char **names;
    size_t n;

    (void)state;
    fa_comm_barrier(comm);
    if (fa_comm_rank(comm) == 0) {
        assert_ok(fa_checkpoint_prove(root_directory));
        assert_ok(fa_directory_names(root_directory, &n, &names));
        assert_int_equal(n, 0);
        fa_free(names);
        assert_int_equal(rmdir(root), 0);
        assert_fails_saying(fa_checkpoint_prove(root_directory), FA_EIO, "could not be saved");
    }
    fa_comm_barrier(comm);
}

static void the_best_is_remembered_while_it_is_there(void **state)
{
    double of_class[] = {0.5, 1.0 / 9};
    struct fa_checkpoint_best best = {
        .name = "epoch_2", .ap = 1.0 / 3, .thresholds = {.all = 1.0 / 7, .n = 2, .of_class = of_class}};
    struct fa_weights_file *file;

    (void)state;
    write_epoch(2, 1);
    if (fa_comm_rank(comm) != 0)
        return;
    assert_ok(fa_checkpoint_best_write(root_directory, &best));
    best = (struct fa_checkpoint_best){0};
    assert_ok(fa_checkpoint_best_read(root, &best));
    assert_string_equal(best.name, "epoch_2");
    assert_near(best.ap, 1.0 / 3, 0);
    assert_near(best.thresholds.all, 1.0 / 7, 0);
    assert_int_equal(best.thresholds.n, 2);
    assert_near(best.thresholds.of_class[1], 1.0 / 9, 0);
    fa_checkpoint_best_clear(&best);
    assert_ok(fa_checkpoint_weights(in_root("epoch_2"), &file));
    assert_near(file->meta.thresholds.all, 1.0 / 7, 0);
    assert_int_equal(file->meta.thresholds.n, 2);
    assert_near(file->meta.thresholds.of_class[1], 1.0 / 9, 0);
    fa_weights_free(file);
    assert_int_equal(rename(in_root("epoch_2"), in_root("epoch_3")), 0);
    assert_ok(fa_checkpoint_best_read(root, &best));
    assert_int_equal(best.thresholds.n, 0);
    assert_string_equal(best.name, "");
    assert_near(best.ap, -1, 0);
    assert_ok(fa_checkpoint_weights(in_root("epoch_3"), &file));
    assert_near(file->meta.thresholds.all, 0, 0); /* it is not of this one */
    fa_weights_free(file);
}

static void a_file_of_the_best_that_says_something_else_is_passed_over(void **state)
{
    static const char *const texts[] = {
        "", "epoch_2", "epoch_2 good", "epoch_2 nan", "epoch_2 0.5 7", "../checkpoints/epoch_2 0.5"};
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
    flat_set(model.params.value, model.entry[2].offset + 1, NAN);
    assert_ok(fa_checkpoint_write(comm, root_directory, "epoch_1", &model.state));
    make_model(&model, 1, -1);
    flat_set(model.state.momentum, 0, INFINITY);
    assert_ok(fa_checkpoint_write(comm, root_directory, "epoch_2", &model.state));
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

/* Rank 0 looks for all, where its n-th allocation fails; true if nothing failed. */
static bool finds_with_failure(long n)
{
    const bool is_first = fa_comm_rank(comm) == 0;
    char *found;
    fa_status status;

    fa_memory_fail_after(is_first ? n : 0);
    status = fa_checkpoint_find(comm, root, &found);
    fa_memory_fail_after(0);
    if (status != FA_OK) {
        assert_null(found);
        assert_int_equal(status, is_first ? FA_ENOMEM : FA_EREMOTE);
        return false;
    }
    assert_string_equal(found, in_root("epoch_1"));
    fa_free(found);
    return true;
}

static void want_of_memory_is_not_taken_for_the_absence_of_checkpoints(void **state)
{
    fa_status status = FA_ENOMEM;
    bool any = false;

    (void)state;
    write_epoch(1, 1);
    for (long n = 1; !finds_with_failure(n); n++)
        ;
    for (long n = 1; status != FA_OK; n++) {
        fa_memory_fail_after(n);
        status = fa_checkpoint_any(root, &any);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK ? any : status == FA_ENOMEM);
    }
    assert_ok(fa_checkpoint_any(in_root("absent"), &any));
    assert_false(any);
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
    static char long_text[FA_CHECKPOINT_POINTER_MAX + 1];
    char want[300];
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
    status = fa_checkpoint_write(comm, root_directory, "epoch_2", &model.state);
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
    for (long n = 1; status != FA_OK; n++) {
        drop_flats();
        make_model(&model, 5, 6);
        balance = fa_memory_balance();
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
        drop_flats();
        make_model(&model, 2, -2);
        model.state.progress.samples = 1000;
        balance = fa_memory_balance();
        fa_memory_fail_after(last ? n : 0);
        status = fa_checkpoint_write(comm, root_directory, "epoch_2", &model.state);
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
        cmocka_unit_test_setup_teardown(what_was_written_is_read_back_with_progress, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_small_state_is_one_shard_and_a_large_one_a_shard_a_rank, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(a_checkpoint_of_three_shards_from_python_is_read_on_any_ranks,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(the_newest_is_found_and_latest_names_it, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_flipped_byte_in_a_shard_is_noticed_and_the_one_before_is_found,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_flipped_digit_of_the_manifest_is_noticed, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_shard_cut_short_is_noticed, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_missing_shard_and_a_missing_manifest_are_noticed, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(a_damaged_checkpoint_is_replaced_when_its_epoch_ends_again,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(what_a_crash_left_is_no_checkpoint_and_is_swept, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(pruning_keeps_the_newest_sound_ones_and_the_protected, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(pruning_leaves_copies_links_and_checkpoints_of_other_runs, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(a_run_without_an_id_prunes_nothing, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(one_of_another_run_or_a_link_of_the_same_name_is_put_aside,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_cannot_be_read_is_not_passed_over, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(what_need_not_be_a_checkpoint_is_passed_over, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_root_that_leads_nowhere_is_refused, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(where_all_are_damaged_there_is_not_none, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_checkpoint_of_a_newer_program_is_not_passed_over, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(progress_that_cannot_be_is_damage, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_shard_smaller_than_what_it_shall_hold_is_damage, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(saving_is_proven_by_a_small_file, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(the_best_is_remembered_while_it_is_there, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_file_of_the_best_that_says_something_else_is_passed_over,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(another_model_is_refused_by_its_first_difference, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(a_version_newer_than_the_program_is_refused_and_not_taken_for_damage,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(a_checkpoint_serves_as_a_weights_file, fresh_root, close_root),
        cmocka_unit_test_setup_teardown(want_of_memory_is_not_taken_for_the_absence_of_checkpoints,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(
            latest_and_best_lead_to_the_checkpoints_they_name_and_other_files_nowhere, fresh_root,
            close_root),
        cmocka_unit_test_setup_teardown(a_full_disk_on_one_rank_leaves_the_checkpoint_before, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_changed_and_nothing_kept, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(a_moving_average_is_kept_beside_the_weights_and_raises_the_version,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(an_average_that_was_not_kept_begins_with_the_weights, fresh_root,
                                        close_root),
        cmocka_unit_test_setup_teardown(the_weights_of_a_checkpoint_are_the_average_where_it_has_one,
                                        fresh_root, close_root),
        cmocka_unit_test_setup_teardown(numbers_that_are_not_finite_are_refused_by_name_and_nothing_is_taken,
                                        fresh_root, close_root),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return finish_ranks(start_ranks() ? cmocka_run_group_tests(tests, open_backend, close_backend) : 1);
}
