#include "merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "builder.h"
#include "class_names.h"
#include "coco_fault.h"
#include "fa/log.h"
#include "fa/memory.h"

struct merging {
    struct fa_coco *const *parts;
    const char *const *paths;
    size_t n;
    struct fa_builder builder;
    int32_t **labels; /* per part and class of it: that of the whole; -1: not in the list */
};

/* ---- classes ---- */

/* n: classes of the whole. */
static fa_status require_names_of_their_own(const struct fa_coco *part, const int32_t *labels, size_t n,
                                            const char *path)
{
    size_t *places; /* per label: 1 + which class of the part has it */
    fa_status status = FA_OK;

    FA_TRY(fa_alloc_zero(n, sizeof *places, &places));
    for (size_t c = 0; c < part->n_categories && status == FA_OK; c++) {
        if (labels[c] < 0)
            continue;
        if (places[labels[c]] > 0)
            status =
                fa_fail(FA_EFORMAT,
                        "%s: classes %" PRId64 " and %" PRId64 " are both called \"%.80s\"; beside another "
                        "source, and with --classes, a class is known by its name: rename one",
                        path, part->categories[places[labels[c]] - 1].id, part->categories[c].id,
                        part->categories[c].name);
        places[labels[c]] = c + 1;
    }
    fa_free(places);
    return status;
}

static fa_status map_classes(struct merging *merging, size_t k)
{
    const struct fa_coco *part = merging->parts[k];
    int32_t *labels;

    FA_TRY(fa_alloc(part->n_categories, sizeof *labels, &merging->labels[k]));
    labels = merging->labels[k];
    for (size_t c = 0; c < part->n_categories; c++) {
        const fa_status status = fa_builder_class(&merging->builder, part->categories[c].name, &labels[c]);

        if (status == FA_EFORMAT && merging->builder.is_closed)
            labels[c] = -1;
        else
            FA_TRY(fa_prefix(status, "%s: class %" PRId64, merging->paths[k], part->categories[c].id));
    }
    return require_names_of_their_own(part, labels, merging->builder.coco->n_categories, merging->paths[k]);
}

static fa_status unite_classes(struct merging *merging, const char *classes)
{
    if (classes != NULL) {
        FA_TRY(fa_classes_given(classes, &merging->builder));
        merging->builder.is_closed = true;
    }
    for (size_t k = 0; k < merging->n; k++)
        FA_TRY(map_classes(merging, k));
    return FA_OK;
}

/* ---- ids ---- */

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static bool are_unique(int64_t *ids, size_t n)
{
    qsort(ids, n, sizeof *ids, by_number);
    for (size_t i = 1; i < n; i++)
        if (ids[i - 1] == ids[i])
            return false;
    return true;
}

/* ids: a scratch list. A class has the id of the first source that has it; one that none has, has none. */
static bool number_classes(const struct merging *merging, int64_t *ids)
{
    struct fa_coco *coco = merging->builder.coco;
    size_t n_named = 0;
    bool kept;

    for (size_t c = 0; c < coco->n_categories; c++)
        coco->categories[c].id = -1;
    for (size_t k = merging->n; k-- > 0;)
        for (size_t c = 0; c < merging->parts[k]->n_categories; c++)
            if (merging->labels[k][c] >= 0)
                coco->categories[merging->labels[k][c]].id = merging->parts[k]->categories[c].id;
    for (size_t c = 0; c < coco->n_categories; c++) {
        ids[c] = coco->categories[c].id;
        n_named += ids[c] >= 0;
    }
    kept = n_named == coco->n_categories && are_unique(ids, n_named);
    for (size_t c = 0; c < coco->n_categories && !kept; c++)
        coco->categories[c].id = (int64_t)c + 1;
    return kept;
}

static bool number_images(struct fa_coco *coco, int64_t *ids)
{
    bool kept;

    for (size_t i = 0; i < coco->n_images; i++)
        ids[i] = coco->images[i].id;
    kept = are_unique(ids, coco->n_images);
    for (size_t i = 0; i < coco->n_images && !kept; i++)
        coco->images[i].id = (int64_t)i + 1;
    return kept;
}

static bool number_annotations(struct fa_coco *coco, int64_t *ids)
{
    bool kept;

    for (size_t a = 0; a < coco->n_annotations; a++)
        ids[a] = coco->annotations[a].id;
    kept = are_unique(ids, coco->n_annotations);
    for (size_t a = 0; a < coco->n_annotations; a++) {
        struct fa_coco_annotation *annotation = &coco->annotations[a];

        if (!kept)
            annotation->id = (int64_t)a + 1;
        annotation->image_id = coco->images[annotation->image].id;
        annotation->category_id = coco->categories[annotation->label].id;
    }
    return kept;
}

