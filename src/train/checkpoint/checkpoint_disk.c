/*
 * checkpoint_disk.c - what happens on disk while a checkpoint comes to exist.
 *
 *   1. every writer writes its shard into the directory under its temporary name, and makes it durable
 *   2. rank 0, when all have, writes the manifest, renames the directory, makes the parent durable, and
 * points `latest` at it
 *
 * Until the rename nothing is there, after it everything is. A failure removes the temporary directory and
 * leaves older checkpoints as they are; what cannot be removed is overwritten by the next attempt, or swept.
 * Who does what when is said in checkpoint_writer.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

_Static_assert(sizeof(fa_real) == sizeof(float), "checkpoints hold float32");

/* ---- names ---- */

fa_status fa_checkpoint_place_make(const struct fa_directory *root, const char *name, uint64_t token,
                                   struct fa_checkpoint_place *out)
{
    *out = (struct fa_checkpoint_place){.root = root, .name = name};
    return fa_asprintf(&out->temporary, "%s.%016" PRIx64 FA_TEMPORARY_SUFFIX, name, token);
}

void fa_checkpoint_place_clear(struct fa_checkpoint_place *place)
{
    fa_free(place->temporary);
    *place = (struct fa_checkpoint_place){.temporary = NULL};
}

/* ---- 1. shards ---- */

/* Of this shard only: others may have written theirs, or be about to. */
static fa_status check_space(const char *root, const struct fa_checkpoint_shard *shard)
{
    const size_t n_bytes = fa_checkpoint_shard_elements(shard) * sizeof(float);
    uint64_t free_bytes;

    FA_TRY(fa_directory_free_bytes(root, &free_bytes));
    if (free_bytes >= n_bytes + ((size_t)1 << 20))
        return FA_OK;
    return fa_fail(FA_EFULL, "%s: a shard of a checkpoint needs %zu MiB, %llu MiB are free; make room", root,
                   (n_bytes >> 20) + 1, (unsigned long long)(free_bytes >> 20));
}

static fa_status write_slice(struct fa_h5 *file, const char *name, struct fa_range range, const float *slice)
{
    int64_t n = (int64_t)(range.end - range.begin);

    return n == 0 ? FA_OK : fa_h5_write(file, name, FA_H5_F32, 1, &n, slice);
}

static fa_status write_slices(const struct fa_new_file *target, const struct fa_checkpoint_buffers *slices,
                              const struct fa_checkpoint_shard *shard)
{
    struct fa_h5 *file;
    fa_status status;

    FA_TRY(fa_h5_create_in(target, &file));
    status = write_slice(file, "value", shard->value, slices->value);
    if (status == FA_OK)
        status = write_slice(file, "momentum", shard->momentum, slices->momentum);
    if (status == FA_OK)
        status = write_slice(file, "average", shard->average, slices->average);
    return fa_h5_finish(file, status);
}

static fa_status write_durably(const struct fa_directory *directory, const char *name,
                               const struct fa_checkpoint_buffers *slices, struct fa_checkpoint_shard *shard)
{
    struct fa_new_file *file;
    fa_status status;

    FA_TRY(fa_new_file_open_in(directory, name, &file));
    status = write_slices(file, slices, shard);
    if (status == FA_OK)
        status = fa_new_file_checksum(file, &shard->crc, &shard->n_bytes);
    return fa_new_file_finish(file, status);
}

fa_status fa_checkpoint_write_shard(const struct fa_checkpoint_place *place, size_t s,
                                    const struct fa_checkpoint_buffers *slices,
                                    struct fa_checkpoint_shard *shard)
{
    char name[FA_SHARD_NAME_SIZE];
    struct fa_directory *directory;
    fa_status status;

    FA_TRY(check_space(fa_directory_path(place->root), shard));
    FA_TRY(fa_directory_make_below(place->root, place->temporary, &directory));
    fa_checkpoint_shard_name(s, name);
    status = write_durably(directory, name, slices, shard);
    fa_directory_close(directory);
    return status;
}

/* ---- 2. the manifest and the name ---- */

/* No shard is written any more, so a temporary is what a crash left. */
static fa_status write_manifest(const struct fa_directory *directory, const struct fa_training_state *state,
                                const struct fa_checkpoint_shard *shards, size_t n_shards, size_t *n_bytes)
{
    const struct fa_sweep left = {.is_file = fa_checkpoint_is_file};
    char *text;
    fa_status status;

    FA_TRY(fa_directory_sweep(directory, &left));
    FA_TRY(fa_checkpoint_manifest_print(state, shards, n_shards, &text));
    *n_bytes = strlen(text);
    status = fa_directory_write(directory, FA_MANIFEST_NAME, text, *n_bytes);
    fa_free(text);
    return status;
}

