#include "weights_meta.h"

#include <math.h>
#include <string.h>

#include "class_names.h"
#include "fa/log.h"
#include "fa/memory.h"

#define ATTRIBUTE_MAX 65000 /* HDF5 has room for 64 KiB and what describes them */

static fa_status write_classes(struct fa_h5 *file, size_t n, char *const *classes)
{
    char *text;
    fa_status status;

    FA_TRY(fa_class_names_print(n, classes, &text));
    status = fa_h5_set_string(file, "classes", text);
    fa_free(text);
    return status;
}

/* An attribute has room for those of some three thousand classes. */
static fa_status write_thresholds(struct fa_h5 *file, const struct fa_thresholds *thresholds)
{
    char *text;
    fa_status status = FA_OK;

    if (thresholds->all > 0)
        FA_TRY(fa_h5_set_numbers(file, "score_threshold", FA_H5_F64, 1, &thresholds->all));
    if (thresholds->n == 0)
        return FA_OK;
    FA_TRY(fa_thresholds_print(thresholds, &text));
    if (strlen(text) <= ATTRIBUTE_MAX)
        status = fa_h5_set_string(file, FA_WEIGHTS_CLASS_THRESHOLDS, text);
    else
        fa_warn("the score thresholds of %zu classes do not fit into a weights file; detect will use %.3g "
                "for all",
                thresholds->n, thresholds->all);
    fa_free(text);
    return status;
}

fa_status fa_weights_meta_write(struct fa_h5 *file, const struct fa_weights_meta *meta)
{
    const uint8_t to_rgb = meta->to_rgb;

    FA_TRY(fa_h5_set_numbers(file, "mean", FA_H5_F32, 3, meta->mean));
    FA_TRY(fa_h5_set_numbers(file, "std", FA_H5_F32, 3, meta->std));
    FA_TRY(fa_h5_set_numbers(file, "to_rgb", FA_H5_U8, 1, &to_rgb));
    if (meta->coder_std[0] > 0)
        FA_TRY(fa_h5_set_numbers(file, "coder_std", FA_H5_F32, 4, meta->coder_std));
    FA_TRY(write_thresholds(file, &meta->thresholds));
    if (meta->model != NULL)
        FA_TRY(fa_h5_set_string(file, "model", meta->model));
    if (meta->recipe != NULL)
        FA_TRY(fa_h5_set_string(file, "recipe", meta->recipe));
    if (meta->n_classes > 0)
        FA_TRY(write_classes(file, meta->n_classes, meta->classes));
    return FA_OK;
}

static fa_status read_classes(struct fa_h5 *file, const char *path, struct fa_weights_meta *meta)
{
    char *text;
    fa_status status;

    FA_TRY(fa_h5_get_string(file, "classes", &text));
    status = fa_class_names_parse(path, text, meta);
    fa_free(text);
    return status;
}

/* Of an attribute: numbers, and such as one can divide by. */
static fa_status check_numbers(const char *path, const char *name, const float *values, size_t n,
                               bool divides)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]) || (divides && !(values[i] > 0)))
            return fa_fail(FA_EFORMAT, "%s: number %zu of its attribute %s is %g, which is not %s", path,
                           i + 1, name, (double)values[i], divides ? "above 0" : "finite");
    return FA_OK;
}

fa_status fa_weights_meta_check(const char *path, const struct fa_weights_meta *meta, bool has_coder)
{
    FA_TRY(check_numbers(path, "mean", meta->mean, 3, false));
    FA_TRY(check_numbers(path, "std", meta->std, 3, true));
    return has_coder ? check_numbers(path, "coder_std", meta->coder_std, 4, true) : FA_OK;
}

static fa_status read_threshold(struct fa_h5 *file, const char *path, struct fa_weights_meta *meta)
{
    FA_TRY(fa_h5_get_numbers(file, "score_threshold", FA_H5_F64, 1, &meta->thresholds.all));
    return fa_weights_check_threshold(path, meta->thresholds.all);
}

static fa_status read_class_thresholds(struct fa_h5 *file, const char *path, struct fa_weights_meta *meta)
{
    char *text;
    fa_status status;

    FA_TRY(fa_h5_get_string(file, FA_WEIGHTS_CLASS_THRESHOLDS, &text));
    status = fa_weights_parse_thresholds(path, text, meta);
    fa_free(text);
    return status;
}

fa_status fa_weights_check_threshold(const char *path, double threshold)
{
    if (threshold >= 0 && threshold <= 1)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%s: score_threshold is %g; expected a number from 0 to 1", path, threshold);
}

fa_status fa_weights_parse_thresholds(const char *path, const char *text, struct fa_weights_meta *meta)
{
    const size_t n = meta->n_classes;

    FA_TRY(fa_thresholds_parse(path, text, &meta->thresholds));
    if (meta->thresholds.n == n)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%s: has score thresholds of %zu classes, and names %zu", path,
                   meta->thresholds.n, n);
}

fa_status fa_weights_meta_read(struct fa_h5 *file, const char *path, struct fa_weights_meta *meta,
                               bool *has_meta)
{
    const bool has_coder = fa_h5_has_attribute(file, "coder_std");
    uint8_t to_rgb;

    *has_meta = fa_h5_has_attribute(file, "mean");
    if (!*has_meta)
        return FA_OK;
    FA_TRY(fa_h5_get_numbers(file, "mean", FA_H5_F32, 3, meta->mean));
    FA_TRY(fa_h5_get_numbers(file, "std", FA_H5_F32, 3, meta->std));
    FA_TRY(fa_h5_get_numbers(file, "to_rgb", FA_H5_U8, 1, &to_rgb));
    meta->to_rgb = to_rgb != 0;
    if (has_coder)
        FA_TRY(fa_h5_get_numbers(file, "coder_std", FA_H5_F32, 4, meta->coder_std));
    FA_TRY(fa_weights_meta_check(path, meta, has_coder));
    if (fa_h5_has_attribute(file, "score_threshold"))
        FA_TRY(read_threshold(file, path, meta));
    if (fa_h5_has_attribute(file, "model"))
        FA_TRY(fa_h5_get_string(file, "model", &meta->model));
    if (fa_h5_has_attribute(file, "recipe"))
        FA_TRY(fa_h5_get_string(file, "recipe", &meta->recipe));
    if (fa_h5_has_attribute(file, "classes"))
        FA_TRY(read_classes(file, path, meta));
    return fa_h5_has_attribute(file, FA_WEIGHTS_CLASS_THRESHOLDS) ? read_class_thresholds(file, path, meta)
                                                                  : FA_OK;
}

void fa_weights_meta_clear(struct fa_weights_meta *meta)
{
    fa_free(meta->classes);
    fa_free(meta->model);
    fa_free(meta->recipe);
    fa_thresholds_clear(&meta->thresholds);
    *meta = (struct fa_weights_meta){0};
}
