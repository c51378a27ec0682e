/*
 * manifest_read.c - a checkpoint's manifest, checked: sealed by its CRC, and consistent in itself.
 */
#include <stdio.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/memory.h"

enum { MANIFEST_LIMIT = 64 << 20 };

/* Whether the text ends in the seal of what stands before it. */
static bool is_sealed(const char *text, size_t n_bytes)
{
    char seal[64];
    size_t length = (size_t)snprintf(seal, sizeof seal, FA_MANIFEST_SEAL, (uint32_t)0);

    if (n_bytes < length)
        return false;
    snprintf(seal, sizeof seal, FA_MANIFEST_SEAL, fa_crc32c(0, text, n_bytes - length));
    return memcmp(text + n_bytes - length, seal, length) == 0;
}

static fa_status read_sealed(const char *path, struct fa_json **root)
{
    char *text;
    size_t n_bytes;
    fa_status status;

    if (fa_file_is_dangling(path))
        return fa_fail(FA_EIO, "%s: is a link to what is not there; is its disk mounted?", path);
    FA_TRY(fa_file_read(path, MANIFEST_LIMIT, &text, &n_bytes));
    if (is_sealed(text, n_bytes))
        status = fa_json_parse(path, text, n_bytes, root);
    else
        status = fa_fail(FA_EFORMAT, "%s: is damaged: its text does not match its checksum", path);
    fa_free(text);
    return status;
}

static bool get_size(const struct fa_json *object, const char *key, size_t *out)
{
    int64_t value;

    if (!fa_json_to_int(fa_json_get(object, key), &value) || value < 0)
        return false;
    *out = (size_t)value;
    return true;
}

static bool get_hex(const struct fa_json *object, const char *key, uint64_t *out)
{
    const char *text;

    return fa_json_to_string(fa_json_get(object, key), &text) && sscanf(text, "%16" SCNx64, out) == 1;
}

static bool get_range(const struct fa_json *object, const char *key, struct fa_range *out)
{
    const struct fa_json *first = fa_json_first(fa_json_get(object, key));
    int64_t begin, end;

    if (!fa_json_to_int(first, &begin) || !fa_json_to_int(fa_json_next(first), &end) || begin < 0 ||
        end < begin)
        return false;
    *out = (struct fa_range){(size_t)begin, (size_t)end};
    return true;
}

static bool get_progress(const struct fa_json *object, struct fa_progress *out)
{
    return fa_json_to_int(fa_json_get(object, "samples"), &out->samples) &&
           fa_json_to_int(fa_json_get(object, "step"), &out->step) &&
           fa_json_to_int(fa_json_get(object, "epoch"), &out->epoch) && get_hex(object, "seed", &out->seed) &&
           get_hex(object, "category_hash", &out->category_hash) &&
           get_hex(object, "content_hash", &out->content_hash);
}

/* Epochs have steps, and steps samples; and a JSON number counts to 2^53. */
static fa_status check_progress(const char *path, const struct fa_progress *progress)
{
    if (progress->epoch < 0 || progress->step < progress->epoch || progress->samples < progress->step ||
        progress->samples >= (int64_t)1 << 53)
        return fa_fail(FA_EFORMAT, "%s: is damaged: epoch %lld, step %lld and %lld samples cannot be right",
                       path, (long long)progress->epoch, (long long)progress->step,
                       (long long)progress->samples);
    return FA_OK;
}

static bool get_floats(const struct fa_json *array, float *out, size_t n)
{
    const struct fa_json *item = fa_json_first(array);
    double value;

    for (size_t i = 0; i < n; i++, item = fa_json_next(item)) {
        if (!fa_json_to_double(item, &value))
            return false;
        out[i] = (float)value;
    }
    return true;
}

static bool get_names(const struct fa_json *array, char **out)
{
    for (const struct fa_json *item = fa_json_first(array); item != NULL; item = fa_json_next(item))
        if (!fa_json_to_string(item, (const char **)out++))
            return false;
    return true;
}

