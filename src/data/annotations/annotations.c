/*
 * annotations.c - which format annotations are in, and the reader of it.
 */
#include "fa/annotations.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "class_names.h"
#include "coco_name.h"
#include "fa/file.h"
#include "fa/files_below.h"
#include "fa/image.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "merge.h"
#include "readers.h"

const char *const fa_annotation_format_names[FA_N_ANNOTATION_FORMATS] = {
    [FA_ANNOTATIONS_BY_CONTENT] = "auto", [FA_ANNOTATIONS_COCO] = "coco",
    [FA_ANNOTATIONS_VOC] = "voc",         [FA_ANNOTATIONS_YOLO] = "yolo",
    [FA_ANNOTATIONS_LABELME] = "labelme", [FA_ANNOTATIONS_CVAT] = "cvat"};

/* ---- shared by the readers ---- */

bool fa_annotation_take_number(const char *text, double *out, const char **rest)
{
    char *end;

    *out = strtod(text, &end);
    *rest = end;
    return end != text && isfinite(*out);
}

fa_status fa_annotation_number(const char *what, const char *text, double *out)
{
    const char *rest;

    if (text == NULL || text[0] == '\0')
        return fa_fail(FA_EFORMAT, "it has no %s", what);
    if (!fa_annotation_take_number(text, out, &rest) || *rest != '\0')
        return fa_fail(FA_EFORMAT, "its %s is \"%.40s\", which is not a number", what, text);
    return FA_OK;
}

fa_status fa_annotation_text(char *text, size_t n_bytes, char **begin)
{
    static const char mark[] = "\xef\xbb\xbf"; /* which Windows puts before UTF-8 */

    if (memchr(text, '\0', n_bytes) != NULL || (n_bytes >= 2 && (uint8_t)text[0] >= 0xfe))
        return fa_fail(FA_EFORMAT, "it is not plain text; save it as UTF-8");
    *begin = text + (strncmp(text, mark, 3) == 0 ? 3 : 0);
    return FA_OK;
}

void fa_box_around(const double (*points)[2], size_t n, double bbox[4])
{
    double least[2] = {points[0][0], points[0][1]}, most[2] = {points[0][0], points[0][1]};

    for (size_t i = 1; i < n; i++)
        for (int k = 0; k < 2; k++) {
            least[k] = fmin(least[k], points[i][k]);
            most[k] = fmax(most[k], points[i][k]);
        }
    for (int k = 0; k < 2; k++) {
        bbox[k] = least[k];
        bbox[2 + k] = most[k] - least[k];
    }
}

fa_status fa_annotation_image_size(const struct fa_annotation_reading *reading, const char *name, int *w,
                                   int *h)
{
    struct fa_image_info info;
    char *data = NULL;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_builder_check_name(name));
    status = fa_image_folder_read(&reading->images, name, &data, &n_bytes);
    if (status == FA_OK)
        status = fa_image_inspect(name, data, n_bytes, &info);
    fa_free(data);
    if (status == FA_EMISSING)
        return fa_fail(FA_EFORMAT, "%s: there is no such image in %s", name,
                       reading->source->image_directory);
    FA_TRY(status);
    *w = info.orientation >= 5 ? info.h : info.w; /* 5..8 swap the sides */
    *h = info.orientation >= 5 ? info.w : info.h;
    return FA_OK;
}

fa_status fa_annotation_image_beside(const char *file, const char *name, char **out)
{
    const char *slash = strrchr(file, '/');
    size_t n = slash != NULL ? (size_t)(slash - file) + 1 : 0;

    while (strpbrk(name, "/\\") != NULL)
        name = strpbrk(name, "/\\") + 1;
    FA_TRY(fa_alloc(n + strlen(name) + 1, 1, out));
    memcpy(*out, file, n);
    strcpy(*out + n, name);
    return FA_OK;
}

/* ---- which format ---- */

static fa_status count_below(const char *path, const char *suffix, size_t *n)
{
    struct fa_files files;

    FA_TRY(fa_files_below(path, (const char *const[]){suffix, NULL}, &files));
    *n = files.n;
    fa_files_free(&files);
    return FA_OK;
}

static fa_status guess_folder(const char *path, enum fa_annotation_format *format)
{
    static const struct {
        const char *suffix;
        enum fa_annotation_format format;
    } kinds[] = {
        {".xml", FA_ANNOTATIONS_VOC}, {".json", FA_ANNOTATIONS_LABELME}, {".txt", FA_ANNOTATIONS_YOLO}};
    size_t n, n_most = 0;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        FA_TRY(count_below(path, kinds[k].suffix, &n));
        if (n > n_most) {
            n_most = n;
            *format = kinds[k].format;
        }
    }
    if (n_most > 0)
        return FA_OK;
    return fa_fail(FA_EFORMAT,
                   "%s: holds no annotations: neither XML (Pascal VOC), JSON (LabelMe) nor text files (YOLO)",
                   path);
}

static fa_status guess_file(const char *path, enum fa_annotation_format *format)
{
    static const char *const xml[] = {".xml", NULL}, *const yolo[] = {".txt", ".yaml", ".yml", NULL};

    if (fa_name_ends(path, yolo))
        return fa_fail(FA_EINVAL, "%s: YOLO's labels are given as the folder that they lie in, not as a file",
                       path);
    *format = fa_name_ends(path, xml) ? FA_ANNOTATIONS_CVAT : FA_ANNOTATIONS_COCO;
    return FA_OK;
}