static fa_status number_all(const struct merging *merging)
{
    struct fa_coco *coco = merging->builder.coco;
    bool images, annotations, classes;
    int64_t *ids;

    FA_TRY(fa_alloc(fa_size_larger(coco->n_categories, fa_size_larger(coco->n_images, coco->n_annotations)),
                    sizeof *ids, &ids));
    classes = number_classes(merging, ids);
    images = number_images(coco, ids);
    annotations = number_annotations(coco, ids);
    fa_free(ids);
    if (!images || !annotations || !classes)
        fa_info("numbered anew, from 1 on, since ids of the sources are equal or missing:%s%s%s",
                images ? "" : " images", annotations ? "" : " annotations", classes ? "" : " classes");
    return FA_OK;
}

/* ---- images, annotations, faults ---- */

static fa_status make_room(const struct merging *merging)
{
    struct fa_coco *coco = merging->builder.coco;
    size_t n_images = 0, n_annotations = 0;

    for (size_t k = 0; k < merging->n; k++) {
        n_images += merging->parts[k]->n_images;
        n_annotations += merging->parts[k]->n_annotations;
    }
    FA_TRY(fa_alloc(n_images, sizeof *coco->images, &coco->images));
    return fa_alloc(n_annotations, sizeof *coco->annotations, &coco->annotations);
}

static void move_images(struct fa_coco *coco, struct fa_coco *part, size_t k)
{
    for (size_t i = 0; i < part->n_images; i++) {
        struct fa_coco_image *image = &coco->images[coco->n_images++];

        *image = part->images[i];
        image->source = k;
        part->images[i].file_name = NULL;
    }
}

static fa_status move_annotation(const struct merging *merging, size_t k, size_t a, size_t first_image)
{
    const struct fa_coco *part = merging->parts[k];
    const struct fa_coco_annotation *from = &part->annotations[a];
    struct fa_coco *coco = merging->builder.coco;
    const int32_t label = merging->labels[k][from->label];
    struct fa_coco_annotation *to;

    if (label < 0)
        return fa_coco_keep_fault(
            coco,
            fa_fail(FA_EFORMAT, "%s: annotation %" PRId64 ": \"%.80s\" is not one of the %zu classes",
                    merging->paths[k], from->id, part->categories[from->label].name, coco->n_categories));
    to = &coco->annotations[coco->n_annotations++];
    *to = *from;
    to->label = label;
    to->image = first_image + from->image;
    return FA_OK;
}

static fa_status move_faults(const struct merging *merging, size_t k)
{
    const struct fa_coco *part = merging->parts[k];
    struct fa_coco *coco = merging->builder.coco;

    for (size_t i = 0; i < part->n_faults; i++) {
        const char *fault = part->faults[i];

        FA_TRY(fa_coco_keep_fault(coco, merging->n > 1
                                            ? fa_fail(FA_EFORMAT, "%s: %s", merging->paths[k], fault)
                                            : fa_fail(FA_EFORMAT, "%s", fault)));
    }
    coco->n_faulty_images += part->n_faulty_images;
    return FA_OK;
}

static fa_status move_part(const struct merging *merging, size_t k)
{
    struct fa_coco *part = merging->parts[k], *coco = merging->builder.coco;
    const size_t first_image = coco->n_images;

    move_images(coco, part, k);
    for (size_t a = 0; a < part->n_annotations; a++)
        FA_TRY(move_annotation(merging, k, a, first_image));
    return move_faults(merging, k);
}

/* ---- the whole ---- */

static fa_status merge(struct merging *merging, const char *classes)
{
    FA_TRY(fa_builder_open(&merging->builder));
    FA_TRY(fa_alloc_zero(merging->n, sizeof *merging->labels, &merging->labels));
    FA_TRY(unite_classes(merging, classes));
    FA_TRY(make_room(merging));
    for (size_t k = 0; k < merging->n; k++)
        FA_TRY(move_part(merging, k));
    return number_all(merging);
}

fa_status fa_coco_merge(struct fa_coco *const *parts, const char *const *paths, size_t n, const char *classes,
                        struct fa_coco **out)
{
    struct merging merging = {.parts = parts, .paths = paths, .n = n};
    const fa_status status = merge(&merging, classes);

    if (status == FA_OK) {
        *out = merging.builder.coco;
        merging.builder.coco = NULL;
    }
    for (size_t k = 0; k < n && merging.labels != NULL; k++)
        fa_free(merging.labels[k]);
    fa_free(merging.labels);
    fa_builder_close(&merging.builder);
    return status;
}
