#include "fa/model_weights.h"

#include <string.h>

#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/memory.h"

const char *const fa_detector_parts[] = {"neck.", "bbox_head.", "bbox_head.retina_cls.", NULL};

/* Of a work directory: of its best checkpoint, else of its latest. */
static fa_status read_work_dir(const char *path, struct fa_weights_file **out)
{
    char *named[2] = {NULL, NULL}, *directory = NULL;
    fa_status status = fa_asprintf(&named[0], "%s/checkpoints/best", path);

    if (status == FA_OK)
        status = fa_asprintf(&named[1], "%s/checkpoints/latest", path);
    for (int i = 0; i < 2 && status == FA_OK && directory == NULL; i++)
        status = fa_checkpoint_follow(named[i], &directory);
    if (status == FA_OK && directory == NULL)
        status = fa_fail(FA_EMISSING,
                         "%s/checkpoints: holds no checkpoint yet; wait for the first, or give other weights",
                         path);
    if (status == FA_OK)
        status = fa_checkpoint_weights(directory, out);
    fa_free(directory);
    fa_free(named[0]);
    fa_free(named[1]);
    return status;
}

static fa_status is_work_dir(const char *path, bool *is)
{
    char *checkpoints;

    FA_TRY(fa_asprintf(&checkpoints, "%s/checkpoints", path));
    *is = fa_directory_exists(checkpoints);
    fa_free(checkpoints);
    return FA_OK;
}

static fa_status read_directory(const char *path, struct fa_weights_file **out)
{
    bool is;

    FA_TRY(is_work_dir(path, &is));
    return is ? read_work_dir(path, out) : fa_checkpoint_weights(path, out);
}

/* "<root>/best" where no evaluation has made one, but a checkpoint is there. */
static fa_status check_best(const char *path)
{
    const char *slash = strrchr(path, '/');
    bool any;
    char *root;
    fa_status status;

    if (slash == NULL || strcmp(slash, "/best") != 0 || fa_file_exists(path))
        return FA_OK;
    FA_TRY(fa_asprintf(&root, "%.*s", (int)(slash + 1 - path), path));
    status = fa_checkpoint_any(root, &any);
    if (status == FA_OK && any)
        status = fa_fail(FA_EMISSING,
                         "%s: no checkpoint is the best one, since none was evaluated; take %slatest, or "
                         "give the run --val-data",
                         path, root);
    fa_free(root);
    return status;
}

/* Of a work directory, a checkpoint, one that a file names, or a weights file. */
static fa_status read_any(const char *path, struct fa_weights_file **out)
{
    char *directory;
    fa_status status;

    *out = NULL;
    if (fa_directory_exists(path))
        return read_directory(path, out);
    FA_TRY(fa_checkpoint_follow(path, &directory));
    if (directory == NULL) {
        FA_TRY(check_best(path));
        return fa_weights_read(path, out);
    }
    status = fa_checkpoint_weights(directory, out);
    fa_free(directory);
    return status;
}

fa_status fa_model_weights_look(const char *path, struct fa_weights_file **out,
                                struct fa_weights_translation *translation)
{
    struct fa_weights_translation unused;
    fa_status status;

    FA_TRY(read_any(path, out));
    status = fa_weights_translate(*out, translation != NULL ? translation : &unused);
    if (status == FA_OK)
        return FA_OK;
    fa_weights_free(*out);
    *out = NULL;
    return fa_prefix(status, "%s", path);
}

fa_status fa_model_weights_read(const char *path, struct fa_weights_file **out,
                                struct fa_weights_translation *translation)
{
    fa_status status;

    FA_TRY(fa_model_weights_look(path, out, translation));
    status = fa_weights_check_values((*out)->tensors, (*out)->n);
    if (status == FA_OK)
        return FA_OK;
    fa_weights_free(*out);
    *out = NULL;
    return fa_prefix(status, "%s", path);
}

fa_status fa_params_tensors(const struct fa_params *params, fa_real *values, struct fa_tensor **tensors)
{
    FA_TRY(fa_alloc(params->n, sizeof **tensors, tensors));
    for (size_t i = 0; i < params->n; i++) {
        const struct fa_param *param = &params->entry[i];
        struct fa_tensor *tensor = &(*tensors)[i];

        *tensor = (struct fa_tensor){.name = param->name,
                                     .n_dims = param->n_dims,
                                     .n_elem = param->n_elem,
                                     .data = values != NULL ? values + param->offset : NULL};
        memcpy(tensor->dims, param->dims, sizeof tensor->dims);
    }
    return FA_OK;
}

fa_status fa_params_write(const struct fa_params *params, const char *path,
                          const struct fa_weights_meta *meta)
{
    struct fa_tensor *tensors;
    fa_real *values;
    fa_status status;

    FA_TRY(fa_flat_open(params->value, FA_FLAT_READ, &values));
    status = fa_params_tensors(params, values, &tensors);
    if (status == FA_OK) {
        status = fa_weights_write(path, tensors, params->n, meta);
        fa_free(tensors);
    }
    return fa_flat_finish(params->value, status);
}

static size_t drop_part(const char *prefix, struct fa_tensor *tensors, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (strncmp(tensors[i].name, prefix, strlen(prefix)) != 0)
            tensors[kept++] = tensors[i];
    return kept;
}

fa_status fa_params_tensors_for(const struct fa_params *params, fa_real *values,
                                const struct fa_weights_file *file, struct fa_tensor **tensors, size_t *n)
{
    FA_TRY(fa_params_tensors(params, values, tensors));
    *n = params->n;
    for (const char *const *part = fa_detector_parts; *part != NULL; part++)
        if (!fa_weights_has(file, *part))
            *n = drop_part(*part, *tensors, *n);
    return FA_OK;
}

fa_status fa_model_weights_match(const struct fa_model_config *config, const struct fa_weights_file *file,
                                 struct fa_weights_match *out)
{
    struct fa_params params;
    struct fa_tensor *tensors;
    size_t n;
    fa_status status;

    FA_TRY(fa_model_list_params(config, &params));
    status = fa_params_tensors_for(&params, NULL, file, &tensors, &n);
    if (status == FA_OK) {
        fa_weights_match(file, tensors, n, out);
        fa_free(tensors);
    }
    fa_params_destroy(&params);
    return status;
}

fa_status fa_model_load(struct fa_model *model, const struct fa_weights_file *file)
{
    struct fa_params *params = fa_model_params(model);
    struct fa_tensor *tensors;
    fa_real *values;
    fa_status status;

    FA_TRY(fa_flat_open(params->value, FA_FLAT_WRITE, &values));
    status = fa_params_tensors(params, values, &tensors);
    if (status == FA_OK) {
        status = fa_weights_copy(file, tensors, params->n);
        fa_free(tensors);
    }
    status = fa_flat_finish(params->value, status);
    if (status == FA_OK)
        fa_model_params_changed(model);
    return status;
}
