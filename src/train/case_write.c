#include <string.h>

#include "fa/case.h"
#include "fa/h5.h"
#include "fa/memory.h"

void fa_case_of_sample(const struct fa_sample *sample, float *chw, struct fa_case *out)
{
    fa_frame_to_chw(&sample->frame, sample->h, sample->w, chw);
    *out = (struct fa_case){.h = sample->h,
                            .w = sample->w,
                            .image = chw,
                            .objects = sample->objects,
                            .frame = {.clip_w = (float)sample->frame.w, .clip_h = (float)sample->frame.h}};
    memcpy(out->frame.scale_factor, sample->scale_factor, sizeof out->frame.scale_factor);
}

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

static fa_status write_objects(struct fa_h5 *file, const struct fa_objects *objects)
{
    const int64_t boxes[2] = {(int64_t)objects->n, 4};

    FA_TRY(fa_h5_write(file, "gt_boxes", FA_H5_F32, 2, boxes, objects->boxes));
    return write_labels(file, objects);
}

static fa_status write_head(struct fa_h5 *file, const struct fa_case *given)
{
    const int64_t cls[2] = {(int64_t)given->n_anchors, given->num_classes};
    const int64_t reg[2] = {(int64_t)given->n_anchors, 4};
    const int64_t size[2] = {given->h, given->w}, two = 2;

    FA_TRY(fa_h5_write(file, "head/cls", FA_H5_F32, 2, cls, given->cls));
    FA_TRY(fa_h5_write(file, "head/reg", FA_H5_F32, 2, reg, given->reg));
    return fa_h5_write(file, "head/size", FA_H5_I64, 1, &two, size);
}

static fa_status write_image(struct fa_h5 *file, const struct fa_case *given)
{
    const int64_t image[3] = {3, given->h, given->w};

    return fa_h5_write(file, "image", FA_H5_F32, 3, image, given->image);
}

static fa_status write_frame(struct fa_h5 *file, const struct fa_detect_image *frame)
{
    const float clip[2] = {frame->clip_w, frame->clip_h};
    const int64_t two = 2, four = 4;

    FA_TRY(fa_h5_write(file, "clip_size", FA_H5_F32, 1, &two, clip));
    return fa_h5_write(file, "scale_factor", FA_H5_F32, 1, &four, frame->scale_factor);
}

static fa_status write_case(void *context, struct fa_h5 *file)
{
    const struct fa_case *given = context;

    FA_TRY(given->image != NULL ? write_image(file, given) : write_head(file, given));
    FA_TRY(write_objects(file, &given->objects));
    if (given->has_normalizer)
        FA_TRY(fa_h5_write(file, "normalizer", FA_H5_F64, 0, NULL, &given->normalizer));
    return write_frame(file, &given->frame);
}

fa_status fa_case_write(const char *path, const struct fa_case *given)
{
    struct fa_case view = *given;

    return fa_h5_save(path, write_case, &view);
}