static fa_status get_meta(const char *path, const struct fa_json *object, struct fa_weights_meta *out)
{
    const struct fa_json *classes = fa_json_get(object, "classes");
    const struct fa_json *coder_std = fa_json_get(object, "coder_std");

    fa_json_to_string(fa_json_get(object, "model"), (const char **)&out->model);
    out->n_classes = fa_json_count(classes);
    FA_TRY(fa_alloc_zero(out->n_classes, sizeof *out->classes, &out->classes));
    if (!get_floats(fa_json_get(object, "mean"), out->mean, 3) ||
        !get_floats(fa_json_get(object, "std"), out->std, 3) ||
        (coder_std != NULL && !get_floats(coder_std, out->coder_std, 4)) ||
        !fa_json_to_bool(fa_json_get(object, "to_rgb"), &out->to_rgb) || !get_names(classes, out->classes))
        return fa_fail(FA_EFORMAT, "%s: `meta` is incomplete", path);
    return FA_OK;
}

static bool get_shard(const struct fa_json *object, bool has_average, struct fa_checkpoint_shard *out)
{
    uint64_t crc;
    size_t n_bytes;

    if (!get_size(object, "bytes", &n_bytes) || !get_hex(object, "crc32c", &crc) ||
        !get_range(object, "value", &out->value) || !get_range(object, "momentum", &out->momentum) ||
        (has_average && !get_range(object, "average", &out->average)))
        return false;
    out->n_bytes = n_bytes;
    out->crc = (uint32_t)crc;
    return true;
}

/* The slices must follow each other and end where the buffers do. */
static fa_status get_shards(const char *path, const struct fa_json *array, struct fa_checkpoint_manifest *out)
{
    const struct fa_json *item = fa_json_first(array);
    size_t value = 0, momentum = 0, average = 0;

    out->n_shards = fa_json_count(array);
    FA_TRY(fa_alloc_zero(out->n_shards, sizeof *out->shards, &out->shards));
    for (size_t s = 0; s < out->n_shards; s++, item = fa_json_next(item)) {
        struct fa_checkpoint_shard *shard = &out->shards[s];

        if (!get_shard(item, out->n_average > 0, shard) || shard->value.begin != value ||
            shard->momentum.begin != momentum || shard->average.begin != average)
            return fa_fail(FA_EFORMAT, "%s: shard %zu does not continue the one before", path, s);
        if (shard->n_bytes / sizeof(float) < fa_checkpoint_shard_elements(shard))
            return fa_fail(FA_EFORMAT, "%s: shard %zu is too small for what it should hold", path, s);
        value = shard->value.end;
        momentum = shard->momentum.end;
        average = shard->average.end;
    }
    if (value != out->n_value || momentum != out->n_momentum || average != out->n_average)
        return fa_fail(FA_EFORMAT,
                       "%s: the shards hold %zu values, %zu momenta and %zu averages, not %zu, %zu and %zu",
                       path, value, momentum, average, out->n_value, out->n_momentum, out->n_average);
    return FA_OK;
}

static bool get_kind(const struct fa_json *value, enum fa_param_kind *out)
{
    const char *name;

    if (!fa_json_to_string(value, &name))
        return false;
    for (int k = 0; k < FA_MANIFEST_KINDS; k++)
        if (strcmp(name, fa_checkpoint_kinds[k]) == 0) {
            *out = (enum fa_param_kind)k;
            return true;
        }
    return false;
}

static bool get_dims(const struct fa_json *array, struct fa_checkpoint_tensor *out)
{
    const struct fa_json *item = fa_json_first(array);
    size_t n = fa_json_count(array);

    if (n > FA_TENSOR_MAX_DIMS)
        return false;
    out->n_dims = (int)n;
    for (size_t d = 0; d < n; d++, item = fa_json_next(item))
        if (!fa_json_to_int(item, &out->dims[d]))
            return false;
    return fa_dims_elements(out->n_dims, out->dims, &out->n_elem) == FA_OK;
}

static bool get_tensor(const struct fa_json *object, struct fa_checkpoint_tensor *out)
{
    return fa_json_to_string(fa_json_get(object, "name"), &out->name) &&
           get_kind(fa_json_get(object, "kind"), &out->kind) && get_dims(fa_json_get(object, "dims"), out) &&
           get_size(object, "offset", &out->offset);
}

/* Tensors lie inside the value buffer, the trainable ones inside its part that has momentum. */
static fa_status get_tensors(const char *path, const struct fa_json *array,
                             struct fa_checkpoint_manifest *out)
{
    const struct fa_json *item = fa_json_first(array);

