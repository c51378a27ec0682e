/*
 * section_curves.c - how a run went: its journal as curves.
 */
#include <math.h>
#include <stdlib.h>

#include "chart.h"
#include "fa/memory.h"
#include "section.h"

enum {
    STEP_STRIDE = sizeof(struct fa_log_step) / sizeof(double),
    EVALUATION_STRIDE = sizeof(struct fa_log_evaluation) / sizeof(double),
    ENDS = 3 /* classes that are named at the best and at the worst end of many */
};

_Static_assert(sizeof(struct fa_log_step) % sizeof(double) == 0, "rows are doubles");
_Static_assert(sizeof(struct fa_log_evaluation) % sizeof(double) == 0, "rows are doubles");

struct plot {
    struct fa_page *page;
    const struct fa_run_log *log;
    double *resumed; /* the steps at which the run went on */
    size_t n_resumed;
};

/* first: the column in the first row. */
static struct fa_series step_series(const struct plot *plot, const char *name, int look, const double *first)
{
    return (struct fa_series){.name = name,
                              .look = look,
                              .n = plot->log->n_steps,
                              .stride = STEP_STRIDE,
                              .x = &plot->log->steps->step,
                              .y = first};
}

static void draw_steps(const struct plot *plot, struct fa_chart chart, size_t n,
                       const struct fa_series *series)
{
    chart.x_unit = "step";
    chart.n_series = n;
    chart.series = series;
    chart.n_marks = plot->n_resumed;
    chart.marks = plot->resumed;
    fa_chart_draw(plot->page, &chart);
}

static bool has_val_loss(const struct fa_run_log *log)
{
    for (size_t i = 0; i < log->n_evaluations; i++)
        if (isfinite(log->evaluations[i].val_loss))
            return true;
    return false;
}

static struct fa_series val_loss_series(const struct plot *plot)
{
    const struct fa_log_evaluation *first = plot->log->evaluations;

    return (struct fa_series){.name = "of the validation set",
                              .look = 4,
                              .n = plot->log->n_evaluations,
                              .stride = EVALUATION_STRIDE,
                              .x = &first->step,
                              .y = &first->val_loss,
                              .has_dots = true};
}

static void draw_loss(const struct plot *plot)
{
    const struct fa_log_step *first = plot->log->steps;
    struct fa_series series[2 + FA_LOG_PARTS] = {step_series(plot, "loss", 0, &first->loss)};
    size_t n = 1;

    for (int i = 0; i < FA_LOG_PARTS && plot->log->part_name[i][0] != '\0'; i++, n++)
        series[n] = step_series(plot, plot->log->part_name[i], (int)n, &first->part[i]);
    if (has_val_loss(plot->log))
        series[n++] = val_loss_series(plot);
    draw_steps(plot,
               (struct fa_chart){.title = "Loss",
                                 .y_unit = "loss, mean of a window",
                                 .note = "Should fall, first fast, then slowly; that of the validation "
                                         "set, where it is computed, rises again when training "
                                         "learns its images by heart."},
               n, series);
}

static void draw_one(const struct plot *plot, struct fa_chart chart, const double *first)
{
    const struct fa_series series = step_series(plot, NULL, 0, first);

    draw_steps(plot, chart, 1, &series);
}

static void draw_times(const struct plot *plot)
{
    const struct fa_log_step *first = plot->log->steps;
    struct fa_series series[FA_LOG_PHASES];
    static const int looks[FA_LOG_PHASES] = {4, 0, 3, 2, 1, 5, 6};

    for (int p = 0; p < FA_LOG_PHASES; p++)
        series[p] = step_series(plot, fa_log_phase_names[p], looks[p], &first->phase[p]);
    draw_steps(plot, (struct fa_chart){.title = "Time of a step", .y_unit = "seconds", .is_stacked = true},
               FA_LOG_PHASES, series);
}

