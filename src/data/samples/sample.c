/*
 * sample.c - from a record to what the network takes: decode, compose by the plan; and its objects
 * (doc/method.md 6.2, 6.3).
 */
#include "sample.h"

#include <math.h>

#include "fa/census.h"
#include "fa/image.h"
#include "fa/memory.h"
#include "fa/pyramid.h"

static int pad(int side)
{
    return (side + FA_SIZE_DIVISOR - 1) / FA_SIZE_DIVISOR * FA_SIZE_DIVISOR;
}

/* ---- memory ---- */

static void free_pixels(struct fa_sample_buffer *buffer)
{
    if (buffer->memory.alloc == NULL)
        fa_free(buffer->rgb);
    else if (buffer->rgb != NULL)
        buffer->memory.free(buffer->memory.context, buffer->rgb);
    buffer->rgb = NULL;
    buffer->n_rgb = 0;
}

void fa_sample_buffer_free(struct fa_sample_buffer *buffer)
{
    free_pixels(buffer);
    fa_free(buffer->boxes);
    fa_free(buffer->labels);
    fa_free(buffer->jpeg);
    *buffer = (struct fa_sample_buffer){0};
}

/* What was in it is not kept. */
static fa_status grow_pixels(struct fa_sample_buffer *buffer, size_t want)
{
    const struct fa_pixel_memory *memory = &buffer->memory;
    void *rgb;

    if (want <= buffer->n_rgb)
        return FA_OK;
    free_pixels(buffer);
    FA_TRY(memory->alloc != NULL ? memory->alloc(memory->context, want, &rgb) : fa_alloc(want, 1, &rgb));
    buffer->rgb = rgb;
    buffer->n_rgb = want;
    return FA_OK;
}

