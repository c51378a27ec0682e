/* Algorithms measured by several ranks: one table, the same in a later run and on another number of ranks. No
 * step is trained. */
#include "ranks.h"
#include "scenes.h"

#include <string.h>

#include "../../../src/comm/comm_private.h"
#include "fa/algorithms.h"
#include "fa/file.h"
#include "fa/hash.h"
#include "small_network.h"
#include "training.h"

enum { N_IMAGES = 3 };

static const struct fa_shape images[N_IMAGES] = {{3, 64, 96}, {3, 32, 96}, {3, 64, 64}};

static char root[512];
static int base_channels;                  /* of the network that is tuned */
static struct fa_dataset *packed, claimed; /* claimed: with images of other sizes */
static struct fa_record records[N_IMAGES];
static struct fa_comm alone; /* this rank and nobody else */

static int open_scenes(void **state)
{
    const struct fa_synth_config scenes = {
        .n_images = N_IMAGES, .n_classes = 3, .seed = 5, .w = 128, .h = 96};

    (void)state;
    if (fa_comm_rank(comm) == 0) {
        snprintf(root, sizeof root, "%s", fa_test_directory());
        make_scenes(root, "shards", scenes);
    }
    fa_comm_broadcast(comm, root, sizeof root, 0);
    assert_ok(fa_dataset_open(fa_test_path(root, "shards"), &packed));
    memcpy(records, packed->records, sizeof records);
    for (int i = 0; i < N_IMAGES; i++)
        records[i].w = images[i].w, records[i].h = images[i].h;
    claimed = *packed;
    claimed.records = records;
    alone = (struct fa_comm){.mpi = MPI_COMM_SELF, .size = 1, .local_size = 1};
    return 0;
}

static int close_scenes(void **state)
{
    (void)state;
    fa_dataset_close(packed);
    return 0;
}

static struct fa_model *make_model(struct fa_backend *backend)
{
    const struct fa_model_config config = small_network(1, 3, 0.01);
    struct fa_model *model;

    base_channels = config.base_channels;
    assert_ok(fa_model_create(&config, backend, &model));
    return model;
}

/* The table that a run takes, as a copy. */
static struct fa_algorithms settle(struct fa_comm *ranks)
{
    const struct fa_train_config config = {.transform = {.scale = {96, 64}}};
    const struct fa_work_dir work_dir = {.path = fa_test_path(root, "work")};
    const struct fa_train_run run = {.work_dir = &work_dir, .train_data = &claimed, .autotune = true};
    struct fa_backend *backend;
    struct fa_training training = {.config = &config, .run = &run, .comm = ranks};
    struct fa_algorithms copy = {0};

    assert_ok(fa_backend_open(&(struct fa_backend_config){.n_threads = 1}, &backend));
    training.model = make_model(backend);
    assert_ok(fa_sampler_create(
        &claimed, &(struct fa_sampler_config){.seed = 1, .batch = 2, .keep_empty = true}, &training.sampler));
    assert_ok(fa_directory_make(work_dir.path));
    assert_ok(fa_training_autotune(&training));
    for (size_t i = 0; i < fa_backend_algorithms(backend)->n; i++)
        assert_ok(fa_algorithms_add(&copy, &fa_backend_algorithms(backend)->row[i]));
    fa_sampler_destroy(training.sampler);
    fa_model_destroy(training.model);
    fa_backend_close(backend);
    return copy;
}

/* Between direct and Winograd convolutions, which are of floats. */
static bool has_choices(void)
{
    return sizeof(fa_real) == sizeof(float);
}

/* Every row of one is in the other, with the same algorithm. */
static void assert_same_choices(const struct fa_algorithms *a, const struct fa_algorithms *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct fa_algorithm_choice *other = fa_algorithms_find(b, &a->row[i].conv, a->row[i].direction);

        assert_non_null(other);
        assert_string_equal(other->algorithm, a->row[i].algorithm);
    }
}

/* Is a convolution of this image's first stage listed, where all is a quarter as large? */
static bool has_size(const struct fa_algorithms *table, struct fa_shape image)
{
    for (size_t i = 0; i < table->n; i++)
        if (fa_shape_equal(table->row[i].conv.in, (struct fa_shape){base_channels, image.h / 4, image.w / 4}))
            return true;
    return false;
}

/* ---- the test ---- */

static void assert_ranks_have(const struct fa_algorithms *table)
{
    uint64_t hash = FA_HASH_START;
    char digits[24];
    const struct fa_claim claim = {"the table", digits};

    for (size_t i = 0; i < table->n; i++) {
        hash = fa_hash(hash, &table->row[i].conv.in, sizeof table->row[i].conv.in);
        hash = fa_hash(hash, &table->row[i].algorithm, sizeof table->row[i].algorithm);
        hash = fa_hash(hash, &table->row[i].seconds, sizeof table->row[i].seconds);
    }
    snprintf(digits, sizeof digits, "%llx", (unsigned long long)hash);
    assert_ok(fa_comm_same(comm, &claim, 1));
}

static void ranks_take_one_table_which_later_runs_take_too(void **state)
{
    struct fa_algorithms first = settle(comm), again = settle(comm);

    (void)state;
    assert_ranks_have(&first);
    for (int i = 0; i < N_IMAGES && has_choices(); i++)
        assert_true(has_size(&first, images[i]));
    assert_same_choices(&first, &again);
    for (size_t i = 0; i < again.n; i++)
        assert_near(again.row[i].seconds, 0, 0); /* not measured */
    fa_algorithms_clear(&again);
    if (fa_comm_rank(comm) == 0) {
        again = settle(&alone);
        assert_same_choices(&first, &again);
        fa_algorithms_clear(&again);
    }
    fa_algorithms_clear(&first);
    fa_comm_barrier(comm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        ranks_take_one_table_which_later_runs_take_too, open_scenes, close_scenes)};

    return run_on_ranks(tests);
}
