#include "builder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "coco_fault.h"
#include "coco_member.h"
#include "coco_name.h"
#include "fa/hash.h"
#include "fa/memory.h"

enum { LARGEST_SIDE = 65535, MOST_CLASSES = 65536 };

fa_status fa_builder_open(struct fa_builder *builder)
{
    *builder = (struct fa_builder){.coco = NULL};
    return fa_alloc_zero(1, sizeof *builder->coco, &builder->coco);
}

void fa_builder_close(struct fa_builder *builder)
{
    fa_coco_free(builder->coco);
    fa_free(builder->slots);
    *builder = (struct fa_builder){.coco = NULL};
}

/* ---- classes ---- */

/* Where the label of the class so called is, or would be. */
static size_t find_slot(const struct fa_builder *builder, const char *name)
{
    const size_t mask = builder->n_slots - 1;
    size_t slot = (size_t)fa_hash(FA_HASH_START, name, strlen(name)) & mask;

    while (builder->slots[slot] != 0 &&
           strcmp(builder->coco->categories[builder->slots[slot] - 1].name, name) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

/* At least half of the slots stay free. */
static fa_status grow_slots(struct fa_builder *builder)
{
    const size_t n = builder->coco->n_categories, n_slots = builder->n_slots == 0 ? 64 : 2 * builder->n_slots;
    uint32_t *slots;

    if (2 * (n + 1) <= builder->n_slots)
        return FA_OK;
    FA_TRY(fa_alloc_zero(n_slots, sizeof *slots, &slots));
    fa_free(builder->slots);
    builder->slots = slots;
    builder->n_slots = n_slots;
    for (size_t k = 0; k < n; k++)
        slots[find_slot(builder, builder->coco->categories[k].name)] = (uint32_t)k + 1;
    return FA_OK;
}

static fa_status add_class(struct fa_builder *builder, const char *name, int32_t *label)
{
    struct fa_coco *coco = builder->coco;

    if (name[0] == '\0')
        return fa_fail(FA_EFORMAT, "the name of its class is empty");
    if (builder->is_closed)
        return fa_fail(FA_EFORMAT, "\"%.80s\" is not one of the %zu classes", name, coco->n_categories);
    if (coco->n_categories >= MOST_CLASSES)
        return fa_fail(FA_EFORMAT, "\"%.80s\" is one class more than the %d that there can be", name,
                       MOST_CLASSES);
    FA_TRY(fa_reserve(&coco->categories, coco->n_categories + 1, sizeof *coco->categories,
                      &builder->room_categories));
    FA_TRY(fa_strdup(name, &coco->categories[coco->n_categories].name));
    *label = (int32_t)coco->n_categories++;
    return FA_OK;
}

fa_status fa_builder_class(struct fa_builder *builder, const char *name, int32_t *label)
{
    size_t slot;

    FA_TRY(grow_slots(builder));
    slot = find_slot(builder, name);
    if (builder->slots[slot] == 0) {
        FA_TRY(add_class(builder, name, label));
        builder->slots[slot] = (uint32_t)*label + 1;
    }
    *label = (int32_t)builder->slots[slot] - 1;
    return FA_OK;
}

struct ranked {
    const char *name;
    int32_t label;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ranked *)a)->name, ((const struct ranked *)b)->name);
}

fa_status fa_builder_sort_classes(struct fa_builder *builder)
{
    struct fa_coco *coco = builder->coco;
    const size_t n = coco->n_categories;
    struct ranked *ranked = NULL;
    int32_t *place = NULL;
    fa_status status = fa_alloc(n, sizeof *ranked, &ranked);

    if (status == FA_OK)
        status = fa_alloc(n, sizeof *place, &place);
    if (status == FA_OK) {
        for (size_t k = 0; k < n; k++)
            ranked[k] = (struct ranked){coco->categories[k].name, (int32_t)k};
        qsort(ranked, n, sizeof *ranked, by_name);
        for (size_t k = 0; k < n; k++) {
            coco->categories[k].name = (char *)(uintptr_t)ranked[k].name;
            place[ranked[k].label] = (int32_t)k;
        }
        for (size_t a = 0; a < coco->n_annotations; a++)
            coco->annotations[a].label = place[coco->annotations[a].label];
    }
    fa_free(ranked);
    fa_free(place);
    return status;
}

