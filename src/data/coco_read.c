/*
 * coco_read.c - a COCO annotation file into memory, refusing what contradicts itself.
 *
 * Every list is read by one loop that puts file, list, place and id before whatever its item complains of.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "coco_member.h"
#include "coco_trim.h"
#include "fa/coco.h"
#include "fa/file.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "id_table.h"

#define LARGEST_SIDE 65535 /* what a JPEG can hold */
#define LARGEST_FILE ((size_t)16 << 30)

struct reader {
    const char *path;
    struct fa_coco *coco;
    struct fa_id_table categories, images, annotations;
};

typedef fa_status (*read_item_fn)(struct reader *reader, const struct fa_json *item, size_t i);

/* ---- one item ---- */

static fa_status read_id(const struct fa_json *item, int64_t *id)
{
    if (!fa_json_to_int(fa_json_get(item, "id"), id))
        return fa_fail(FA_EFORMAT, "`id` is missing or not a whole number up to 2^53; give every item one");
    return FA_OK;
}

static fa_status read_text(const struct fa_json *item, const char *key, char **out)
{
    const char *text;

    if (!fa_json_to_string(fa_json_get(item, key), &text) || text[0] == '\0')
        return fa_fail(FA_EFORMAT, "`%s` is missing, empty or not a text", key);
    return fa_strdup(text, out);
}

/* 0 or 1, as a number or as a boolean. */
static fa_status read_flag(const struct fa_json *item, const char *key, bool *flag, size_t *n_missing)
{
    const struct fa_json *value = fa_json_get(item, key);
    int64_t number;

    *flag = false;
    if (value == NULL) {
        ++*n_missing;
        return FA_OK;
    }
    if (fa_json_to_bool(value, flag))
        return FA_OK;
    if (!fa_json_to_int(value, &number) || (number != 0 && number != 1))
        return fa_fail(FA_EFORMAT, "`%s` is neither 0 nor 1", key);
    *flag = number == 1;
    return FA_OK;
}

static fa_status read_side(const struct fa_json *item, const char *key, int *side)
{
    int64_t value;

    if (!fa_json_to_int(fa_json_get(item, key), &value) || value < 1 || value > LARGEST_SIDE)
        return fa_fail(FA_EFORMAT, "`%s` is missing or not a whole number from 1 to %d", key, LARGEST_SIDE);
    *side = (int)value;
    return FA_OK;
}

/* A name may point into the image directory only, whoever wrote the file. */
static bool stays_inside(const char *name)
{
    if (name[0] == '/')
        return false;
    for (;;) {
        size_t length = strcspn(name, "/");

        if (length == 2 && name[0] == '.' && name[1] == '.')
            return false;
        if (name[length] == '\0')
            return true;
        name += length + 1;
    }
}

static fa_status read_category(struct reader *reader, const struct fa_json *item, size_t i)
{
    struct fa_coco_category *category = &reader->coco->categories[i];

    FA_TRY(read_id(item, &category->id));
    reader->categories.rows[i] = (struct fa_id_place){category->id, i};
    return read_text(item, "name", &category->name);
}

static fa_status read_image(struct reader *reader, const struct fa_json *item, size_t i)
{
    struct fa_coco_image *image = &reader->coco->images[i];

    FA_TRY(read_id(item, &image->id));
    reader->images.rows[i] = (struct fa_id_place){image->id, i};
    FA_TRY(read_side(item, "width", &image->w));
    FA_TRY(read_side(item, "height", &image->h));
    FA_TRY(read_text(item, "file_name", &image->file_name));
    if (!stays_inside(image->file_name))
        return fa_fail(FA_EFORMAT,
                       "file_name \"%s\" leaves the image directory; use a relative name without \"..\"",
                       image->file_name);
    return FA_OK;
}

static fa_status read_area(struct fa_coco *coco, const struct fa_json *item,
                           struct fa_coco_annotation *annotation)
{
    const struct fa_json *value = fa_json_get(item, "area");

    if (value == NULL) {
        coco->n_missing_area++;
        annotation->area = annotation->bbox[2] * annotation->bbox[3];
        return FA_OK;
    }
    if (!fa_json_to_double(value, &annotation->area) || !isfinite(annotation->area))
        return fa_fail(FA_EFORMAT,
                       "`area` is not a finite number; correct it, or leave it out to mean w * h");
    return FA_OK;
}

