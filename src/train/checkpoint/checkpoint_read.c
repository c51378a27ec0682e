/*
 * checkpoint_read.c - a checkpoint back into a model of the same parameters, on any number of ranks.
 *
 * Each shard is read and checked by one rank and broadcast. Everything is staged beside the state, which is
 * filled only when all ranks have all of it.
 */
#include <string.h>

#include "checkpoint_private.h"
#include "fa/memory.h"

struct staging {
    struct fa_checkpoint_manifest manifest;
    float *value, *momentum;
};

static const struct fa_checkpoint_tensor *find_tensor(const struct fa_checkpoint_manifest *manifest,
                                                      const char *name)
{
    for (size_t i = 0; i < manifest->n_tensors; i++)
        if (strcmp(manifest->tensors[i].name, name) == 0)
            return &manifest->tensors[i];
    return NULL;
}

static fa_status check_parameter(const char *directory, const struct fa_checkpoint_manifest *manifest,
                                 const struct fa_param *param)
{
    const struct fa_checkpoint_tensor *tensor = find_tensor(manifest, param->name);
    char want[64], got[64];

    if (tensor == NULL)
        return fa_fail(FA_EINVAL, "%s: is of another model: it has no %s", directory, param->name);
    if (!fa_dims_equal(tensor->n_dims, tensor->dims, param->n_dims, param->dims)) {
        fa_dims_print(tensor->n_dims, tensor->dims, got, sizeof got);
        fa_dims_print(param->n_dims, param->dims, want, sizeof want);
        return fa_fail(FA_EINVAL, "%s: is of another model: %s is %s there and %s here", directory,
                       param->name, got, want);
    }
    if (tensor->kind != param->kind)
        return fa_fail(
            FA_EINVAL,
            "%s: is of another model: %s is %s there and %s here; resume with the same frozen stages",
            directory, param->name, fa_checkpoint_kinds[tensor->kind], fa_checkpoint_kinds[param->kind]);
    return FA_OK;
}

static fa_status check_model(const char *directory, const struct fa_checkpoint_manifest *manifest,
                             const struct fa_params *params)
{
    for (size_t i = 0; i < params->n; i++)
        FA_TRY(check_parameter(directory, manifest, &params->entry[i]));
    if (manifest->n_tensors != params->n)
        return fa_fail(FA_EINVAL, "%s: is of another model: it has %zu parameters, this one %zu", directory,
                       manifest->n_tensors, params->n);
    return FA_OK;
}

static fa_status open_staging(const char *directory, const struct fa_params *params, struct staging *out)
{
    FA_TRY(fa_checkpoint_manifest_read(directory, &out->manifest));
    FA_TRY(check_model(directory, &out->manifest, params));
    FA_TRY(fa_alloc(out->manifest.n_value, sizeof(float), &out->value));
    return fa_alloc(out->manifest.n_momentum, sizeof(float), &out->momentum);
}

static void close_staging(struct staging *staging)
{
    fa_free(staging->value);
    fa_free(staging->momentum);
    fa_checkpoint_manifest_clear(&staging->manifest);
}

static int reader_of(const struct fa_comm *comm, size_t shard)
{
    return (int)(shard % (size_t)fa_comm_size(comm));
}

static fa_status read_own_shards(struct fa_comm *comm, const char *directory, struct staging *staging)
{
    for (size_t s = 0; s < staging->manifest.n_shards; s++)
        if (reader_of(comm, s) == fa_comm_rank(comm))
            FA_TRY(fa_checkpoint_read_shard(directory, &staging->manifest, s, staging->value,
                                            staging->momentum));
    return FA_OK;
}

static void broadcast_slice(struct fa_comm *comm, float *buffer, struct fa_range range, int root)
{
    fa_comm_broadcast(comm, buffer + range.begin, (range.end - range.begin) * sizeof *buffer, root);
}

static void share_shards(struct fa_comm *comm, struct staging *staging)
{
    for (size_t s = 0; s < staging->manifest.n_shards; s++) {
        const struct fa_checkpoint_shard *shard = &staging->manifest.shards[s];

        broadcast_slice(comm, staging->value, shard->value, reader_of(comm, s));
        broadcast_slice(comm, staging->momentum, shard->momentum, reader_of(comm, s));
    }
}

static void fill_state(const struct staging *staging, struct fa_training_state *state)
{
    for (size_t i = 0; i < state->params->n; i++) {
        const struct fa_param *param = &state->params->entry[i];
        size_t from = find_tensor(&staging->manifest, param->name)->offset;
        size_t n_bytes = param->n_elem * sizeof(float);

        memcpy(state->params->value + param->offset, staging->value + from, n_bytes);
        if (param->kind == FA_PARAM_TRAINABLE)
            memcpy(state->momentum + param->offset, staging->momentum + from, n_bytes);
    }
    state->progress = staging->manifest.progress;
}

fa_status fa_checkpoint_read(struct fa_comm *comm, const char *directory, struct fa_training_state *state)
{
    struct staging staging = {0};
    fa_status status = fa_comm_agree(comm, open_staging(directory, state->params, &staging));

    if (status == FA_OK)
        status = fa_comm_agree(comm, read_own_shards(comm, directory, &staging));
    if (status == FA_OK) {
        share_shards(comm, &staging);
        fill_state(&staging, state);
    }
    close_staging(&staging);
    return status;
}
