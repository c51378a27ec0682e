/*
 * section_comparison.c - several runs: their numbers side by side, their curves over each other, and where
 * their configurations differ.
 */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "fa/memory.h"
#include "section.h"

enum {
    STEP_STRIDE = sizeof(struct fa_log_step) / sizeof(double),
    EVALUATION_STRIDE = sizeof(struct fa_log_evaluation) / sizeof(double)
};

/* ---- the table ---- */

static void put_share(struct fa_page *page, const char *attributes, double value)
{
    fa_page_add(page, "<td%s>", attributes);
    fa_page_share(page, value);
    fa_page_put(page, "</td>");
}

static void put_run(struct fa_page *page, const struct fa_report_run *run, double highest)
{
    const struct fa_log_evaluation none = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
                                   *best = fa_run_log_best(&run->log);
    const struct fa_log_step *last = run->log.n_steps > 0 ? &run->log.steps[run->log.n_steps - 1] : NULL;
    const double seconds = fa_run_log_seconds(&run->log, 0, INFINITY);

    best = best != NULL ? best : &none;
    fa_page_put(page, best->ap == highest ? "<tr class=all><td>" : "<tr><td>");
    fa_page_text(page, run->name);
    fa_page_put(page, "</td>");
    put_share(page, "", best->ap);
    put_share(page, "", best->ap50);
    put_share(page, "", best->ap75);
    put_share(page, " class=wide", best->ap_small);
    put_share(page, " class=wide", best->ap_medium);
    put_share(page, " class=wide", best->ap_large);
    put_share(page, " class=wide", best->f1);
    fa_page_put(page, "<td>");
    fa_page_count(page, best->epoch);
    fa_page_put(page, "</td><td class=wide>");
    fa_page_count(page, last != NULL ? last->step : 0);
    fa_page_put(page, "</td><td class=wide>");
    fa_section_duration(page, seconds);
    fa_page_add(page, "</td><td class=wide>%.3g</td></tr>\n",
                last != NULL && seconds > 0 && isfinite(last->samples) ? last->samples / seconds : 0);
}

static void put_table(struct fa_page *page, const struct fa_report_run *runs, size_t n)
{
    double highest = -1;

    for (size_t i = 0; i < n; i++) {
        const struct fa_log_evaluation *best = fa_run_log_best(&runs[i].log);

        highest = best != NULL ? fmax(highest, best->ap) : highest;
    }
    fa_page_put(page, "<div class=scroll><table><tr><th>run</th><th>best AP</th><th>AP50</th><th>AP75</th>"
                      "<th class=wide>small</th><th class=wide>medium</th><th class=wide>large</th>"
                      "<th class=wide>best F1</th><th>at epoch</th><th class=wide>steps</th>"
                      "<th class=wide>time in steps</th><th class=wide>images/s</th></tr>\n");
    for (size_t i = 0; i < n; i++)
        put_run(page, &runs[i], highest);
    fa_page_put(page, "</table></div>\n");
}

/* A table with a column for each run. */
static void begin_columns(struct fa_page *page, const char *first, const struct fa_report_run *runs, size_t n)
{
    fa_page_add(page, "<div class=scroll><table><tr><th>%s</th>", first);
    for (size_t i = 0; i < n; i++) {
        fa_page_put(page, "<th>");
        fa_page_text(page, runs[i].name);
        fa_page_put(page, "</th>");
    }
    fa_page_put(page, "</tr>\n");
}

/* ---- classes ---- */

/* At the best evaluation; NaN where it was not told. */
static double class_ap(const struct fa_run_log *log, const char *name)
{
    const struct fa_log_evaluation *best = fa_run_log_best(log);

    for (size_t k = 0; k < log->n_classes && best != NULL; k++)
        for (size_t i = 0; i < log->classes[k].n; i++)
            if (strcmp(log->classes[k].name, name) == 0 && log->classes[k].points[i].step == best->step)
                return log->classes[k].points[i].ap;
    return NAN;
}

static bool has_class(const struct fa_run_log *log, const char *name)
{
    for (size_t k = 0; k < log->n_classes; k++)
        if (strcmp(log->classes[k].name, name) == 0)
            return true;
    return false;
}

