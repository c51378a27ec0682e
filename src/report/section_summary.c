/*
 * section_summary.c - what the run was, and how well it did.
 */
#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "section.h"

/* ---- the figures ---- */

static void figure(struct fa_page *page, const char *name, double value)
{
    fa_page_add(page, "<div><dt>%s</dt><dd>", name);
    fa_page_share(page, value);
    fa_page_put(page, "</dd></div>");
}

static void best_ap(struct fa_page *page, const struct fa_log_evaluation *best)
{
    fa_page_put(page, "<div class=first><dt>best AP</dt><dd>");
    fa_page_share(page, best->ap);
    fa_page_put(page, "</dd><dd>");
    if (isfinite(best->epoch))
        fa_page_add(page, "epoch %.0f, ", best->epoch);
    fa_page_put(page, "step ");
    fa_page_count(page, best->step);
    fa_page_put(page, "</dd></div>");
}

static void best_f1(struct fa_page *page, double f1, double score)
{
    fa_page_put(page, "<div><dt>best F1</dt><dd>");
    fa_page_share(page, f1);
    fa_page_add(page, "</dd><dd>one score for all: %.3g</dd></div>", score);
}

static void figures(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found)
{
    const struct fa_log_evaluation *best = fa_run_log_best(&run->log);
    const struct fa_operating_point *point = &found->metrics.best_f1;

    fa_page_put(page, "<dl class=figures>");
    if (best != NULL) {
        best_ap(page, best);
        figure(page, "AP50", best->ap50);
        figure(page, "AP75", best->ap75);
        figure(page, "AP small", best->ap_small);
        figure(page, "AP medium", best->ap_medium);
        figure(page, "AP large", best->ap_large);
    }
    if (found->dataset != NULL && point->score >= 0)
        best_f1(page, point->f1, point->score);
    else if (best != NULL && isfinite(best->f1))
        best_f1(page, best->f1, best->score_threshold);
    fa_page_put(page, "</dl>\n");
}

/* ---- the facts ---- */

static void begin(struct fa_page *page, const char *name)
{
    fa_page_add(page, "<div><dt>%s</dt><dd>", name);
}

static void end(struct fa_page *page)
{
    fa_page_put(page, "</dd></div>");
}

static void fact_text(struct fa_page *page, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    begin(page, name);
    fa_page_text(page, text);
    end(page);
}

static void fact_number(struct fa_page *page, const char *name, double value)
{
    if (!isfinite(value))
        return;
    begin(page, name);
    fa_page_add(page, "%.6g", value);
    end(page);
}

static void put_model(struct fa_page *page, const struct fa_report_run *run)
{
    const struct fa_json *backbone = fa_json_get(fa_json_get(run->config, "model"), "backbone");
    double depth = NAN, groups = 1, width = 64, channels = 64;

    fa_json_to_double(fa_json_get(backbone, "depth"), &depth);
    fa_json_to_double(fa_json_get(backbone, "groups"), &groups);
    fa_json_to_double(fa_json_get(backbone, "base_width"), &width);
    fa_json_to_double(fa_json_get(backbone, "base_channels"), &channels);
    if (!isfinite(depth))
        fa_page_put(page, "a detector");
    else if (groups > 1)
        fa_page_add(page, "ResNeXt-%.0f %.0f&times;%.0fd with a feature pyramid", depth, groups, width);
    else if (channels != 64)
        fa_page_add(page, "ResNet-%.0f of %.0f channels with a feature pyramid", depth, channels);
    else
        fa_page_add(page, "ResNet-%.0f with a feature pyramid", depth);
}

static void fact_model(struct fa_page *page, const struct fa_report_run *run)
{
    const char *norm = fa_report_run_text(run, "model", "norm");

    begin(page, "network");
    put_model(page, run);
    if (norm != NULL) {
        fa_page_put(page, ", ");
        fa_page_text(page, norm);
        fa_page_put(page, " norm");
    }
    end(page);
}

static void fact_scale(struct fa_page *page, const struct fa_report_run *run)
{
    const struct fa_json *w = fa_json_first(fa_json_get(fa_json_get(run->config, "data"), "scale"));
    double width, height;

    if (!fa_json_to_double(w, &width) || !fa_json_to_double(fa_json_next(w), &height))
        return;
    begin(page, "image scale");
    fa_page_add(page, "%.0f &times; %.0f pixels", width, height);
    end(page);
}

static void fact_lr(struct fa_page *page, const struct fa_report_run *run)
{
    const double lr = fa_report_run_number(run, "train", "lr"),
                 warmup = fa_report_run_number(run, "train", "warmup_steps"),
                 epochs = fa_report_run_number(run, "train", "warmup_epochs"),
                 images = fa_report_run_number(run, "train", "warmup_samples");
    const char *schedule = fa_report_run_text(run, "train", "schedule");

    if (!isfinite(lr))
        return;
    begin(page, "learning rate");
    fa_page_add(page, "%.6g", lr);
    if (schedule != NULL) {
        fa_page_put(page, ", ");
        fa_page_text(page, schedule);
    }
    if (warmup > 0)
        fa_page_add(page, ", warm-up over %.0f steps", warmup);
    else if (epochs > 0)
        fa_page_add(page, ", warm-up over %g epochs", epochs);
    else if (images > 0)
        fa_page_add(page, ", warm-up over %.0f images", images);
    end(page);
}

static void fact_batch(struct fa_page *page, const struct fa_report_run *run)
{
    const struct fa_run_log *log = &run->log;
    const double batch = fa_report_run_number(run, "train", "batch"),
                 ranks = log->n_starts > 0 ? log->starts[log->n_starts - 1].ranks : NAN;

    if (!isfinite(batch))
        return;
    begin(page, "batch");
    fa_page_add(page, "%.0f images", batch);
    if (isfinite(ranks))
        fa_page_add(page, " over %.0f rank%s", ranks, ranks == 1 ? "" : "s");
    end(page);
}

