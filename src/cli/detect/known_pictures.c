#include "known_pictures.h"

#include <stdbool.h>
#include <stdlib.h>

#include "fa/checkpoint.h"
#include "fa/crc32c.h"
#include "fa/directory.h"
#include "fa/file.h"
#include "fa/kept_results.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/sampler.h"
#include "recipe/config_file.h"
#include "recipe/paths.h"

struct fa_fingerprint fa_fingerprint_of(const void *data, size_t n_bytes)
{
    return (struct fa_fingerprint){(uint32_t)n_bytes, fa_crc32c(0, data, n_bytes)};
}

static int by_fingerprint(const void *x, const void *y)
{
    const struct fa_fingerprint *a = x, *b = y;

    if (a->crc != b->crc)
        return a->crc < b->crc ? -1 : 1;
    return (a->n_bytes > b->n_bytes) - (a->n_bytes < b->n_bytes);
}

/* ---- the data of a run ---- */

struct run_data {
    struct fa_dataset *dataset;
    bool has_empty; /* its images without objects were looked at too */
};

/* Of what its newest checkpoint was trained on. FA_EMISSING where there is none. */
static fa_status read_trained_hash(const char *work_dir, uint64_t *hash)
{
    struct fa_progress progress = {0};
    char *path, *checkpoint = NULL;
    fa_status status;

    FA_TRY(fa_path_join(work_dir, "checkpoints/latest", &path));
    status = fa_checkpoint_follow(path, &checkpoint);
    fa_free(path);
    if (status == FA_OK)
        status = checkpoint != NULL ? fa_checkpoint_progress(checkpoint, &progress)
                                    : fa_fail(FA_EMISSING, "%s: has no checkpoint", work_dir);
    fa_free(checkpoint);
    *hash = progress.content_hash;
    return status;
}

/* Of what it was evaluated on last. FA_EMISSING where that is not known. */
static fa_status read_evaluated_hash(const char *work_dir, uint64_t *hash)
{
    struct fa_kept_results kept;
    const fa_status status = fa_kept_results_find(work_dir, FA_KEPT_LATEST, &kept);

    *hash = status == FA_OK ? kept.content_hash : 0;
    fa_kept_results_clear(&kept);
    FA_TRY(status);
    return *hash != 0 ? FA_OK : fa_fail(FA_EMISSING, "%s: kept no evaluation", work_dir);
}

static fa_status open_all(const struct fa_paths *paths, struct fa_dataset **parts)
{
    for (size_t i = 0; i < paths->n; i++)
        FA_TRY(fa_dataset_open(paths->path[i], &parts[i]));
    return FA_OK;
}

static fa_status open_joined(const struct fa_paths *paths, struct fa_dataset **dataset)
{
    struct fa_dataset *parts[FA_DATASETS_MAX] = {NULL};
    fa_status status = open_all(paths, parts);

    if (status == FA_OK)
        status = fa_dataset_join(parts, paths->path, paths->n, dataset);
    for (size_t i = 0; i < paths->n; i++)
        fa_dataset_close(parts[i]);
    return status;
}

/* What the key names. FA_EMISSING where other data lie there by now. */
static fa_status open_same(const struct fa_json *config, const char *key, uint64_t content_hash,
                           struct fa_dataset **dataset)
{
    struct fa_paths paths;

    if (!fa_paths_read(fa_config_get(config, key), &paths) || paths.n == 0)
        return fa_fail(FA_EMISSING, "the run does not say its %s", key);
    FA_TRY(paths.n > 1 ? open_joined(&paths, dataset) : fa_dataset_open(paths.path[0], dataset));
    if ((*dataset)->content_hash == content_hash)
        return FA_OK;
    fa_dataset_close(*dataset);
    *dataset = NULL;
    return fa_fail(FA_EMISSING, "%s: holds other data than those of the run", paths.path[0]);
}

