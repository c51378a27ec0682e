/*
 * Synthetic scenes on disk. annotations.json is written last and removed first, so a directory that holds it
 * is complete.
 */
#include "fa/synth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "synth_coco.h"
#include "synth_scene.h"
#include "synth_shape.h"

#define QUALITY    90
#define MIN_SIDE   32
#define MAX_SIDE   8192
#define MAX_IMAGES 1000000

#define NAME_MAX_BYTES 32

struct output {
    char *images, *annotations; /* paths */
};

/* Image ids and file names count from 1. */
static void image_name(size_t id, char name[NAME_MAX_BYTES])
{
    snprintf(name, NAME_MAX_BYTES, "%06zu.jpg", id);
}

static fa_status check_config(const struct fa_synth_config *config)
{
    if (config->n_images < 1 || config->n_images > MAX_IMAGES)
        return fa_fail(FA_EINVAL, "%zu synthetic images; give 1 to %d", config->n_images, MAX_IMAGES);
    if (config->n_classes < 1 || config->n_classes > FA_SYNTH_CLASSES)
        return fa_fail(FA_EINVAL, "%d classes of synthetic objects; give 1 to %d", config->n_classes,
                       FA_SYNTH_CLASSES);
    if (config->w < MIN_SIDE || config->h < MIN_SIDE || config->w > MAX_SIDE || config->h > MAX_SIDE)
        return fa_fail(FA_EINVAL, "synthetic images of %d x %d pixels; give sides of %d to %d", config->w,
                       config->h, MIN_SIDE, MAX_SIDE);
    return FA_OK;
}

/* ---- the directory ---- */

static fa_status is_empty(const char *directory, bool *empty)
{
    size_t n;
    char **names;

    FA_TRY(fa_directory_list(directory, &n, &names));
    fa_free(names);
    *empty = n == 0;
    return FA_OK;
}

static bool is_image_name(const char *name)
{
    char ours[NAME_MAX_BYTES];

    image_name((size_t)strtoull(name, NULL, 10), ours);
    return strcmp(name, ours) == 0;
}

static fa_status refuse_foreign_images(const char *directory)
{
    char **names;
    size_t n;
    fa_status status = FA_OK;

    if (!fa_file_exists(directory))
        return FA_OK;
    FA_TRY(fa_directory_list(directory, &n, &names));
    for (size_t i = 0; i < n && status == FA_OK; i++)
        if (!is_image_name(names[i]))
            status =
                fa_fail(FA_EINVAL, "%s: holds \"%s\", which is no synthetic scene; give another directory",
                        directory, names[i]);
    fa_free(names);
    return status;
}

/* Only what an earlier run of ours completed is ever removed. */
static fa_status clear_directory(const char *directory, const struct output *output)
{
    bool empty, ours;

    FA_TRY(is_empty(directory, &empty));
    if (empty)
        return FA_OK;
    FA_TRY(fa_synth_coco_is_ours(output->annotations, &ours));
    if (!ours)
        return fa_fail(
            FA_EINVAL,
            "%s: is not empty and holds no earlier synthetic scenes; give a new or empty directory",
            directory);
    FA_TRY(refuse_foreign_images(output->images));
    if (unlink(output->annotations) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot remove", output->annotations);
    return fa_directory_remove(output->images);
}

static fa_status open_output(const char *directory, struct output *output)
{
    FA_TRY(fa_path_join(directory, "images", &output->images));
    FA_TRY(fa_path_join(directory, "annotations.json", &output->annotations));
    FA_TRY(fa_directory_make(directory));
    FA_TRY(clear_directory(directory, output));
    return fa_directory_make(output->images);
}

/* ---- the images ---- */

/* Without fsync: the annotations vouch for the images, and a scene can be made again. */
static fa_status write_bytes(const char *path, const uint8_t *data, size_t n_bytes)
{
    FILE *file = fopen(path, "wb");
    size_t n_written;

    if (file == NULL)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot create", path);
    n_written = fwrite(data, 1, n_bytes, file);
    if (fclose(file) != 0 || n_written != n_bytes)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot write", path);
    return FA_OK;
}

static fa_status write_image(const char *directory, const char *name, const struct fa_scene *scene)
{
    char *path = NULL;
    uint8_t *data = NULL;
    size_t n_bytes;
    fa_status status = fa_jpeg_encode(&scene->picture, QUALITY, scene->gray, NULL, &data, &n_bytes);

    if (status == FA_OK)
        status = fa_path_join(directory, name, &path);
    if (status == FA_OK)
        status = write_bytes(path, data, n_bytes);
    fa_free(path);
    fa_free(data);
    return status;
}

/* Scenes count from 0. */
static fa_status add_scene(const struct fa_synth_config *config, size_t number, const struct output *output,
                           struct fa_synth_coco *coco)
{
    struct fa_scene scene;
    char name[NAME_MAX_BYTES];
    fa_status status;

    image_name(number + 1, name);
    FA_TRY(fa_scene_make(config, number, &scene));
    status = write_image(output->images, name, &scene);
    if (status == FA_OK)
        status = fa_synth_coco_add(coco, (int64_t)number + 1, name, &scene);
    fa_scene_free(&scene);
    return status;
}

static fa_status write_scenes(const struct fa_synth_config *config, const struct output *output)
{
    struct fa_synth_coco coco;
    fa_status status;

    FA_TRY(fa_synth_coco_init(config, &coco));
    status = FA_OK;
    for (size_t i = 0; status == FA_OK && i < config->n_images; i++)
        status = add_scene(config, i, output, &coco);
    if (status == FA_OK)
        status = fa_synth_coco_write(&coco, output->annotations);
    fa_synth_coco_clear(&coco);
    return status;
}

fa_status fa_synth(const struct fa_synth_config *config)
{
    struct output output = {NULL, NULL};
    fa_status status;

    FA_TRY(check_config(config));
    status = open_output(config->out_directory, &output);
    if (status == FA_OK)
        status = write_scenes(config, &output);
    fa_free(output.images);
    fa_free(output.annotations);
    return status;
}
