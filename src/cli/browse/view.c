#include "view.h"

#include <stdio.h>
#include <string.h>

#include "fa/annotate.h"
#include "fa/census.h"
#include "fa/loader.h"
#include "fa/memory.h"

/* A picture and what is drawn into it. */
struct view {
    struct fa_picture picture;
    size_t n;
    struct fa_annotation *annotations;
};

static void clear_view(struct view *view)
{
    fa_picture_free(&view->picture);
    fa_free(view->annotations);
}

static void add(struct view *view, const struct fa_dataset *dataset, int32_t label, const float box[4],
                const char *note)
{
    struct fa_annotation *annotation = &view->annotations[view->n++];

    *annotation = (struct fa_annotation){.name = dataset->categories[label].name, .note = note};
    memcpy(annotation->box, box, sizeof annotation->box);
    fa_class_color(label, annotation->rgb);
}

/* ---- as it is stored ---- */

static fa_status decode(const struct fa_dataset *dataset, size_t r, const struct fa_rendering *rendering,
                        struct fa_picture *picture)
{
    const struct fa_record *record = &dataset->records[r];
    uint8_t *data;
    fa_status status;

    FA_TRY(fa_alloc(record->n_bytes, 1, &data));
    status = fa_dataset_fetch(dataset, r, data);
    if (status == FA_OK)
        status = fa_image_render(record->file_name, data, record->n_bytes, record->orientation, rendering,
                                 picture);
    fa_free(data);
    return status;
}

static void add_stored(struct view *view, const struct fa_dataset *dataset, const struct fa_record *record,
                       size_t a)
{
    static const char *const notes[FA_OBJECT_KINDS] = {[FA_OBJECT_CROWD] = "crowd",
                                                       [FA_OBJECT_IGNORED] = "ignored",
                                                       [FA_OBJECT_NO_AREA] = "no area",
                                                       [FA_OBJECT_SUBPIXEL] = "below a pixel",
                                                       [FA_OBJECT_OUTSIDE] = "outside"};
    const struct fa_object object = fa_dataset_object(dataset, record, a);
    const double *b = object.bbox;
    const float box[4] = {(float)b[0], (float)b[1], (float)(b[0] + b[2]), (float)(b[1] + b[3])};

    add(view, dataset, object.label, box, notes[fa_object_kind(&object)]);
}

static fa_status view_stored(const struct fa_dataset *dataset, size_t r, const struct fa_rendering *rendering,
                             struct view *view)
{
    const struct fa_record *record = &dataset->records[r];

    FA_TRY(decode(dataset, r, rendering, &view->picture));
    FA_TRY(fa_alloc(record->n, sizeof *view->annotations, &view->annotations));
    for (size_t a = record->first; a < record->first + record->n; a++)
        add_stored(view, dataset, record, a);
    return FA_OK;
}

/* ---- as the network sees it ---- */

static fa_status view_sample(const struct fa_dataset *dataset, const struct fa_sample *sample,
                             struct view *view)
{
    const struct fa_objects *objects = &sample->objects;

    FA_TRY(fa_picture_of_frame(&sample->frame, &view->picture));
    FA_TRY(fa_alloc(objects->n, sizeof *view->annotations, &view->annotations));
    for (size_t i = 0; i < objects->n; i++)
        add(view, dataset, objects->labels[i], objects->boxes + 4 * i, NULL);
    return FA_OK;
}

static fa_status view_training(const struct fa_dataset *dataset, const struct fa_picked *picked,
                               const struct fa_view_recipe *recipe, struct view *view)
{
    struct fa_image_plan plan;
    struct fa_sample sample;
    fa_status status;

    FA_TRY(fa_sample_plan_draw(dataset, picked->record, recipe->transform, recipe->seed, 0, picked->position,
                               &plan));
    FA_TRY(fa_sample_from_record(dataset, picked->record, recipe->transform, &plan, &sample));
    status = view_sample(dataset, &sample, view);
    fa_sample_clear(&sample);
    return status;
}

