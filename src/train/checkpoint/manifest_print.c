/*
 * manifest_print.c - the text of a checkpoint's manifest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/crc32c.h"
#include "fa/memory.h"

const char *const fa_checkpoint_kinds[FA_MANIFEST_KINDS] = {
    [FA_PARAM_TRAINABLE] = "trainable", [FA_PARAM_FROZEN] = "frozen", [FA_PARAM_STATISTIC] = "statistic"};

/* For building arrays: on failure *array is freed and becomes NULL, and further children are dropped. */
static void add(struct fa_json **array, struct fa_json *child)
{
    if (fa_json_append(*array, child))
        return;
    fa_json_free(*array);
    *array = NULL;
}

static bool set_number(struct fa_json *object, const char *key, double value)
{
    return fa_json_set(object, key, fa_json_new_number(value));
}

/* 64 bits do not fit a JSON number, so hashes and seeds are hexadecimal text. */
static bool set_hex(struct fa_json *object, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%016" PRIx64, value);
    return fa_json_set(object, key, fa_json_new_string(text));
}

static struct fa_json *range_json(struct fa_range range)
{
    struct fa_json *array = fa_json_new_array();

    add(&array, fa_json_new_number((double)range.begin));
    add(&array, fa_json_new_number((double)range.end));
    return array;
}

static struct fa_json *floats_json(const float *values, size_t n)
{
    struct fa_json *array = fa_json_new_array();

    for (size_t i = 0; i < n; i++)
        add(&array, fa_json_new_number(values[i]));
    return array;
}

static struct fa_json *names_json(char *const *names, size_t n)
{
    struct fa_json *array = fa_json_new_array();

    for (size_t i = 0; i < n; i++)
        add(&array, fa_json_new_string(names[i]));
    return array;
}

static struct fa_json *dims_json(const struct fa_param *param)
{
    struct fa_json *array = fa_json_new_array();

    for (int d = 0; d < param->n_dims; d++)
        add(&array, fa_json_new_number((double)param->dims[d]));
    return array;
}

static struct fa_json *progress_json(const struct fa_progress *progress)
{
    struct fa_json *object = fa_json_new_object();

    if (set_number(object, "samples", (double)progress->samples) &&
        set_number(object, "step", (double)progress->step) &&
        set_number(object, "epoch", (double)progress->epoch) && set_hex(object, "seed", progress->seed) &&
        set_hex(object, "category_hash", progress->category_hash) &&
        set_hex(object, "content_hash", progress->content_hash))
        return object;
    fa_json_free(object);
    return NULL;
}

static struct fa_json *meta_json(const struct fa_weights_meta *meta)
{
    struct fa_json *object = fa_json_new_object();

    if (fa_json_set(object, "mean", floats_json(meta->mean, 3)) &&
        fa_json_set(object, "std", floats_json(meta->std, 3)) &&
        fa_json_set(object, "to_rgb", fa_json_new_bool(meta->to_rgb)) &&
        fa_json_set(object, "classes", names_json(meta->classes, meta->n_classes)) &&
        (meta->coder_std[0] == 0 || fa_json_set(object, "coder_std", floats_json(meta->coder_std, 4))) &&
        (meta->model == NULL || fa_json_set(object, "model", fa_json_new_string(meta->model))))
        return object;
    fa_json_free(object);
    return NULL;
}

static struct fa_json *shard_json(const struct fa_checkpoint_shard *shard, bool has_average)
{
    struct fa_json *object = fa_json_new_object();

    if (set_number(object, "bytes", (double)shard->n_bytes) && set_hex(object, "crc32c", shard->crc) &&
        fa_json_set(object, "value", range_json(shard->value)) &&
        fa_json_set(object, "momentum", range_json(shard->momentum)) &&
        (!has_average || fa_json_set(object, "average", range_json(shard->average))))
        return object;
    fa_json_free(object);
    return NULL;
}

static struct fa_json *tensor_json(const struct fa_param *param)
{
    struct fa_json *object = fa_json_new_object();

    if (fa_json_set(object, "name", fa_json_new_string(param->name)) &&
        fa_json_set(object, "kind", fa_json_new_string(fa_checkpoint_kinds[param->kind])) &&
        fa_json_set(object, "dims", dims_json(param)) && set_number(object, "offset", (double)param->offset))
        return object;
    fa_json_free(object);
    return NULL;
}

static struct fa_json *shards_json(const struct fa_checkpoint_shard *shards, size_t n, bool has_average)
{
    struct fa_json *array = fa_json_new_array();

    for (size_t i = 0; i < n; i++)
        add(&array, shard_json(&shards[i], has_average));
    return array;
}

static struct fa_json *tensors_json(const struct fa_params *params)
{
    struct fa_json *array = fa_json_new_array();

    for (size_t i = 0; i < params->n; i++)
        add(&array, tensor_json(&params->entry[i]));
    return array;
}

static fa_status config_json(const char *config, struct fa_json **out)
{
    *out = NULL;
    return config == NULL ? FA_OK : fa_json_parse("configuration", config, strlen(config), out);
}

/* Takes config. */
static struct fa_json *manifest_json(const struct fa_training_state *state,
                                     const struct fa_checkpoint_shard *shards, size_t n_shards,
                                     struct fa_json *config)
{
    const bool has_average = state->average != NULL;
    const double n_trainable = (double)state->params->n_trainable;
    struct fa_json *root = fa_json_new_object();

    if ((config == NULL || fa_json_set(root, "config", config)) &&
        fa_json_set(root, "format", fa_json_new_string(FA_MANIFEST_FORMAT)) &&
        set_number(root, "version", has_average ? FA_MANIFEST_AVERAGE : FA_MANIFEST_VERSION) &&
        (state->run[0] == '\0' || fa_json_set(root, "run", fa_json_new_string(state->run))) &&
        fa_json_set(root, "progress", progress_json(&state->progress)) &&
        fa_json_set(root, "meta", meta_json(state->meta)) &&
        set_number(root, "n_value", (double)state->params->n_elem) &&
        set_number(root, "n_momentum", n_trainable) &&
        (!has_average || set_number(root, "n_average", n_trainable)) &&
        fa_json_set(root, "shards", shards_json(shards, n_shards, has_average)) &&
        fa_json_set(root, "tensors", tensors_json(state->params)))
        return root;
    fa_json_free(root);
    return NULL;
}

/* Puts the checksum of all the text before it in as the last member. */
static fa_status seal(const char *text, char **out)
{
    int n = (int)(strrchr(text, '}') - text);

    return fa_asprintf(out, "%.*s" FA_MANIFEST_SEAL, n, text, fa_crc32c(0, text, (size_t)n));
}

fa_status fa_checkpoint_manifest_print(const struct fa_training_state *state,
                                       const struct fa_checkpoint_shard *shards, size_t n_shards, char **out)
{
    struct fa_json *root, *config;
    char *text;
    fa_status status;

    FA_TRY(config_json(state->config, &config));
    root = manifest_json(state, shards, n_shards, config);
    if (root == NULL)
        return fa_fail(FA_ENOMEM, "no memory for the manifest of a checkpoint");
    status = fa_json_print(root, true, &text);
    fa_json_free(root);
    if (status == FA_OK) {
        status = seal(text, out);
        fa_free(text);
    }
    return status;
}