static void draw_objects(const struct plot *plot)
{
    const struct fa_log_step *first = plot->log->steps;
    const struct fa_series series[2] = {
        step_series(plot, "IoU of the best match", 0, &first->matched_iou),
        step_series(plot, "probability of a bag", 1, &first->bag_probability)};

    draw_steps(plot,
               (struct fa_chart){.title = "Objects",
                                 .y_unit = "mean over objects of a batch",
                                 .note =
                                     "Both should rise. IoU, overlap by union: how well the best box covers "
                                     "an object. Bag: the anchors that may learn an object; its "
                                     "probability is how sure the network is that one of them finds it.",
                                 .is_share = true},
               2, series);
}

/* ---- evaluations ---- */

static void draw_ap(const struct plot *plot)
{
    const struct fa_log_evaluation *first = plot->log->evaluations;
    const struct fa_series common = {
        .n = plot->log->n_evaluations, .stride = EVALUATION_STRIDE, .x = &first->epoch, .has_dots = true};
    struct fa_series series[3] = {common, common, common};
    struct fa_chart chart = {
        .title = "AP", .x_unit = "epoch", .y_unit = "AP", .n_series = 3, .series = series, .is_share = true};
    const char *const notes[2] = {
        "AP, average precision: 1 where all objects are found, placed well, and nothing "
        "else is. AP50 asks for an overlap of 0.5 only, AP75 for 0.75; AP is the mean "
        "over 0.5 to 0.95.",
        "Small: up to 32 &times; 32 pixels of the image; large: above 96 &times; 96."};
    const char *const names[2][3] = {{"AP50", "AP", "AP75"}, {"large", "medium", "small"}};
    const double *const columns[2][3] = {{&first->ap50, &first->ap, &first->ap75},
                                         {&first->ap_large, &first->ap_medium, &first->ap_small}};

    for (int c = 0; c < 2; c++) {
        for (int s = 0; s < 3; s++) {
            series[s].name = names[c][s];
            series[s].look = s == 1 ? 0 : s == 0 ? 1 : 3;
            series[s].y = columns[c][s];
        }
        chart.title = c == 0 ? "AP by epoch" : "AP by size of objects";
        chart.note = notes[c];
        fa_chart_draw(plot->page, &chart);
    }
}

static void draw_f1(const struct plot *plot)
{
    const struct fa_log_evaluation *first = plot->log->evaluations;
    const struct fa_series common = {
        .n = plot->log->n_evaluations, .stride = EVALUATION_STRIDE, .x = &first->epoch, .has_dots = true};
    struct fa_series series[2] = {common, common};
    const struct fa_chart chart = {
        .title = "Best F1 and its score threshold",
        .x_unit = "epoch",
        .y_unit = "share",
        .note = "F1: the mean of how many detections are right and how many objects are "
                "found, where one threshold of scores holds for all classes.",
        .n_series = 2,
        .series = series,
        .is_share = true};

    series[0].name = "F1";
    series[0].y = &first->f1;
    series[1].name = "score threshold";
    series[1].look = 1;
    series[1].y = &first->score_threshold;
    fa_chart_draw(plot->page, &chart);
}

/* ---- classes ---- */

struct last_ap {
    size_t class;
    double ap; /* of the last evaluation; -1: there is none */
};

static int best_first(const void *x, const void *y)
{
    const struct last_ap *a = x, *b = y;

    if (a->ap != b->ap)
        return a->ap > b->ap ? -1 : 1;
    return a->class < b->class ? -1 : 1;
}

/* The classes that have an AP, best first; *n of them. */
static fa_status rank_classes(const struct fa_run_log *log, struct last_ap **out, size_t *n)
{
    *n = 0;
    FA_TRY(fa_alloc(log->n_classes, sizeof **out, out));
    for (size_t k = 0; k < log->n_classes; k++) {
        const struct fa_log_class *class = &log->classes[k];

        if (class->n > 0 && isfinite(class->points[class->n - 1].ap))
            (*out)[(*n)++] = (struct last_ap){k, class->points[class->n - 1].ap};
    }
    qsort(*out, *n, sizeof **out, best_first);
    return FA_OK;
}

