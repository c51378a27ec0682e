/*
 * Checkpoints on disks that fail: one save of a run is struck at each of its system calls that change the
 * disk, in every way that faulty_disk.h knows; and each byte of a checkpoint is damaged. Under sanitizers, at
 * every fifth call and byte.
 *
 * The save is one in the background: the state it is of changes while a thread writes it.
 *
 * Whatever happens, what lies on disk then is the checkpoint before or the new one, each to its last bit, and
 * the next save succeeds and leaves nothing of the accident. On several ranks the disk of one of them
 * refuses; to be killed, a save is made alone, in a child process.
 */
#include "flats.h"
#include "ranks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/checkpoint_private.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/new_file.h"
#include "faulty_disk.h"
#include "training.h"

enum { N_VALUE = 300, N_MOMENTUM = 200, KEEP = 2, STEPS_AN_EPOCH = 10, BATCH = 16 };

static const struct fa_param entries[] = {{"head.weight", FA_PARAM_TRAINABLE, 2, {20, 10}, 200, 0, 0},
                                          {"stem.weight", FA_PARAM_FROZEN, 1, {100}, 100, 200, 1}};

/* What is on disk when a save begins, and which save it is. */
struct scene {
    const char *name;
    int n_before;  /* checkpoints of epochs 1 to n_before were saved */
    bool damaged;  /* the last of them was damaged since, and its epoch is trained again */
    bool again;    /* the last of them is saved a second time */
    bool exchange; /* the file system can exchange two names */
};

static const struct scene scenes[] = {
    {"the first checkpoint", 0, false, false, true},
    {"the fourth checkpoint", 3, false, false, true},
    {"one for a damaged one", 3, true, false, true},
    {"one for a damaged one, without exchange", 3, true, false, false},
    {"one for a sound one", 3, false, true, true},
};
enum { N_SCENES = sizeof scenes / sizeof *scenes };

static int epoch_before(const struct scene *scene)
{
    return scene->n_before - scene->damaged;
}

static int epoch_saved(const struct scene *scene)
{
    return epoch_before(scene) + !scene->again;
}

/* ---- where we are, for whoever reads a failure ---- */

static const struct scene *current_scene;
static enum fa_disk_fault current_fault;
static long current_call;

static void require(bool holds, const char *what)
{
    if (!holds)
        fail_msg("%s, %s at change %ld: it does not hold that %s; last message: %s", current_scene->name,
                 fa_disk_fault_names[current_fault], current_call, what, fa_message());
}

static void point(const struct scene *scene, enum fa_disk_fault fault, long nth)
{
    current_scene = scene;
    current_fault = fault;
    current_call = nth;
}

/* ---- a run of which only the saving is real ---- */

static char root[512];
static struct fa_directory *root_directory;
static struct fa_backend *backend;
static struct fa_checkpoint_writer *writer;

struct run {
    struct fa_train_config config;
    struct fa_weights_meta meta;
    struct fa_param entry[2];
    struct fa_flat *value, *momentum, *average;
    struct fa_params params;
    struct fa_training training;
};

struct numbers {
    fa_real value[N_VALUE], momentum[N_MOMENTUM], average[N_MOMENTUM];
};

/* At the end of an epoch; no two have a number in common. */
static struct numbers numbers_of(int epoch)
{
    struct numbers numbers;

    for (int i = 0; i < N_VALUE; i++)
        numbers.value[i] = (float)(1000 * epoch + i);
    for (int i = 0; i < N_MOMENTUM; i++)
        numbers.momentum[i] = -(float)(1000 * epoch + i) / 7;
    for (int i = 0; i < N_MOMENTUM; i++)
        numbers.average[i] = (float)(1000 * epoch + i) / 3;
    return numbers;
}

static void set_progress(struct fa_progress *progress, int epoch)
{
    progress->epoch = epoch;
    progress->step = epoch * STEPS_AN_EPOCH;
    progress->samples = progress->step * BATCH;
}

