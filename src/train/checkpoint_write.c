/*
 * checkpoint_write.c - the protocol by which a checkpoint comes to exist.
 *
 *   1. rank 0 makes the directory afresh under its temporary name, after a look at the free space
 *   2. every writer writes its shard there and makes it durable
 *   3. all ranks agree; rank 0 gets sizes and checksums
 *   4. rank 0 writes the manifest, renames the directory, makes the parent durable, and points `latest` at it
 *
 * Until the rename nothing is there, after it everything is. A failure removes the temporary directory and
 * leaves older checkpoints as they are.
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

static size_t state_bytes(const struct fa_params *params)
{
    return (params->n_elem + params->n_trainable) * sizeof(float);
}

static size_t count_shards(const struct fa_comm *comm, const struct fa_params *params)
{
    size_t wanted = (state_bytes(params) + fa_checkpoint_shard_bytes - 1) / fa_checkpoint_shard_bytes;
    size_t ranks = (size_t)fa_comm_size(comm);

    return wanted < 1 ? 1 : wanted < ranks ? wanted : ranks;
}

/* Writers are spread over the ranks, and so over the hosts. */
static size_t writer_of(const struct fa_comm *comm, size_t shard, size_t n_shards)
{
    return shard * (size_t)fa_comm_size(comm) / n_shards;
}

