/*
 * cmd_report.c - freeanchor report: a run as one HTML file, or several side by side.
 */
#include <stdio.h>

#include "command.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/report.h"
#include "recipe/config_file.h"

static const struct fa_flag flags[] = {
    {"--out", "FILE", "the report (default: report.html in the first work directory)", false},
    {"--data", "SHARDDIR", "what the run was evaluated on (default: data.val of its configuration)", false},
    {"--results", "R.json",
     "detections in COCO's results format (default: those that the run kept of its best evaluation)", false},
    {0}};

/* Where the run found its validation data; *path NULL: it does not say. */
static fa_status find_data(const char *work_dir, char **path)
{
    struct fa_json *config = NULL;
    const char *text = "";
    fa_status status = fa_json_read_in(work_dir, "config.json", &config);

    *path = NULL;
    if (status == FA_OK && fa_json_to_string(fa_config_get(config, "data.val"), &text) && text[0] != '\0')
        status = fa_strdup(text, path);
    fa_json_free(config);
    return status == FA_ENOMEM ? status : FA_OK;
}

/* Data that were not asked for by name may be elsewhere by now: the report does without. *note, freed with
   fa_free, then says why. */
static fa_status open_data(const struct fa_invocation *invocation, const char *work_dir, char **note,
                           struct fa_dataset **dataset)
{
    const char *given = fa_arguments_get(&invocation->arguments, "--data");
    char *path;
    fa_status status;

    if (given != NULL)
        return fa_dataset_open(given, dataset);
    FA_TRY(find_data(work_dir, &path));
    if (path == NULL)
        return fa_strdup("the run's configuration names none", note);
    status = fa_dataset_open(path, dataset);
    fa_free(path);
    if (status == FA_OK || status == FA_ENOMEM)
        return status;
    FA_TRY(fa_strdup(fa_message(), note));
    fa_warn("the report leaves out classes, errors and images: %s; give --data SHARDDIR", *note);
    return FA_OK;
}

static fa_status write_report(struct fa_invocation *invocation, struct fa_report_config *config)
{
    char *out = NULL;
    fa_status status;

    if (config->out == NULL)
        FA_TRY(fa_path_join(config->work_dirs[0], "report.html", &out));
    if (config->out == NULL)
        config->out = out;
    status = fa_report_write(config);
    if (status == FA_OK) {
        printf("wrote %s\n", config->out);
        fa_report_string(invocation, "report", config->out);
    }
    fa_free(out);
    return status;
}

/* Detections are of one run. */
static fa_status check(const struct fa_invocation *invocation, size_t n_runs)
{
    const struct fa_arguments *given = &invocation->arguments;

    if (n_runs == 0)
        return fa_fail(FA_EINVAL, "no work directory given; freeanchor report W [W2 ...]");
    if (n_runs > 1 &&
        (fa_arguments_get(given, "--data") != NULL || fa_arguments_get(given, "--results") != NULL))
        return fa_fail(FA_EINVAL, "--data and --results are for the report of one run, and %zu are given",
                       n_runs);
    return FA_OK;
}

static fa_status report(struct fa_invocation *invocation, const char **work_dirs, size_t n_runs)
{
    const struct fa_arguments *given = &invocation->arguments;
    struct fa_report_config config = {.n_runs = n_runs,
                                      .work_dirs = work_dirs,
                                      .out = fa_arguments_get(given, "--out"),
                                      .results = fa_arguments_get(given, "--results")};
    struct fa_dataset *dataset = NULL;
    char *note = NULL;
    fa_status status = FA_OK;

    for (size_t i = 0; i < n_runs; i++)
        work_dirs[i] = fa_arguments_nth(given, NULL, i);
    if (n_runs == 1)
        status = open_data(invocation, work_dirs[0], &note, &dataset);
    config.dataset = dataset;
    config.dataset_note = note;
    if (status == FA_OK && config.results != NULL && dataset == NULL)
        status =
            fa_fail(FA_EINVAL, "--results needs the data that they are of: %s; give --data SHARDDIR", note);
    if (status == FA_OK)
        status = write_report(invocation, &config);
    fa_dataset_close(dataset);
    fa_free(note);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    const char **work_dirs;
    size_t n = 0;
    fa_status status;

    while (fa_arguments_nth(&invocation->arguments, NULL, n) != NULL)
        n++;
    FA_TRY(check(invocation, n));
    FA_TRY(fa_alloc(n, sizeof *work_dirs, &work_dirs));
    status = report(invocation, work_dirs, n);
    fa_free(work_dirs);
    return status;
}

const struct fa_command fa_command_report = {
    .name = "report",
    .operands = "W [W2 ...]",
    .summary = "a run as one HTML page: curves, classes, errors, images; or several side by side",
    .flags = flags,
    .run = run};
