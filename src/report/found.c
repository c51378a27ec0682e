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
static fa_status find_kept(const struct fa_report_run *run, struct fa_found *found, size_t *n_images,
                           char **path)
{
    struct fa_kept_results kept;

    *path = NULL;
    FA_TRY(fa_kept_results_find(run->path, FA_KEPT_BEST, &kept));
    if (kept.step < 0)
        FA_TRY(fa_kept_results_find(run->path, FA_KEPT_LATEST, &kept));
    if (kept.step < 0)
        return FA_OK;
    found->step = (double)kept.step;
    *n_images = kept.n_images < *n_images ? kept.n_images : *n_images;
    FA_TRY(fa_kept_results_path(run->path, kept.step, path));
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

static fa_status note_absence(const struct fa_report_config *config, const struct fa_report_run *run,
                              struct fa_found *found)
{
    if (config->dataset == NULL)
        return fa_asprintf(&found->note,
                           "Classes, errors and images need the data that was evaluated on: %s. Give it by "
                           "freeanchor report %s --data SHARDS.",
                           config->dataset_note != NULL ? config->dataset_note : "none was given", run->path);
    return fa_asprintf(&found->note,
                       "Classes, errors and images need detections, and this run kept none. Make them by "
                       "freeanchor eval --weights %s --data SHARDS --out R.json, and give them by freeanchor "
                       "report %s --data SHARDS --results R.json.",
                       run->path, run->path);
}

fa_status fa_found_open(const struct fa_report_config *config, const struct fa_report_run *run,
                        struct fa_found *found)
{
    size_t n_images = config->dataset != NULL ? config->dataset->n_records : 0;
    char *path = NULL;
    fa_status status = FA_OK;

    *found = (struct fa_found){.step = -1};
    take_limits(run, found->max_detections);
    if (config->results != NULL)
        status = fa_strdup(config->results, &path);
    else
        status = find_kept(run, found, &n_images, &path);
    if (status == FA_OK && (path == NULL || config->dataset == NULL))
        status = note_absence(config, run, found);
    else if (status == FA_OK) {
        status = analyse(path, config->dataset, n_images, found);
        found->dataset = config->dataset;
    }
    fa_free(path);
    return status;
}

void fa_found_close(struct fa_found *found)
{
    fa_metrics_set_clear(&found->set);
    fa_metrics_clear(&found->metrics);
    fa_analysis_clear(&found->analysis);
    fa_free(found->note);
    *found = (struct fa_found){0};
}