static fa_status parent_of(const char *path, char **out)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return fa_strdup(".", out);
    return fa_asprintf(out, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* Step 1. */
static fa_status check_space(const char *parent, size_t n_bytes)
{
    uint64_t free_bytes;

    FA_TRY(fa_directory_free_bytes(parent, &free_bytes));
    if (free_bytes >= n_bytes + ((size_t)1 << 20))
        return FA_OK;
    return fa_fail(FA_EIO, "%s: a checkpoint needs %zu MiB, %llu MiB are free; make room", parent,
                   (n_bytes >> 20) + 1, (unsigned long long)(free_bytes >> 20));
}

static fa_status make_temporary(const char *temporary, const char *parent, size_t n_bytes)
{
    FA_TRY(fa_directory_make(parent));
    FA_TRY(check_space(parent, n_bytes));
    FA_TRY(fa_directory_remove(temporary));
    return fa_directory_make(temporary);
}

/* Step 2. */
static fa_status write_slice(struct fa_h5 *file, const char *name, struct fa_range range,
                             const fa_real *buffer)
{
    int64_t n = (int64_t)(range.end - range.begin);

    return n == 0 ? FA_OK : fa_h5_write(file, name, FA_H5_F32, 1, &n, buffer + range.begin);
}

static fa_status write_file(const char *path, const struct fa_training_state *state,
                            const struct fa_checkpoint_shard *shard)
{
    struct fa_h5 *file;
    fa_status status;

    FA_TRY(fa_h5_create(path, &file));
    status = write_slice(file, "value", shard->value, state->params->value);
    if (status == FA_OK)
        status = write_slice(file, "momentum", shard->momentum, state->momentum);
    return fa_h5_finish(file, status);
}

static fa_status write_durably(const char *path, const struct fa_training_state *state,
                               struct fa_checkpoint_shard *shard)
{
    char *temporary;
    fa_status status;

    FA_TRY(fa_file_temporary_name(path, &temporary));
    status = write_file(temporary, state, shard);
    if (status == FA_OK)
        status = fa_file_commit(temporary, path);
    fa_free(temporary);
    return status != FA_OK ? status : fa_file_checksum(path, &shard->crc, &shard->n_bytes);
}

static fa_status write_shard(const char *directory, const struct fa_training_state *state, size_t s,
                             struct fa_checkpoint_shard *shard)
{
    char *path;
    fa_status status;

    FA_TRY(fa_checkpoint_shard_path(directory, s, &path));
    status = write_durably(path, state, shard);
    fa_free(path);
    return status;
}

/* Collective. Writers write; *shards (fa_free) on rank 0 is what they wrote. */
static fa_status write_shards(struct fa_comm *comm, const char *directory,
                              const struct fa_training_state *state, size_t n_shards,
                              struct fa_checkpoint_shard **shards)
{
    struct fa_checkpoint_shard mine;
    size_t n_mine = 0, n_bytes;
    fa_status status = FA_OK;

    for (size_t s = 0; s < n_shards; s++)
        if (writer_of(comm, s, n_shards) == (size_t)fa_comm_rank(comm)) {
            mine = fa_checkpoint_slice(state->params, s, n_shards);
            status = write_shard(directory, state, s, &mine);
            n_mine = 1;
        }
    FA_TRY(fa_comm_agree(comm, status));
    return fa_comm_gather(comm, &mine, n_mine * sizeof mine, 0, (void **)shards, &n_bytes);
}

/* Step 4. */
static fa_status write_manifest(const char *directory, const struct fa_training_state *state,
                                const struct fa_checkpoint_shard *shards, size_t n_shards)
{
    char *path = NULL, *text = NULL;
    fa_status status = fa_path_join(directory, FA_MANIFEST_NAME, &path);

    if (status == FA_OK)
        status = fa_checkpoint_manifest_print(state, shards, n_shards, &text);
    if (status == FA_OK)
        status = fa_file_write_atomic(path, text, strlen(text));
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

static fa_status point_latest(const char *parent, const char *directory)
{
    const char *slash = strrchr(directory, '/');
    char *path, *text = NULL;
    fa_status status;

    FA_TRY(fa_path_join(parent, "latest", &path));
    status = fa_asprintf(&text, "%s\n", slash == NULL ? directory : slash + 1);
    if (status == FA_OK)
        status = fa_file_write_atomic(path, text, strlen(text));
    fa_free(text);
    fa_free(path);
    return status;
}

/* The checkpoint exists; what is still to do cannot undo that. */
static void tidy_up(const char *temporary, const char *parent, const char *directory)
{
    if (fa_directory_remove(temporary) != FA_OK)
        fa_warn("what %s replaces is not removed: %s", directory, fa_message());
    if (point_latest(parent, directory) != FA_OK)
        fa_warn("%s is complete, but `latest` does not name it: %s", directory, fa_message());
}

static fa_status publish(const char *temporary, const char *parent, const char *directory,
                         const struct fa_training_state *state, const struct fa_checkpoint_shard *shards,
                         size_t n_shards)
{
    FA_TRY(write_manifest(temporary, state, shards, n_shards));
    FA_TRY(give_name(temporary, directory));
    FA_TRY(fa_directory_sync(parent));
    tidy_up(temporary, parent, directory);
    return FA_OK;
}

/* Rank 0, after a failure: removes what was begun, keeping the failure's message. */
static fa_status discard(const char *temporary, fa_status failure)
{
    char message[FA_MESSAGE_MAX];

    snprintf(message, sizeof message, "%s", fa_message());
    if (fa_directory_remove(temporary) != FA_OK)
        fa_warn("%s", fa_message());
    return fa_status_forward(failure, message);
}

fa_status fa_checkpoint_write(struct fa_comm *comm, const char *directory,
                              const struct fa_training_state *state)
{
    char *temporary = NULL, *parent = NULL;
    size_t n_shards = count_shards(comm, state->params);
    struct fa_checkpoint_shard *shards = NULL;
    bool first = fa_comm_rank(comm) == 0;
    fa_status status = fa_file_temporary_name(directory, &temporary);

    if (status == FA_OK)
        status = parent_of(directory, &parent);
    if (status == FA_OK && first)
        status = make_temporary(temporary, parent, state_bytes(state->params));
    status = fa_comm_agree(comm, status);
    if (status == FA_OK)
        status = write_shards(comm, temporary, state, n_shards, &shards);
    if (status == FA_OK)
        status = fa_comm_agree(comm, first ? publish(temporary, parent, directory, state, shards, n_shards)
                                           : FA_OK);
    if (status != FA_OK && first && temporary != NULL)
        status = discard(temporary, status);
    fa_free(shards);
    fa_free(parent);
    fa_free(temporary);
    return status;
}
