/* A packed dataset that one process of a team reads, and the others get from it. */
#include <string.h>

#include "dataset_private.h"
#include "fa/machine.h"
#include "fa/memory.h"

/* ---- names ---- */

static char *append(char *to, const char *name)
{
    const size_t n = strlen(name) + 1;

    memcpy(to, name, n);
    return to + n;
}

/* All names end to end: of records, then of categories. */
static fa_status print_texts(const struct fa_dataset *dataset, char **texts, size_t *n_bytes)
{
    char *at;

    *n_bytes = 0;
    for (size_t i = 0; i < dataset->n_records; i++)
        *n_bytes += strlen(dataset->records[i].file_name) + 1;
    for (size_t i = 0; i < dataset->n_categories; i++)
        *n_bytes += strlen(dataset->categories[i].name) + 1;
    FA_TRY(fa_alloc(*n_bytes, 1, texts));
    at = *texts;
    for (size_t i = 0; i < dataset->n_records; i++)
        at = append(at, dataset->records[i].file_name);
    for (size_t i = 0; i < dataset->n_categories; i++)
        at = append(at, dataset->categories[i].name);
    return FA_OK;
}

static void take_texts(struct fa_open_dataset *d, char *texts, const struct fa_manifest *manifest)
{
    d->texts = texts;
    for (size_t i = 0; i < manifest->n_records; i++, texts += strlen(texts) + 1)
        d->records[i].file_name = texts;
    for (size_t i = 0; i < manifest->n_categories; i++, texts += strlen(texts) + 1)
        d->categories[i].name = texts;
}

/* ---- what the first process has ---- */

/* The counts and hashes of a dataset. */
struct told {
    struct fa_manifest manifest; /* but its shards */
    uint64_t n_bytes, n_index_bytes;
};

static struct told describe(const struct fa_open_dataset *d)
{
    const struct fa_dataset *public = &d->public;

    return (struct told){.manifest = {.n_records = public->n_records,
                                      .n_annotations = public->n_annotations,
                                      .n_categories = public->n_categories,
                                      .category_hash = public->category_hash,
                                      .content_hash = public->content_hash,
                                      .n_shards = d->n_shards},
                         .n_bytes = public->n_bytes,
                         .n_index_bytes = public->n_index_bytes};
}

/* Pointers in it mean nothing elsewhere, and are set there. */
static void broadcast_arrays(struct fa_open_dataset *d, const struct fa_manifest *manifest,
                             const struct fa_team *team)
{
    const size_t n = manifest->n_annotations;

    fa_team_broadcast(team, d->records, manifest->n_records * sizeof *d->records, 0);
    fa_team_broadcast(team, d->places, manifest->n_records * sizeof *d->places, 0);
    fa_team_broadcast(team, d->categories, manifest->n_categories * sizeof *d->categories, 0);
    fa_team_broadcast(team, d->bbox, n * sizeof *d->bbox, 0);
    fa_team_broadcast(team, d->label, n * sizeof *d->label, 0);
    fa_team_broadcast(team, d->annotation_id, n * sizeof *d->annotation_id, 0);
    fa_team_broadcast(team, d->area, n * sizeof *d->area, 0);
    fa_team_broadcast(team, d->crowd, n, 0);
    fa_team_broadcast(team, d->ignore, n, 0);
}

static fa_status give(struct fa_open_dataset *d, const struct fa_team *team)
{
    struct told told = describe(d);
    char *texts = NULL;
    size_t n_bytes = 0;
    fa_status status = print_texts(&d->public, &texts, &n_bytes);

    status = fa_team_agree(team, status);
    if (status == FA_OK) {
        fa_team_broadcast(team, &told, sizeof told, 0);
        status = fa_team_agree(team, FA_OK); /* the others have room */
    }
    if (status == FA_OK)
        status = fa_team_hand_out(team, &texts, &n_bytes, 0);
    if (status == FA_OK)
        broadcast_arrays(d, &told.manifest, team);
    fa_free(texts);
    return status;
}

/* ---- what the others make of it ---- */

static fa_status make_room(const char *directory, const struct fa_manifest *manifest,
                           struct fa_open_dataset **out)
{
    FA_TRY(fa_alloc_zero(1, sizeof **out, out));
    FA_TRY(fa_open_dataset_allocate(*out, manifest));
    for (size_t i = 0; i < manifest->n_shards; i++)
        FA_TRY(fa_dataset_shard_name(&(*out)->shards[i], directory, i));
    return fa_machine_allow_files(manifest->n_shards, "");
}

static fa_status take(const char *directory, const struct fa_team *team, struct fa_open_dataset **out)
{
    struct told told;
    char *texts = NULL;
    size_t n_bytes = 0;

    FA_TRY(fa_team_agree(team, FA_OK)); /* the first has something to give */
    fa_team_broadcast(team, &told, sizeof told, 0);
    FA_TRY(fa_team_agree(team, make_room(directory, &told.manifest, out)));
    FA_TRY(fa_team_hand_out(team, &texts, &n_bytes, 0));
    broadcast_arrays(*out, &told.manifest, team);
    take_texts(*out, texts, &told.manifest);
    (*out)->public.n_bytes = told.n_bytes;
    (*out)->public.n_index_bytes = told.n_index_bytes;
    fa_open_dataset_publish(*out, &told.manifest);
    return FA_OK;
}

fa_status fa_dataset_open_together(const char *directory, const struct fa_team *team, struct fa_dataset **out)
{
    const bool is_first = fa_team_rank(team) == 0;
    struct fa_dataset *dataset = NULL;
    struct fa_open_dataset *taken = NULL;
    fa_status status = fa_team_agree(team, is_first ? fa_dataset_open(directory, &dataset) : FA_OK);

    if (status == FA_OK && fa_team_size(team) > 1)
        status = is_first ? give((struct fa_open_dataset *)dataset, team) : take(directory, team, &taken);
    if (taken != NULL)
        dataset = &taken->public;
    if (status == FA_OK)
        *out = dataset;
    else
        fa_dataset_close(dataset);
    return status;
}