static fa_status open_trained(const char *work_dir, const struct fa_json *config, struct run_data *data)
{
    uint64_t hash;

    FA_TRY(read_trained_hash(work_dir, &hash));
    fa_json_to_bool(fa_config_get(config, "data.keep_empty"), &data->has_empty);
    return open_same(config, "data.train", hash, &data->dataset);
}

static fa_status open_validated(const char *work_dir, const struct fa_json *config, struct run_data *data)
{
    uint64_t hash;

    FA_TRY(read_evaluated_hash(work_dir, &hash));
    data->has_empty = true;
    return open_same(config, "data.val", hash, &data->dataset);
}

/* ---- which pictures are among them ---- */

/* Of all images that were looked at, in order. */
static fa_status list_known(const struct run_data *data, struct fa_fingerprint **out, size_t *n)
{
    const struct fa_sampler_config each_once = {.batch = 1, .keep_empty = data->has_empty};
    struct fa_sampler *sampler;
    fa_status status;

    FA_TRY(fa_sampler_create(data->dataset, &each_once, &sampler));
    *n = fa_sampler_records(sampler);
    status = fa_alloc(*n, sizeof **out, out);
    for (size_t i = 0; i < *n && status == FA_OK; i++) {
        const struct fa_record *record = &data->dataset->records[fa_sampler_record(sampler, 0, i)];

        (*out)[i] = (struct fa_fingerprint){(uint32_t)record->n_bytes, record->crc};
    }
    fa_sampler_destroy(sampler);
    if (status == FA_OK)
        qsort(*out, *n, sizeof **out, by_fingerprint);
    return status;
}

static fa_status count_in(const struct run_data *data, const struct fa_fingerprint *pictures, size_t n,
                          size_t *n_known)
{
    struct fa_fingerprint *known;
    size_t n_all;

    FA_TRY(list_known(data, &known, &n_all));
    for (size_t i = 0; i < n; i++)
        *n_known += bsearch(&pictures[i], known, n_all, sizeof *known, by_fingerprint) != NULL;
    fa_free(known);
    return FA_OK;
}

typedef fa_status (*open_fn)(const char *work_dir, const struct fa_json *config, struct run_data *data);

/* Data that cannot be opened, or are others by now, tell nothing. */
static fa_status count_known(const char *work_dir, const struct fa_json *config, open_fn open,
                             const struct fa_fingerprint *pictures, size_t n, size_t *n_known)
{
    struct run_data data = {0};
    fa_status status = open(work_dir, config, &data);

    if (status != FA_OK)
        return status == FA_ENOMEM ? status : FA_OK;
    status = count_in(&data, pictures, n, n_known);
    fa_dataset_close(data.dataset);
    return status;
}

static fa_status count(const char *work_dir, const struct fa_fingerprint *pictures, size_t n,
                       struct fa_known_pictures *known)
{
    struct fa_json *config;
    fa_status status = fa_json_read_in(work_dir, "config.json", &config);

    if (status != FA_OK)
        return status == FA_ENOMEM ? status : FA_OK;
    status = count_known(work_dir, config, open_trained, pictures, n, &known->n_trained);
    if (status == FA_OK)
        status = count_known(work_dir, config, open_validated, pictures, n, &known->n_validated);
    fa_json_free(config);
    return status;
}

fa_status fa_known_pictures_tell(const char *weights, const struct fa_fingerprint *pictures, size_t n,
                                 struct fa_known_pictures *known)
{
    *known = (struct fa_known_pictures){0};
    if (!fa_directory_exists(weights))
        return FA_OK;
    FA_TRY(count(weights, pictures, n, known));
    if (known->n_trained > 0)
        fa_warn("%s was trained on %zu of %zu picture%s here: results there say little about how good it is",
                weights, known->n_trained, n, fa_plural(n));
    if (known->n_validated > 0)
        fa_warn("%s was validated on %zu of %zu picture%s here, by which its score thresholds were chosen: "
                "results "
                "there are a little better than elsewhere",
                weights, known->n_validated, n, fa_plural(n));
    return FA_OK;
}
