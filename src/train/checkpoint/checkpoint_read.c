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
    struct fa_checkpoint_buffers buffers;
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
        return fa_fail(FA_EINVAL, "%s: belongs to another model: it has no %s; set the model.* keys back",
                       directory, param->name);
    if (!fa_dims_equal(tensor->n_dims, tensor->dims, param->n_dims, param->dims)) {
        fa_dims_print(tensor->n_dims, tensor->dims, got, sizeof got);
        fa_dims_print(param->n_dims, param->dims, want, sizeof want);
        return fa_fail(FA_EINVAL,
                       "%s: belongs to another model: %s is %s there and %s here; set the model.* keys back",
                       directory, param->name, got, want);
    }
    if (tensor->kind != param->kind)
        return fa_fail(
            FA_EINVAL,
            "%s: belongs to another model: %s is %s there and %s here; resume with the same frozen stages",
            directory, param->name, fa_checkpoint_kinds[tensor->kind], fa_checkpoint_kinds[param->kind]);
    return FA_OK;
}

static fa_status check_model(const char *directory, const struct fa_checkpoint_manifest *manifest,
                             const struct fa_params *params)
{
    for (size_t i = 0; i < params->n; i++)
        FA_TRY(check_parameter(directory, manifest, &params->entry[i]));
    if (manifest->n_tensors != params->n)
        return fa_fail(
            FA_EINVAL,
            "%s: belongs to another model: it has %zu parameters, this one %zu; set the model.* keys back",
            directory, manifest->n_tensors, params->n);
    return FA_OK;
}

static fa_status open_staging(const char *directory, const struct fa_params *params, struct staging *out)
{
    FA_TRY(fa_checkpoint_manifest_read(directory, &out->manifest));
    FA_TRY(check_model(directory, &out->manifest, params));
    FA_TRY(fa_alloc(out->manifest.n_value, sizeof(float), &out->buffers.value));
    FA_TRY(fa_alloc(out->manifest.n_momentum, sizeof(float), &out->buffers.momentum));
    return fa_alloc(out->manifest.n_average, sizeof(float), &out->buffers.average);
}

static void close_staging(struct staging *staging)
{
    fa_free(staging->buffers.value);
    fa_free(staging->buffers.momentum);
    fa_free(staging->buffers.average);
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
            FA_TRY(fa_checkpoint_read_shard(directory, &staging->manifest, s, &staging->buffers));
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

        broadcast_slice(comm, staging->buffers.value, shard->value, reader_of(comm, s));
        broadcast_slice(comm, staging->buffers.momentum, shard->momentum, reader_of(comm, s));
        broadcast_slice(comm, staging->buffers.average, shard->average, reader_of(comm, s));
    }
}

/* Those of every tensor, or of the trainable ones, which are all that momentum and moving average have. */
static fa_status check_buffer(const struct fa_checkpoint_manifest *manifest, float *buffer, bool of_all)
{
    for (size_t i = 0; i < manifest->n_tensors; i++) {
        const struct fa_checkpoint_tensor *entry = &manifest->tensors[i];
        const struct fa_tensor tensor = {
            .name = entry->name, .n_elem = entry->n_elem, .data = buffer + entry->offset};

        if (of_all || entry->kind == FA_PARAM_TRAINABLE)
            FA_TRY(fa_weights_check_values(&tensor, 1));
    }
    return FA_OK;
}

/* The same verdict on every rank: all have all of it. */
static fa_status check_values(const char *directory, const struct staging *staging)
{
    const struct fa_checkpoint_manifest *manifest = &staging->manifest;

    FA_TRY(fa_prefix(check_buffer(manifest, staging->buffers.value, true), "%s", directory));
    FA_TRY(fa_prefix(check_buffer(manifest, staging->buffers.momentum, false), "%s: momentum", directory));
    if (manifest->n_average == 0)
        return FA_OK;
    return fa_prefix(check_buffer(manifest, staging->buffers.average, false), "%s: average", directory);
}

/* A row of the state, and what it is filled from. */
struct filling {
    struct fa_flat *row; /* NULL: there is none */
    const float *from;
    fa_real *elements; /* of the row while it is open; NULL: it is not */
};

enum { ROWS = 3 };

/* A moving average that was not kept so far begins with the weights. */
static void list_fillings(const struct staging *staging, const struct fa_training_state *state,
                          struct filling fillings[ROWS])
{
    const struct fa_checkpoint_buffers *from = &staging->buffers;

    fillings[0] = (struct filling){state->params->value, from->value, NULL};
    fillings[1] = (struct filling){state->momentum, from->momentum, NULL};
    fillings[2] =
        (struct filling){state->average, staging->manifest.n_average > 0 ? from->average : from->value, NULL};
}

static fa_status open_rows(struct filling fillings[ROWS])
{
    for (int r = 0; r < ROWS; r++)
        if (fillings[r].row != NULL)
            FA_TRY(fa_flat_open(fillings[r].row, FA_FLAT_WRITE, &fillings[r].elements));
    return FA_OK;
}

static fa_status close_rows(struct filling fillings[ROWS], fa_status status)
{
    for (int r = 0; r < ROWS; r++)
        if (fillings[r].elements != NULL)
            status = fa_flat_finish(fillings[r].row, status);
    return status;
}

/* Of all parameters, or of the trainable ones, which come first: each to its own place. */
static void fill_row(const struct staging *staging, const struct fa_params *params,
                     const struct filling *filling)
{
    for (size_t i = 0; i < params->n; i++) {
        const struct fa_param *param = &params->entry[i];

        if (param->offset < fa_flat_length(filling->row))
            memcpy(filling->elements + param->offset,
                   filling->from + find_tensor(&staging->manifest, param->name)->offset,
                   param->n_elem * sizeof *filling->from);
    }
}

/* Collective. Nothing is changed where some rank cannot open its rows. */
static fa_status fill_state(struct fa_comm *comm, const struct staging *staging,
                            struct fa_training_state *state)
{
    struct filling fillings[ROWS];
    fa_status status;

    list_fillings(staging, state, fillings);
    status = fa_comm_agree(comm, open_rows(fillings));
    for (int r = 0; r < ROWS && status == FA_OK; r++)
        if (fillings[r].row != NULL)
            fill_row(staging, state->params, &fillings[r]);
    if (status == FA_OK)
        state->progress = staging->manifest.progress;
    return close_rows(fillings, status);
}

fa_status fa_checkpoint_read(struct fa_comm *comm, const char *directory, struct fa_training_state *state)
{
    struct staging staging = {0};
    fa_status status = fa_comm_agree(comm, open_staging(directory, state->params, &staging));

    if (status == FA_OK)
        status = fa_comm_agree(comm, read_own_shards(comm, directory, &staging));
    if (status == FA_OK) {
        share_shards(comm, &staging);
        status = check_values(directory, &staging);
    }
    if (status == FA_OK)
        status = fill_state(comm, &staging, state);
    close_staging(&staging);
    return status;
}