static void set_epoch(struct run *run, int epoch)
{
    const struct numbers numbers = numbers_of(epoch);

    assert_ok(fa_flat_write(run->value, 0, N_VALUE, numbers.value));
    assert_ok(fa_flat_write(run->momentum, 0, N_MOMENTUM, numbers.momentum));
    assert_ok(fa_flat_write(run->average, 0, N_MOMENTUM, numbers.average));
    set_progress(&run->training.state.progress, epoch);
}

/* Those of all runs, which live as long as the program. */
static struct fa_flat *flats[64];
static size_t n_flats;

/* The flat, made if it is NULL, all zero. */
static struct fa_flat *cleared(struct fa_flat *flat, size_t n)
{
    if (flat == NULL) {
        assert_true(n_flats < sizeof flats / sizeof flats[0]);
        assert_ok(fa_flat_create(backend, n, &flat));
        flats[n_flats++] = flat;
    }
    fa_flat_clear(flat);
    return flat;
}

static void begin_run(struct run *run)
{
    *run = (struct run){.config = {.keep_checkpoints = KEEP},
                        .meta = {.std = {1, 1, 1}, .model = "r50"},
                        .value = cleared(run->value, N_VALUE),
                        .momentum = cleared(run->momentum, N_MOMENTUM),
                        .average = cleared(run->average, N_MOMENTUM)};
    memcpy(run->entry, entries, sizeof entries);
    run->params = (struct fa_params){
        .n = 2, .entry = run->entry, .n_elem = N_VALUE, .n_trainable = N_MOMENTUM, .value = run->value};
    run->training = (struct fa_training){.config = &run->config,
                                         .comm = comm,
                                         .state = {.params = &run->params,
                                                   .momentum = run->momentum,
                                                   .average = run->average,
                                                   .config = "{\"train\": {\"batch\": 16}}",
                                                   .meta = &run->meta,
                                                   .run = "0123456789abcdef0123456789abcdef",
                                                   .progress = {.seed = 1, .content_hash = 2}},
                                         .steps_per_epoch = STEPS_AN_EPOCH,
                                         .checkpoints = root_directory,
                                         .writer = writer,
                                         .saved_step = -1,
                                         .best = {.ap = -1}};
}

/* The best epochs are the first, then the fourth, then each one after it. */
static double ap_of(int epoch)
{
    return epoch < 4 ? 0.5 - 0.1 * epoch : 0.1 * epoch;
}

/* Collective. Trains one epoch, goes on while it is saved in the background, evaluates it. */
static fa_status train_epoch(void *context)
{
    struct run *run = context;
    struct fa_training *training = &run->training;
    const int epoch = (int)training->state.progress.epoch + 1;

    set_epoch(run, epoch);
    training->saved_step = -1;
    fa_training_save_begin(training);
    set_epoch(run, epoch + 100);
    fa_training_save_poll(training);
    set_epoch(run, epoch + 200);
    fa_training_save_wait(training);
    set_epoch(run, epoch);
    fa_training_note_metrics(training, &(struct fa_metrics){.ap = ap_of(epoch)});
    return training->saved_step == training->state.progress.step ? FA_OK : FA_EIO;
}

/* ---- what is on disk ---- */

static bool is_first_rank(void)
{
    return fa_comm_rank(comm) == 0;
}

static const char *epoch_path(int epoch)
{
    char name[32];

    snprintf(name, sizeof name, "epoch_%d", epoch);
    return fa_test_path(root, name);
}

static bool holds(const struct fa_flat *flat, const fa_real *want, size_t n)
{
    fa_real *got = flat_copy(flat, 0, n);
    const bool same = memcmp(got, want, n * sizeof *want) == 0;

    fa_free(got);
    return same;
}