/* ---- images and boxes ---- */

static bool is_side(double side)
{
    return side >= 1 && side <= LARGEST_SIDE && side == floor(side);
}

fa_status fa_builder_check_name(const char *file_name)
{
    if (file_name[0] == '\0')
        return fa_fail(FA_EFORMAT, "it does not name its image");
    if (!fa_coco_name_stays_inside(file_name))
        return fa_fail(FA_EFORMAT, "its image \"%.200s\" lies outside of the image folder", file_name);
    return FA_OK;
}

fa_status fa_builder_image(struct fa_builder *builder, const char *file_name, double w, double h)
{
    struct fa_coco *coco = builder->coco;
    struct fa_coco_image *image;

    FA_TRY(fa_builder_check_name(file_name));
    if (!is_side(w) || !is_side(h))
        return fa_fail(FA_EFORMAT, "the size of its image is %g x %g; sides are whole numbers from 1 to %d",
                       w, h, LARGEST_SIDE);
    FA_TRY(fa_reserve(&coco->images, coco->n_images + 1, sizeof *coco->images, &builder->room_images));
    image = &coco->images[coco->n_images];
    *image = (struct fa_coco_image){.w = (int)w, .h = (int)h};
    FA_TRY(fa_strdup(file_name, &image->file_name));
    coco->n_images++;
    return FA_OK;
}

fa_status fa_builder_box(struct fa_builder *builder, int32_t label, const double bbox[4], bool ignore)
{
    struct fa_coco *coco = builder->coco;

    if (!fa_coco_box_is_pixels(bbox))
        return fa_fail(FA_EFORMAT, "its box %g %g %g %g has a coordinate that is out of range", bbox[0],
                       bbox[1], bbox[2], bbox[3]);
    FA_TRY(fa_reserve(&coco->annotations, coco->n_annotations + 1, sizeof *coco->annotations,
                      &builder->room_annotations));
    coco->annotations[coco->n_annotations++] =
        (struct fa_coco_annotation){.image = coco->n_images - 1,
                                    .label = label,
                                    .bbox = {bbox[0], bbox[1], bbox[2], bbox[3]},
                                    .area = bbox[2] * bbox[3],
                                    .ignore = ignore};
    return FA_OK;
}

/* ---- faults ---- */

fa_status fa_builder_image_fault(struct fa_builder *builder, fa_status status)
{
    const size_t n = builder->coco->n_faults;

    FA_TRY(fa_coco_keep_fault(builder->coco, status));
    builder->coco->n_faulty_images += builder->coco->n_faults - n;
    return FA_OK;
}

fa_status fa_builder_object_fault(struct fa_builder *builder, fa_status status)
{
    return fa_coco_keep_fault(builder->coco, status);
}

/* ---- the whole ---- */

fa_status fa_builder_finish(struct fa_builder *builder, const char *path, struct fa_coco **out)
{
    struct fa_coco *coco = builder->coco;

    if (coco->n_categories == 0 && coco->n_faults > 0)
        return fa_fail(FA_EFORMAT, "%s: not one object can be used, the first: %s", path, coco->faults[0]);
    if (coco->n_categories == 0)
        return fa_fail(FA_EFORMAT,
                       "%s: there is no object in it, and so no class; a detector needs at least one", path);
    for (size_t k = 0; k < coco->n_categories; k++)
        coco->categories[k].id = (int64_t)k + 1;
    for (size_t i = 0; i < coco->n_images; i++)
        coco->images[i].id = (int64_t)i + 1;
    for (size_t a = 0; a < coco->n_annotations; a++) {
        struct fa_coco_annotation *annotation = &coco->annotations[a];

        annotation->id = (int64_t)a + 1;
        annotation->image_id = coco->images[annotation->image].id;
        annotation->category_id = coco->categories[annotation->label].id;
    }
    *out = coco;
    builder->coco = NULL;
    return FA_OK;
}
