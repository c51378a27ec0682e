/*
 * sample.c - from a record to the network's input: decode, resize, mirror, normalise, pad (spec sections 6.2
 * to 6.4).
 */
#include "sample.h"

#include "fa/image.h"
#include "fa/memory.h"
#include "fa/philox.h"
#include "fa/pyramid.h"

static int pad(int side)
{
    return (side + FA_SIZE_DIVISOR - 1) / FA_SIZE_DIVISOR * FA_SIZE_DIVISOR;
}

void fa_sample_buffer_free(struct fa_sample_buffer *buffer)
{
    fa_free(buffer->chw);
    fa_free(buffer->boxes);
    fa_free(buffer->labels);
    fa_free(buffer->jpeg);
    *buffer = (struct fa_sample_buffer){0};
}

bool fa_sample_flip(const struct fa_transform *transform, uint64_t seed, int64_t epoch, size_t position)
{
    struct fa_random random;

    fa_random_init(&random, seed, FA_RANDOM_FLIP, (uint64_t)epoch, (uint32_t)position);
    return fa_random_double(&random) < transform->flip_probability;
}

/* ---- memory ---- */

static fa_status grow(void *block, size_t *n, size_t size, size_t want)
{
    if (want <= *n)
        return FA_OK;
    FA_TRY(fa_realloc(block, want, size));
    *n = want;
    return FA_OK;
}

static fa_status grow_objects(struct fa_sample_buffer *buffer, size_t want)
{
    if (want <= buffer->n_objects)
        return FA_OK;
    FA_TRY(fa_realloc(&buffer->boxes, want, 4 * sizeof *buffer->boxes));
    FA_TRY(fa_realloc(&buffer->labels, want, sizeof *buffer->labels));
    buffer->n_objects = want;
    return FA_OK;
}

/* ---- pixels ---- */

static void fit(int w, int h, const struct fa_transform *transform, struct fa_sample *s)
{
    fa_keep_ratio_size(w, h, transform->scale[0], transform->scale[1], &s->image_w, &s->image_h);
    s->w = pad(s->image_w);
    s->h = pad(s->image_h);
}

void fa_sample_size(const struct fa_record *record, const struct fa_transform *transform, int *h, int *w)
{
    struct fa_sample sample;

    fit(record->w, record->h, transform, &sample);
    *h = sample.h;
    *w = sample.w;
}

/* Fills in the sizes and chw from a picture. */
static fa_status prepare_pixels(const struct fa_picture *picture, const struct fa_transform *transform,
                                bool flip, struct fa_sample_buffer *buffer)
{
    struct fa_sample *s = &buffer->sample;
    struct fa_picture resized = {0};
    fa_status st;

    s->original_w = picture->w;
    s->original_h = picture->h;
    fit(picture->w, picture->h, transform, s);
    s->scale_factor[0] = s->scale_factor[2] = (float)((double)s->image_w / picture->w);
    s->scale_factor[1] = s->scale_factor[3] = (float)((double)s->image_h / picture->h);
    s->flipped = flip;
    FA_TRY(fa_picture_resize(picture, s->image_w, s->image_h, &resized));
    st = grow(&buffer->chw, &buffer->n_chw, sizeof *buffer->chw, (size_t)3 * (size_t)s->w * (size_t)s->h);
    if (st == FA_OK)
        fa_picture_to_tensor(&resized, &transform->normalize, flip, s->h, s->w, buffer->chw);
    s->chw = buffer->chw;
    fa_picture_free(&resized);
    return st;
}

static fa_status decode(const struct fa_dataset *dataset, size_t record, struct fa_sample_buffer *buffer,
                        struct fa_picture *picture)
{
    const struct fa_record *r = &dataset->records[record];

    FA_TRY(grow(&buffer->jpeg, &buffer->n_jpeg, 1, r->n_bytes));
    FA_TRY(fa_dataset_fetch(dataset, record, buffer->jpeg));
    FA_TRY(fa_jpeg_decode(r->file_name, buffer->jpeg, r->n_bytes, r->orientation, picture));
    if (picture->w == r->w && picture->h == r->h)
        return FA_OK;
    fa_picture_free(picture);
    return fa_fail(FA_EFORMAT, "%s: decodes to another size than the dataset says; pack the data again",
                   r->file_name);
}