/* Collective. The run as it resumes from what is on disk; its epoch, 0 where there is nothing. */
static int resume(struct run *run)
{
    struct numbers want = {0};
    struct fa_progress *progress = &run->training.state.progress, want_progress;
    int epoch = 0;
    char *found;

    begin_run(run);
    want_progress = *progress;
    require(fa_checkpoint_find(comm, root, &found) == FA_OK, "checkpoints can be looked for");
    if (found != NULL) {
        require(fa_checkpoint_read(comm, found, &run->training.state) == FA_OK, "what is found can be read");
        epoch = (int)progress->epoch;
        want = numbers_of(epoch);
        set_progress(&want_progress, epoch);
        require(strcmp(found, epoch_path(epoch)) == 0, "a checkpoint has the name of its epoch");
        fa_free(found);
    }
    require(holds(run->value, want.value, N_VALUE) && holds(run->momentum, want.momentum, N_MOMENTUM) &&
                holds(run->average, want.average, N_MOMENTUM) &&
                memcmp(progress, &want_progress, sizeof want_progress) == 0,
            "a checkpoint holds its epoch's state and nothing else");
    fa_checkpoint_best_clear(&run->training.best);
    if (is_first_rank() && fa_directory_exists(root))
        require(fa_checkpoint_best_read(root, &run->training.best) == FA_OK, "the best is known");
    return epoch;
}

/* Collective. A new place with what the scene begins with, and the run at its save. */
static void set_scene(const struct scene *scene, struct run *run)
{
    fa_comm_barrier(comm);
    if (is_first_rank())
        snprintf(root, sizeof root, "%s/checkpoints", fa_test_directory());
    fa_comm_broadcast(comm, root, sizeof root, 0);
    fa_directory_close(root_directory);
    assert_ok(fa_directory_make(root));
    assert_ok(fa_directory_open(root, &root_directory));
    fa_disk_allow_exchange(scene->exchange);
    begin_run(run);
    for (int epoch = 1; epoch <= scene->n_before; epoch++)
        require(train_epoch(run) == FA_OK, "a sound disk takes checkpoints");
    if (scene->damaged && is_first_rank())
        assert_int_equal(truncate(fa_test_path(epoch_path(scene->n_before), "shard-00000.h5"), 100), 0);
    fa_comm_barrier(comm);
    set_epoch(run, epoch_saved(scene) - 1);
}

/* Collective. */
static void check_found(const struct scene *scene, bool saved)
{
    static struct run found;
    const int epoch = resume(&found);

    require(epoch == epoch_before(scene) || epoch == epoch_saved(scene),
            "the checkpoint before or the new one is found");
    require(!saved || epoch == epoch_saved(scene), "what was saved is found");
}

/* A checkpoint holds its shards and manifest, and nothing of an attempt that failed. */
static void check_inside(const char *name)
{
    struct fa_directory *directory;
    char base[64], **names;
    size_t n;

    assert_ok(fa_directory_open_below(root_directory, name, &directory));
    assert_ok(fa_directory_names(directory, &n, &names));
    for (size_t i = 0; i < n; i++)
        require(!fa_temporary_base(names[i], base, sizeof base), "nothing temporary is in a checkpoint");
    fa_free(names);
    fa_directory_close(directory);
}

static void check_entries(const struct run *run)
{
    char **names, base[64];
    size_t n;
    int n_checkpoints = 0;

    assert_ok(fa_directory_list(root, &n, &names));
    for (size_t i = 0; i < n; i++) {
        const bool is_directory = fa_directory_exists(fa_test_path(root, names[i]));

        require(is_directory || strcmp(names[i], "latest") == 0 || strcmp(names[i], "best") == 0,
                "nothing but checkpoints, latest and best is left");
        require(!fa_temporary_base(names[i], base, sizeof base), "nothing temporary is left");
        if (is_directory)
            check_inside(names[i]);
        n_checkpoints += is_directory && strcmp(names[i], run->training.best.name) != 0;
    }
    fa_free(names);
    require(n_checkpoints <= KEEP + current_scene->damaged, "no more than the newest and the best are left");
}

static void check_latest(const struct run *run)
{
    char *text, want[64];
    size_t n;

    assert_ok(fa_file_read(fa_test_path(root, "latest"), 100, &text, &n));
    snprintf(want, sizeof want, "epoch_%d\n", (int)run->training.state.progress.epoch);
    require(strcmp(text, want) == 0, "latest names the newest");
    fa_free(text);
}

/* Collective. On a sound disk, run goes on as if nothing had happened. */
static void check_next_save(struct run *run)
{
    static struct run found;
    const int epoch = (int)run->training.state.progress.epoch + 1;

    require(train_epoch(run) == FA_OK, "the next save succeeds");
    if (is_first_rank()) {
        check_entries(run);
        check_latest(run);
    }
    require(resume(&found) == epoch, "the next save is found");
}

