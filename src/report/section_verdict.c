/*
 * section_verdict.c - the run in a few sentences: is it good, is it still rising, where does it err most.
 */
#include <math.h>

#include "fa/learning.h"
#include "section.h"

/* By which AP must differ for it to have changed. */
#define CHANGED 0.01

static int64_t steps_per_epoch(const struct fa_run_log *log)
{
    const struct fa_log_step *last = log->n_steps > 0 ? &log->steps[log->n_steps - 1] : NULL;

    if (last == NULL || !(last->epoch > 1) || !(last->iter >= 1))
        return 0; /* nothing tells how long an epoch is before the second one */
    return (int64_t)round((last->step - last->iter) / (last->epoch - 1));
}

/* ---- is it good ---- */

static const char *praise(double f1)
{
    return f1 >= 0.9    ? "It finds nearly all objects, and little else: "
           : f1 >= 0.75 ? "It finds most objects, with some errors: "
           : f1 >= 0.5  ? "It finds many objects, and errs often: "
           : f1 >= 0.2  ? "It finds some objects, and errs more often than not: "
                        : "It finds next to nothing: ";
}

/* How many count, and how many of those are right. */
struct tally {
    size_t n, n_right;
};

static struct tally tally_of(const uint8_t *fates, size_t n)
{
    struct tally tally = {0};

    for (size_t i = 0; i < n; i++) {
        tally.n += fates[i] != FA_FATE_NONE;
        tally.n_right += fates[i] == FA_FATE_RIGHT;
    }
    return tally;
}

static double percent(const struct tally *tally)
{
    return tally->n > 0 ? 100.0 * (double)tally->n_right / (double)tally->n : 0;
}

/* Over all objects, and all detections that detect would draw. */
static void put_quality(struct fa_page *page, const struct fa_found *found)
{
    const struct fa_analysis *analysis = &found->analysis;
    struct tally objects, detections;
    double f1;

    if (found->dataset == NULL)
        return;
    objects = tally_of(analysis->fate_of_gt, found->set.input.n_gt);
    detections = tally_of(analysis->fate_of_detection, found->set.input.n_detections);
    if (objects.n == 0)
        return;
    f1 = 2.0 * (double)objects.n_right / (double)(objects.n + detections.n);
    fa_page_add(
        page,
        "%s%.0f&nbsp;%% of the objects are found, and %.0f&nbsp;%% of the detections are right, each class "
        "at its own score threshold, as <code>detect</code> draws them. ",
        praise(f1), percent(&objects), percent(&detections));
}

/* ---- is it still rising ---- */

/* The best AP of evaluations first .. end - 1; -1: none has one. */
static double best_of(const struct fa_run_log *log, size_t first, size_t end)
{
    double best = -1;

    for (size_t i = first; i < end; i++)
        if (log->evaluations[i].ap > best)
            best = log->evaluations[i].ap;
    return best;
}

static bool is_short(const struct fa_run_log *log)
{
    return log->n_steps > 0 && log->steps[log->n_steps - 1].step < FA_FEW_STEPS;
}

static void put_trend(struct fa_page *page, const struct fa_run_log *log)
{
    const size_t n = log->n_evaluations, recent = n - (n + 3) / 4;
    const double before = best_of(log, 0, recent), last = n > 0 ? log->evaluations[n - 1].ap : -1,
                 best = best_of(log, 0, n);

    if (n < 3 || !(before >= 0) || !(last >= 0) || best < FA_LITTLE_AP)
        return;
    if (last > before + CHANGED)
        fa_page_add(
            page,
            "AP was still rising, from %.3f to %.3f over the last quarter: a longer run may do better. ",
            before, last);
    else if (last < best - 2 * CHANGED)
        fa_page_add(page, "AP fell from its best, %.3f, to %.3f at the end. ", best, last);
    else if (is_short(log))
        fa_page_add(page,
                    "AP rose no more at the end; but with fewer than %d steps a longer run may do better. ",
                    FA_FEW_STEPS);
    else
        fa_page_put(page, "AP has levelled off. ");
}

