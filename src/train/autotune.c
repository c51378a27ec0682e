/*
 * autotune.c - the algorithms of a run, where they are measured: settled on all ranks before the first plan
 * is built, and kept beside the run.
 *
 * The sizes of all images are known from the dataset's index. Ranks share them out, measure at the same time
 * (as they will work at the same time), and take one table: that of rank 0, to which the others' rows were
 * added. What is not in it, such as images of an evaluation or between the ends of a range of scales, goes by
 * the static rule, on all ranks alike.
 */
#include <stdio.h>

#include "algorithms_file.h"
#include "fa/activity.h"
#include "fa/clock.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "image_sizes.h"
#include "training.h"

/* Of this rank's part of the sizes. */
static fa_status measure(struct fa_training *t)
{
    const size_t n_ranks = (size_t)fa_comm_size(t->comm);
    struct fa_image_sizes sizes;
    fa_status status = fa_image_sizes_list(t->run->train_data, &t->config->transform, &sizes);

    for (size_t i = (size_t)fa_comm_rank(t->comm); i < sizes.n && status == FA_OK; i += n_ranks) {
        fa_activity_begin("measuring algorithms");
        status = fa_model_autotune(t->model, sizes.at[i].h, sizes.at[i].w);
    }
    fa_free(sizes.at);
    return status;
}

/* ---- one table ---- */

static struct fa_algorithms *table_of(const struct fa_training *t)
{
    return fa_backend_algorithms(fa_model_backend(t->model));
}

/* Collective. All ranks get rank 0's rows. */
static fa_status share(struct fa_training *t)
{
    const bool is_first = fa_comm_rank(t->comm) == 0;
    struct fa_algorithms *table = table_of(t);
    size_t n = table->n;

    fa_comm_broadcast(t->comm, &n, sizeof n, 0);
    FA_TRY(fa_comm_agree(t->comm, is_first ? FA_OK : fa_algorithms_resize(table, n)));
    fa_comm_broadcast(t->comm, table->row, n * sizeof *table->row, 0);
    return FA_OK;
}

/* Collective. Rank 0 gets what all ranks have beyond the first n_known rows. */
static fa_status collect(struct fa_training *t, size_t n_known)
{
    const struct fa_algorithms *mine = table_of(t);
    struct fa_algorithm_choice *rows;
    size_t n_bytes;
    fa_status status = FA_OK;

    FA_TRY(fa_comm_gather(t->comm, mine->row + n_known, (mine->n - n_known) * sizeof *rows, 0, (void **)&rows,
                          &n_bytes));
    for (size_t i = 0; i < n_bytes / sizeof *rows && status == FA_OK; i++)
        status = fa_algorithms_add(table_of(t), &rows[i]);
    fa_free(rows);
    return fa_comm_agree(t->comm, status);
}

/* ---- all of it ---- */

/* Collective. What was measured on one rank is for all. */
static fa_status agree_on_backend(struct fa_training *t)
{
    const struct fa_backend *backend = fa_model_backend(t->model);
    char threads[16];
    const struct fa_claim claims[] = {
        {"with --autotune, the library of a rank", fa_backend_description(backend)},
        {"with --autotune, the threads of a rank", threads}};

    snprintf(threads, sizeof threads, "%d", fa_backend_threads(backend));
    return fa_comm_same(t->comm, claims, 2);
}

/* Collective. path is rank 0's. */
static fa_status take_stored(struct fa_training *t, const char *path)
{
    fa_status status = FA_OK;

    if (path != NULL && fa_file_exists(path))
        status = fa_algorithms_read(path, fa_model_backend(t->model));
    FA_TRY(fa_comm_agree(t->comm, status));
    return share(t);
}

/* Collective. */
static fa_status settle(struct fa_training *t, const char *path)
{
    const double start = fa_clock_seconds();
    size_t n_stored;
    fa_status status = FA_OK;

    FA_TRY(agree_on_backend(t));
    FA_TRY(take_stored(t, path));
    n_stored = table_of(t)->n;
    FA_TRY(fa_comm_agree(t->comm, measure(t)));
    FA_TRY(collect(t, n_stored));
    FA_TRY(share(t));
    fa_info("algorithms: %zu choices of earlier runs, %zu measured now in %.1f s", n_stored,
            table_of(t)->n - n_stored, fa_clock_seconds() - start);
    if (path != NULL && table_of(t)->n > n_stored)
        status = fa_algorithms_write(path, fa_model_backend(t->model));
    return fa_comm_agree(t->comm, status);
}

fa_status fa_training_autotune(struct fa_training *t)
{
    char *path = NULL; /* rank 0's */
    fa_status status = FA_OK;

    if (fa_comm_rank(t->comm) == 0)
        status = fa_path_join(t->run->work_dir->path, "algorithms.json", &path);
    status = fa_comm_agree(t->comm, status);
    if (status == FA_OK && t->run->autotune)
        status = settle(t, path);
    else if (path != NULL && fa_file_exists(path))
        fa_warn("%s comes from a run with --autotune; without it this run keeps to the static rule, and its "
                "bits differ",
                path);
    fa_free(path);
    return status;
}