static fa_status grow_jpeg(struct fa_sample_buffer *buffer, size_t want)
{
    if (want <= buffer->n_jpeg)
        return FA_OK;
    FA_TRY(fa_realloc(&buffer->jpeg, want, 1));
    buffer->n_jpeg = want;
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

void fa_sample_size(const struct fa_record *record, const struct fa_transform *transform, int *h, int *w)
{
    struct fa_image_plan plan;

    fa_image_plan_still(transform, record->w, record->h, &plan);
    *h = pad(plan.frame_h);
    *w = pad(plan.frame_w);
}

/* The nearest levels to the mean, which normalisation makes 0. */
static void mean_color(const struct fa_normalize *normalize, uint8_t color[3])
{
    for (int c = 0; c < 3; c++)
        color[c] = (uint8_t)lrintf(normalize->mean[normalize->to_rgb ? c : 2 - c]);
}

static void set_sizes(const struct fa_picture *picture, const struct fa_image_plan *plan, struct fa_sample *s)
{
    s->plan = *plan;
    s->original_w = picture->w;
    s->original_h = picture->h;
    s->w = pad(plan->frame_w);
    s->h = pad(plan->frame_h);
    fa_image_plan_factor(plan, s->scale_factor);
}

/* Fills in the sizes and the frame from a picture. */
static fa_status prepare_pixels(const struct fa_picture *picture, const struct fa_transform *transform,
                                const struct fa_image_plan *plan, struct fa_sample_buffer *buffer)
{
    uint8_t fill[3];

    set_sizes(picture, plan, &buffer->sample);
    mean_color(&transform->normalize, fill);
    FA_TRY(grow_pixels(buffer, 3 * (size_t)plan->frame_w * (size_t)plan->frame_h));
    FA_TRY(fa_picture_compose(picture, plan, fill, buffer->rgb));
    buffer->sample.frame = (struct fa_frame){.rgb = buffer->rgb,
                                             .w = plan->frame_w,
                                             .h = plan->frame_h,
                                             .flip = plan->flip,
                                             .normalize = transform->normalize};
    return FA_OK;
}

static fa_status decode(const struct fa_dataset *dataset, size_t record, const struct fa_rendering *rendering,
                        struct fa_sample_buffer *buffer, struct fa_picture *picture)
{
    const struct fa_record *r = &dataset->records[record];

    FA_TRY(grow_jpeg(buffer, r->n_bytes));
    FA_TRY(fa_dataset_fetch(dataset, record, buffer->jpeg));
    FA_TRY(fa_image_render(r->file_name, buffer->jpeg, r->n_bytes, r->orientation, rendering, picture));
    if (picture->w == r->w && picture->h == r->h)
        return FA_OK;
    fa_picture_free(picture);
    return fa_fail(FA_EFORMAT, "%s: decodes to another size than the dataset says; pack the data again",
                   r->file_name);
}

/* ---- objects ---- */

/* What the reference's loader takes as ground truth; crowds have no effect on the loss. */
static bool is_object(const struct fa_dataset *dataset, size_t a, const struct fa_record *record)
{
    const struct fa_object object = fa_dataset_object(dataset, record, a);

    return fa_object_kind(&object) == FA_OBJECT_TRAINED;
}

static fa_status prepare_objects(const struct fa_dataset *dataset, size_t record, double min_visible,
                                 struct fa_sample_buffer *buffer)
{
    const struct fa_record *r = &dataset->records[record];
    size_t n = 0;

    FA_TRY(grow_objects(buffer, r->n));
    for (size_t a = r->first; a < r->first + r->n; a++) {
        if (!is_object(dataset, a, r) ||
            !fa_box_place(dataset->bbox[a], &buffer->sample.plan, min_visible, buffer->boxes + 4 * n))
            continue;
        buffer->labels[n++] = dataset->label[a];
    }
    buffer->sample.objects = (struct fa_objects){n, buffer->boxes, buffer->labels};
    return FA_OK;
}

/* ---- the plan ---- */

static bool shows_an_object(const struct fa_dataset *dataset, size_t record, double min_visible,
                            const struct fa_image_plan *plan)
{
    const struct fa_record *r = &dataset->records[record];
    float box[4];

    for (size_t a = r->first; a < r->first + r->n; a++)
        if (is_object(dataset, a, r) && fa_box_place(dataset->bbox[a], plan, min_visible, box))
            return true;
    return false;
}

/* The objects of a record in the pixels of its image; boxes has room for all. */
static struct fa_objects objects_of(const struct fa_dataset *dataset, const struct fa_record *record,
                                    float *boxes)
{
    size_t n = 0;

    for (size_t a = record->first; a < record->first + record->n; a++)
        if (is_object(dataset, a, record))
            fa_bbox_corners(dataset->bbox[a], boxes + 4 * n++);
    return (struct fa_objects){.n = n, .boxes = boxes};
}

/* With crops, which go by the objects. */
static fa_status draw_cropped(const struct fa_dataset *dataset, const struct fa_record *record,
                              const struct fa_transform *transform, uint64_t seed, int64_t epoch,
                              size_t position, struct fa_image_plan *plan)
{
    struct fa_objects objects;
    float *boxes;

    FA_TRY(fa_alloc(record->n, 4 * sizeof *boxes, &boxes));
    objects = objects_of(dataset, record, boxes);
    fa_image_plan_draw(transform, record->w, record->h, &objects, seed, epoch, position, plan);
    fa_free(boxes);
    return FA_OK;
}

fa_status fa_sample_plan_draw(const struct fa_dataset *dataset, size_t record,
                              const struct fa_transform *transform, uint64_t seed, int64_t epoch,
                              size_t position, struct fa_image_plan *plan)
{
    const struct fa_record *r = &dataset->records[record];
    const double min_visible = transform->augment.min_visible;
    struct fa_image_plan unmoved;

    if (transform->augment.crops.n > 0)
        FA_TRY(draw_cropped(dataset, r, transform, seed, epoch, position, plan));
    else
        fa_image_plan_draw(transform, r->w, r->h, NULL, seed, epoch, position, plan);
    fa_image_plan_still(transform, r->w, r->h, &unmoved);
    unmoved.resized_w = unmoved.frame_w = plan->frame_w; /* which may have been drawn */
    unmoved.resized_h = unmoved.frame_h = plan->frame_h;
    unmoved.colors = plan->colors;
    unmoved.flip = plan->flip;
    if (!shows_an_object(dataset, record, min_visible, plan) &&
        shows_an_object(dataset, record, min_visible, &unmoved))
        *plan = unmoved;
    return FA_OK;
}

/* ---- the sample ---- */

fa_status fa_sample_prepare(const struct fa_dataset *dataset, size_t record,
                            const struct fa_transform *transform, const struct fa_image_plan *plan,
                            struct fa_sample_buffer *buffer)
{
    struct fa_picture picture = {0};
    fa_status st;

    FA_TRY(decode(dataset, record, &transform->rendering, buffer, &picture));
    st = prepare_pixels(&picture, transform, plan, buffer);
    fa_picture_free(&picture);
    FA_TRY(st);
    buffer->sample.record = record;
    buffer->sample.image_id = dataset->records[record].image_id;
    return prepare_objects(dataset, record, transform->augment.min_visible, buffer);
}

fa_status fa_sample_from_picture(const struct fa_picture *picture, const struct fa_transform *transform,
                                 const struct fa_image_plan *plan, struct fa_sample *out)
{
    struct fa_sample_buffer buffer = {.rgb = NULL};
    const fa_status st = prepare_pixels(picture, transform, plan, &buffer);

    if (st == FA_OK)
        *out = buffer.sample;
    else
        fa_sample_buffer_free(&buffer);
    return st;
}

fa_status fa_sample_from_record(const struct fa_dataset *dataset, size_t record,
                                const struct fa_transform *transform, const struct fa_image_plan *plan,
                                struct fa_sample *out)
{
    struct fa_sample_buffer buffer = {.rgb = NULL};
    const fa_status st = fa_sample_prepare(dataset, record, transform, plan, &buffer);

    fa_free(buffer.jpeg);
    buffer.jpeg = NULL;
    if (st == FA_OK)
        *out = buffer.sample;
    else
        fa_sample_buffer_free(&buffer);
    return st;
}

/* Pixels and the arrays of objects are borrowed in general, the sample's own here. */
void fa_sample_clear(struct fa_sample *sample)
{
    fa_free((uint8_t *)(uintptr_t)sample->frame.rgb);
    fa_free((float *)(uintptr_t)sample->objects.boxes);
    fa_free((int32_t *)(uintptr_t)sample->objects.labels);
    *sample = (struct fa_sample){0};
}