static bool earlier_has_class(const struct fa_report_run *runs, size_t run, const char *name)
{
    for (size_t i = 0; i < run; i++)
        if (has_class(&runs[i].log, name))
            return true;
    return false;
}

static void put_class(struct fa_page *page, const struct fa_report_run *runs, size_t n, const char *name)
{
    fa_page_put(page, "<tr><td>");
    fa_page_text(page, name);
    fa_page_put(page, "</td>");
    for (size_t i = 0; i < n; i++)
        put_share(page, "", class_ap(&runs[i].log, name));
    fa_page_put(page, "</tr>\n");
}

/* The classes of every run, each once. */
static void put_classes(struct fa_page *page, const struct fa_report_run *runs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < runs[i].log.n_classes; k++) {
            const char *name = runs[i].log.classes[k].name;

            if (!earlier_has_class(runs, i, name))
                put_class(page, runs, n, name);
        }
}

static void put_class_table(struct fa_page *page, const struct fa_report_run *runs, size_t n)
{
    size_t n_told = 0;

    for (size_t i = 0; i < n; i++)
        n_told += runs[i].log.n_classes > 0;
    fa_page_put(page, "<h2>AP by class</h2>");
    if (n_told < n)
        fa_page_add(
            page,
            "<p class=soft>%s AP by class, which evaluations tell with "
            "<code>train.class_ap=true</code>; <code>freeanchor report</code> of one run has it too.</p>",
            n_told == 0 ? "No run told its" : "Some runs did not tell their");
    if (n_told == 0)
        return;
    begin_columns(page, "class", runs, n);
    put_classes(page, runs, n);
    fa_page_put(page, "</table></div>\n");
}

/* ---- curves ---- */

struct comparison {
    struct fa_page *page;
    const struct fa_report_run *runs;
    size_t n;
    struct fa_series *series; /* (n) room */
};

/* place: of the column among a row's doubles. */
static void draw_steps(const struct comparison *c, struct fa_chart chart, size_t place)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct fa_run_log *log = &c->runs[i].log;
        const double *row = (const double *)log->steps;

        c->series[i] = (struct fa_series){.name = c->runs[i].name,
                                          .look = (int)(i % FA_LOOKS),
                                          .n = log->n_steps,
                                          .stride = STEP_STRIDE,
                                          .x = row,
                                          .y = row != NULL ? row + place : NULL};
    }
    chart.x_unit = "step";
    chart.n_series = c->n;
    chart.series = c->series;
    fa_chart_draw(c->page, &chart);
}

static void draw_evaluations(const struct comparison *c, const char *title, size_t place)
{
    const size_t epoch = offsetof(struct fa_log_evaluation, epoch) / sizeof(double);
    const struct fa_chart chart = {.title = title,
                                   .x_unit = "epoch",
                                   .y_unit = "AP, 0 to 1",
                                   .n_series = c->n,
                                   .series = c->series,
                                   .is_share = true};

    for (size_t i = 0; i < c->n; i++) {
        const struct fa_run_log *log = &c->runs[i].log;
        const double *row = (const double *)log->evaluations;

        c->series[i] = (struct fa_series){.name = c->runs[i].name,
                                          .look = (int)(i % FA_LOOKS),
                                          .n = log->n_evaluations,
                                          .stride = EVALUATION_STRIDE,
                                          .x = row != NULL ? row + epoch : NULL,
                                          .y = row != NULL ? row + place : NULL,
                                          .has_dots = true};
    }
    fa_chart_draw(c->page, &chart);
}

#define STEP_PLACE(column)       (offsetof(struct fa_log_step, column) / sizeof(double))
#define EVALUATION_PLACE(column) (offsetof(struct fa_log_evaluation, column) / sizeof(double))

