/*
 * Synthetic scenes on disk. annotations.json is written last and removed first, so a directory that holds it
 * is complete.
 */
#include "fa/synth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/directory.h"
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

#define ANNOTATIONS "annotations.json"
#define IMAGES      "images"

struct output {
    char *annotations; /* path */
    struct fa_directory *directory, *images;
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

/* Only what an earlier run of ours completed is ever removed. */
static fa_status check_content(const struct output *output)
{
    char **names;
    size_t n;
    bool ours;

    FA_TRY(fa_directory_names(output->directory, &n, &names));
    fa_free(names);
    if (n == 0)
        return FA_OK;
    FA_TRY(fa_synth_coco_is_ours(output->annotations, &ours));
    if (!ours)
        return fa_fail(
            FA_EINVAL,
            "%s: is not empty and holds no earlier synthetic scenes; give a new or empty directory",
            fa_directory_path(output->directory));
    return FA_OK;
}

static bool is_image_name(const char *name)
{
    char ours[NAME_MAX_BYTES];

    image_name((size_t)strtoull(name, NULL, 10), ours);
    return strcmp(name, ours) == 0;
}

static fa_status open_output(const char *directory, struct output *output)
{
    FA_TRY(fa_path_join(directory, ANNOTATIONS, &output->annotations));
    FA_TRY(fa_directory_make(directory));
    FA_TRY(fa_directory_open(directory, &output->directory));
    FA_TRY(check_content(output));
    FA_TRY(fa_directory_make_below(output->directory, IMAGES, &output->images));
    FA_TRY(fa_prefix(fa_directory_check(output->images, is_image_name), "give another directory"));
    FA_TRY(fa_directory_remove_file(output->directory, ANNOTATIONS));
    return fa_directory_empty(output->images, is_image_name, NULL);
}

/* ---- the images ---- */

static fa_status write_all(int fd, const char *name, const uint8_t *data, size_t n_bytes)
{
    for (size_t done = 0; done < n_bytes;) {
        ssize_t n = write(fd, data + done, n_bytes - done);

        if (n < 0 && errno != EINTR)
            return fa_fail_errno(FA_EIO, errno, "%s: cannot write", name);
        done += n > 0 ? (size_t)n : 0;
    }
    return FA_OK;
}

/* Without fsync: the annotations vouch for the images, and a scene can be made again. The directory is new.
 */
static fa_status write_bytes(const struct fa_directory *directory, const char *name, const uint8_t *data,
                             size_t n_bytes)
{
    const int fd = openat(fa_directory_descriptor(directory), name,
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    fa_status status;

    if (fd < 0)
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot create", fa_directory_path(directory), name);
    status = write_all(fd, name, data, n_bytes);
    if (close(fd) != 0 && status == FA_OK)
        status = fa_fail_errno(FA_EIO, errno, "%s/%s: cannot write", fa_directory_path(directory), name);
    return status;
}

static fa_status write_image(const struct fa_directory *directory, const char *name,
                             const struct fa_scene *scene)
{
    uint8_t *data;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_jpeg_encode(&scene->picture, QUALITY, scene->gray, NULL, &data, &n_bytes));
    status = write_bytes(directory, name, data, n_bytes);
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
    struct output output = {0};
    fa_status status;

    FA_TRY(check_config(config));
    status = open_output(config->out_directory, &output);
    if (status == FA_OK)
        status = write_scenes(config, &output);
    fa_directory_close(output.images);
    fa_directory_close(output.directory);
    fa_free(output.annotations);
    return status;
}
