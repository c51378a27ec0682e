/*
 * coco_read.c - a COCO annotation file into memory, without what contradicts itself.
 *
 * Every list is read by one loop that puts file, list, place and id before whatever its item complains of,
 * and keeps that as a fault. Until a list is read to its end the place of an item in memory is that in the
 * file, so that faults can name it; then what is faulty is closed up.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "coco_fault.h"
#include "coco_member.h"
#include "coco_name.h"
#include "coco_trim.h"
#include "fa/coco.h"
#include "fa/file.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "id_table.h"

#define LARGEST_SIDE 65535 /* what a JPEG can hold */
#define LARGEST_FILE ((size_t)16 << 30)

#define NOWHERE SIZE_MAX /* the place of an item that cannot be used */

struct reader {
    const char *path;
    struct fa_coco *coco;
    struct fa_id_table categories, images, annotations;
};

typedef fa_status (*read_item_fn)(struct reader *reader, const struct fa_json *item, size_t i);

/* ---- one item ---- */

/* The id of item i of its list, which enters the table even if the rest of the item cannot be used. */
static fa_status read_id(struct reader *reader, const struct fa_json *item, size_t i,
                         struct fa_id_table *table, int64_t *id)
{
    FA_TRY(fa_coco_member_id(item, "id", id, &reader->coco->n_text_ids));
    table->rows[table->n++] = (struct fa_id_place){*id, i};
    return FA_OK;
}

static fa_status read_text(const struct fa_json *item, const char *key, char **out)
{
    const char *text;

    if (!fa_json_to_string(fa_json_get(item, key), &text) || text[0] == '\0')
        return fa_fail(FA_EFORMAT, "`%s` is missing, empty or not a string", key);
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

static fa_status read_category(struct reader *reader, const struct fa_json *item, size_t i)
{
    struct fa_coco_category *category = &reader->coco->categories[i];

    FA_TRY(read_id(reader, item, i, &reader->categories, &category->id));
    return read_text(item, "name", &category->name);
}

/* An image that can be used has a width when this returns, others have none. */
static fa_status read_image(struct reader *reader, const struct fa_json *item, size_t i)
{
    struct fa_coco_image *image = &reader->coco->images[i];
    int w = 0;

    FA_TRY(read_id(reader, item, i, &reader->images, &image->id));
    FA_TRY(read_side(item, "width", &w));
    FA_TRY(read_side(item, "height", &image->h));
    FA_TRY(read_text(item, "file_name", &image->file_name));
    if (!fa_coco_name_stays_inside(image->file_name))
        return fa_fail(FA_EFORMAT,
                       "file_name \"%s\" leaves the image directory; use a relative name without \"..\"",
                       image->file_name);
    image->w = w;
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
                                 struct fa_coco_annotation *annotation, size_t *image)
{
    size_t category, *n_text = &reader->coco->n_text_ids;

    FA_TRY(fa_coco_member_id(item, "image_id", &annotation->image_id, n_text));
    FA_TRY(fa_coco_member_id(item, "category_id", &annotation->category_id, n_text));
    if (!fa_id_table_find(&reader->images, annotation->image_id, image))
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
    size_t image = NOWHERE;

    if (fa_json_get(item, "id") != NULL)
        FA_TRY(fa_coco_member_id(item, "id", &annotation->id, &coco->n_text_ids));
    else
        coco->n_missing_id++;
    FA_TRY(read_references(reader, item, annotation, &image));
    FA_TRY(fa_coco_member_box(item, annotation->bbox));
    FA_TRY(read_area(coco, item, annotation));
    FA_TRY(read_flag(item, "iscrowd", &annotation->crowd, &coco->n_missing_crowd));
    FA_TRY(read_flag(item, "ignore", &annotation->ignore, &n_without_ignore));
    annotation->image = image;
    return FA_OK;
}

/* ---- faults ---- */

static fa_status place_item(fa_status status, const char *list, size_t i, const struct fa_json *item)
{
    int64_t id;

    if (fa_json_to_int64(fa_json_get(item, "id"), &id))
        return fa_prefix(status, "%s[%zu] (id %" PRId64 ")", list, i, id);
    return fa_prefix(status, "%s[%zu]", list, i);
}

/* ---- the lists ---- */

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
            FA_TRY(fa_coco_keep_fault(reader->coco, place_item(st, name, i, item)));
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

static fa_status create_table(size_t n, struct fa_id_table *table)
{
    FA_TRY(fa_id_table_create(n, table));
    table->n = 0; /* rows are entered as they are read */
    return FA_OK;
}

static fa_status fail_duplicate(const char *list, const struct fa_id_place *first,
                                const struct fa_id_place *second)
{
    return fa_fail(FA_EFORMAT,
                   "%s[%zu] and %s[%zu] both have id %" PRId64 "; ids must be unique, renumber one of them",
                   list, first->place, list, second->place, first->id);
}

static fa_status require_distinct(const struct reader *reader, struct fa_id_table *table, const char *list)
{
    struct fa_id_place first, second;

    fa_id_table_sort(table);
    if (!fa_id_table_duplicate(table, &first, &second))
        return FA_OK;
    return fa_prefix(fail_duplicate(list, &first, &second), "%s", reader->path);
}

/* A category less would give those after it other labels, so one that cannot be used ends the reading. */
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
    FA_TRY(create_table(n, &reader->categories));
    FA_TRY(read_list(reader, list, "categories", read_category));
    if (coco->n_faults > 0)
        return fa_fail(FA_EFORMAT, "%s: %s", reader->path, coco->faults[0]);
    return require_distinct(reader, &reader->categories, "categories");
}

