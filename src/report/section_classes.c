/*
 * section_classes.c - precision, recall and F1 of each class at IoU 0.5.
 */
#include <math.h>
#include <stdlib.h>

#include "chart.h"
#include "fa/memory.h"
#include "section.h"

enum {
    NAMED = 5,
    FAINT = 120
}; /* classes with a colour of their own; and without, the most that are drawn */

struct frequent {
    size_t label, n_objects;
};

static int more_objects_first(const void *x, const void *y)
{
    const struct frequent *a = x, *b = y;

    if (a->n_objects != b->n_objects)
        return a->n_objects > b->n_objects ? -1 : 1;
    return a->label < b->label ? -1 : 1;
}

/* The classes that have objects, most first; *n of them. */
static fa_status rank_classes(const struct fa_analysis *analysis, struct frequent **out, size_t *n)
{
    *n = 0;
    FA_TRY(fa_alloc(analysis->n_classes, sizeof **out, out));
    for (size_t k = 0; k < analysis->n_classes; k++)
        if (analysis->classes[k].n_objects[FA_SIZE_ALL] > 0)
            (*out)[(*n)++] = (struct frequent){k, analysis->classes[k].n_objects[FA_SIZE_ALL]};
    qsort(*out, *n, sizeof **out, more_objects_first);
    return FA_OK;
}

/* ---- curves ---- */

struct curves {
    const struct fa_found *found;
    bool is_f1;
    double share[FA_ANALYSIS_POINTS]; /* 0, 0.01 .. 1 */
    struct fa_series series[NAMED + FAINT + 1];
};

static struct fa_series series_of(const struct curves *curves, size_t label, int look)
{
    const struct fa_analysis_class *class = &curves->found->analysis.classes[label];

    return (struct fa_series){.name = look == FA_LOOK_FAINT ? NULL : fa_found_class(curves->found, label),
                              .look = look,
                              .n = FA_ANALYSIS_POINTS,
                              .stride = 1,
                              .x = curves->share,
                              .y = curves->is_f1 ? class->f1 : class->precision};
}

/* Faint ones first and all classes last, so that they are on top. */
static void draw_curves(struct fa_page *page, struct curves *curves, const struct frequent *classes,
                        size_t n_classes)
{
    const bool is_f1 = curves->is_f1;
    const size_t n_named = n_classes < NAMED ? n_classes : NAMED,
                 n_faint = n_classes - n_named < FAINT ? n_classes - n_named : FAINT;
    struct fa_chart chart = {.title = is_f1 ? "F1 over the score threshold" : "Precision over recall",
                             .x_unit = is_f1 ? "score that detections must have" : "recall, share of objects",
                             .y_unit = is_f1 ? "F1" : "precision, share of detections",
                             .series = curves->series,
                             .is_share = true,
                             .is_x_share = true};

    for (size_t i = n_faint; i-- > 0;)
        curves->series[chart.n_series++] = series_of(curves, classes[n_named + i].label, FA_LOOK_FAINT);
    for (size_t i = n_named; i-- > 0;)
        curves->series[chart.n_series++] = series_of(curves, classes[i].label, (int)i + 1);
    curves->series[chart.n_series++] = series_of(curves, curves->found->analysis.n_classes, 0);
    fa_chart_draw(page, &chart);
}

/* ---- the table ---- */

static void put_share(struct fa_page *page, const char *attributes, double value)
{
    fa_page_add(page, "<td%s>", attributes);
    fa_page_share(page, value);
    fa_page_put(page, "</td>");
}

/* With a bar below. */
static void put_bar(struct fa_page *page, double value)
{
    fa_page_add(page, "<td class=bar style=\"--v:%.1f%%\">", value > 0 ? 100 * value : 0);
    fa_page_share(page, value);
    fa_page_put(page, "</td>");
}

static void put_row(struct fa_page *page, const struct fa_found *found, size_t label, double ap)
{
    const struct fa_analysis_class *class = &found->analysis.classes[label];
    const struct fa_operating_point *best = &class->best_f1;
    const bool has_best = best->score >= 0, has_objects = class->n_objects[FA_SIZE_ALL] > 0;
    const double of_nothing = has_objects ? 0 : -1; /* where no detection is right at any threshold */

    fa_page_put(page, label == found->analysis.n_classes ? "<tr class=all><td>" : "<tr><td>");
    fa_page_text(page, fa_found_class(found, label));
    fa_page_put(page, "</td><td>");
    fa_page_count(page, (double)class->n_objects[FA_SIZE_ALL]);
    fa_page_put(page, "</td>");
    put_bar(page, ap);
    put_share(page, "", class->ap[FA_SIZE_ALL][FA_FORGIVEN_C50]);
    put_share(page, " class=wide", class->ap[FA_SIZE_ALL][FA_FORGIVEN_C75]);
    put_share(page, "", has_best ? best->f1 : of_nothing);
    put_share(page, "", has_best ? best->score : -1);
    put_share(page, " class=wide", has_best ? best->precision : -1);
    put_share(page, " class=wide", has_best ? best->recall : of_nothing);
    fa_page_put(page, "</tr>\n");
}