static fa_status complete(const struct fa_checkpoint_place *place, const struct fa_training_state *state,
                          const struct fa_checkpoint_shard *shards, size_t n_shards, size_t *n_bytes)
{
    struct fa_directory *directory;
    fa_status status;

    FA_TRY(fa_directory_open_below(place->root, place->temporary, &directory));
    status = write_manifest(directory, state, shards, n_shards, n_bytes);
    fa_directory_close(directory);
    return status;
}

static fa_status put_aside(const struct fa_checkpoint_place *place)
{
    char *aside;

    FA_TRY(fa_directory_put_aside(place->root, place->name, &aside));
    fa_warn("%s/%s is not a sound checkpoint of this run, and was renamed to %s",
            fa_directory_path(place->root), place->name, aside);
    fa_free(aside);
    return FA_OK;
}

/* Gives the temporary its final name. One of this run that is there already (damaged, or of the same step) is
   exchanged for it and then has the temporary name; or, where the file system cannot do that, removed before.
 */
static fa_status give_name(const struct fa_checkpoint_place *place, const char *run)
{
    enum fa_entry_kind kind;
    bool possible;

    FA_TRY(fa_directory_look(place->root, place->name, &kind));
    if (kind == FA_ENTRY_ABSENT)
        return fa_directory_rename(place->root, place->temporary, place->name);
    if (!fa_checkpoint_is_own(place->root, place->name, run, NULL)) {
        FA_TRY(put_aside(place));
        return fa_directory_rename(place->root, place->temporary, place->name);
    }
    FA_TRY(fa_directory_exchange(place->root, place->temporary, place->name, &possible));
    if (possible)
        return FA_OK;
    FA_TRY(fa_directory_remove_tree(place->root, place->name, fa_checkpoint_is_file));
    return fa_directory_rename(place->root, place->temporary, place->name);
}

fa_status fa_checkpoint_publish(const struct fa_checkpoint_place *place,
                                const struct fa_training_state *state,
                                const struct fa_checkpoint_shard *shards, size_t n_shards, size_t *n_bytes)
{
    FA_TRY(complete(place, state, shards, n_shards, n_bytes));
    FA_TRY(give_name(place, state->run));
    return fa_directory_sync(place->root);
}

/* ---- afterwards ---- */

static fa_status remove_temporary(const struct fa_checkpoint_place *place)
{
    return fa_directory_remove_tree(place->root, place->temporary, fa_checkpoint_is_file);
}

static fa_status point_latest(const struct fa_checkpoint_place *place)
{
    char *text;
    fa_status status;

    FA_TRY(fa_asprintf(&text, "%s\n", place->name));
    status = fa_directory_write(place->root, "latest", text, strlen(text));
    fa_free(text);
    return status;
}

void fa_checkpoint_tidy_up(const struct fa_checkpoint_place *place)
{
    const char *root = fa_directory_path(place->root);

    if (remove_temporary(place) != FA_OK)
        fa_warn("what %s/%s replaced could not be removed: %s", root, place->name, fa_message());
    if (point_latest(place) != FA_OK)
        fa_warn("%s/%s is complete, but `latest` does not name it: %s", root, place->name, fa_message());
}

fa_status fa_checkpoint_discard(const struct fa_checkpoint_place *place, fa_status failure)
{
    char message[FA_MESSAGE_MAX];

    snprintf(message, sizeof message, "%s", fa_message());
    if (place->temporary != NULL && remove_temporary(place) != FA_OK)
        fa_warn("%s", fa_message());
    return fa_status_forward(failure, message);
}

/* ---- before the first ---- */

static fa_status write_and_remove(const struct fa_directory *root, const char *name)
{
    FA_TRY(fa_directory_write(root, name, name, strlen(name)));
    FA_TRY(fa_directory_remove_file(root, name));
    return fa_directory_sync(root);
}

/* Under a temporary name all the way, so that a sweep takes what a crash leaves. */
fa_status fa_checkpoint_prove(const struct fa_directory *root)
{
    char token[FA_TOKEN_SIZE], name[64];

    FA_TRY(fa_token_make(token));
    snprintf(name, sizeof name, FA_CHECKPOINT_PROOF ".%s" FA_TEMPORARY_SUFFIX, token);
    return fa_prefix(write_and_remove(root, name), "a checkpoint could not be saved");
}