/* ---- larger and smaller ---- */

/* Takes resized. */
static void replace(struct fa_picture *picture, struct fa_picture *resized)
{
    fa_picture_free(picture);
    *picture = *resized;
}

static fa_status resize(struct fa_picture *picture, int w, int h)
{
    struct fa_picture resized;

    FA_TRY(fa_picture_resize(picture, w, h, &resized));
    replace(picture, &resized);
    return FA_OK;
}

/* By whole pixels, so that the network's are seen as they are. */
static fa_status enlarge(struct fa_picture *picture, int w, int h)
{
    struct fa_picture large = {.w = w, .h = h};
    uint8_t *out;

    FA_TRY(fa_alloc((size_t)large.w * (size_t)large.h, 3, &large.rgb));
    out = large.rgb;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++, out += 3)
            memcpy(out, picture->rgb + 3 * (y * picture->h / h * picture->w + x * picture->w / w), 3);
    replace(picture, &large);
    return FA_OK;
}

/* Halves come first: each pixel of them is the mean of four, so that none is passed over. */
static fa_status shrink(struct fa_picture *picture, int w, int h)
{
    while (picture->w >= 2 * w && picture->h >= 2 * h && picture->w > 1 && picture->h > 1)
        FA_TRY(resize(picture, picture->w / 2, picture->h / 2));
    return resize(picture, w, h);
}

/* To most_w by most_h at most, and as near to that as its shape lets it. */
static fa_status fit(struct view *view, int most_w, int most_h)
{
    const int64_t was_w = view->picture.w, was_h = view->picture.h;
    const bool is_high = was_w * most_h < most_w * was_h;
    const int w = is_high ? (int)(was_w * most_h / was_h) : most_w;
    const int h = is_high ? most_h : (int)(was_h * most_w / was_w);

    if (was_w > w)
        FA_TRY(shrink(&view->picture, w > 0 ? w : 1, h > 0 ? h : 1));
    else
        FA_TRY(enlarge(&view->picture, w > 0 ? w : 1, h > 0 ? h : 1));
    for (size_t i = 0; i < view->n; i++)
        for (int k = 0; k < 4; k++)
            view->annotations[i].box[k] *=
                k % 2 == 0 ? (float)view->picture.w / (float)was_w : (float)view->picture.h / (float)was_h;
    return FA_OK;
}

/* ---- the whole ---- */

static void drop_names(struct view *view)
{
    for (size_t i = 0; i < view->n; i++)
        if (view->annotations[i].note == NULL)
            view->annotations[i].name = NULL;
}

static fa_status caption(const struct fa_dataset *dataset, size_t r, bool trained, struct fa_picture *picture)
{
    char *text;
    fa_status status;

    FA_TRY(fa_asprintf(&text, "%s%s", trained ? "in training: " : "", dataset->records[r].file_name));
    status = fa_picture_caption(picture, text);
    fa_free(text);
    return status;
}

fa_status fa_view_make(const struct fa_dataset *dataset, const struct fa_picked *picked,
                       const struct fa_view_recipe *recipe, const struct fa_view_style *style,
                       struct fa_picture *out)
{
    struct view view = {.n = 0};
    fa_status status = style->training
                           ? view_training(dataset, picked, recipe, &view)
                           : view_stored(dataset, picked->record, &recipe->transform->rendering, &view);

    if (status == FA_OK && style->w > 0)
        status = fit(&view, style->w, style->h);
    if (status == FA_OK && !style->is_named)
        drop_names(&view);
    if (status == FA_OK)
        status = fa_picture_annotate(&view.picture, view.annotations, view.n);
    if (status == FA_OK)
        status = caption(dataset, picked->record, style->training, &view.picture);
    if (status == FA_OK) {
        *out = view.picture;
        view.picture = (struct fa_picture){0};
    }
    clear_view(&view);
    return status;
}
