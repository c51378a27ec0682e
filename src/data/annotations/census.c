#include "fa/census.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census_counts.h"
#include "fa/log.h"
#include "fa/memory.h"

#define ROUNDING    1e-3 /* pixels, as in pack_boxes.c */
#define NEARLY_ALL  0.95
#define MORE_CHANCE 0.05 /* fewer boxes than this share may be oversights */
#define TELLING     20   /* boxes that are not in one quarter of all images by chance */

/* ---- the rule ---- */

enum fa_object_kind fa_object_kind(const struct fa_object *object)
{
    const double *b = object->bbox;

    if (object->crowd)
        return FA_OBJECT_CROWD;
    if (object->ignore)
        return FA_OBJECT_IGNORED;
    if (!(object->area > 0))
        return FA_OBJECT_NO_AREA;
    if (!(b[2] >= 1 && b[3] >= 1))
        return FA_OBJECT_SUBPIXEL;
    if (b[0] >= object->image_w || b[1] >= object->image_h || b[0] + b[2] <= 0 || b[1] + b[3] <= 0)
        return FA_OBJECT_OUTSIDE;
    return FA_OBJECT_TRAINED;
}

struct fa_object fa_dataset_object(const struct fa_dataset *dataset, const struct fa_record *record, size_t a)
{
    const double *b = dataset->bbox[a];

    return (struct fa_object){.bbox = {b[0], b[1], b[2], b[3]},
                              .area = dataset->area[a],
                              .crowd = dataset->crowd[a],
                              .ignore = dataset->ignore[a],
                              .label = dataset->label[a],
                              .id = dataset->annotation_id[a],
                              .file_name = record->file_name,
                              .image_w = record->w,
                              .image_h = record->h};
}

const char *const fa_size_names[FA_SIZE_CLASSES] = {"small", "medium", "large"};

int fa_size_class(double area)
{
    return area < 32 * 32 ? 0 : area < 96 * 96 ? 1 : 2;
}

/* ---- counting ---- */

fa_status fa_census_create(size_t n_classes, struct fa_census *out)
{
    *out = (struct fa_census){.n_classes = n_classes};
    return fa_alloc_zero(n_classes, sizeof *out->classes, &out->classes);
}

void fa_census_set_class(struct fa_census *census, size_t label, int64_t id, const char *name)
{
    census->classes[label] = (struct fa_census_class){.id = id, .name = name};
}

void fa_census_clear(struct fa_census *census)
{
    fa_free(census->classes);
    *census = (struct fa_census){0};
}

static void note(struct fa_oddity *oddity, const struct fa_object *object)
{
    if (oddity->n++ == 0)
        oddity->first = *object;
}

static bool fits_as_corners(const double *b, double w, double h)
{
    return b[0] >= 0 && b[1] >= 0 && b[2] > b[0] && b[3] > b[1] && b[2] <= w + ROUNDING &&
           b[3] <= h + ROUNDING;
}

void fa_census_look(struct fa_census *census, const struct fa_object *object)
{
    const double *b = object->bbox, w = object->image_w, h = object->image_h;
    const double right = b[0] + b[2], bottom = b[1] + b[3];
    const bool is_left = right <= w / 2, is_top = bottom <= h / 2;

    census->n_seen++;
    if (right > w + ROUNDING || bottom > h + ROUNDING)
        note(&census->leaving, object);
    if (fits_as_corners(b, w, h))
        note(&census->corners, object);
    if (right <= 1 + ROUNDING && bottom <= 1 + ROUNDING && (b[2] < 1 || b[3] < 1))
        note(&census->fractions, object);
    if ((is_left || b[0] >= w / 2) && (is_top || b[1] >= h / 2))
        note(&census->quarter[!is_left + 2 * !is_top], object);
}

void fa_census_count(struct fa_census *census, const struct fa_object *object)
{
    const enum fa_object_kind kind = fa_object_kind(object);

    census->n++;
    census->of[kind]++;
    if (kind != FA_OBJECT_TRAINED)
        return;
    census->of_size[fa_size_class(object->area)]++;
    census->classes[object->label].n_trained++;
}

static void count_record(struct fa_census *census, const struct fa_dataset *dataset,
                         const struct fa_record *record)
{
    for (size_t a = record->first; a < record->first + record->n; a++) {
        const struct fa_object object = fa_dataset_object(dataset, record, a);

        fa_census_look(census, &object);
        fa_census_count(census, &object);
    }
}

fa_status fa_census_take(const struct fa_dataset *dataset, struct fa_census *out)
{
    FA_TRY(fa_census_create(dataset->n_categories, out));
    for (size_t i = 0; i < dataset->n_categories; i++)
        fa_census_set_class(out, i, dataset->categories[i].id, dataset->categories[i].name);
    for (size_t r = 0; r < dataset->n_records; r++)
        count_record(out, dataset, &dataset->records[r]);
    return FA_OK;
}

/* ---- suspicions ---- */

static bool are_nearly_all(const struct fa_oddity *oddity, const struct fa_census *census)
{
    return census->n_seen > 0 && (double)oddity->n >= NEARLY_ALL * (double)census->n_seen;
}

bool fa_census_has_corners(const struct fa_census *census)
{
    return are_nearly_all(&census->corners, census) &&
           (double)census->leaving.n > MORE_CHANCE * (double)census->n_seen;
}

