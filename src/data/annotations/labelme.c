/*
 * labelme.c - LabelMe: a JSON file an image, with shapes as points in pixels.
 */
#include <math.h>
#include <string.h>

#include "fa/file.h"
#include "fa/files_below.h"
#include "fa/image.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "readers.h"

static fa_status read_points(const struct fa_json *list, double (*points)[2])
{
    const struct fa_json *point = fa_json_first(list);

    for (size_t i = 0; point != NULL; i++, point = fa_json_next(point)) {
        const struct fa_json *x = fa_json_first(point), *y = fa_json_next(x);

        if (fa_json_kind(point) != FA_JSON_ARRAY || !fa_json_to_double(x, &points[i][0]) ||
            !fa_json_to_double(y, &points[i][1]))
            return fa_fail(FA_EFORMAT, "its point %zu is not two numbers", i + 1);
    }
    return FA_OK;
}

/* The middle, and a point of the rim. */
static void box_of_circle(const double (*points)[2], double bbox[4])
{
    const double radius = hypot(points[1][0] - points[0][0], points[1][1] - points[0][1]);

    bbox[0] = points[0][0] - radius;
    bbox[1] = points[0][1] - radius;
    bbox[2] = bbox[3] = 2 * radius;
}

static fa_status read_box(const struct fa_json *shape, const char *kind, double bbox[4])
{
    const struct fa_json *list = fa_json_get(shape, "points");
    const size_t n = fa_json_kind(list) == FA_JSON_ARRAY ? fa_json_count(list) : 0;
    const bool is_circle = strcmp(kind, "circle") == 0;
    double(*points)[2];
    fa_status status;

    if (n < 2 || (is_circle && n != 2))
        return fa_fail(FA_EFORMAT, "a %s of %zu points has no box", kind, n);
    FA_TRY(fa_alloc(n, sizeof *points, &points));
    status = read_points(list, points);
    if (status == FA_OK && is_circle)
        box_of_circle(points, bbox);
    else if (status == FA_OK)
        fa_box_around(points, n, bbox);
    fa_free(points);
    return status;
}

/* Of old versions, which knew outlines alone, no kind. */
static const char *kind_of(const struct fa_json *shape)
{
    const char *kind = "polygon";

    (void)fa_json_to_string(fa_json_get(shape, "shape_type"), &kind);
    return kind;
}

static bool has_box(const char *kind)
{
    return strcmp(kind, "rectangle") == 0 || strcmp(kind, "polygon") == 0 || strcmp(kind, "circle") == 0 ||
           strcmp(kind, "mask") == 0;
}

static fa_status read_shape(struct fa_builder *builder, const struct fa_json *shape)
{
    const char *name;
    double bbox[4];
    int32_t label;

    if (!fa_json_to_string(fa_json_get(shape, "label"), &name))
        return fa_fail(FA_EFORMAT, "it has no label");
    FA_TRY(read_box(shape, kind_of(shape), bbox));
    FA_TRY(fa_builder_class(builder, name, &label));
    return fa_builder_box(builder, label, bbox, false);
}

/* ---- the image of a file ---- */

static const char *const image_suffixes[] = FA_IMAGE_SUFFIXES;

struct labelme {
    struct fa_annotation_reading *reading;
    bool is_listed;
    struct fa_files images; /* of the image folder, once one was missing */
    size_t n_by_stem;       /* images that were found by the name of their JSON file */
    size_t n_others;        /* shapes that are not boxes */
};

static fa_status is_there(const struct labelme *labelme, const char *name, bool *there)
{
    char *path;

    FA_TRY(fa_path_join(labelme->reading->images.path, name, &path));
    *there = fa_file_exists(path);
    fa_free(path);
    return FA_OK;
}

static fa_status list_images(struct labelme *labelme)
{
    if (labelme->is_listed)
        return FA_OK;
    FA_TRY(fa_files_below(labelme->reading->images.path, image_suffixes, &labelme->images));
    labelme->is_listed = true;
    return FA_OK;
}

static size_t stem_length(const char *name)
{
    const char *slash = strrchr(name, '/'), *dot = strrchr(name, '.');

    return dot != NULL && (slash == NULL || dot > slash) ? (size_t)(dot - name) : strlen(name);
}

