#include "synth_coco.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "synth_shape.h"

#define DESCRIPTION "freeanchor synthetic scenes"

static bool set_number(struct fa_json *object, const char *key, double value)
{
    return fa_json_set(object, key, fa_json_new_number(value));
}

static bool set_string(struct fa_json *object, const char *key, const char *value)
{
    return fa_json_set(object, key, fa_json_new_string(value));
}

/* Hangs a fresh object or array into its parent; NULL if memory is exhausted. */
static struct fa_json *put(struct fa_json *parent, const char *key, struct fa_json *child)
{
    bool is_in = key != NULL ? fa_json_set(parent, key, child) : fa_json_append(parent, child);

    return is_in ? child : NULL;
}

static fa_status no_memory(bool fine)
{
    return fine ? FA_OK : fa_fail(FA_ENOMEM, "no memory for the annotations of the scenes");
}

/* ---- the head ---- */

static bool add_info(struct fa_json *root, const struct fa_synth_config *config)
{
    struct fa_json *info = put(root, "info", fa_json_new_object());
    char seed[24]; /* as text: a number would be exact up to 2^53 only */

    snprintf(seed, sizeof seed, "%" PRIu64, config->seed);
    return info != NULL && set_string(info, "description", DESCRIPTION) && set_string(info, "version", "1") &&
           set_string(info, "seed", seed);
}

static bool add_categories(struct fa_json *root, int n_classes)
{
    struct fa_json *categories = put(root, "categories", fa_json_new_array());
    bool fine = categories != NULL;

    for (int label = 0; fine && label < n_classes; label++) {
        struct fa_json *category = put(categories, NULL, fa_json_new_object());
        char name[32];

        fa_class_name(label, name);
        fine = category != NULL && set_number(category, "id", label + 1) &&
               set_string(category, "name", name) && set_string(category, "supercategory", "shape");
    }
    return fine;
}

fa_status fa_synth_coco_init(const struct fa_synth_config *config, struct fa_synth_coco *coco)
{
    bool fine;

    *coco = (struct fa_synth_coco){.root = fa_json_new_object()};
    fine =
        coco->root != NULL && add_info(coco->root, config) && add_categories(coco->root, config->n_classes);
    if (fine) {
        coco->images = put(coco->root, "images", fa_json_new_array());
        coco->annotations = put(coco->root, "annotations", fa_json_new_array());
        fine = coco->images != NULL && coco->annotations != NULL;
    }
    if (!fine)
        fa_synth_coco_clear(coco);
    return no_memory(fine);
}

void fa_synth_coco_clear(struct fa_synth_coco *coco)
{
    fa_json_free(coco->root);
    *coco = (struct fa_synth_coco){0};
}

/* ---- scenes ---- */

static bool add_image(struct fa_json *images, int64_t id, const char *file_name,
                      const struct fa_picture *picture)
{
    struct fa_json *image = put(images, NULL, fa_json_new_object());

    return image != NULL && set_number(image, "id", (double)id) &&
           set_string(image, "file_name", file_name) && set_number(image, "width", picture->w) &&
           set_number(image, "height", picture->h);
}

static bool add_annotation(struct fa_json *annotations, int64_t id, int64_t image_id,
                           const struct fa_scene_object *object)
{
    const int xywh[4] = {object->x, object->y, object->w, object->h};
    struct fa_json *annotation = put(annotations, NULL, fa_json_new_object()), *bbox;
    bool fine = annotation != NULL && set_number(annotation, "id", (double)id) &&
                set_number(annotation, "image_id", (double)image_id) &&
                set_number(annotation, "category_id", object->label + 1) &&
                set_number(annotation, "area", object->area) && set_number(annotation, "iscrowd", 0);

    if (!fine)
        return false;
    bbox = put(annotation, "bbox", fa_json_new_array());
    for (int i = 0; bbox != NULL && i < 4; i++)
        if (!fa_json_append(bbox, fa_json_new_number(xywh[i])))
            return false;
    return bbox != NULL;
}

fa_status fa_synth_coco_add(struct fa_synth_coco *coco, int64_t image_id, const char *file_name,
                            const struct fa_scene *scene)
{
    bool fine = add_image(coco->images, image_id, file_name, &scene->picture);

    for (int i = 0; fine && i < scene->n_objects; i++)
        fine = add_annotation(coco->annotations, ++coco->n_annotations, image_id, &scene->objects[i]);
    return no_memory(fine);
}

/* ---- the file ---- */

fa_status fa_synth_coco_write(const struct fa_synth_coco *coco, const char *path)
{
    return fa_json_save(path, coco->root, false);
}

fa_status fa_synth_coco_is_ours(const char *path, bool *ours)
{
    struct fa_json *root = NULL;
    const char *description = "";
    fa_status status = fa_file_exists(path) ? fa_json_read_file(path, &root) : FA_EFORMAT;

    if (status != FA_OK && status != FA_EFORMAT)
        return status;
    fa_json_to_string(fa_json_get(fa_json_get(root, "info"), "description"), &description);
    *ours = strcmp(description, DESCRIPTION) == 0;
    fa_json_free(root);
    return FA_OK;
}