/* ---- where does it err most ---- */

static void put_error(struct fa_page *page, const struct fa_found *found)
{
    const double *ap = found->analysis.classes[found->analysis.n_classes].ap[FA_SIZE_ALL];
    const struct {
        double cost;
        const char *name;
    } errors[] = {{ap[FA_FORGIVEN_LOC] - ap[FA_FORGIVEN_C50], "boxes in the wrong place"},
                  {ap[FA_FORGIVEN_OTHER] - ap[FA_FORGIVEN_LOC], "classes taken for others"},
                  {ap[FA_FORGIVEN_GROUND] - ap[FA_FORGIVEN_OTHER], "detections of nothing"},
                  {1 - ap[FA_FORGIVEN_GROUND], "objects that nothing finds"}};
    size_t most = 0;

    for (size_t i = 1; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].cost > errors[most].cost)
            most = i;
    if (ap[FA_FORGIVEN_C50] >= 0 && errors[most].cost > CHANGED)
        fa_page_add(page, "What costs most: %s (%.2f of AP50). ", errors[most].name, errors[most].cost);
}

/* Of several classes that have objects; NULL: there are fewer. */
static const struct fa_analysis_class *find_weakest(const struct fa_analysis *analysis)
{
    const struct fa_analysis_class *weakest = NULL;
    size_t n = 0;

    for (size_t k = 0; k < analysis->n_classes; k++) {
        const struct fa_analysis_class *class = &analysis->classes[k];

        if (class->n_objects[FA_SIZE_ALL] == 0)
            continue;
        n++;
        if (weakest == NULL || class->best_f1.f1 < weakest->best_f1.f1)
            weakest = class;
    }
    return n > 1 ? weakest : NULL;
}

static void put_weakest(struct fa_page *page, const struct fa_found *found)
{
    const struct fa_analysis_class *weakest = find_weakest(&found->analysis);

    if (weakest == NULL)
        return;
    fa_page_put(page, "The weakest class is ");
    fa_page_text(page, fa_found_class(found, (size_t)(weakest - found->analysis.classes)));
    if (weakest->best_f1.score >= 0)
        fa_page_add(page, ", F1&nbsp;%.2f at its threshold, %.3g. ", weakest->best_f1.f1,
                    weakest->best_f1.score);
    else
        fa_page_put(page, ", of which no object is found at any threshold. ");
}

/* ---- what stands in its way ---- */

static void put_missed(struct fa_page *page, const struct fa_run_log *log)
{
    if (log->missed[0] == '\0')
        return;
    fa_page_put(page, "<p class=note>Note: ");
    fa_page_text(page, log->missed);
    fa_page_put(page, ".</p>\n");
}

static void put_little(struct fa_page *page, const struct fa_run_log *log)
{
    const struct fa_log_evaluation *best = fa_run_log_best(log);
    const double steps = log->n_steps > 0 ? log->steps[log->n_steps - 1].step : 0;
    char text[FA_MESSAGE_MAX];

    if (best == NULL ||
        !fa_learning_is_little(best->ap, (int64_t)steps, steps_per_epoch(log), text, sizeof text))
        return;
    fa_page_put(page, "<p class=note>Note: ");
    fa_page_text(page, text);
    fa_page_put(page, "</p>\n");
}

/* ---- the whole ---- */

void fa_section_verdict(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found)
{
    fa_page_put(page, "<p class=verdict>");
    put_quality(page, found);
    put_trend(page, &run->log);
    if (found->dataset != NULL && found->set.input.n_gt > 0) {
        put_error(page, found);
        put_weakest(page, found);
    }
    fa_page_put(page, "</p>\n");
    put_missed(page, &run->log);
    put_little(page, &run->log);
}