static struct fa_series class_series(const struct fa_log_class *class, int look)
{
    return (struct fa_series){.name = look == FA_LOOK_FAINT ? NULL : class->name,
                              .look = look,
                              .n = class->n,
                              .stride = sizeof *class->points / sizeof(double),
                              .x = &class->points->epoch,
                              .y = &class->points->ap,
                              .has_dots = look != FA_LOOK_FAINT};
}

/* The look of the i-th best of n: of many the best and the worst have one of their own. */
static int class_look(size_t i, size_t n)
{
    if (n <= FA_LOOKS || i < ENDS)
        return (int)i;
    return i >= n - ENDS ? (int)(i - (n - 2 * ENDS)) : FA_LOOK_FAINT;
}

static fa_status draw_classes(const struct plot *plot)
{
    struct last_ap *order = NULL;
    struct fa_series *series = NULL;
    size_t n;
    fa_status status = rank_classes(plot->log, &order, &n);

    if (status == FA_OK)
        status = fa_alloc(n, sizeof *series, &series);
    for (size_t i = 0; i < n && status == FA_OK; i++)
        series[i] = class_series(&plot->log->classes[order[i].class], class_look(i, n));
    if (status == FA_OK)
        fa_chart_draw(plot->page,
                      &(struct fa_chart){.title = n > FA_LOOKS
                                                      ? "AP of classes: best three, worst three, others faint"
                                                      : "AP of classes",
                                         .x_unit = "epoch",
                                         .y_unit = "AP",
                                         .n_series = n,
                                         .series = series,
                                         .is_share = true});
    fa_free(order);
    fa_free(series);
    return status;
}

/* ---- the whole ---- */

static fa_status list_resumes(struct plot *plot)
{
    FA_TRY(fa_alloc(plot->log->n_starts, sizeof *plot->resumed, &plot->resumed));
    for (size_t i = 0; i < plot->log->n_starts; i++)
        if (plot->log->starts[i].step > 0)
            plot->resumed[plot->n_resumed++] = plot->log->starts[i].step;
    return FA_OK;
}

static void draw_training(const struct plot *plot)
{
    const struct fa_log_step *first = plot->log->steps;

    draw_loss(plot);
    draw_one(plot, (struct fa_chart){.title = "Learning rate", .y_unit = "learning rate"}, &first->lr);
    draw_one(
        plot,
        (struct fa_chart){.title = "Gradient norm", .y_unit = "norm before clipping", .may_be_log = true},
        &first->grad_norm);
    draw_times(plot);
    draw_one(plot, (struct fa_chart){.title = "Memory", .y_unit = "MiB, the most of any rank"},
             &first->memory_mib);
    draw_objects(plot);
}

void fa_section_curves(struct fa_page *page, const struct fa_report_run *run)
{
    struct plot plot = {.page = page, .log = &run->log};

    if (page->status == FA_OK)
        page->status = list_resumes(&plot);
    if (page->status != FA_OK || (run->log.n_steps == 0 && run->log.n_evaluations == 0))
        return;
    fa_page_put(page, "<h2>Curves</h2>");
    if (plot.n_resumed > 0)
        fa_page_put(page, "<p class=soft>Dotted lines: the run was resumed.</p>");
    fa_page_put(page, "<div class=charts>\n");
    if (run->log.n_evaluations > 0) {
        draw_ap(&plot);
        draw_f1(&plot);
        if (page->status == FA_OK)
            page->status = draw_classes(&plot);
    }
    if (run->log.n_steps > 0)
        draw_training(&plot);
    fa_page_put(page, "</div>\n");
    fa_free(plot.resumed);
}
