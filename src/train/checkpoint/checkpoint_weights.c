/*
 * checkpoint_weights.c - the parameters of a checkpoint as if they had been read from a weights file. Of
 * those of which a moving average was kept, that is what they are.
 */
#include <stdlib.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/directory.h"
#include "fa/memory.h"

/* As fa_weights_free wants them: the pointers and the texts in one block. */
static fa_status copy_classes(char *const *from, size_t n, char ***out)
{
    size_t n_bytes = n * sizeof **out;
    char *text;

    for (size_t i = 0; i < n; i++)
        n_bytes += strlen(from[i]) + 1;
    FA_TRY(fa_alloc(n_bytes, 1, out));
    text = (char *)(*out + n);
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = strcpy(text, from[i]);
        text += strlen(text) + 1;
    }
    return FA_OK;
}

/* The configuration of the run. */
static fa_status copy_recipe(const struct fa_checkpoint_manifest *manifest, struct fa_weights_meta *to)
{
    const struct fa_json *config = fa_json_get(manifest->root, "config");

    return config != NULL ? fa_json_print(config, false, &to->recipe) : FA_OK;
}

static fa_status copy_meta(const struct fa_checkpoint_manifest *manifest, struct fa_weights_file *file)
{
    const struct fa_weights_meta *from = &manifest->meta;
    struct fa_weights_meta *to = &file->meta;

    *to = (struct fa_weights_meta){.to_rgb = from->to_rgb};
    memcpy(to->mean, from->mean, sizeof to->mean);
    memcpy(to->std, from->std, sizeof to->std);
    memcpy(to->coder_std, from->coder_std, sizeof to->coder_std);
    file->has_meta = true;
    if (from->model != NULL)
        FA_TRY(fa_strdup(from->model, &to->model));
    FA_TRY(copy_classes(from->classes, from->n_classes, &to->classes));
    to->n_classes = from->n_classes;
    return copy_recipe(manifest, to);
}

static fa_status copy_tensor(const struct fa_checkpoint_tensor *from,
                             const struct fa_checkpoint_buffers *buffers, struct fa_tensor *to)
{
    const bool is_averaged = buffers->average != NULL && from->kind == FA_PARAM_TRAINABLE;
    const float *data = is_averaged ? buffers->average : buffers->value;
    char *name;

    *to = (struct fa_tensor){.n_dims = from->n_dims, .n_elem = from->n_elem};
    memcpy(to->dims, from->dims, sizeof to->dims);
    FA_TRY(fa_strdup(from->name, &name));
    to->name = name;
    FA_TRY(fa_alloc(from->n_elem, sizeof *to->data, &to->data));
    memcpy(to->data, data + from->offset, from->n_elem * sizeof *to->data);
    return FA_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fa_tensor *)a)->name, ((const struct fa_tensor *)b)->name);
}

static fa_status fill(const struct fa_checkpoint_manifest *manifest,
                      const struct fa_checkpoint_buffers *buffers, struct fa_weights_file *file)
{
    FA_TRY(copy_meta(manifest, file));
    FA_TRY(fa_alloc_zero(manifest->n_tensors, sizeof *file->tensors, &file->tensors));
    for (size_t i = 0; i < manifest->n_tensors; i++) {
        file->n = i + 1;
        FA_TRY(copy_tensor(&manifest->tensors[i], buffers, &file->tensors[i]));
    }
    qsort(file->tensors, file->n, sizeof *file->tensors, by_name);
    return FA_OK;
}

static fa_status read_values(const char *directory, const struct fa_checkpoint_manifest *manifest,
                             struct fa_checkpoint_buffers *buffers)
{
    FA_TRY(fa_alloc(manifest->n_value, sizeof *buffers->value, &buffers->value));
    if (manifest->n_average > 0)
        FA_TRY(fa_alloc(manifest->n_average, sizeof *buffers->average, &buffers->average));
    for (size_t s = 0; s < manifest->n_shards; s++)
        FA_TRY(fa_checkpoint_read_shard(directory, manifest, s, buffers));
    return FA_OK;
}

/* The manifest was written before its weights were evaluated; "best" after. */
static void take_thresholds(const char *directory, struct fa_weights_file *file)
{
    struct fa_checkpoint_best best;
    struct fa_directory *root;
    const char *name;

    if (fa_directory_open_parent(directory, &root, &name) != FA_OK)
        return;
    if (fa_checkpoint_best_read(fa_directory_path(root), &best) == FA_OK && strcmp(best.name, name) == 0 &&
        (best.thresholds.n == 0 || best.thresholds.n == file->meta.n_classes)) {
        file->meta.thresholds = best.thresholds; /* which the file owns from here on */
        best.thresholds = (struct fa_thresholds){.n = 0};
    }
    fa_checkpoint_best_clear(&best);
    fa_directory_close(root);
}

fa_status fa_checkpoint_weights(const char *directory, struct fa_weights_file **out)
{
    struct fa_checkpoint_manifest manifest;
    struct fa_weights_file *file = NULL;
    struct fa_checkpoint_buffers buffers = {.value = NULL};
    fa_status status;

    *out = NULL;
    FA_TRY(fa_checkpoint_manifest_read(directory, &manifest));
    status = read_values(directory, &manifest, &buffers);
    if (status == FA_OK)
        status = fa_alloc_zero(1, sizeof *file, &file);
    if (status == FA_OK)
        status = fill(&manifest, &buffers, file);
    if (status == FA_OK) {
        take_thresholds(directory, file);
        *out = file;
    } else {
        fa_weights_free(file);
    }
    fa_free(buffers.value);
    fa_free(buffers.average);
    fa_checkpoint_manifest_clear(&manifest);
    return status;
}
