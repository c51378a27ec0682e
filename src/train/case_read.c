/*
 * case_read.c - a case file into memory. First the shapes of all datasets are taken and compared, then their
 * values are read.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "fa/case.h"
#include "fa/h5.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/tensor.h"

enum { LARGEST_SIDE = 16384, MOST_CLASSES = 1 << 20 };

/* No image has a pixel there; a box that reaches farther has an area that float32 does not hold well. */
static const float farthest = 1e6f;

enum part {
    IMAGE,
    HEAD_CLS,
    HEAD_REG,
    HEAD_SIZE,
    GT_BOXES,
    GT_LABELS,
    NORMALIZER,
    CLIP_SIZE,
    SCALE_FACTOR,
    N_PARTS
};

enum { ANY = -1 };

/* What a part looks like. */
static const struct form {
    const char *name;
    bool is_whole; /* whole numbers */
    int n_dims;
    int64_t dims[3];
    const char *shape; /* for people */
} forms[N_PARTS] = {
    [IMAGE] = {"image", false, 3, {3, ANY, ANY}, "3 x H x W"},
    [HEAD_CLS] = {"head/cls", false, 2, {ANY, ANY}, "anchors x classes"},
    [HEAD_REG] = {"head/reg", false, 2, {ANY, 4}, "anchors x 4"},
    [HEAD_SIZE] = {"head/size", true, 1, {2}, "2 (H, W)"},
    [GT_BOXES] = {"gt_boxes", false, 2, {ANY, 4}, "objects x 4"},
    [GT_LABELS] = {"gt_labels", true, 1, {ANY}, "objects"},
    [NORMALIZER] = {"normalizer", false, 0, {0}, "scalar"},
    [CLIP_SIZE] = {"clip_size", false, 1, {2}, "2 (w, h)"},
    [SCALE_FACTOR] = {"scale_factor", false, 1, {4}, "4"},
};

struct reader {
    const char *path;
    struct fa_h5 *file;
    bool has[N_PARTS];
    int64_t dims[N_PARTS][FA_H5_MAX_DIMS];
    struct fa_case *out;
};

/* ---- which parts there are, and their shapes ---- */

static bool is_float(const struct fa_h5_info *info)
{
    return info->type == FA_H5_F32 || info->type == FA_H5_F64;
}

static bool is_of_form(const struct form *form, const struct fa_h5_info *info)
{
    if (form->is_whole == is_float(info) || info->n_dims != form->n_dims)
        return false;
    for (int i = 0; i < form->n_dims; i++)
        if (form->dims[i] != ANY && info->dims[i] != form->dims[i])
            return false;
    return true;
}

static fa_status note_part(void *context, const char *name, const struct fa_h5_info *info)
{
    struct reader *r = context;
    char dims[64];
    int part = 0;

    while (part < N_PARTS && strcmp(forms[part].name, name) != 0)
        part++;
    if (part == N_PARTS) {
        fa_warn("%s: %s is not part of a case and is ignored", r->path, name);
        return FA_OK;
    }
    if (!is_of_form(&forms[part], info)) {
        fa_dims_print(info->n_dims, info->dims, dims, sizeof dims);
        return fa_fail(FA_EFORMAT, "%s: %s: holds %s of shape %s where %s of shape %s are expected", r->path,
                       name, is_float(info) ? "floats" : "whole numbers", dims,
                       forms[part].is_whole ? "whole numbers" : "floats", forms[part].shape);
    }
    r->has[part] = true;
    memcpy(r->dims[part], info->dims, sizeof r->dims[part]);
    return FA_OK;
}

static fa_status need(const struct reader *r, enum part part)
{
    if (r->has[part])
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%s: has no dataset %s (%s)", r->path, forms[part].name, forms[part].shape);
}

static fa_status check_parts(const struct reader *r)
{
    const bool has_head = r->has[HEAD_CLS] || r->has[HEAD_REG] || r->has[HEAD_SIZE];

    if (!r->has[IMAGE] && !has_head)
        return fa_fail(FA_EFORMAT, "%s: has neither a dataset image nor head/cls, head/reg and head/size",
                       r->path);
    if (r->has[IMAGE] && has_head)
        return fa_fail(FA_EFORMAT, "%s: has both an image and a head's outputs; leave out one of them",
                       r->path);
    for (int part = HEAD_CLS; has_head && part <= HEAD_SIZE; part++)
        FA_TRY(need(r, (enum part)part));
    FA_TRY(need(r, GT_BOXES));
    return need(r, GT_LABELS);
}

/* ---- sizes ---- */