/* What the annotation points at, as places in the two lists read before it. */
static fa_status read_references(const struct reader *reader, const struct fa_json *item,
                                 struct fa_coco_annotation *annotation)
{
    size_t category;

    FA_TRY(fa_coco_member_int(item, "image_id", &annotation->image_id));
    FA_TRY(fa_coco_member_int(item, "category_id", &annotation->category_id));
    if (!fa_id_table_find(&reader->images, annotation->image_id, &annotation->image))
        return fa_fail(FA_EFORMAT,
                       "image_id %" PRId64 " is not in `images`; add the image or remove the annotation",
                       annotation->image_id);
    if (!fa_id_table_find(&reader->categories, annotation->category_id, &category))
        return fa_fail(FA_EFORMAT,
                       "category_id %" PRId64
                       " is not in `categories`; add the category or remove the annotation",
                       annotation->category_id);
    annotation->label = (int32_t)category;
    return FA_OK;
}

/* An id that is missing gets its value at the end, see number_the_rest. */
static fa_status read_annotation(struct reader *reader, const struct fa_json *item, size_t i)
{
    struct fa_coco *coco = reader->coco;
    struct fa_coco_annotation *annotation = &coco->annotations[i];
    size_t n_without_ignore = 0; /* COCO itself has no such field */

    if (fa_json_get(item, "id") != NULL)
        FA_TRY(read_id(item, &annotation->id));
    else
        coco->n_missing_id++;
    FA_TRY(read_references(reader, item, annotation));
    FA_TRY(fa_coco_member_box(item, annotation->bbox));
    FA_TRY(read_area(coco, item, annotation));
    FA_TRY(read_flag(item, "iscrowd", &annotation->crowd, &coco->n_missing_crowd));
    return read_flag(item, "ignore", &annotation->ignore, &n_without_ignore);
}

/* ---- the lists ---- */

static fa_status place_item(fa_status status, const char *path, const char *list, size_t i,
                            const struct fa_json *item)
{
    int64_t id;

    if (fa_json_to_int(fa_json_get(item, "id"), &id))
        return fa_prefix(status, "%s: %s[%zu] (id %" PRId64 ")", path, list, i, id);
    return fa_prefix(status, "%s: %s[%zu]", path, list, i);
}

static fa_status read_list(struct reader *reader, const struct fa_json *list, const char *name,
                           read_item_fn read_item)
{
    const struct fa_json *item = fa_json_first(list);

    for (size_t i = 0; item != NULL; i++, item = fa_json_next(item)) {
        fa_status st;

        if (fa_json_kind(item) == FA_JSON_OBJECT)
            st = read_item(reader, item, i);
        else
            st = fa_fail(FA_EFORMAT, "not an object");
        if (st != FA_OK)
            return place_item(st, reader->path, name, i, item);
    }
    return FA_OK;
}

static fa_status find_list(const struct reader *reader, const struct fa_json *root, const char *name,
                           const struct fa_json **list, size_t *n)
{
    *list = fa_json_get(root, name);
    if (fa_json_kind(*list) != FA_JSON_ARRAY)
        return fa_fail(
            FA_EFORMAT,
            "%s: `%s` is missing or not a list; a COCO file has images, annotations and categories",
            reader->path, name);
    *n = fa_json_count(*list);
    return FA_OK;
}

static fa_status require_distinct(const struct reader *reader, struct fa_id_table *table, const char *list)
{
    struct fa_id_place first, second;

    fa_id_table_sort(table);
    if (!fa_id_table_duplicate(table, &first, &second))
        return FA_OK;
    return fa_fail(FA_EFORMAT,
                   "%s: %s[%zu] and %s[%zu] both have id %" PRId64
                   "; ids must be unique, renumber one of them",
                   reader->path, list, first.place, list, second.place, first.id);
}

static fa_status read_categories(struct reader *reader, const struct fa_json *root)
{
    struct fa_coco *coco = reader->coco;
    const struct fa_json *list;
    size_t n = 0;

    FA_TRY(find_list(reader, root, "categories", &list, &n));
    if (n == 0 || n > INT32_MAX)
        return fa_fail(FA_EFORMAT, "%s: `categories` has %zu entries; a detector needs at least one",
                       reader->path, n);
    FA_TRY(fa_alloc_zero(n, sizeof *coco->categories, &coco->categories));
    coco->n_categories = n;
    FA_TRY(fa_id_table_create(n, &reader->categories));
    FA_TRY(read_list(reader, list, "categories", read_category));
    return require_distinct(reader, &reader->categories, "categories");
}

