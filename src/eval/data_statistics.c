#include "fa/data_statistics.h"

#include <math.h>
#include <stdlib.h>

#include "fa/anchor_fit.h"
#include "fa/loader.h"
#include "fa/memory.h"

/* Where the shape alone keeps the IoU below FA_POOR_IOU: a box that is r times as long as the longest anchor,
   if both have one area, meets it with an IoU of 1 / (2 sqrt(r) - 1). */
#define TOO_LONG 3.0625

const double fa_quantile_shares[FA_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95, 1};

/* Values of each object, or image, for quantiles. */
struct lists {
    size_t n, n_images;
    double *side, *seen_side, *aspect, *best_iou, *per_image;
};

struct taking {
    const struct fa_dataset *dataset;
    const struct fa_transform *transform;
    struct fa_anchor_shapes shapes;
    int finest_level;
    double longest, largest_side; /* of an anchor: a ratio, pixels */
    struct lists lists;
    size_t *last_image; /* of every class: the record in which it was seen last, plus one */
    struct fa_data_statistics *out;
};

/* ---- how well anchors fit ---- */

double fa_fit_mean(const struct fa_fit *fit)
{
    return fit->n > 0 ? fit->sum / (double)fit->n : 0;
}

double fa_fit_poor_share(const struct fa_fit *fit)
{
    return fit->n > 0 ? (double)fit->n_poor / (double)fit->n : 0;
}

bool fa_fit_is_poor(const struct fa_fit *fit)
{
    return fa_fit_poor_share(fit) >= FA_POOR_SHARE;
}

/* ---- one object ---- */

static enum fa_misfit misfit_of(const struct taking *t, double w, double h)
{
    if (fmax(w, h) > TOO_LONG * t->longest * fmin(w, h))
        return FA_MISFIT_NARROW;
    return sqrt(w * h) > t->largest_side ? FA_MISFIT_LARGE : FA_MISFIT_SMALL;
}

static void add_fit(struct fa_fit *fit, double iou, enum fa_misfit misfit)
{
    fit->n++;
    fit->sum += iou;
    if (iou < FA_POOR_IOU) {
        fit->n_poor++;
        fit->of[misfit]++;
    }
}

static void note_class(struct taking *t, int32_t label, size_t record, int size, double iou,
                       enum fa_misfit misfit)
{
    struct fa_class_statistics *class = &t->out->classes[label];

    class->of_size[size]++;
    add_fit(&class->fit, iou, misfit);
    if (t->last_image[label] != record + 1)
        class->n_images++;
    t->last_image[label] = record + 1;
}

/* seen: its box as the network sees it. */
static void note_object(struct taking *t, size_t record, const struct fa_object *object, const float seen[4],
                        const struct fa_pyramid *pyramid)
{
    const double iou = (double)fa_anchor_best_iou(&t->shapes, pyramid, seen);
    const double w = (double)seen[2] - (double)seen[0], h = (double)seen[3] - (double)seen[1];
    const enum fa_misfit misfit = misfit_of(t, w, h);
    const int size = fa_size_class(object->area);
    struct lists *lists = &t->lists;

    add_fit(&t->out->fit, iou, misfit);
    add_fit(&t->out->fit_of_size[size], iou, misfit);
    note_class(t, object->label, record, size, iou, misfit);
    lists->side[lists->n] = sqrt(object->bbox[2] * object->bbox[3]);
    lists->seen_side[lists->n] = sqrt(w * h);
    lists->aspect[lists->n] = object->bbox[2] / object->bbox[3];
    lists->best_iou[lists->n++] = iou;
}

/* ---- one image ---- */

static void note_size(struct fa_data_statistics *out, const struct fa_record *record)
{
    const bool is_first = out->n_images++ == 0;

    out->least_w = is_first || record->w < out->least_w ? record->w : out->least_w;
    out->least_h = is_first || record->h < out->least_h ? record->h : out->least_h;
    out->most_w = record->w > out->most_w ? record->w : out->most_w;
    out->most_h = record->h > out->most_h ? record->h : out->most_h;
}