/* ---- disks that are sound ---- */

static void the_thread_that_trains_changes_nothing_on_disk(void **state)
{
    static struct run run;
    struct fa_training *training = &run.training;
    const long before = fa_disk_changes_of_thread();

    (void)state;
    point(&scenes[1], FA_DISK_COUNTS, 0);
    set_scene(&scenes[1], &run);
    set_epoch(&run, epoch_saved(&scenes[1]));
    fa_disk_arm(FA_DISK_COUNTS, 1);
    fa_training_save_begin(training);
    fa_training_save_poll(training);
    fa_training_save_wait(training);
    require(fa_disk_disarm() > 3, "a save changes the disk");
    require(fa_disk_changes_of_thread() == before, "the thread that trains leaves that to another");
    require(resume(&run) == epoch_saved(&scenes[1]), "the save is found");
}

/* ---- disks that refuse ---- */

static void check_message(enum fa_disk_fault fault)
{
    require(strstr(fa_message(), root) != NULL, "the message names the file");
    require(strstr(fa_message(), strerror(fault == FA_DISK_FILLS_UP ? ENOSPC : EIO)) != NULL,
            "the message says why");
}

/* Collective. The run learns of the failure and goes on. Whether there was an nth change to refuse. */
static bool disk_refuses(const struct scene *scene, enum fa_disk_fault fault, int rank, long nth)
{
    static struct run run;
    fa_status status;
    long n = 0;

    point(scene, fault, nth);
    set_scene(scene, &run);
    if (fa_comm_rank(comm) == rank)
        fa_disk_arm(fault, nth);
    status = train_epoch(&run);
    if (fa_comm_rank(comm) == rank)
        n = fa_disk_disarm();
    fa_comm_broadcast(comm, &n, sizeof n, rank);
    if (status != FA_OK)
        check_message(fault);
    check_found(scene, status == FA_OK);
    check_next_save(&run);
    return n >= nth;
}

/* Several ranks agree on every third change only: they wait for each other more than for disks. */
static void sweep_refusals(enum fa_disk_fault fault)
{
    const int stride = fa_comm_size(comm) == 1 ? FA_DISK_STRIDE : 3;
    long n_points = 0;

    for (int s = 0; s < N_SCENES; s++)
        for (int rank = 0; rank < fa_comm_size(comm); rank++)
            for (long nth = 1; disk_refuses(&scenes[s], fault, rank, nth); nth += stride)
                n_points++;
    if (is_first_rank())
        print_message("%ld changes struck\n", n_points);
}

static void a_disk_that_fails_once_costs_at_most_one_checkpoint(void **state)
{
    (void)state;
    sweep_refusals(FA_DISK_FAILS_ONCE);
}

static void a_disk_that_fills_up_costs_at_most_one_checkpoint(void **state)
{
    (void)state;
    sweep_refusals(FA_DISK_FILLS_UP);
}

static void a_disk_that_breaks_costs_at_most_one_checkpoint(void **state)
{
    (void)state;
    sweep_refusals(FA_DISK_BREAKS);
}

/* ---- processes that die ---- */

static bool process_dies(const struct scene *scene, enum fa_disk_fault fault, long nth)
{
    static struct run run;
    bool dies;

    point(scene, fault, nth);
    set_scene(scene, &run);
    dies = fa_disk_kills(fault, nth, train_epoch, &run);
    check_found(scene, !dies);
    resume(&run);
    check_next_save(&run);
    return dies;
}

static void sweep_deaths(enum fa_disk_fault fault)
{
    long n_points = 0;

    for (int s = 0; s < N_SCENES; s++)
        for (long nth = 1; process_dies(&scenes[s], fault, nth); nth += FA_DISK_STRIDE)
            n_points++;
    print_message("%ld changes struck\n", n_points);
}

static void a_kill_at_any_change_costs_at_most_one_checkpoint(void **state)
{
    (void)state;
    sweep_deaths(FA_DISK_KILLS);
}

static void a_kill_in_the_middle_of_any_write_costs_at_most_one_checkpoint(void **state)
{
    (void)state;
    sweep_deaths(FA_DISK_TEARS);
}