/* place: where each image of the file is in memory from now on, also in the table of ids. */
static void close_up_images(struct reader *reader, size_t *place)
{
    struct fa_coco *coco = reader->coco;
    const size_t n = coco->n_images;

    coco->n_images = 0;
    for (size_t i = 0; i < n; i++) {
        if (coco->images[i].w > 0) {
            place[i] = coco->n_images++;
            coco->images[place[i]] = coco->images[i];
        } else {
            place[i] = NOWHERE;
            fa_free(coco->images[i].file_name);
        }
    }
    for (size_t r = 0; r < reader->images.n; r++)
        reader->images.rows[r].place = place[reader->images.rows[r].place];
}

static fa_status read_images(struct reader *reader, const struct fa_json *root)
{
    struct fa_coco *coco = reader->coco;
    const struct fa_json *list;
    size_t n = 0, *place = NULL;

    FA_TRY(find_list(reader, root, "images", &list, &n));
    FA_TRY(fa_alloc_zero(n, sizeof *coco->images, &coco->images));
    coco->n_images = n;
    FA_TRY(create_table(n, &reader->images));
    FA_TRY(read_list(reader, list, "images", read_image));
    FA_TRY(require_distinct(reader, &reader->images, "images"));
    coco->n_faulty_images = coco->n_faults;
    if (coco->n_faults == 0)
        return FA_OK;
    FA_TRY(fa_alloc(n, sizeof *place, &place));
    close_up_images(reader, place);
    fa_free(place);
    return FA_OK;
}

/* Annotations without an id are numbered on from the largest id given. */
static fa_status number_the_rest(struct reader *reader, const struct fa_json *list)
{
    struct fa_coco *coco = reader->coco;
    const struct fa_json *item = fa_json_first(list);
    int64_t largest = 0;

    for (size_t i = 0; i < coco->n_annotations; i++)
        if (coco->annotations[i].id > largest)
            largest = coco->annotations[i].id;
    if (coco->n_missing_id > (uint64_t)(INT64_MAX - largest))
        return fa_fail(FA_EFORMAT, "%s: no ids are left above %" PRId64 " for the annotations without one",
                       reader->path, largest);
    for (size_t i = 0; i < coco->n_annotations; i++, item = fa_json_next(item)) {
        if (coco->annotations[i].image == NOWHERE)
            continue;
        if (fa_json_get(item, "id") == NULL)
            coco->annotations[i].id = ++largest;
        reader->annotations.rows[reader->annotations.n++] = (struct fa_id_place){coco->annotations[i].id, i};
    }
    return FA_OK;
}

