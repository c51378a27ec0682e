/*
 * keep_results.c - what a run's evaluations found, for whoever looks at it later.
 */
#include "fa/kept_results.h"
#include "fa/log.h"
#include "training.h"

void fa_training_keep_results(const struct fa_training *t, const struct fa_metrics *metrics, size_t n_images,
                              const struct fa_coco_result *results, size_t n)
{
    struct fa_kept_results about = {.step = t->state.progress.step,
                                    .ap = metrics->ap,
                                    .n_images = n_images,
                                    .content_hash = t->run->val_data->content_hash};

    if (fa_metrics_thresholds(metrics, &about.thresholds) != FA_OK ||
        fa_kept_results_write(t->run->work_dir->directory, &about, results, n) != FA_OK)
        fa_warn("the detections of this evaluation are not kept, training goes on: %s", fa_message());
    fa_kept_results_clear(&about);
}

struct fa_thresholds fa_training_kept_thresholds(const struct fa_training *t)
{
    struct fa_kept_results latest;
    struct fa_thresholds kept = {.n = 0};

    if (fa_kept_results_find(t->run->work_dir->path, FA_KEPT_LATEST, &latest) == FA_OK &&
        latest.step == t->state.progress.step &&
        (latest.thresholds.n == 0 || latest.thresholds.n == t->run->meta.n_classes)) {
        kept = latest.thresholds;
        latest.thresholds = (struct fa_thresholds){.n = 0};
    }
    fa_kept_results_clear(&latest);
    return kept;
}