static void draw_curves(const struct comparison *c)
{
    draw_evaluations(c, "AP by epoch", EVALUATION_PLACE(ap));
    draw_evaluations(c, "AP50 by epoch", EVALUATION_PLACE(ap50));
    draw_evaluations(c, "AP75 by epoch", EVALUATION_PLACE(ap75));
    draw_steps(c, (struct fa_chart){.title = "Loss", .y_unit = "loss, mean of a window"}, STEP_PLACE(loss));
    draw_steps(c, (struct fa_chart){.title = "Learning rate", .y_unit = "learning rate"}, STEP_PLACE(lr));
    draw_steps(
        c, (struct fa_chart){.title = "Gradient norm", .y_unit = "norm before clipping", .may_be_log = true},
        STEP_PLACE(grad_norm));
    draw_steps(c, (struct fa_chart){.title = "Time of a step", .y_unit = "seconds"}, STEP_PLACE(time));
    draw_steps(c, (struct fa_chart){.title = "Memory", .y_unit = "MiB, the most of any rank"},
               STEP_PLACE(memory_mib));
}

/* ---- configurations ---- */

/* What key of a group is in a run's configuration, as text freed with fa_free; "" where it is absent. */
static fa_status print_value(const struct fa_report_run *run, const char *group, const char *key, char **out)
{
    const struct fa_json *value = fa_json_get(fa_json_get(run->config, group), key);

    return value != NULL ? fa_json_print(value, false, out) : fa_strdup("", out);
}

static fa_status put_difference(struct fa_page *page, const struct fa_report_run *runs, size_t n,
                                const char *group, const char *key)
{
    char **values;
    bool differs = false;
    fa_status status;

    FA_TRY(fa_alloc_zero(n, sizeof *values, &values));
    status = print_value(&runs[0], group, key, &values[0]);
    for (size_t i = 1; i < n && status == FA_OK; i++) {
        status = print_value(&runs[i], group, key, &values[i]);
        differs = differs || (status == FA_OK && strcmp(values[i], values[0]) != 0);
    }
    if (status == FA_OK && differs) {
        fa_page_put(page, "<tr><td>");
        fa_page_text(page, group);
        fa_page_put(page, ".");
        fa_page_text(page, key);
        fa_page_put(page, "</td>");
        for (size_t i = 0; i < n; i++) {
            fa_page_put(page, "<td>");
            fa_page_text(page, values[i]);
            fa_page_put(page, "</td>");
        }
        fa_page_put(page, "</tr>\n");
    }
    for (size_t i = 0; i < n; i++)
        fa_free(values[i]);
    fa_free(values);
    return status;
}

static bool is_in_earlier(const struct fa_report_run *runs, size_t run, const char *group, const char *key)
{
    for (size_t i = 0; i < run; i++)
        if (fa_json_get(fa_json_get(runs[i].config, group), key) != NULL)
            return true;
    return false;
}

/* The keys of every run, each once. */
static void put_keys(struct fa_page *page, const struct fa_report_run *runs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (const struct fa_json *group = fa_json_first(runs[i].config); group != NULL;
             group = fa_json_next(group))
            for (const struct fa_json *item = fa_json_first(group); item != NULL; item = fa_json_next(item)) {
                const char *name = fa_json_key(group), *key = fa_json_key(item);

                if (key == NULL || is_in_earlier(runs, i, name, key) || page->status != FA_OK)
                    continue;
                page->status = put_difference(page, runs, n, name, key);
            }
}

static void put_differences(struct fa_page *page, const struct fa_report_run *runs, size_t n)
{
    fa_page_put(page, "<h2>Where their configurations differ</h2>");
    begin_columns(page, "key", runs, n);
    put_keys(page, runs, n);
    fa_page_put(page, "</table></div>\n");
}

/* ---- the whole ---- */

void fa_section_comparison(struct fa_page *page, const struct fa_report_run *runs, size_t n)
{
    struct comparison comparison = {.page = page, .runs = runs, .n = n};

    if (page->status == FA_OK)
        page->status = fa_alloc(n, sizeof *comparison.series, &comparison.series);
    if (page->status != FA_OK)
        return;
    fa_page_add(page, "<header><p class=kicker>freeanchor report</p><h1>%zu runs side by side</h1>", n);
    fa_page_put(page, "<p class=\"lead soft\">Each by its best evaluation. Best F1: at the one score "
                      "threshold for all classes that gives it.</p></header>\n");
    put_table(page, runs, n);
    put_class_table(page, runs, n);
    fa_page_put(page, "<h2>Curves</h2><div class=charts>\n");
    draw_curves(&comparison);
    fa_page_put(page, "</div>\n");
    put_differences(page, runs, n);
    fa_free(comparison.series);
}