static fa_status choose_format(const struct fa_annotation_source *source, enum fa_annotation_format *format)
{
    const bool is_folder = fa_directory_exists(source->path);
    bool wants_folder;

    *format = source->format;
    if (*format == FA_ANNOTATIONS_BY_CONTENT)
        FA_TRY(is_folder ? guess_folder(source->path, format) : guess_file(source->path, format));
    wants_folder = *format != FA_ANNOTATIONS_COCO && *format != FA_ANNOTATIONS_CVAT;
    if (is_folder == wants_folder || !fa_file_exists(source->path))
        return FA_OK; /* or the reader says that there is none */
    return fa_fail(FA_EINVAL, "%s: annotations in the format %s are a %s, this is a %s", source->path,
                   fa_annotation_format_names[*format], wants_folder ? "folder" : "file",
                   wants_folder ? "file" : "folder");
}

/* ---- reading ---- */

typedef fa_status (*read_fn)(struct fa_annotation_reading *reading);

static const read_fn readers[FA_N_ANNOTATION_FORMATS] = {[FA_ANNOTATIONS_VOC] = fa_voc_read,
                                                         [FA_ANNOTATIONS_YOLO] = fa_yolo_read,
                                                         [FA_ANNOTATIONS_LABELME] = fa_labelme_read,
                                                         [FA_ANNOTATIONS_CVAT] = fa_cvat_read};

static bool orders_classes(enum fa_annotation_format format)
{
    return format == FA_ANNOTATIONS_YOLO || format == FA_ANNOTATIONS_CVAT;
}

static fa_status open_reading(struct fa_annotation_reading *reading)
{
    const struct fa_annotation_source *source = reading->source;

    FA_TRY(fa_builder_open(&reading->builder));
    if (fa_directory_exists(source->path))
        FA_TRY(fa_image_folder_open(source->path, source->follow_links, &reading->annotations));
    FA_TRY(fa_image_folder_open(source->image_directory, source->follow_links, &reading->images));
    if (reading->classes == NULL)
        return FA_OK;
    FA_TRY(fa_classes_given(reading->classes, &reading->builder));
    reading->builder.is_closed = true;
    return FA_OK;
}

static fa_status read_into(struct fa_annotation_reading *reading, enum fa_annotation_format format,
                           struct fa_coco **out)
{
    FA_TRY(open_reading(reading));
    FA_TRY(readers[format](reading));
    if (!reading->builder.is_closed && !orders_classes(format))
        FA_TRY(fa_builder_sort_classes(&reading->builder));
    return fa_builder_finish(&reading->builder, reading->source->path, out);
}

/* A COCO file's own classes are put into the order of a list afterwards (merge.h). */
static fa_status read_source(const struct fa_annotation_source *source, const char *classes,
                             struct fa_coco **out)
{
    struct fa_annotation_reading reading = {.source = source, .classes = classes};
    enum fa_annotation_format format;
    fa_status status;

    FA_TRY(choose_format(source, &format));
    if (format == FA_ANNOTATIONS_COCO)
        return fa_coco_read_usable(source->path, out);
    if (source->format == FA_ANNOTATIONS_BY_CONTENT)
        fa_info("%s: taken as %s (--format)", source->path, fa_annotation_format_names[format]);
    status = read_into(&reading, format, out);
    fa_builder_close(&reading.builder);
    fa_image_folder_close(&reading.annotations);
    fa_image_folder_close(&reading.images);
    return status;
}

static fa_status tell_repeated_names(const struct fa_coco *coco, const char *path)
{
    size_t n, pair[2];

    FA_TRY(fa_coco_names_repeated(coco, &n, pair));
    if (n > 0)
        fa_warn("%s: %zu images name a file that another image names, too; the first: %s has ids %" PRId64
                " and %" PRId64,
                path, n, coco->images[pair[0]].file_name, coco->images[pair[0]].id, coco->images[pair[1]].id);
    return FA_OK;
}

static fa_status read_sources(const struct fa_annotation_source *sources, size_t n, const char *classes,
                              struct fa_coco **parts, const char **paths)
{
    for (size_t k = 0; k < n; k++) {
        size_t n_mended;

        paths[k] = sources[k].path;
        FA_TRY(read_source(&sources[k], classes, &parts[k]));
        FA_TRY(fa_coco_names_mend(parts[k], sources[k].image_directory, &n_mended));
        FA_TRY(tell_repeated_names(parts[k], paths[k]));
    }
    return FA_OK;
}

/* A source alone stays as it is, unless its classes are to be others than it has. */
static fa_status merge_sources(struct fa_coco **parts, const char *const *paths, size_t n,
                               const char *classes, struct fa_coco **out)
{
    if (n > 1 || classes != NULL)
        return fa_coco_merge(parts, paths, n, classes, out);
    *out = parts[0];
    parts[0] = NULL;
    return FA_OK;
}

fa_status fa_annotations_read(const struct fa_annotation_source *sources, size_t n, const char *classes,
                              struct fa_coco **out)
{
    struct fa_coco **parts = NULL;
    const char **paths = NULL;
    fa_status status = fa_alloc_zero(n, sizeof *parts, &parts);

    if (status == FA_OK)
        status = fa_alloc(n, sizeof *paths, &paths);
    if (status == FA_OK)
        status = read_sources(sources, n, classes, parts, paths);
    if (status == FA_OK)
        status = merge_sources(parts, paths, n, classes, out);
    for (size_t k = 0; k < n && parts != NULL; k++)
        fa_coco_free(parts[k]);
    fa_free(parts);
    fa_free(paths);
    return status;
}