/* The first of the names, which are sorted, that does not come before all that begin with these n bytes. */
static size_t first_with(const struct fa_files *files, const char *text, size_t n)
{
    size_t low = 0, high = files->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strncmp(files->names[middle], text, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The image that is called as the JSON file, but for its suffix; NULL: there is none, or there are several.
 */
static const char *find_by_stem(const struct fa_files *images, const char *file)
{
    const size_t n = stem_length(file);
    const char *found = NULL;

    for (size_t i = first_with(images, file, n); i < images->n && strncmp(images->names[i], file, n) == 0;
         i++) {
        if (stem_length(images->names[i]) != n)
            continue;
        if (found != NULL)
            return NULL;
        found = images->names[i];
    }
    return found;
}

/* Where path, which lies beside the file, is not there: files are renamed, and some tools write the JSON's
   own name. What is no image's name and leads nowhere is refused; other absent images are told as such later.
 */
static fa_status find_image(struct labelme *labelme, const char *file, const char *path, char **name)
{
    const char *found;
    bool there;

    FA_TRY(fa_annotation_image_beside(file, path, name));
    FA_TRY(is_there(labelme, *name, &there));
    if (there && fa_name_ends(*name, image_suffixes))
        return FA_OK;
    FA_TRY(list_images(labelme));
    found = find_by_stem(&labelme->images, file);
    if (found == NULL && fa_name_ends(*name, image_suffixes))
        return FA_OK;
    if (found == NULL)
        return fa_fail(
            FA_EFORMAT,
            "its imagePath, %s, names no image, and %s does not have exactly one image named like this "
            "file; correct imagePath, or give the image the file's name",
            path, labelme->reading->images.path);
    labelme->n_by_stem++;
    fa_free(*name);
    return fa_strdup(found, name);
}

/* ---- a file ---- */

/* imagePath is relative to the JSON file; of what lies elsewhere the name alone is taken. */
static fa_status begin_image(struct labelme *labelme, const char *file, const struct fa_json *root)
{
    struct fa_annotation_reading *reading = labelme->reading;
    const char *path;
    char *name = NULL;
    double w, h;
    int w_read, h_read;
    fa_status status;

    if (fa_json_get(root, "annotations") != NULL && fa_json_get(root, "images") != NULL)
        return fa_fail(FA_EFORMAT,
                       "it is a COCO file and not LabelMe's; give its own path, not its folder's");
    if (!fa_json_to_string(fa_json_get(root, "imagePath"), &path) || fa_json_get(root, "shapes") == NULL)
        return fa_fail(FA_EFORMAT, "it is not LabelMe's, whose files have imagePath and shapes");
    status = find_image(labelme, file, path, &name);
    if (status == FA_OK && (!fa_json_to_double(fa_json_get(root, "imageWidth"), &w) ||
                            !fa_json_to_double(fa_json_get(root, "imageHeight"), &h))) {
        status = fa_annotation_image_size(reading, name, &w_read, &h_read);
        w = status == FA_OK ? w_read : 0;
        h = status == FA_OK ? h_read : 0;
    }
    if (status == FA_OK)
        status = fa_builder_image(&reading->builder, name, w, h);
    fa_free(name);
    return status;
}

static fa_status read_tree(struct labelme *labelme, const char *file, const struct fa_json *root)
{
    struct fa_builder *builder = &labelme->reading->builder;
    const fa_status status = begin_image(labelme, file, root);
    size_t number = 0;

    if (status != FA_OK)
        return fa_builder_image_fault(builder, fa_prefix(status, "%s", file));
    for (const struct fa_json *shape = fa_json_first(fa_json_get(root, "shapes")); shape != NULL;
         shape = fa_json_next(shape)) {
        const bool counts = has_box(kind_of(shape));

        number++;
        labelme->n_others += !counts;
        if (counts)
            FA_TRY(fa_builder_object_fault(
                builder, fa_prefix(read_shape(builder, shape), "%s: shape %zu", file, number)));
    }
    return FA_OK;
}

static fa_status read_file(struct labelme *labelme, const char *file)
{
    struct fa_json *root = NULL;
    char *text = NULL;
    size_t n_bytes;
    fa_status status = fa_image_folder_read(&labelme->reading->annotations, file, &text, &n_bytes);

    if (status == FA_OK)
        status = fa_json_parse(file, text, n_bytes, &root);
    fa_free(text);
    if (status != FA_OK)
        return fa_builder_image_fault(&labelme->reading->builder, status);
    status = read_tree(labelme, file, root);
    fa_json_free(root);
    return status;
}

/* ---- the whole ---- */

static void tell(const struct labelme *labelme)
{
    const char *path = labelme->reading->source->path;

    if (labelme->n_others > 0)
        fa_warn("%s: %zu shapes that are points or lines are left out", path, labelme->n_others);
    if (labelme->n_by_stem > 0)
        fa_warn(
            "%s: %zu image%s found by the name of the JSON file, since imagePath names none that is there",
            path, labelme->n_by_stem, labelme->n_by_stem == 1 ? " is" : "s are");
}

fa_status fa_labelme_read(struct fa_annotation_reading *reading)
{
    static const char *const suffixes[] = {".json", NULL};
    struct labelme labelme = {.reading = reading};
    struct fa_files files;
    fa_status status = FA_OK;

    FA_TRY(fa_files_below(reading->source->path, suffixes, &files));
    for (size_t i = 0; i < files.n && status == FA_OK; i++)
        status = read_file(&labelme, files.names[i]);
    fa_files_free(&files);
    fa_files_free(&labelme.images);
    if (status == FA_OK)
        tell(&labelme);
    return status;
}