static void note_image(struct taking *t, size_t r)
{
    const struct fa_record *record = &t->dataset->records[r];
    const size_t before = t->lists.n;
    struct fa_image_plan plan;
    struct fa_pyramid pyramid;
    int h, w;

    note_size(t->out, record);
    fa_image_plan_still(t->transform, record->w, record->h, &plan);
    fa_sample_size(record, t->transform, &h, &w);
    fa_pyramid_make(t->finest_level, h, w, &pyramid);
    for (size_t a = record->first; a < record->first + record->n; a++) {
        const struct fa_object object = fa_dataset_object(t->dataset, record, a);
        const enum fa_object_kind kind = fa_object_kind(&object);
        float seen[4];

        t->out->of_kind[kind]++;
        if (kind == FA_OBJECT_TRAINED &&
            fa_box_place(object.bbox, &plan, t->transform->augment.min_visible, seen))
            note_object(t, r, &object, seen, &pyramid);
    }
    if (t->lists.n > before)
        t->lists.per_image[t->lists.n_images++] = (double)(t->lists.n - before);
    else
        t->out->n_empty++;
}

/* ---- quantiles ---- */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static struct fa_quantiles quantiles_of(double *values, size_t n)
{
    struct fa_quantiles out = {{0}};

    qsort(values, n, sizeof *values, compare);
    for (int q = 0; q < FA_QUANTILES && n > 0; q++) {
        const double place = fa_quantile_shares[q] * (double)(n - 1), whole = floor(place);
        const size_t i = (size_t)whole, next = i + 1 < n ? i + 1 : i;

        out.at[q] = values[i] + (place - whole) * (values[next] - values[i]);
    }
    return out;
}

static void summarize(struct lists *lists, struct fa_data_statistics *out)
{
    out->per_image = quantiles_of(lists->per_image, lists->n_images);
    out->side = quantiles_of(lists->side, lists->n);
    out->seen_side = quantiles_of(lists->seen_side, lists->n);
    out->aspect = quantiles_of(lists->aspect, lists->n);
    out->best_iou = quantiles_of(lists->best_iou, lists->n);
}

/* ---- the whole ---- */

static fa_status allocate(struct taking *t)
{
    const struct fa_dataset *dataset = t->dataset;
    struct lists *lists = &t->lists;

    FA_TRY(fa_alloc(dataset->n_annotations, sizeof *lists->side, &lists->side));
    FA_TRY(fa_alloc(dataset->n_annotations, sizeof *lists->seen_side, &lists->seen_side));
    FA_TRY(fa_alloc(dataset->n_annotations, sizeof *lists->aspect, &lists->aspect));
    FA_TRY(fa_alloc(dataset->n_annotations, sizeof *lists->best_iou, &lists->best_iou));
    FA_TRY(fa_alloc(dataset->n_records, sizeof *lists->per_image, &lists->per_image));
    FA_TRY(fa_alloc_zero(dataset->n_categories, sizeof *t->last_image, &t->last_image));
    t->out->n_classes = dataset->n_categories;
    return fa_alloc_zero(dataset->n_categories, sizeof *t->out->classes, &t->out->classes);
}

static void describe_anchors(const struct fa_anchor_design *anchors, struct taking *t)
{
    const int coarsest_level = anchors->finest_level + FA_LEVELS - 1;

    fa_anchor_shapes_make(anchors, &t->shapes);
    t->finest_level = anchors->finest_level;
    t->largest_side = pow(2, coarsest_level) * anchors->scale * pow(2, 2 / 3.0);
    t->longest = 1;
    for (int r = 0; r < 3; r++)
        t->longest = fmax(t->longest, fmax((double)anchors->ratio[r], 1 / (double)anchors->ratio[r]));
}

static fa_status take(struct taking *t, const struct fa_anchor_design *anchors)
{
    FA_TRY(allocate(t));
    describe_anchors(fa_anchors_meant(anchors), t);
    for (size_t k = 0; k < t->dataset->n_categories; k++) {
        t->out->classes[k].name = t->dataset->categories[k].name;
        t->out->classes[k].id = t->dataset->categories[k].id;
    }
    for (size_t r = 0; r < t->dataset->n_records; r++)
        note_image(t, r);
    summarize(&t->lists, t->out);
    return FA_OK;
}

fa_status fa_data_statistics_take(const struct fa_dataset *dataset, const struct fa_outlook *outlook,
                                  struct fa_data_statistics *out)
{
    struct taking t = {.dataset = dataset, .transform = outlook->transform, .out = out};
    fa_status status;

    *out = (struct fa_data_statistics){0};
    status = take(&t, &outlook->anchors);
    fa_free(t.last_image);
    fa_free(t.lists.per_image);
    fa_free(t.lists.best_iou);
    fa_free(t.lists.aspect);
    fa_free(t.lists.seen_side);
    fa_free(t.lists.side);
    if (status != FA_OK)
        fa_data_statistics_clear(out);
    return status;
}

void fa_data_statistics_clear(struct fa_data_statistics *statistics)
{
    fa_free(statistics->classes);
    *statistics = (struct fa_data_statistics){0};
}
