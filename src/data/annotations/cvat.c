/*
 * cvat.c - "CVAT for images 1.1": one XML file, with boxes, outlines, ellipses and masks in pixels from the
 * image's left upper corner.
 */
#include <math.h>
#include <string.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/xml.h"
#include "readers.h"

#define LARGEST_FILE ((size_t)16 << 30)
#define RADIANS      (3.14159265358979323846 / 180)

static fa_status number_of(const struct fa_xml *element, const char *key, double *out)
{
    return fa_annotation_number(key, fa_xml_attribute(element, key), out);
}

static fa_status numbers_of(const struct fa_xml *element, const char *const keys[4], double out[4])
{
    for (int k = 0; k < 4; k++)
        FA_TRY(number_of(element, keys[k], &out[k]));
    return FA_OK;
}

/* Turned about its middle, clockwise as it is seen. */
static void turn(double points[4][2], double degrees)
{
    const double x = (points[0][0] + points[2][0]) / 2, y = (points[0][1] + points[2][1]) / 2;
    const double c = cos(degrees * RADIANS), s = sin(degrees * RADIANS);

    for (int k = 0; k < 4; k++) {
        const double dx = points[k][0] - x, dy = points[k][1] - y;

        points[k][0] = x + dx * c - dy * s;
        points[k][1] = y + dx * s + dy * c;
    }
}

static fa_status read_box(const struct fa_xml *shape, double bbox[4])
{
    static const char *const keys[4] = {"xtl", "ytl", "xbr", "ybr"};
    double c[4], degrees = 0;

    FA_TRY(numbers_of(shape, keys, c));
    if (fa_xml_attribute(shape, "rotation") != NULL)
        FA_TRY(number_of(shape, "rotation", &degrees));
    double points[4][2] = {{c[0], c[1]}, {c[2], c[1]}, {c[2], c[3]}, {c[0], c[3]}};

    if (degrees != 0)
        turn(points, degrees);
    fa_box_around(points, degrees != 0 ? 4 : 3, bbox);
    return FA_OK;
}

static fa_status read_ellipse(const struct fa_xml *shape, double bbox[4])
{
    static const char *const keys[4] = {"cx", "cy", "rx", "ry"};
    double e[4];

    FA_TRY(numbers_of(shape, keys, e));
    bbox[0] = e[0] - e[2];
    bbox[1] = e[1] - e[3];
    bbox[2] = 2 * e[2];
    bbox[3] = 2 * e[3];
    return FA_OK;
}

/* What is painted, whose pixels are in "rle". */
static fa_status read_mask(const struct fa_xml *shape, double bbox[4])
{
    static const char *const keys[4] = {"left", "top", "width", "height"};

    return numbers_of(shape, keys, bbox);
}

static size_t count(const char *text, char c)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == c;
    return n;
}

/* "x,y" at the beginning of text; what follows it comes back in *rest. */
static fa_status read_point(const char *text, double point[2], const char **rest)
{
    const char *comma;

    if (!fa_annotation_take_number(text, &point[0], &comma) || *comma != ',' ||
        !fa_annotation_take_number(comma + 1, &point[1], rest) || (**rest != ';' && **rest != '\0'))
        return fa_fail(FA_EFORMAT, "its points are not \"x,y;x,y\": %.60s", text);
    *rest += **rest == ';';
    return FA_OK;
}

static fa_status read_outline(const struct fa_xml *shape, double bbox[4])
{
    const char *text = fa_xml_attribute(shape, "points");
    double(*points)[2];
    size_t n = 0;
    fa_status status = FA_OK;

    if (text == NULL || text[0] == '\0')
        return fa_fail(FA_EFORMAT, "it has no points");
    FA_TRY(fa_alloc(count(text, ';') + 1, sizeof *points, &points));
    for (; *text != '\0' && status == FA_OK; n++)
        status = read_point(text, points[n], &text);
    if (status == FA_OK)
        fa_box_around(points, n, bbox);
    fa_free(points);
    return status;
}

typedef fa_status (*read_shape_fn)(const struct fa_xml *shape, double bbox[4]);