    out->n_tensors = fa_json_count(array);
    FA_TRY(fa_alloc_zero(out->n_tensors, sizeof *out->tensors, &out->tensors));
    for (size_t i = 0; i < out->n_tensors; i++, item = fa_json_next(item)) {
        struct fa_checkpoint_tensor *tensor = &out->tensors[i];
        size_t limit;

        if (!get_tensor(item, tensor))
            return fa_fail(FA_EFORMAT, "%s: tensor %zu is not described", path, i);
        limit = tensor->kind == FA_PARAM_TRAINABLE ? out->n_momentum : out->n_value;
        if (tensor->n_elem > limit || tensor->offset > limit - tensor->n_elem)
            return fa_fail(FA_EFORMAT, "%s: %s lies outside the buffer", path, tensor->name);
    }
    return FA_OK;
}

static fa_status check_format(const char *path, const struct fa_json *root)
{
    const char *format = "";
    int64_t version = 0;

    fa_json_to_string(fa_json_get(root, "format"), &format);
    fa_json_to_int(fa_json_get(root, "version"), &version);
    if (strcmp(format, FA_MANIFEST_FORMAT) != 0)
        return fa_fail(FA_EFORMAT, "%s: is not the manifest of a checkpoint", path);
    if (version > FA_MANIFEST_AVERAGE) /* not damage, so nothing that may be passed over */
        return fa_fail(FA_EINVAL,
                       "%s: has version %lld of the format, this program reads up to %d; use a newer program",
                       path, (long long)version, FA_MANIFEST_AVERAGE);
    if (version < FA_MANIFEST_VERSION)
        return fa_fail(FA_EFORMAT, "%s: has version %lld of the format, this program reads %d and %d", path,
                       (long long)version, FA_MANIFEST_VERSION, FA_MANIFEST_AVERAGE);
    return FA_OK;
}

/* A moving average is one of all that has momentum. */
static bool get_lengths(const struct fa_json *root, struct fa_checkpoint_manifest *out)
{
    return get_size(root, "n_value", &out->n_value) && get_size(root, "n_momentum", &out->n_momentum) &&
           out->n_momentum <= out->n_value &&
           (fa_json_get(root, "n_average") == NULL ||
            (get_size(root, "n_average", &out->n_average) && out->n_average == out->n_momentum));
}

static fa_status interpret(const char *path, struct fa_checkpoint_manifest *out)
{
    FA_TRY(check_format(path, out->root));
    if (!get_progress(fa_json_get(out->root, "progress"), &out->progress))
        return fa_fail(FA_EFORMAT, "%s: `progress` is incomplete", path);
    FA_TRY(check_progress(path, &out->progress));
    out->run = "";
    fa_json_to_string(fa_json_get(out->root, "run"), &out->run);
    if (!get_lengths(out->root, out))
        return fa_fail(FA_EFORMAT, "%s: does not say how much it holds", path);
    FA_TRY(get_meta(path, fa_json_get(out->root, "meta"), &out->meta));
    FA_TRY(get_shards(path, fa_json_get(out->root, "shards"), out));
    return get_tensors(path, fa_json_get(out->root, "tensors"), out);
}

fa_status fa_checkpoint_manifest_read(const char *directory, struct fa_checkpoint_manifest *out)
{
    char *path;
    fa_status status;

    *out = (struct fa_checkpoint_manifest){0};
    FA_TRY(fa_path_join(directory, FA_MANIFEST_NAME, &path));
    status = read_sealed(path, &out->root);
    if (status == FA_OK)
        status = interpret(path, out);
    if (status != FA_OK)
        fa_checkpoint_manifest_clear(out);
    fa_free(path);
    return status;
}

void fa_checkpoint_manifest_clear(struct fa_checkpoint_manifest *manifest)
{
    fa_free(manifest->shards);
    fa_free(manifest->tensors);
    fa_free(manifest->meta.classes);
    fa_json_free(manifest->root);
    *manifest = (struct fa_checkpoint_manifest){0};
}

fa_status fa_checkpoint_progress(const char *directory, struct fa_progress *out)
{
    struct fa_checkpoint_manifest manifest = {0};
    fa_status status = fa_checkpoint_manifest_read(directory, &manifest);

    *out = manifest.progress;
    fa_checkpoint_manifest_clear(&manifest);
    return status;
}