static fa_status read_images(struct reader *reader, const struct fa_json *root)
{
    struct fa_coco *coco = reader->coco;
    const struct fa_json *list;
    size_t n = 0;

    FA_TRY(find_list(reader, root, "images", &list, &n));
    FA_TRY(fa_alloc_zero(n, sizeof *coco->images, &coco->images));
    coco->n_images = n;
    FA_TRY(fa_id_table_create(n, &reader->images));
    FA_TRY(read_list(reader, list, "images", read_image));
    return require_distinct(reader, &reader->images, "images");
}

/* Annotations without an id are numbered on from the largest id given. */
static void number_the_rest(struct reader *reader, const struct fa_json *list)
{
    struct fa_coco *coco = reader->coco;
    const struct fa_json *item = fa_json_first(list);
    int64_t next = 1;

    for (size_t i = 0; i < coco->n_annotations; i++)
        if (coco->annotations[i].id >= next)
            next = coco->annotations[i].id + 1;
    for (size_t i = 0; i < coco->n_annotations; i++, item = fa_json_next(item)) {
        if (fa_json_get(item, "id") == NULL)
            coco->annotations[i].id = next++;
        reader->annotations.rows[i] = (struct fa_id_place){coco->annotations[i].id, i};
    }
}

static fa_status read_annotations(struct reader *reader, const struct fa_json *root)
{
    struct fa_coco *coco = reader->coco;
    const struct fa_json *list;
    size_t n = 0;

    FA_TRY(find_list(reader, root, "annotations", &list, &n));
    FA_TRY(fa_alloc_zero(n, sizeof *coco->annotations, &coco->annotations));
    coco->n_annotations = n;
    FA_TRY(fa_id_table_create(n, &reader->annotations));
    FA_TRY(read_list(reader, list, "annotations", read_annotation));
    number_the_rest(reader, list);
    return require_distinct(reader, &reader->annotations, "annotations");
}

static void tell_what_was_missing(const char *path, const struct fa_coco *coco)
{
    if (coco->n_missing_crowd > 0)
        fa_warn("%s: %zu annotations have no `iscrowd`; taken as 0", path, coco->n_missing_crowd);
    if (coco->n_missing_area > 0)
        fa_warn("%s: %zu annotations have no `area`; taken as w * h", path, coco->n_missing_area);
    if (coco->n_missing_id > 0)
        fa_warn("%s: %zu annotations have no `id`; numbered on from the largest", path, coco->n_missing_id);
}

static fa_status read_tree(const char *path, struct fa_json **root)
{
    char *text;
    size_t n_bytes;
    fa_status st;

    FA_TRY(fa_file_read(path, LARGEST_FILE, &text, &n_bytes));
    fa_coco_trim(text, n_bytes);
    st = fa_json_parse(path, text, n_bytes, root);
    fa_free(text);
    return st;
}

fa_status fa_coco_read(const char *path, struct fa_coco **out)
{
    struct reader reader = {.path = path};
    struct fa_json *root = NULL;
    fa_status st;

    FA_TRY(read_tree(path, &root));
    st = fa_alloc_zero(1, sizeof *reader.coco, &reader.coco);
    if (st == FA_OK)
        st = read_categories(&reader, root);
    if (st == FA_OK)
        st = read_images(&reader, root);
    if (st == FA_OK)
        st = read_annotations(&reader, root);
    fa_json_free(root);
    fa_id_table_free(&reader.categories);
    fa_id_table_free(&reader.images);
    fa_id_table_free(&reader.annotations);
    if (st != FA_OK) {
        fa_coco_free(reader.coco);
        return st;
    }
    tell_what_was_missing(path, reader.coco);
    *out = reader.coco;
    return FA_OK;
}

void fa_coco_free(struct fa_coco *coco)
{
    if (coco == NULL)
        return;
    for (size_t i = 0; i < coco->n_categories; i++)
        fa_free(coco->categories[i].name);
    for (size_t i = 0; i < coco->n_images; i++)
        fa_free(coco->images[i].file_name);
    fa_free(coco->categories);
    fa_free(coco->images);
    fa_free(coco->annotations);
    fa_free(coco);
}