static void fact_steps(struct fa_page *page, const struct fa_report_run *run)
{
    const struct fa_run_log *log = &run->log;
    const struct fa_log_step *last = log->n_steps > 0 ? &log->steps[log->n_steps - 1] : NULL;
    const double epochs = fa_report_run_number(run, "train", "epochs");

    if (last == NULL)
        return;
    begin(page, "steps");
    fa_page_count(page, last->step);
    if (isfinite(last->epoch))
        fa_page_add(page, ", epoch %.0f", last->epoch);
    if (isfinite(epochs))
        fa_page_add(page, " of %.0f", epochs);
    if (isfinite(last->samples)) {
        fa_page_put(page, "; ");
        fa_page_count(page, last->samples);
        fa_page_put(page, " images seen");
    }
    end(page);
}

static void fact_time(struct fa_page *page, const struct fa_report_run *run)
{
    const struct fa_run_log *log = &run->log;
    const double seconds = fa_run_log_seconds(log, 0, INFINITY);

    if (log->n_steps == 0)
        return;
    begin(page, "time in steps");
    fa_section_duration(page, seconds);
    if (seconds > 0 && isfinite(log->steps[log->n_steps - 1].samples))
        fa_page_add(page, ", %.3g images/s", log->steps[log->n_steps - 1].samples / seconds);
    end(page);
}

static void fact_start(struct fa_page *page, const struct fa_report_run *run)
{
    const struct fa_run_log *log = &run->log;

    if (log->n_starts == 0)
        return;
    begin(page, "started");
    fa_page_text(page, log->starts[0].at);
    if (log->n_starts > 1)
        fa_page_add(page, ", resumed %zu time%s", log->n_starts - 1, log->n_starts == 2 ? "" : "s");
    end(page);
}

static void fact_memory(struct fa_page *page, const struct fa_report_run *run)
{
    double most = NAN;

    for (size_t i = 0; i < run->log.n_steps; i++)
        most = fmax(most, run->log.steps[i].memory_mib);
    if (!isfinite(most))
        return;
    begin(page, "memory");
    fa_page_count(page, most);
    fa_page_put(page, " MiB, the most of any rank");
    end(page);
}

/* What was trained on; NULL or "" where it is not known. */
static const char *training_data(const struct fa_report_run *run)
{
    return run->log.data[0] != '\0' ? run->log.data : fa_report_run_text(run, "data", "train");
}

static void facts(struct fa_page *page, const struct fa_report_run *run)
{
    fa_page_put(page, "<dl class=facts>");
    fact_model(page, run);
    fact_text(page, "loss", fa_report_run_text(run, "loss", "type"));
    fact_text(page, "training data", training_data(run));
    fact_text(page, "validation data", fa_report_run_text(run, "data", "val"));
    fact_scale(page, run);
    fact_batch(page, run);
    fact_lr(page, run);
    fact_number(page, "weight decay", fa_report_run_number(run, "train", "weight_decay"));
    fact_number(page, "clip norm", fa_report_run_number(run, "train", "clip_norm"));
    fact_text(page, "precision", fa_report_run_text(run, "train", "precision"));
    fact_number(page, "seed", fa_report_run_number(run, "train", "seed"));
    fact_start(page, run);
    fact_steps(page, run);
    fact_time(page, run);
    fact_memory(page, run);
    fact_text(page, "work directory", run->path);
    fa_page_put(page, "</dl>\n");
}

/* ---- the whole ---- */

static void lead(struct fa_page *page, const struct fa_report_run *run)
{
    const char *loss = fa_report_run_text(run, "loss", "type"), *data = training_data(run);

    fa_page_put(page, "<p class=\"lead soft\">");
    put_model(page, run);
    if (loss != NULL) {
        fa_page_put(page, ", trained with the loss ");
        fa_page_text(page, loss);
    }
    if (data != NULL && data[0] != '\0') {
        fa_page_put(page, " on ");
        fa_page_text(page, data);
    }
    fa_page_put(page, "</p>\n");
}

static void notes(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found)
{
    if (run->log.n_evaluations == 0)
        fa_page_put(page, "<p class=note>The run was not evaluated yet, so there is no AP.</p>\n");
    if (run->log.n_damaged > 0)
        fa_page_add(page, "<p class=note>%zu line%s of log.jsonl could not be read and %s left out.</p>\n",
                    run->log.n_damaged, run->log.n_damaged == 1 ? "" : "s",
                    run->log.n_damaged == 1 ? "is" : "are");
    if (found->note == NULL)
        return;
    fa_page_put(page, "<p class=note>");
    fa_page_text(page, found->note);
    fa_page_put(page, "</p>\n");
}

void fa_section_summary(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found)
{
    fa_page_put(page, "<header><p class=kicker>freeanchor report</p><h1>");
    fa_page_text(page, run->name);
    fa_page_put(page, "</h1>");
    lead(page, run);
    fa_section_verdict(page, run, found);
    figures(page, run, found);
    notes(page, run, found);
    facts(page, run);
    fa_page_put(page, "</header>\n");
}

void fa_section_configuration(struct fa_page *page, const struct fa_report_run *run)
{
    char *text;

    if (run->config == NULL || page->status != FA_OK)
        return;
    page->status = fa_json_print(run->config, true, &text);
    if (page->status != FA_OK)
        return;
    fa_page_put(page, "<h2>Configuration</h2><details><summary>config.json</summary><pre>");
    fa_page_text(page, text);
    fa_page_put(page, "</pre></details>\n");
    fa_free(text);
}