/* ---- objects ---- */

static float clip(float value, int limit)
{
    return value < 0 ? 0 : value > (float)limit ? (float)limit : value;
}

/* What the reference's loader takes as ground truth; crowds have no effect on the loss. */
static bool is_object(const struct fa_dataset *dataset, size_t a, const struct fa_record *record)
{
    const double *b = dataset->bbox[a];
    const bool outside = b[0] >= record->w || b[1] >= record->h || b[0] + b[2] <= 0 || b[1] + b[3] <= 0;

    return !dataset->ignore[a] && !dataset->crowd[a] && dataset->area[a] > 0 && b[2] >= 1 && b[3] >= 1 &&
           !outside;
}

/* Corners in double, then every step in float32 as the reference has it. false if nothing is left of it. */
static bool place_box(const double bbox[4], const struct fa_sample *s, float box[4])
{
    const float width = (float)s->image_w;

    box[0] = clip((float)bbox[0] * s->scale_factor[0], s->image_w);
    box[1] = clip((float)bbox[1] * s->scale_factor[1], s->image_h);
    box[2] = clip((float)(bbox[0] + bbox[2]) * s->scale_factor[2], s->image_w);
    box[3] = clip((float)(bbox[1] + bbox[3]) * s->scale_factor[3], s->image_h);
    if (s->flipped) {
        const float left = box[0];

        box[0] = width - box[2];
        box[2] = width - left;
    }
    return box[2] > box[0] && box[3] > box[1];
}

static fa_status prepare_objects(const struct fa_dataset *dataset, size_t record,
                                 struct fa_sample_buffer *buffer)
{
    const struct fa_record *r = &dataset->records[record];
    size_t n = 0;

    FA_TRY(grow_objects(buffer, r->n));
    for (size_t a = r->first; a < r->first + r->n; a++) {
        if (!is_object(dataset, a, r) || !place_box(dataset->bbox[a], &buffer->sample, buffer->boxes + 4 * n))
            continue;
        buffer->labels[n++] = dataset->label[a];
    }
    buffer->sample.objects = (struct fa_objects){n, buffer->boxes, buffer->labels};
    return FA_OK;
}

/* ---- the sample ---- */

fa_status fa_sample_prepare(const struct fa_dataset *dataset, size_t record,
                            const struct fa_transform *transform, bool flip, struct fa_sample_buffer *buffer)
{
    struct fa_picture picture = {0};
    fa_status st;

    FA_TRY(decode(dataset, record, buffer, &picture));
    st = prepare_pixels(&picture, transform, flip, buffer);
    fa_picture_free(&picture);
    FA_TRY(st);
    buffer->sample.record = record;
    buffer->sample.image_id = dataset->records[record].image_id;
    return prepare_objects(dataset, record, buffer);
}

fa_status fa_sample_from_picture(const struct fa_picture *picture, const struct fa_transform *transform,
                                 struct fa_sample *out)
{
    struct fa_sample_buffer buffer = {.chw = NULL};
    const fa_status st = prepare_pixels(picture, transform, false, &buffer);

    if (st == FA_OK)
        *out = buffer.sample;
    else
        fa_sample_buffer_free(&buffer);
    return st;
}

fa_status fa_sample_from_record(const struct fa_dataset *dataset, size_t record,
                                const struct fa_transform *transform, bool flip, struct fa_sample *out)
{
    struct fa_sample_buffer buffer = {.chw = NULL};
    const fa_status st = fa_sample_prepare(dataset, record, transform, flip, &buffer);

    fa_free(buffer.jpeg);
    buffer.jpeg = NULL;
    if (st == FA_OK)
        *out = buffer.sample;
    else
        fa_sample_buffer_free(&buffer);
    return st;
}

/* The arrays of objects are borrowed in general, the sample's own here. */
void fa_sample_clear(struct fa_sample *sample)
{
    fa_free(sample->chw);
    fa_free((float *)(uintptr_t)sample->objects.boxes);
    fa_free((int32_t *)(uintptr_t)sample->objects.labels);
    *sample = (struct fa_sample){0};
}
