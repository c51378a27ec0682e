/*
 * checkpoint_shard.c - how the flat buffers are cut into shards, and one shard read back.
 */
#include <stdio.h>

#include "checkpoint_private.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"

size_t fa_checkpoint_shard_bytes = (size_t)64 << 20;

void fa_checkpoint_shard_name(size_t shard, char name[FA_SHARD_NAME_SIZE])
{
    snprintf(name, FA_SHARD_NAME_SIZE, "shard-%05zu.h5", shard);
}

static fa_status shard_path(const char *directory, size_t shard, char **out)
{
    char name[FA_SHARD_NAME_SIZE];

    fa_checkpoint_shard_name(shard, name);
    return fa_path_join(directory, name, out);
}

/* Part s of n, where lengths differ by at most one. */
static struct fa_range part(size_t n_elem, size_t s, size_t n)
{
    size_t each = n_elem / n, longer = n_elem % n;
    size_t begin = s * each + (s < longer ? s : longer);

    return (struct fa_range){begin, begin + each + (s < longer ? 1 : 0)};
}

struct fa_checkpoint_shard fa_checkpoint_slice(const struct fa_training_state *state, size_t shard,
                                               size_t n_shards)
{
    const size_t n_trainable = state->params->n_trainable,
                 n_average = state->average != NULL ? n_trainable : 0;

    return (struct fa_checkpoint_shard){.value = part(state->params->n_elem, shard, n_shards),
                                        .momentum = part(n_trainable, shard, n_shards),
                                        .average = part(n_average, shard, n_shards)};
}

static size_t length(struct fa_range range)
{
    return range.end - range.begin;
}

size_t fa_checkpoint_shard_elements(const struct fa_checkpoint_shard *shard)
{
    return length(shard->value) + length(shard->momentum) + length(shard->average);
}

static fa_status check_file(const char *path, const struct fa_checkpoint_shard *shard)
{
    uint64_t n_bytes;
    uint32_t crc;

    if (fa_file_is_dangling(path))
        return fa_fail(FA_EIO, "%s: is a link to what is not there; is its disk mounted?", path);
    FA_TRY(fa_file_size(path, &n_bytes));
    if (n_bytes != shard->n_bytes)
        return fa_fail(FA_EFORMAT, "%s: has %llu bytes, the manifest says %llu", path,
                       (unsigned long long)n_bytes, (unsigned long long)shard->n_bytes);
    FA_TRY(fa_file_checksum(path, &crc, &n_bytes));
    if (crc != shard->crc)
        return fa_fail(FA_EFORMAT, "%s: is damaged: its CRC32C is %08x, the manifest says %08x", path, crc,
                       shard->crc);
    return FA_OK;
}

static fa_status read_slice(struct fa_h5 *file, const char *name, struct fa_range range, float *buffer)
{
    if (buffer == NULL || range.begin == range.end)
        return FA_OK;
    return fa_h5_read(file, name, FA_H5_F32, (int64_t)length(range), buffer + range.begin);
}

static fa_status read_file(const char *path, const struct fa_checkpoint_shard *shard,
                           const struct fa_checkpoint_buffers *buffers)
{
    struct fa_h5 *file;
    fa_status status;

    FA_TRY(fa_h5_open(path, &file));
    status = read_slice(file, "value", shard->value, buffers->value);
    if (status == FA_OK)
        status = read_slice(file, "momentum", shard->momentum, buffers->momentum);
    if (status == FA_OK)
        status = read_slice(file, "average", shard->average, buffers->average);
    return fa_h5_finish(file, status);
}

fa_status fa_checkpoint_check_shard(const char *directory, const struct fa_checkpoint_manifest *manifest,
                                    size_t shard)
{
    char *path;
    fa_status status;

    FA_TRY(shard_path(directory, shard, &path));
    status = check_file(path, &manifest->shards[shard]);
    fa_free(path);
    return status;
}

fa_status fa_checkpoint_read_shard(const char *directory, const struct fa_checkpoint_manifest *manifest,
                                   size_t shard, const struct fa_checkpoint_buffers *buffers)
{
    char *path;
    fa_status status;

    FA_TRY(shard_path(directory, shard, &path));
    status = check_file(path, &manifest->shards[shard]);
    if (status == FA_OK)
        status = read_file(path, &manifest->shards[shard], buffers);
    fa_free(path);
    return status;
}
