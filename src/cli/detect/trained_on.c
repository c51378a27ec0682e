#include "trained_on.h"

#include <stdlib.h>

#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/shard.h"
#include "recipe/config_file.h"

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

/* Of all images of the dataset, in order. */
static fa_status list_known(const struct fa_dataset *dataset, struct fa_fingerprint **out)
{
    FA_TRY(fa_alloc(dataset->n_records, sizeof **out, out));
    for (size_t i = 0; i < dataset->n_records; i++)
        (*out)[i] = (struct fa_fingerprint){(uint32_t)dataset->records[i].n_bytes, dataset->records[i].crc};
    qsort(*out, dataset->n_records, sizeof **out, by_fingerprint);
    return FA_OK;
}

static fa_status count_known(const struct fa_dataset *dataset, const struct fa_fingerprint *pictures,
                             size_t n, size_t *n_known)
{
    struct fa_fingerprint *known;

    FA_TRY(list_known(dataset, &known));
    for (size_t i = 0; i < n; i++)
        *n_known += bsearch(&pictures[i], known, dataset->n_records, sizeof *known, by_fingerprint) != NULL;
    fa_free(known);
    return FA_OK;
}

/* FA_OK with *dataset NULL: weights is no work directory, or does not name any data. */
static fa_status open_data(const char *weights, struct fa_dataset **dataset)
{
    struct fa_json *config = NULL;
    const char *data = "";
    char *path;
    fa_status status = FA_OK;

    *dataset = NULL;
    FA_TRY(fa_path_join(weights, "config.json", &path));
    if (fa_file_exists(path))
        status = fa_json_read_file(path, &config);
    fa_free(path);
    if (status == FA_OK && fa_json_to_string(fa_config_get(config, "data.train"), &data) && data[0] != '\0')
        status = fa_dataset_open(data, dataset);
    fa_json_free(config);
    return status;
}

fa_status fa_trained_on_tell(const char *weights, const struct fa_fingerprint *pictures, size_t n,
                             size_t *n_known)
{
    struct fa_dataset *dataset;
    fa_status status = open_data(weights, &dataset);

    *n_known = 0;
    if (status != FA_OK || dataset == NULL)
        return status == FA_ENOMEM ? status : FA_OK;
    status = count_known(dataset, pictures, n, n_known);
    fa_dataset_close(dataset);
    if (*n_known > 0)
        fa_warn(
            "%s was trained on %zu of these %zu pictures: what it finds there says little of how good it is",
            weights, *n_known, n);
    return status;
}