static void suspect_boxes(const struct fa_oddity *oddity, const struct fa_census *census, const char *name,
                          const char *what)
{
    const struct fa_object *first = &oddity->first;

    fa_warn("%s: %zu of %zu boxes %s; the first: %s, annotation %" PRId64
            ", [%.10g %.10g %.10g %.10g] in %dx%d pixels",
            name, oddity->n, census->n_seen, what, first->file_name, first->id, first->bbox[0],
            first->bbox[1], first->bbox[2], first->bbox[3], first->image_w, first->image_h);
}

static void suspect_quarters(const struct fa_census *census, const char *name)
{
    static const char *const what[4] = {
        "lie in the upper left quarter of their image; were they made for images of another size?",
        "lie in the upper right quarter of their image", "lie in the lower left quarter of their image",
        "lie in the lower right quarter of their image"};

    for (int q = 0; q < 4; q++)
        if (census->n_seen >= TELLING && are_nearly_all(&census->quarter[q], census))
            suspect_boxes(&census->quarter[q], census, name, what[q]);
}

static void suspect_conventions(const struct fa_census *census, const char *name)
{
    if (fa_census_has_corners(census))
        suspect_boxes(
            &census->leaving, census, name,
            "leave their image, and nearly all would fit it as x1 y1 x2 y2; a box is x y width height");
    if (are_nearly_all(&census->fractions, census))
        suspect_boxes(&census->fractions, census, name,
                      "lie within one pixel of the corner, as fractions of the image do; a box is in pixels");
    else
        suspect_quarters(census, name);
}

static void tell_unused_classes(const struct fa_census *census, const char *name)
{
    const struct fa_census_class *first = NULL;
    size_t n = 0;

    for (size_t k = census->n_classes; k-- > 0;)
        if (census->classes[k].n_trained == 0) {
            first = &census->classes[k];
            n++;
        }
    if (n > 0 && census->of[FA_OBJECT_TRAINED] > 0)
        fa_info("%s: %zu of %zu classes without an object to train on, the first: \"%s\" (id %" PRId64 ")",
                name, n, census->n_classes, first->name, first->id);
}

static int compare_names(const void *a, const void *b)
{
    const struct fa_census_class *x = *(const struct fa_census_class *const *)a;
    const struct fa_census_class *y = *(const struct fa_census_class *const *)b;
    const int order = strcmp(x->name, y->name);

    return order != 0 ? order : (x > y) - (x < y);
}

static fa_status suspect_names(const struct fa_census *census, const char *name)
{
    const struct fa_census_class **sorted = NULL, *first[2] = {NULL, NULL};
    size_t n = 0;

    FA_TRY(fa_alloc(census->n_classes, sizeof *sorted, &sorted));
    for (size_t k = 0; k < census->n_classes; k++)
        sorted[k] = &census->classes[k];
    qsort(sorted, census->n_classes, sizeof *sorted, compare_names);
    for (size_t k = 1; k < census->n_classes; k++)
        if (strcmp(sorted[k - 1]->name, sorted[k]->name) == 0 && n++ == 0)
            memcpy(first, &sorted[k - 1], sizeof first);
    if (n > 0)
        fa_warn("%s: %zu class name%s given to two classes, the first: \"%s\" is that of ids %" PRId64
                " and %" PRId64 "; they stay two classes",
                name, n, n == 1 ? " is" : "s are", first[0]->name, first[0]->id, first[1]->id);
    fa_free(sorted);
    return FA_OK;
}

/* ---- for people ---- */

/* "; 12 crowd, 3 of no area" for what is no object; "" if all are. */
static void print_others(const struct fa_census *census, char *text, size_t size)
{
    static const char *const what[FA_OBJECT_KINDS] = {
        [FA_OBJECT_CROWD] = "crowd",
        [FA_OBJECT_IGNORED] = "to be ignored",
        [FA_OBJECT_NO_AREA] = "of area 0 or less",
        [FA_OBJECT_SUBPIXEL] = "below a pixel",
        [FA_OBJECT_OUTSIDE] = "outside their image",
    };
    size_t used = 0;

    text[0] = '\0';
    for (int kind = FA_OBJECT_TRAINED + 1; kind < FA_OBJECT_KINDS; kind++)
        if (census->of[kind] > 0)
            used += (size_t)snprintf(text + used, size - used, "%s%zu %s", used > 0 ? ", " : "; ",
                                     census->of[kind], what[kind]);
}

fa_status fa_census_tell(const struct fa_census *census, const char *name)
{
    char others[256];

    print_others(census, others, sizeof others);
    if (census->n_seen == 0)
        fa_info("%s: no annotations, so no objects to train on", name);
    else
        fa_info("%s: %zu of %zu annotations are objects to train on%s", name, census->of[FA_OBJECT_TRAINED],
                census->n, others);
    FA_TRY(fa_census_tell_counts(census, name));
    suspect_conventions(census, name);
    tell_unused_classes(census, name);
    return suspect_names(census, name);
}

fa_status fa_census_require_objects(const struct fa_census *census, const char *name)
{
    char others[256];

    if (census->of[FA_OBJECT_TRAINED] > 0)
        return FA_OK;
    if (census->n == 0)
        return fa_fail(FA_EFORMAT, "%s: no annotations, so no objects to train on", name);
    print_others(census, others, sizeof others);
    return fa_fail(FA_EFORMAT, "%s: none of %zu annotation%s is an object to train on%s; correct them", name,
                   census->n, fa_plural(census->n), others);
}
