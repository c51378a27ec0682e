#include "tell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/printable.h"

enum { MOST_CLASSES = 100, NAME_COLUMNS = 24 };

static double share(size_t part, size_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

/* ---- the whole ---- */

static void print_images(const struct fa_data_statistics *s)
{
    printf("%zu image%s of %dx%d", s->n_images, fa_plural(s->n_images), s->least_w, s->least_h);
    if (s->least_w != s->most_w || s->least_h != s->most_h)
        printf(" to %dx%d", s->most_w, s->most_h);
    if (s->n_empty > 0)
        printf(", %zu of them without an object", s->n_empty);
    printf("\n%zu object%s to train on", s->of_kind[FA_OBJECT_TRAINED],
           fa_plural(s->of_kind[FA_OBJECT_TRAINED]));
    if (s->of_kind[FA_OBJECT_CROWD] > 0)
        printf(", %zu crowd", s->of_kind[FA_OBJECT_CROWD]);
    if (s->of_kind[FA_OBJECT_IGNORED] > 0)
        printf(", %zu to be ignored", s->of_kind[FA_OBJECT_IGNORED]);
    if (s->of_kind[FA_OBJECT_NO_AREA] + s->of_kind[FA_OBJECT_SUBPIXEL] + s->of_kind[FA_OBJECT_OUTSIDE] > 0)
        printf(", %zu empty, below a pixel or outside", s->of_kind[FA_OBJECT_NO_AREA] +
                                                            s->of_kind[FA_OBJECT_SUBPIXEL] +
                                                            s->of_kind[FA_OBJECT_OUTSIDE]);
    printf("\n\n");
}

static void print_quantiles(const char *name, const struct fa_quantiles *quantiles, int digits)
{
    printf("%-32s", name);
    for (int q = 0; q < FA_QUANTILES; q++)
        printf(" %8.*f", digits, quantiles->at[q]);
    printf("\n");
}

static void print_distributions(const struct fa_data_statistics *s, const int scale[2])
{
    char seen[48];

    snprintf(seen, sizeof seen, "  at data.scale [%d, %d]", scale[0], scale[1]);
    printf("%-32s %8s %8s %8s %8s %8s %8s\n", "", "5 %", "25 %", "median", "75 %", "95 %", "most");
    print_quantiles("objects of an image with some", &s->per_image, 0);
    print_quantiles("side, root of the area in pixels", &s->side, 0);
    print_quantiles(seen, &s->seen_side, 0);
    print_quantiles("width / height", &s->aspect, 2);
    print_quantiles("IoU of the best anchor", &s->best_iou, 2);
    printf("\n");
}

static void print_fit(const struct fa_fit *fit)
{
    if (fit->n == 0)
        printf(" %9s %11s\n", "-", "-");
    else
        printf(" %9.2f %9.1f %%\n", fa_fit_mean(fit), 100 * fa_fit_poor_share(fit));
}

static void print_sizes(const struct fa_data_statistics *s)
{
    printf("%-24s %9s %9s %9s %11s\n", "objects", "", "", "best IoU", "below 0.4");
    for (int k = 0; k < FA_SIZE_CLASSES; k++) {
        const struct fa_fit *fit = &s->fit_of_size[k];

        printf("%-24s %9zu %7.1f %%", fa_size_names[k], fit->n, 100 * share(fit->n, s->fit.n));
        print_fit(fit);
    }
    printf("\n");
}

/* ---- classes ---- */

static int more_objects_first(const void *a, const void *b)
{
    const struct fa_class_statistics *x = *(const struct fa_class_statistics *const *)a;
    const struct fa_class_statistics *y = *(const struct fa_class_statistics *const *)b;

    if (x->fit.n != y->fit.n)
        return x->fit.n > y->fit.n ? -1 : 1;
    return (x > y) - (x < y);
}

static fa_status sort_classes(const struct fa_data_statistics *s, int (*compare)(const void *, const void *),
                              const struct fa_class_statistics ***sorted)
{
    FA_TRY(fa_alloc(s->n_classes, sizeof **sorted, sorted));
    for (size_t k = 0; k < s->n_classes; k++)
        (*sorted)[k] = &s->classes[k];
    qsort(*sorted, s->n_classes, sizeof **sorted, compare);
    return FA_OK;
}

/* Padded by characters, not by bytes. */
static void print_name(const char *name)
{
    char shown[256];
    int columns = 0;

    fa_printable(name, strlen(name), shown, sizeof shown);
    for (const char *c = shown; *c != '\0'; c++)
        columns += ((unsigned char)*c & 0xC0) != 0x80;
    printf("%s%*s", shown, columns < NAME_COLUMNS ? NAME_COLUMNS - columns : 0, "");
}

static void print_class(const struct fa_class_statistics *class)
{
    print_name(class->name);
    printf(" %9zu %9zu", class->fit.n, class->n_images);
    for (int k = 0; k < FA_SIZE_CLASSES; k++)
        printf(" %8zu", class->of_size[k]);
    print_fit(&class->fit);
}

static fa_status print_classes(const struct fa_data_statistics *s)
{
    const struct fa_class_statistics **sorted;
    const size_t n = s->n_classes < MOST_CLASSES ? s->n_classes : MOST_CLASSES;

    FA_TRY(sort_classes(s, more_objects_first, &sorted));
    printf("%-*s %9s %9s %8s %8s %8s %9s %11s\n", NAME_COLUMNS, "class", "objects", "images", "small",
           "medium", "large", "best IoU", "below 0.4");
    for (size_t k = 0; k < n; k++)
        print_class(sorted[k]);
    if (n < s->n_classes)
        printf("and %zu classes of fewer objects; --json has all\n", s->n_classes - n);
    printf("\n");
    fa_free(sorted);
    return FA_OK;
}

fa_status fa_data_statistics_print(const struct fa_dataset *dataset, const struct fa_outlook *outlook,
                                   const struct fa_data_statistics *statistics)
{
    print_images(statistics);
    print_distributions(statistics, outlook->transform->scale);
    print_sizes(statistics);
    FA_TRY(print_classes(statistics));
    return fa_data_advice_print(dataset, outlook, statistics);
}

/* ---- for programs ---- */

static void set_number(struct fa_json *object, const char *key, double value)
{
    fa_json_set(object, key, fa_json_new_number(value));
}

/* Takes array. */
static void set_quantiles(struct fa_json *object, const char *key, const struct fa_quantiles *quantiles)
{
    struct fa_json *array = fa_json_new_array();

    for (int q = 0; q < FA_QUANTILES && array != NULL; q++)
        fa_json_append(array, fa_json_new_number(quantiles->at[q]));
    fa_json_set(object, key, array);
}

static void set_fit(struct fa_json *object, const struct fa_fit *fit)
{
    set_number(object, "objects", (double)fit->n);
    set_number(object, "best_iou", fit->n > 0 ? fa_fit_mean(fit) : (double)NAN);
    set_number(object, "poor", (double)fit->n_poor);
}

static struct fa_json *class_json(const struct fa_class_statistics *class)
{
    struct fa_json *object = fa_json_new_object();

    if (object == NULL)
        return NULL;
    fa_json_set(object, "name", fa_json_new_string(class->name));
    set_number(object, "id", (double)class->id);
    set_fit(object, &class->fit);
    set_number(object, "images", (double)class->n_images);
    for (int k = 0; k < FA_SIZE_CLASSES; k++)
        set_number(object, fa_size_names[k], (double)class->of_size[k]);
    return object;
}

static void set_sizes(const struct fa_data_statistics *s, struct fa_json *report)
{
    for (int k = 0; k < FA_SIZE_CLASSES; k++) {
        struct fa_json *size = fa_json_new_object();

        if (size != NULL)
            set_fit(size, &s->fit_of_size[k]);
        fa_json_set(report, fa_size_names[k], size);
    }
}

static void set_kinds(const struct fa_data_statistics *s, struct fa_json *report)
{
    static const char *const keys[FA_OBJECT_KINDS] = {
        [FA_OBJECT_TRAINED] = "trained", [FA_OBJECT_CROWD] = "crowd",       [FA_OBJECT_IGNORED] = "ignored",
        [FA_OBJECT_NO_AREA] = "no_area", [FA_OBJECT_SUBPIXEL] = "subpixel", [FA_OBJECT_OUTSIDE] = "outside"};

    for (int kind = 0; kind < FA_OBJECT_KINDS; kind++)
        set_number(report, keys[kind], (double)s->of_kind[kind]);
}

void fa_data_statistics_report(const struct fa_data_statistics *s, struct fa_json *report)
{
    struct fa_json *classes = fa_json_new_array();

    set_number(report, "images", (double)s->n_images);
    set_number(report, "empty_images", (double)s->n_empty);
    set_fit(report, &s->fit);
    set_kinds(s, report);
    set_sizes(s, report);
    set_quantiles(report, "objects_of_an_image", &s->per_image);
    set_quantiles(report, "side", &s->side);
    set_quantiles(report, "seen_side", &s->seen_side);
    set_quantiles(report, "aspect", &s->aspect);
    set_quantiles(report, "best_iou_quantiles", &s->best_iou);
    for (size_t k = 0; k < s->n_classes && classes != NULL; k++)
        fa_json_append(classes, class_json(&s->classes[k]));
    fa_json_set(report, "classes", classes);
}