static fa_status read_size(const struct reader *r, int64_t size[2])
{
    if (!r->has[IMAGE])
        return fa_h5_read(r->file, forms[HEAD_SIZE].name, FA_H5_I64, 2, size);
    memcpy(size, r->dims[IMAGE] + 1, 2 * sizeof *size);
    return FA_OK;
}

static fa_status take_size(struct reader *r)
{
    const char *name = forms[r->has[IMAGE] ? IMAGE : HEAD_SIZE].name;
    int64_t size[2];

    FA_TRY(read_size(r, size));
    for (int i = 0; i < 2; i++)
        if (size[i] < FA_SIZE_DIVISOR || size[i] > LARGEST_SIDE || size[i] % FA_SIZE_DIVISOR != 0)
            return fa_fail(FA_EFORMAT,
                           "%s: %s: an image of height %" PRId64 " and width %" PRId64
                           " is not accepted; pad both to a multiple of %d, up to %d",
                           r->path, name, size[0], size[1], FA_SIZE_DIVISOR, LARGEST_SIDE);
    r->out->h = (int)size[0];
    r->out->w = (int)size[1];
    return FA_OK;
}

static fa_status take_head_shape(struct reader *r)
{
    const int64_t *cls = r->dims[HEAD_CLS], *reg = r->dims[HEAD_REG];
    struct fa_pyramid fine, usual;

    fa_pyramid_make(2, r->out->h, r->out->w, &fine);
    fa_pyramid_make(3, r->out->h, r->out->w, &usual);
    if (cls[0] != reg[0] || ((uint64_t)cls[0] != usual.n_anchors && (uint64_t)cls[0] != fine.n_anchors))
        return fa_fail(FA_EFORMAT,
                       "%s: head/cls has %" PRId64 " rows and head/reg %" PRId64
                       " where an image of height %d and width %d has %zu anchors, or %zu from P2 on",
                       r->path, cls[0], reg[0], r->out->h, r->out->w, usual.n_anchors, fine.n_anchors);
    if (cls[1] < 1 || cls[1] > MOST_CLASSES)
        return fa_fail(FA_EFORMAT, "%s: head/cls: has %" PRId64 " classes where 1 to %d are possible",
                       r->path, cls[1], MOST_CLASSES);
    r->out->n_anchors = (size_t)cls[0];
    r->out->finest_level = r->out->n_anchors == usual.n_anchors ? 3 : 2;
    r->out->num_classes = (int)cls[1];
    return FA_OK;
}

/* ---- values ---- */

static fa_status read_floats(const struct reader *r, enum part part, const float **out)
{
    int64_t n;

    return fa_h5_read_alloc(r->file, forms[part].name, FA_H5_F32, out, &n);
}

static fa_status read_picture(struct reader *r)
{
    if (r->has[IMAGE])
        return read_floats(r, IMAGE, &r->out->image);
    FA_TRY(take_head_shape(r));
    FA_TRY(read_floats(r, HEAD_CLS, &r->out->cls));
    return read_floats(r, HEAD_REG, &r->out->reg);
}

/* Not a NaN, and of some size. */
static bool is_box(const float box[4])
{
    for (int k = 0; k < 4; k++)
        if (!(fabsf(box[k]) <= farthest))
            return false;
    return box[2] > box[0] && box[3] > box[1];
}

static fa_status read_boxes(struct reader *r)
{
    const struct fa_objects *objects = &r->out->objects;

    FA_TRY(read_floats(r, GT_BOXES, &r->out->objects.boxes));
    for (size_t i = 0; i < objects->n; i++) {
        const float *box = objects->boxes + 4 * i;

        if (!is_box(box))
            return fa_fail(
                FA_EFORMAT,
                "%s: gt_boxes: object %zu is not a box: x1 %g, y1 %g, x2 %g, y2 %g; width and height "
                "must be positive",
                r->path, i, (double)box[0], (double)box[1], (double)box[2], (double)box[3]);
    }
    return FA_OK;
}

static fa_status convert_labels(const struct reader *r, const int64_t *from, int32_t *to)
{
    for (size_t i = 0; i < r->out->objects.n; i++) {
        if (from[i] < 0 || from[i] >= MOST_CLASSES)
            return fa_fail(FA_EFORMAT,
                           "%s: gt_labels: object %zu has label %" PRId64 "; labels count classes from 0",
                           r->path, i, from[i]);
        to[i] = (int32_t)from[i];
    }
    return FA_OK;
}

