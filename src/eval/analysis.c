#include "fa/analysis.h"

#include "analysis_parts.h"
#include "fa/memory.h"

static fa_status prepare(const struct fa_metrics_input *input, struct fa_analysis_work *work)
{
    *work = (struct fa_analysis_work){.input = input};
    FA_TRY(fa_metrics_group(input, &work->groups));
    FA_TRY(fa_alloc(work->groups.n_detections, sizeof *work->outcomes, &work->outcomes));
    FA_TRY(fa_alloc_zero(work->groups.n_detections, sizeof *work->wide, &work->wide));
    FA_TRY(fa_alloc(work->groups.n_detections, sizeof *work->verdicts, &work->verdicts));
    FA_TRY(fa_alloc(work->groups.n_gt, sizeof *work->precision, &work->precision));
    FA_TRY(fa_metrics_match(&work->groups, work->outcomes));
    FA_TRY(fa_analysis_forgive(work));
    return fa_metrics_order(&work->groups, &work->order);
}

static void clear_work(struct fa_analysis_work *work)
{
    fa_metrics_groups_clear(&work->groups);
    fa_free(work->outcomes);
    fa_free(work->wide);
    fa_free(work->order);
    fa_free(work->verdicts);
    fa_free(work->precision);
}

static fa_status allocate(const struct fa_metrics_input *input, struct fa_analysis *out)
{
    const size_t n = (size_t)input->n_classes + 1;

    out->n_classes = n - 1;
    FA_TRY(fa_alloc_zero(n, sizeof *out->classes, &out->classes));
    if (out->n_classes <= FA_CONFUSION_CLASSES)
        FA_TRY(fa_alloc_zero(n * n, sizeof *out->confusion, &out->confusion));
    FA_TRY(fa_alloc_zero(input->n_detections, 1, &out->fate_of_detection));
    return fa_alloc_zero(input->n_gt, 1, &out->fate_of_gt);
}

static fa_status analyse(struct fa_analysis_work *work, struct fa_analysis *out)
{
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t label = 0; label < out->n_classes; label++)
        fa_analysis_class_make(work, label, &out->classes[label]);
    fa_analysis_total_make(work, out->n_classes, out->classes);
    return fa_analysis_judge(work, out);
}

fa_status fa_analysis_make(const struct fa_metrics_input *input, struct fa_analysis *out)
{
    struct fa_analysis_work work;
    fa_status status = prepare(input, &work);

    *out = (struct fa_analysis){0};
    if (status == FA_OK)
        status = allocate(input, out);
    if (status == FA_OK)
        status = analyse(&work, out);
    clear_work(&work);
    if (status != FA_OK)
        fa_analysis_clear(out);
    return status;
}

void fa_analysis_clear(struct fa_analysis *analysis)
{
    fa_free(analysis->classes);
    fa_free(analysis->confusion);
    fa_free(analysis->fate_of_detection);
    fa_free(analysis->fate_of_gt);
    *analysis = (struct fa_analysis){0};
}