/* NULL: it is no object with a box. */
static read_shape_fn reader_of(const char *kind)
{
    if (strcmp(kind, "box") == 0)
        return read_box;
    if (strcmp(kind, "ellipse") == 0)
        return read_ellipse;
    if (strcmp(kind, "mask") == 0)
        return read_mask;
    return strcmp(kind, "polygon") == 0 ? read_outline : NULL;
}

static fa_status read_shape(struct fa_builder *builder, const struct fa_xml *shape, read_shape_fn read)
{
    const char *name = fa_xml_attribute(shape, "label");
    double bbox[4];
    int32_t label;

    if (name == NULL)
        return fa_fail(FA_EFORMAT, "it has no label");
    FA_TRY(read(shape, bbox));
    FA_TRY(fa_builder_class(builder, name, &label));
    return fa_builder_box(builder, label, bbox, false);
}

static fa_status begin_image(struct fa_builder *builder, const struct fa_xml *image)
{
    const char *name = fa_xml_attribute(image, "name");
    double w, h;

    if (name == NULL)
        return fa_fail(FA_EFORMAT, "it has no name");
    FA_TRY(number_of(image, "width", &w));
    FA_TRY(number_of(image, "height", &h));
    return fa_builder_image(builder, name, w, h);
}

static fa_status read_image(struct fa_builder *builder, const struct fa_xml *image, size_t *n_others)
{
    const char *name = fa_xml_attribute(image, "name");
    const fa_status status = begin_image(builder, image);
    size_t number = 0;

    if (status != FA_OK)
        return fa_builder_image_fault(builder,
                                      fa_prefix(status, "image %s", name != NULL ? name : "without a name"));
    for (const struct fa_xml *shape = fa_xml_child(image, NULL); shape != NULL;
         shape = fa_xml_next(shape, NULL)) {
        const read_shape_fn read = reader_of(fa_xml_name(shape));

        number++;
        *n_others += read == NULL;
        if (read != NULL)
            FA_TRY(fa_builder_object_fault(
                builder, fa_prefix(read_shape(builder, shape, read), "image %s: shape %zu", name, number)));
    }
    return FA_OK;
}

/* The labels of the task, or of the project that it belongs to, in their order. */
static fa_status read_labels(struct fa_builder *builder, const struct fa_xml *root)
{
    const struct fa_xml *meta = fa_xml_child(root, "meta"), *of = fa_xml_child(meta, "task");
    int32_t label;

    if (of == NULL)
        of = fa_xml_child(meta, "project");
    if (of == NULL)
        of = fa_xml_child(meta, "job");
    for (const struct fa_xml *l = fa_xml_child(fa_xml_child(of, "labels"), "label");
         l != NULL && !builder->is_closed; l = fa_xml_next(l, "label"))
        if (fa_xml_child(l, "name") != NULL)
            FA_TRY(fa_builder_class(builder, fa_xml_text(fa_xml_child(l, "name")), &label));
    return FA_OK;
}

static fa_status read_root(struct fa_annotation_reading *reading, const struct fa_xml *root)
{
    size_t n_others = 0;

    if (strcmp(fa_xml_name(root), "annotations") != 0)
        return fa_fail(FA_EFORMAT, "it is not CVAT's, whose files begin with <annotations>, but <%.40s>",
                       fa_xml_name(root));
    if (fa_xml_child(root, "track") != NULL)
        return fa_fail(
            FA_EFORMAT,
            "it has tracks, as CVAT writes them for videos; export \"CVAT for images 1.1\" instead");
    FA_TRY(read_labels(&reading->builder, root));
    for (const struct fa_xml *image = fa_xml_child(root, "image"); image != NULL;
         image = fa_xml_next(image, "image"))
        FA_TRY(read_image(&reading->builder, image, &n_others));
    if (n_others > 0)
        fa_warn("%s: %zu shapes that are neither box, polygon, ellipse nor mask are left out",
                reading->source->path, n_others);
    return FA_OK;
}

fa_status fa_cvat_read(struct fa_annotation_reading *reading)
{
    const char *path = reading->source->path;
    struct fa_xml *root = NULL;
    char *text;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_file_read(path, LARGEST_FILE, &text, &n_bytes));
    status = fa_xml_parse(path, text, n_bytes, &root);
    fa_free(text);
    FA_TRY(status);
    status = fa_prefix(read_root(reading, root), "%s", path);
    fa_xml_free(root);
    return status;
}
