#include "found.h"

#include <string.h>

#include "fa/coco.h"
#include "fa/file.h"
#include "fa/kept_results.h"
#include "fa/memory.h"

/* The run's own, for which its numbers were computed. */
static void take_limits(const struct fa_report_run *run, int out[3])
{
    static const int usual[3] = {1, 10, 100};
    const struct fa_json *list = fa_json_get(fa_json_get(run->config, "eval"), "max_detections"),
                         *item = fa_json_first(list);
    int64_t limits[3];

    memcpy(out, usual, sizeof usual);
    if (fa_json_count(list) != 3)
        return;
    for (int i = 0; i < 3; i++, item = fa_json_next(item))
        if (!fa_json_to_int(item, &limits[i]) || limits[i] < (i > 0 ? limits[i - 1] : 1) ||
            limits[i] > 1000000)
            return;
    for (int i = 0; i < 3; i++)
        out[i] = (int)limits[i];
}

/* The best that was kept, else the latest; *path NULL: none. */
static fa_status find_kept(const struct fa_report_run *run, struct fa_kept_results *kept, char **path)
{
    *path = NULL;
    FA_TRY(fa_kept_results_find(run->path, FA_KEPT_BEST, kept));
    if (kept->step < 0)
        FA_TRY(fa_kept_results_find(run->path, FA_KEPT_LATEST, kept));
    if (kept->step < 0)
        return FA_OK;
    FA_TRY(fa_kept_results_path(run->path, kept->step, path));
    if (fa_file_exists(*path))
        return FA_OK;
    fa_free(*path);
    *path = NULL;
    return FA_OK;
}

static fa_status analyse(const char *path, const struct fa_dataset *dataset, size_t n_images,
                         struct fa_found *found)
{
    struct fa_coco_result *results;
    size_t n;
    fa_status status;

    FA_TRY(fa_coco_results_read(path, &results, &n));
    status = fa_metrics_set_make(dataset, n_images, results, n, found->max_detections, &found->set);
    fa_free(results);
    FA_TRY(fa_prefix(status, "%s", path));
    FA_TRY(fa_metrics_compute(&found->set.input, &found->metrics));
    return fa_analysis_make(&found->set.input, &found->analysis);
}

static void clear_analysis(struct fa_found *found)
{
    fa_metrics_set_clear(&found->set);
    fa_metrics_clear(&found->metrics);
    fa_analysis_clear(&found->analysis);
}

/* ---- what a report does without ---- */

static fa_status note_no_data(const struct fa_report_config *config, const struct fa_report_run *run,
                              struct fa_found *found)
{
    return fa_asprintf(&found->note,
                       "Classes, errors and images need the data that was evaluated on: %s. Give it by "
                       "freeanchor report %s --data SHARDS.",
                       config->dataset_note != NULL ? config->dataset_note : "none was given", run->path);
}

static fa_status note_no_results(const struct fa_report_run *run, struct fa_found *found)
{
    return fa_asprintf(&found->note,
                       "Classes, errors and images need detections, and this run kept none. Make them by "
                       "freeanchor eval --weights %s --data SHARDS --out R.json, and give them by freeanchor "
                       "report %s --data SHARDS --results R.json.",
                       run->path, run->path);
}

static fa_status note_misfit(const struct fa_report_run *run, const char *why, struct fa_found *found)
{
    return fa_asprintf(&found->note,
                       "Classes, errors and images are left out, since the detections that this run kept do "
                       "not fit the data: %s. Give the data that was evaluated on by freeanchor report %s "
                       "--data SHARDS.",
                       why, run->path);
}

/* ---- the whole ---- */

static fa_status take_kept(const struct fa_report_config *config, const struct fa_report_run *run,
                           struct fa_found *found)
{
    const struct fa_dataset *dataset = config->dataset;
    struct fa_kept_results kept;
    char *path;
    fa_status status;

    status = find_kept(run, &kept, &path);
    if (status != FA_OK) {
        fa_kept_results_clear(&kept);
        return status;
    }
    found->step = (double)kept.step;
    if (path == NULL) {
        fa_kept_results_clear(&kept);
        return note_no_results(run, found);
    }
    if (kept.content_hash != 0 && kept.content_hash != dataset->content_hash)
        status = fa_fail(FA_EINVAL, "%s is of other images or annotations", path);
    else
        status = analyse(path, dataset,
                         kept.n_images < dataset->n_records ? kept.n_images : dataset->n_records, found);
    fa_free(path);
    fa_kept_results_clear(&kept);
    if (status == FA_OK)
        found->dataset = dataset;
    if (status == FA_OK || status == FA_ENOMEM)
        return status;
    clear_analysis(found);
    return note_misfit(run, fa_message(), found);
}

static fa_status take_given(const struct fa_report_config *config, struct fa_found *found)
{
    FA_TRY(analyse(config->results, config->dataset, config->dataset->n_records, found));
    found->dataset = config->dataset;
    return FA_OK;
}

fa_status fa_found_open(const struct fa_report_config *config, const struct fa_report_run *run,
                        struct fa_found *found)
{
    *found = (struct fa_found){.step = -1};
    take_limits(run, found->max_detections);
    if (config->dataset == NULL)
        return note_no_data(config, run, found);
    return config->results != NULL ? take_given(config, found) : take_kept(config, run, found);
}

void fa_found_close(struct fa_found *found)
{
    clear_analysis(found);
    fa_free(found->note);
    *found = (struct fa_found){0};
}
