/*
 * case.c - an image that broke the loss, kept for a closer look.
 */
#include "fa/h5.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "training.h"

static fa_status write_labels(struct fa_h5 *file, const struct fa_objects *objects)
{
    int64_t n = (int64_t)objects->n, *labels;
    fa_status status;

    FA_TRY(fa_alloc(objects->n, sizeof *labels, &labels));
    for (size_t i = 0; i < objects->n; i++)
        labels[i] = objects->labels[i];
    status = fa_h5_write(file, "gt_labels", FA_H5_I64, 1, &n, labels);
    fa_free(labels);
    return status;
}

static fa_status write_sample(struct fa_h5 *file, const struct fa_sample *sample)
{
    const int64_t image[3] = {3, sample->h, sample->w}, boxes[2] = {(int64_t)sample->objects.n, 4};

    FA_TRY(fa_h5_write(file, "image", FA_H5_F32, 3, image, sample->chw));
    FA_TRY(fa_h5_write(file, "gt_boxes", FA_H5_F32, 2, boxes, sample->objects.boxes));
    return write_labels(file, &sample->objects);
}

static fa_status write_case(const char *path, const struct fa_sample *sample)
{
    struct fa_h5 *file;

    FA_TRY(fa_h5_create(path, &file));
    return fa_h5_finish(file, write_sample(file, sample));
}

void fa_training_keep_case(const struct fa_training *t, const struct fa_sample *sample)
{
    char *path = NULL;
    fa_status status = fa_asprintf(&path, "%s/case_step_%lld_image_%lld.h5", t->run->work_dir,
                                   (long long)t->state.progress.step, (long long)sample->image_id);

    if (status == FA_OK)
        status = write_case(path, sample);
    if (status == FA_OK)
        fa_warn("the image and its objects are kept in %s", path);
    else
        fa_warn("the image could not be kept: %s", fa_message());
    fa_free(path);
}
