/*
 * checkpoint_write.c - what happens on disk while a checkpoint comes to exist.
 *
 *   1. every writer writes its shard into the directory under its temporary name, and makes it durable
 *   2. rank 0, when all have, writes the manifest, renames the directory, makes the parent durable, and
 * points `latest` at it
 *
 * Until the rename nothing is there, after it everything is. A failure removes the temporary directory and
 * leaves older checkpoints as they are; what cannot be removed is overwritten by the next attempt, or swept.
 * Who does what when is said in checkpoint_writer.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/log.h"
#include "fa/memory.h"

_Static_assert(sizeof(fa_real) == sizeof(float), "checkpoints hold float32");

/* ---- names ---- */

fa_status fa_checkpoint_place_make(const char *root, const char *name, struct fa_checkpoint_place *out)
{
    *out = (struct fa_checkpoint_place){.root = root, .name = name};
    FA_TRY(fa_path_join(root, name, &out->directory));
    return fa_file_temporary_name(out->directory, &out->temporary);
}

void fa_checkpoint_place_clear(struct fa_checkpoint_place *place)
{
    fa_free(place->temporary);
    fa_free(place->directory);
    *place = (struct fa_checkpoint_place){.directory = NULL};
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
    return fa_fail(FA_EIO, "%s: a shard of a checkpoint needs %zu MiB, %llu MiB are free; make room", root,
                   (n_bytes >> 20) + 1, (unsigned long long)(free_bytes >> 20));
}

static fa_status write_slice(struct fa_h5 *file, const char *name, struct fa_range range, const float *slice)
{
    int64_t n = (int64_t)(range.end - range.begin);

    return n == 0 ? FA_OK : fa_h5_write(file, name, FA_H5_F32, 1, &n, slice);
}

static fa_status write_file(const char *path, const struct fa_checkpoint_buffers *slices,
                            const struct fa_checkpoint_shard *shard)
{
    struct fa_h5 *file;
    fa_status status;

    FA_TRY(fa_h5_create(path, &file));
    status = write_slice(file, "value", shard->value, slices->value);
    if (status == FA_OK)
        status = write_slice(file, "momentum", shard->momentum, slices->momentum);
    if (status == FA_OK)
        status = write_slice(file, "average", shard->average, slices->average);
    return fa_h5_finish(file, status);
}

static fa_status write_durably(const char *path, const struct fa_checkpoint_buffers *slices,
                               struct fa_checkpoint_shard *shard)
{
    char *temporary;
    fa_status status;

    FA_TRY(fa_file_temporary_name(path, &temporary));
    status = write_file(temporary, slices, shard);
    if (status == FA_OK)
        status = fa_file_commit(temporary, path);
    fa_free(temporary);
    return status != FA_OK ? status : fa_file_checksum(path, &shard->crc, &shard->n_bytes);
}

fa_status fa_checkpoint_write_shard(const struct fa_checkpoint_place *place, size_t s,
                                    const struct fa_checkpoint_buffers *slices,
                                    struct fa_checkpoint_shard *shard)
{
    char *path;
    fa_status status;

    FA_TRY(fa_directory_make(place->root));
    FA_TRY(check_space(place->root, shard));
    FA_TRY(fa_directory_make(place->temporary));
    FA_TRY(fa_checkpoint_shard_path(place->temporary, s, &path));
    status = write_durably(path, slices, shard);
    fa_free(path);
    return status;
}

/* ---- 2. the manifest and the name ---- */

static fa_status write_manifest(const char *directory, const struct fa_training_state *state,
                                const struct fa_checkpoint_shard *shards, size_t n_shards, size_t *n_bytes)
{
    char *path = NULL, *text = NULL;
    fa_status status = fa_path_join(directory, FA_MANIFEST_NAME, &path);

    if (status == FA_OK)
        status = fa_checkpoint_manifest_print(state, shards, n_shards, &text);
    if (status == FA_OK) {
        *n_bytes = strlen(text);
        status = fa_file_write_atomic(path, text, *n_bytes);
    }
    fa_free(text);
    fa_free(path);
    return status;
}

/* Exchanges two names at one stroke; *possible: the file system can. */
static fa_status exchange(const char *temporary, const char *directory, bool *possible)
{
    const bool done = renameat2(AT_FDCWD, temporary, AT_FDCWD, directory, RENAME_EXCHANGE) == 0;

    *possible = done || (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP);
    if (*possible && !done)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot exchange it with %s", temporary, directory);
    return FA_OK;
}

static fa_status rename_directory(const char *temporary, const char *directory)
{
    if (rename(temporary, directory) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot rename it to %s", temporary, directory);
    return FA_OK;
}

/* Gives temporary its final name. One of that name that is there already (damaged, or of the same step) is
   exchanged for it and then has the temporary name; or, where the file system cannot do that, removed before.
 */
static fa_status give_name(const char *temporary, const char *directory)
{
    bool possible;

    if (!fa_directory_exists(directory))
        return rename_directory(temporary, directory);
    FA_TRY(exchange(temporary, directory, &possible));
    if (possible)
        return FA_OK;
    FA_TRY(fa_directory_remove(directory));
    return rename_directory(temporary, directory);
}

fa_status fa_checkpoint_publish(const struct fa_checkpoint_place *place,
                                const struct fa_training_state *state,
                                const struct fa_checkpoint_shard *shards, size_t n_shards, size_t *n_bytes)
{
    FA_TRY(write_manifest(place->temporary, state, shards, n_shards, n_bytes));
    FA_TRY(give_name(place->temporary, place->directory));
    return fa_directory_sync(place->root);
}

/* ---- afterwards ---- */

static fa_status point_latest(const struct fa_checkpoint_place *place)
{
    char *path, *text = NULL;
    fa_status status;

    FA_TRY(fa_path_join(place->root, "latest", &path));
    status = fa_asprintf(&text, "%s\n", place->name);
    if (status == FA_OK)
        status = fa_file_write_atomic(path, text, strlen(text));
    fa_free(text);
    fa_free(path);
    return status;
}

void fa_checkpoint_tidy_up(const struct fa_checkpoint_place *place)
{
    if (fa_directory_remove(place->temporary) != FA_OK)
        fa_warn("what %s replaces is not removed: %s", place->directory, fa_message());
    if (point_latest(place) != FA_OK)
        fa_warn("%s is complete, but `latest` does not name it: %s", place->directory, fa_message());
}

fa_status fa_checkpoint_discard(const struct fa_checkpoint_place *place, fa_status failure)
{
    char message[FA_MESSAGE_MAX];

    snprintf(message, sizeof message, "%s", fa_message());
    if (place->temporary != NULL && fa_directory_remove(place->temporary) != FA_OK)
        fa_warn("%s", fa_message());
    return fa_status_forward(failure, message);
}