static fa_status read_labels(struct reader *r)
{
    int64_t *stored, n;
    int32_t *labels;
    fa_status status;

    FA_TRY(fa_alloc(r->out->objects.n, sizeof *labels, &labels));
    r->out->objects.labels = labels;
    FA_TRY(fa_h5_read_alloc(r->file, forms[GT_LABELS].name, FA_H5_I64, &stored, &n));
    status = convert_labels(r, stored, labels);
    fa_free(stored);
    return status;
}

static fa_status read_objects(struct reader *r)
{
    const int64_t n = r->dims[GT_BOXES][0];

    if (r->dims[GT_LABELS][0] != n)
        return fa_fail(FA_EFORMAT, "%s: gt_labels: has %" PRId64 " labels for %" PRId64 " rows of gt_boxes",
                       r->path, r->dims[GT_LABELS][0], n);
    r->out->objects.n = (size_t)n;
    FA_TRY(read_boxes(r));
    return read_labels(r);
}

static fa_status read_normalizer(struct reader *r)
{
    double *value = &r->out->normalizer;

    r->out->has_normalizer = r->has[NORMALIZER];
    if (!r->has[NORMALIZER])
        return FA_OK;
    FA_TRY(fa_h5_read(r->file, forms[NORMALIZER].name, FA_H5_F64, 1, value));
    if (!(*value >= 0 && isfinite(*value)))
        return fa_fail(FA_EFORMAT, "%s: normalizer: %g is neither 0 nor a positive number", r->path, *value);
    return FA_OK;
}

static fa_status read_clip_size(struct reader *r)
{
    float size[2] = {(float)r->out->w, (float)r->out->h};

    if (r->has[CLIP_SIZE])
        FA_TRY(fa_h5_read(r->file, forms[CLIP_SIZE].name, FA_H5_F32, 2, size));
    if (!(size[0] > 0 && size[1] > 0 && size[0] <= (float)r->out->w && size[1] <= (float)r->out->h))
        return fa_fail(FA_EFORMAT,
                       "%s: clip_size: width %g and height %g are not within those of the image, %d and %d",
                       r->path, (double)size[0], (double)size[1], r->out->w, r->out->h);
    r->out->frame.clip_w = size[0];
    r->out->frame.clip_h = size[1];
    return FA_OK;
}

static fa_status read_scale_factor(struct reader *r)
{
    float *factor = r->out->frame.scale_factor;

    for (int k = 0; k < 4; k++)
        factor[k] = 1;
    if (r->has[SCALE_FACTOR])
        FA_TRY(fa_h5_read(r->file, forms[SCALE_FACTOR].name, FA_H5_F32, 4, factor));
    for (int k = 0; k < 4; k++)
        if (!(factor[k] > 0 && isfinite(factor[k])))
            return fa_fail(FA_EFORMAT, "%s: scale_factor: %g is not a positive number", r->path,
                           (double)factor[k]);
    return FA_OK;
}

static fa_status read_content(struct reader *r)
{
    FA_TRY(fa_h5_check_version(r->file, "freeanchor-case", 1));
    FA_TRY(fa_h5_visit(r->file, note_part, r));
    FA_TRY(check_parts(r));
    FA_TRY(take_size(r));
    FA_TRY(read_picture(r));
    FA_TRY(read_objects(r));
    FA_TRY(read_normalizer(r));
    FA_TRY(read_clip_size(r));
    FA_TRY(read_scale_factor(r));
    return r->out->image != NULL ? FA_OK : fa_case_check_labels(r->out, r->path, r->out->num_classes);
}

fa_status fa_case_read(const char *path, struct fa_case *out)
{
    struct reader reader = {.path = path, .out = out};
    fa_status status;

    *out = (struct fa_case){0};
    FA_TRY(fa_h5_open(path, &reader.file));
    status = fa_h5_finish(reader.file, read_content(&reader));
    if (status != FA_OK)
        fa_case_clear(out);
    return status;
}

/* Arrays are borrowed in general, the case's own here. */
static void free_array(const void *array)
{
    fa_free((void *)(uintptr_t)array);
}

void fa_case_clear(struct fa_case *given)
{
    free_array(given->image);
    free_array(given->cls);
    free_array(given->reg);
    free_array(given->objects.boxes);
    free_array(given->objects.labels);
    *given = (struct fa_case){0};
}

fa_status fa_case_check_labels(const struct fa_case *given, const char *path, int num_classes)
{
    for (size_t i = 0; i < given->objects.n; i++)
        if (given->objects.labels[i] >= num_classes)
            return fa_fail(FA_EFORMAT, "%s: gt_labels: object %zu has label %d, but there are %d classes",
                           path, i, given->objects.labels[i], num_classes);
    return FA_OK;
}