/* Of annotations that share an id the first is kept. */
static fa_status leave_out_duplicates(struct reader *reader)
{
    const struct fa_id_table *table = &reader->annotations;

    fa_id_table_sort(&reader->annotations);
    for (size_t r = 1, first = 0; r < table->n; r++) {
        if (table->rows[r].id != table->rows[first].id) {
            first = r;
            continue;
        }
        FA_TRY(fa_coco_keep_fault(reader->coco,
                                  fail_duplicate("annotations", &table->rows[first], &table->rows[r])));
        reader->coco->annotations[table->rows[r].place].image = NOWHERE;
    }
    return FA_OK;
}

static void close_up_annotations(struct fa_coco *coco)
{
    const size_t n = coco->n_annotations;

    coco->n_annotations = 0;
    for (size_t i = 0; i < n; i++)
        if (coco->annotations[i].image != NOWHERE)
            coco->annotations[coco->n_annotations++] = coco->annotations[i];
}

static fa_status read_annotations(struct reader *reader, const struct fa_json *root)
{
    struct fa_coco *coco = reader->coco;
    const struct fa_json *list;
    size_t n = 0;

    if (fa_json_get(root, "annotations") == NULL) {
        fa_warn("%s: has no `annotations`: its images count as empty, which is right only for a test set",
                reader->path);
        return FA_OK;
    }
    FA_TRY(find_list(reader, root, "annotations", &list, &n));
    FA_TRY(fa_alloc_zero(n, sizeof *coco->annotations, &coco->annotations));
    coco->n_annotations = n;
    for (size_t i = 0; i < n; i++)
        coco->annotations[i].image = NOWHERE; /* until it is read to its end */
    FA_TRY(create_table(n, &reader->annotations));
    FA_TRY(read_list(reader, list, "annotations", read_annotation));
    FA_TRY(number_the_rest(reader, list));
    FA_TRY(leave_out_duplicates(reader));
    close_up_annotations(coco);
    return FA_OK;
}

static void tell_what_was_missing(const char *path, const struct fa_coco *coco)
{
    if (coco->n_missing_crowd > 0)
        fa_warn("%s: %zu annotations have no `iscrowd`; taken as 0", path, coco->n_missing_crowd);
    if (coco->n_missing_area > 0)
        fa_warn("%s: %zu annotations have no `area`; taken as w * h", path, coco->n_missing_area);
    if (coco->n_missing_id > 0)
        fa_warn("%s: %zu annotations have no `id`; numbered on from the largest", path, coco->n_missing_id);
    if (coco->n_text_ids > 0)
        fa_warn("%s: %zu ids are text; taken as the whole numbers that they spell", path, coco->n_text_ids);
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

fa_status fa_coco_read_usable(const char *path, struct fa_coco **out)
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

fa_status fa_coco_read(const char *path, struct fa_coco **out)
{
    struct fa_coco *coco = NULL;
    char more[64] = "";
    fa_status st;

    FA_TRY(fa_coco_read_usable(path, &coco));
    if (coco->n_faults == 0) {
        *out = coco;
        return FA_OK;
    }
    if (coco->n_faults > 1)
        snprintf(more, sizeof more, "; %zu more items cannot be used", coco->n_faults - 1);
    st = fa_fail(FA_EFORMAT, "%s: %.600s%s", path, coco->faults[0], more);
    fa_coco_free(coco);
    return st;
}

void fa_coco_free(struct fa_coco *coco)
{
    if (coco == NULL)
        return;
    for (size_t i = 0; i < coco->n_faults; i++)
        fa_free(coco->faults[i]);
    fa_free(coco->faults);
    for (size_t i = 0; i < coco->n_categories; i++)
        fa_free(coco->categories[i].name);
    for (size_t i = 0; i < coco->n_images; i++)
        fa_free(coco->images[i].file_name);
    fa_free(coco->categories);
    fa_free(coco->images);
    fa_free(coco->annotations);
    fa_free(coco);
}