static void a_power_failure_at_any_change_costs_at_most_one_checkpoint(void **state)
{
    (void)state;
    sweep_deaths(FA_DISK_LOSES);
}

/* ---- damage to what was written well ---- */

static void flip_bit(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    int byte;

    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    fputc(byte ^ 1 << at % 8, file);
    assert_int_equal(fclose(file), 0);
}

/* The damaged last checkpoint is refused with a message that names the file, and the one before is found. */
static void check_damage(const struct scene *scene, const char *path, long at)
{
    static struct run run;
    char *found;

    point(scene, FA_DISK_COUNTS, at);
    begin_run(&run);
    require(fa_checkpoint_read(comm, epoch_path(3), &run.training.state) == FA_EFORMAT, "damage is noticed");
    require(strstr(fa_message(), path) != NULL, "the message names the damaged file");
    require(fa_checkpoint_find(comm, root, &found) == FA_OK && found != NULL &&
                strcmp(found, epoch_path(2)) == 0,
            "the checkpoint before a damaged one is found");
    fa_free(found);
}

static void damage_everywhere(const char *name)
{
    const struct scene scene = {name, 3, false, false, true};
    static struct run run;
    char path[sizeof root + 64];
    uint64_t n_bytes;

    set_scene(&scene, &run);
    snprintf(path, sizeof path, "%s/epoch_3/%s", root, name);
    assert_ok(fa_file_size(path, &n_bytes));
    for (long at = 0; at < (long)n_bytes; at += FA_DISK_STRIDE) {
        flip_bit(path, at);
        check_damage(&scene, path, at);
        flip_bit(path, at);
    }
    assert_int_equal(resume(&run), 3);
    for (long at = (long)n_bytes - 1; at >= 0; at -= FA_DISK_STRIDE) {
        assert_int_equal(truncate(path, at), 0);
        check_damage(&scene, path, at);
    }
}

static void a_manifest_changed_or_cut_anywhere_leads_to_the_checkpoint_before(void **state)
{
    (void)state;
    damage_everywhere("manifest.json");
}

static void a_shard_changed_or_cut_anywhere_leads_to_the_checkpoint_before(void **state)
{
    (void)state;
    damage_everywhere("shard-00000.h5");
}

int main(void)
{
    const struct CMUnitTest any_ranks[] = {
        cmocka_unit_test(the_thread_that_trains_changes_nothing_on_disk),
        cmocka_unit_test(a_disk_that_fails_once_costs_at_most_one_checkpoint),
        cmocka_unit_test(a_disk_that_fills_up_costs_at_most_one_checkpoint),
        cmocka_unit_test(a_disk_that_breaks_costs_at_most_one_checkpoint),
    };
    const struct CMUnitTest one_rank[] = {
        cmocka_unit_test(a_kill_at_any_change_costs_at_most_one_checkpoint),
        cmocka_unit_test(a_kill_in_the_middle_of_any_write_costs_at_most_one_checkpoint),
        cmocka_unit_test(a_power_failure_at_any_change_costs_at_most_one_checkpoint),
        cmocka_unit_test(a_manifest_changed_or_cut_anywhere_leads_to_the_checkpoint_before),
        cmocka_unit_test(a_shard_changed_or_cut_anywhere_leads_to_the_checkpoint_before),
    };
    static struct run run;
    int failed;

    if (!start_ranks())
        return 1;
    fa_log_set_level(FA_LOG_ERROR);
    fa_checkpoint_shard_bytes = 1; /* a shard a rank */
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    begin_run(&run);
    assert_ok(fa_checkpoint_writer_open(comm, &run.training.state, &writer));
    failed = cmocka_run_group_tests(any_ranks, NULL, NULL);
    if (fa_comm_size(comm) == 1)
        failed += cmocka_run_group_tests(one_rank, NULL, NULL);
    fa_checkpoint_writer_close(writer);
    fa_directory_close(root_directory);
    while (n_flats > 0)
        fa_flat_destroy(flats[--n_flats]);
    fa_backend_close(backend);
    return finish_ranks(failed);
}