static void put_table(struct fa_page *page, const struct fa_found *found)
{
    fa_page_put(
        page, "<h3>By class</h3><p class=soft>Each class at the score threshold that is best for it, which "
              "<code>detect</code> takes and of which the beginning of this page speaks; all classes at one "
              "threshold, where precision and recall are others.</p><div class=scroll><table>"
              "<tr><th>class</th><th>objects</th><th>AP</th>"
              "<th>AP50</th><th class=wide>AP75</th><th>best F1</th><th>at threshold</th>"
              "<th class=wide>precision there</th><th class=wide>recall there</th></tr>\n");
    put_row(page, found, found->analysis.n_classes, found->metrics.ap);
    for (size_t k = 0; k < found->analysis.n_classes; k++)
        put_row(page, found, k, found->metrics.class_ap[k]);
    fa_page_put(page, "</table></div>\n");
}

static void put_best(struct fa_page *page, const struct fa_found *found)
{
    const struct fa_operating_point *best = &found->metrics.best_f1;

    fa_page_put(page,
                "<p class=soft>At IoU 0.5. Each detection that scores enough is right or wrong; F1 is the "
                "harmonic mean of precision and recall. ");
    if (best->score >= 0)
        fa_page_add(
            page,
            "With one threshold for all classes it is largest, %.3f, where detections must score at least "
            "%.4g: precision %.3f, recall %.3f. ",
            best->f1, best->score, best->precision, best->recall);
    fa_page_put(page, "Precision over recall of all classes is the mean over classes.</p>\n");
}

/* F1 of the class at a threshold that all share, of the curve's point at or below it. */
static double f1_at(const struct fa_analysis_class *class, double score)
{
    return class->f1[(int)(score * (FA_ANALYSIS_POINTS - 1))];
}

/* Less than half of what its own threshold gives it, and that is something. */
static bool is_lost(const struct fa_analysis_class *class, double score)
{
    return class->n_objects[FA_SIZE_ALL] > 0 && class->best_f1.score >= 0 && class->best_f1.f1 >= 0.1 &&
           f1_at(class, score) < class->best_f1.f1 / 2;
}

static void put_lost(struct fa_page *page, const struct fa_found *found)
{
    const double score = found->metrics.best_f1.score;
    int n = 0;

    if (!(score >= 0 && score <= 1))
        return;
    for (size_t k = 0; k < found->analysis.n_classes && n < NAMED; k++) {
        const struct fa_analysis_class *class = &found->analysis.classes[k];

        if (!is_lost(class, score))
            continue;
        fa_page_put(page, n++ == 0 ? "<p class=note>One threshold for all classes would nearly lose " : "; ");
        fa_page_text(page, fa_found_class(found, k));
        fa_page_add(page, ": F1 %.2f at %.2f, but %.2f at its own %.3g", f1_at(class, score),
                    floor(100 * score) / 100, class->best_f1.f1, class->best_f1.score);
    }
    if (n > 0)
        fa_page_put(page, ". <code>detect</code> takes each class's own.</p>\n");
}

static void draw(struct fa_page *page, const struct fa_found *found, const struct frequent *classes,
                 size_t n_classes)
{
    struct curves curves = {.found = found};

    for (int p = 0; p < FA_ANALYSIS_POINTS; p++)
        curves.share[p] = p / 100.0;
    fa_page_put(page, "<h2>Precision, recall and F1</h2>");
    put_best(page, found);
    if (n_classes > NAMED)
        fa_page_put(page, "<p class=soft>In colour the classes of most objects, faint the others.</p>");
    fa_page_put(page, "<div class=charts>\n");
    draw_curves(page, &curves, classes, n_classes);
    curves.is_f1 = true;
    draw_curves(page, &curves, classes, n_classes);
    fa_page_put(page, "</div>\n");
    put_lost(page, found);
    put_table(page, found);
}

void fa_section_classes(struct fa_page *page, const struct fa_found *found)
{
    struct frequent *classes = NULL;
    size_t n = 0;

    if (found->dataset == NULL || page->status != FA_OK)
        return;
    page->status = rank_classes(&found->analysis, &classes, &n);
    if (page->status == FA_OK)
        draw(page, found, classes, n);
    fa_free(classes);
}
