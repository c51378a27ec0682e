/*
 * voc.c - Pascal VOC: an XML file an image, with objects whose corners are pixels, both within the object.
 *
 * VOC counts pixels from 1, many tools that write its files from 0. A corner at 0, or between two pixels,
 * gives the latter away; it is decided once for all files, since most objects tell nothing.
 */
#include <math.h>
#include <string.h>

#include "fa/files_below.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/xml.h"
#include "readers.h"

static fa_status read_number(const struct fa_xml *parent, const char *name, double *out)
{
    return fa_annotation_number(name, fa_xml_text(fa_xml_child(parent, name)), out);
}

/* Corners, for now: x0 y0 x1 y1. */
static fa_status read_corners(const struct fa_xml *object, double corners[4])
{
    static const char *const names[4] = {"xmin", "ymin", "xmax", "ymax"};
    const struct fa_xml *box = fa_xml_child(object, "bndbox");

    if (box == NULL)
        return fa_fail(FA_EFORMAT, "it has no bndbox");
    for (int k = 0; k < 4; k++)
        FA_TRY(read_number(box, names[k], &corners[k]));
    return FA_OK;
}

static fa_status read_object(struct fa_builder *builder, const struct fa_xml *object)
{
    const char *difficult = fa_xml_text(fa_xml_child(object, "difficult"));
    const char *name = fa_xml_text(fa_xml_child(object, "name"));
    double corners[4];
    int32_t label;

    if (name == NULL)
        return fa_fail(FA_EFORMAT, "it has no name");
    FA_TRY(read_corners(object, corners));
    FA_TRY(fa_builder_class(builder, name, &label));
    return fa_builder_box(builder, label, corners, difficult != NULL && strcmp(difficult, "1") == 0);
}

/* Some tools leave the size away, or write 0: then the image is asked. */
static fa_status read_size(const struct fa_annotation_reading *reading, const struct fa_xml *size,
                           const char *name, double sides[2])
{
    int w, h;

    sides[0] = sides[1] = 0;
    if (fa_xml_child(size, "width") != NULL || fa_xml_child(size, "height") != NULL) {
        FA_TRY(read_number(size, "width", &sides[0]));
        FA_TRY(read_number(size, "height", &sides[1]));
    }
    if (sides[0] != 0 || sides[1] != 0)
        return FA_OK;
    FA_TRY(fa_annotation_image_size(reading, name, &w, &h));
    sides[0] = w;
    sides[1] = h;
    return FA_OK;
}

static fa_status begin_image(struct fa_annotation_reading *reading, const struct fa_xml *root)
{
    const char *name = fa_xml_text(fa_xml_child(root, "filename"));
    double sides[2];

    if (strcmp(fa_xml_name(root), "annotation") != 0)
        return fa_fail(FA_EFORMAT, "it is not Pascal VOC's, whose files begin with <annotation>, but <%.40s>",
                       fa_xml_name(root));
    if (name == NULL)
        return fa_fail(FA_EFORMAT, "it has no filename");
    FA_TRY(read_size(reading, fa_xml_child(root, "size"), name, sides));
    return fa_builder_image(&reading->builder, name, sides[0], sides[1]);
}

static fa_status read_tree(struct fa_annotation_reading *reading, const char *file, const struct fa_xml *root)
{
    struct fa_builder *builder = &reading->builder;
    const fa_status status = begin_image(reading, root);
    size_t number = 0;

    if (status != FA_OK)
        return fa_builder_image_fault(builder, fa_prefix(status, "%s", file));
    for (const struct fa_xml *object = fa_xml_child(root, "object"); object != NULL;
         object = fa_xml_next(object, "object"))
        FA_TRY(fa_builder_object_fault(
            builder, fa_prefix(read_object(builder, object), "%s: object %zu", file, ++number)));
    return FA_OK;
}

static fa_status read_file(struct fa_annotation_reading *reading, const char *file)
{
    struct fa_xml *root = NULL;
    char *text = NULL;
    size_t n_bytes;
    fa_status status = fa_image_folder_read(&reading->annotations, file, &text, &n_bytes);

    if (status == FA_OK)
        status = fa_xml_parse(file, text, n_bytes, &root);
    fa_free(text);
    if (status != FA_OK)
        return fa_builder_image_fault(&reading->builder, status);
    status = read_tree(reading, file, root);
    fa_xml_free(root);
    return status;
}

static bool counts_from_0(const struct fa_coco *coco)
{
    for (size_t a = 0; a < coco->n_annotations; a++) {
        const double *corners = coco->annotations[a].bbox;

        if (corners[0] == 0 || corners[1] == 0)
            return true;
        for (int k = 0; k < 4; k++)
            if (corners[k] != floor(corners[k]))
                return true;
    }
    return false;
}

static void place_boxes(struct fa_coco *coco, double origin)
{
    for (size_t a = 0; a < coco->n_annotations; a++) {
        double *b = coco->annotations[a].bbox;

        b[2] -= b[0] - origin;
        b[3] -= b[1] - origin;
        b[0] -= origin;
        b[1] -= origin;
        coco->annotations[a].area = b[2] * b[3];
    }
}

fa_status fa_voc_read(struct fa_annotation_reading *reading)
{
    static const char *const suffixes[] = {".xml", NULL};
    struct fa_coco *coco = reading->builder.coco;
    struct fa_files files;
    fa_status status = FA_OK;
    bool from_0;

    FA_TRY(fa_files_below(reading->source->path, suffixes, &files));
    for (size_t i = 0; i < files.n && status == FA_OK; i++)
        status = read_file(reading, files.names[i]);
    fa_files_free(&files);
    FA_TRY(status);
    from_0 = counts_from_0(coco);
    place_boxes(coco, from_0 ? 0 : 1);
    fa_info("%s: corners are counted from %d%s", reading->source->path, from_0 ? 0 : 1,
            from_0 ? ", not from 1 as in VOC, since one is at 0 or between two pixels" : ", as in VOC");
    return FA_OK;
}
