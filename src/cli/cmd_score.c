/*
 * cmd_score.c - freeanchor score: COCO metrics of a results file, without any network.
 */
#include <stdio.h>

#include "command.h"
#include "fa/coco.h"
#include "fa/memory.h"
#include "fa/metrics.h"
#include "metrics_report.h"

static const struct fa_flag flags[] = {{"--coco", "A.json", "ground truth in COCO's format", true},
                                       {"--results", "R.json", "detections in COCO's results format", true},
                                       {"--max-detections", "A,B,C",
                                        "detections per image and class that count (default 1,10,100)", false,
                                        FA_WHOLE(1, 1e6), FA_LIST(',', 3)},
                                       {0}};

static fa_status read_max_detections(const struct fa_arguments *given, int out[3])
{
    int64_t most[FA_LIST_MAX];

    if (fa_arguments_list(given, "--max-detections", most) == 0)
        return FA_OK;
    if (most[1] < most[0] || most[2] < most[1])
        return fa_fail(FA_EINVAL, "--max-detections %s: expected rising numbers, for example 1,10,100",
                       fa_arguments_get(given, "--max-detections"));
    for (int i = 0; i < 3; i++)
        out[i] = (int)most[i];
    return FA_OK;
}

static fa_status print(struct fa_invocation *invocation, const struct fa_coco *coco,
                       const struct fa_metrics *metrics, const int max_detections[3])
{
    struct fa_category *classes;
    fa_status status;

    FA_TRY(fa_alloc(coco->n_categories, sizeof *classes, &classes));
    for (size_t i = 0; i < coco->n_categories; i++)
        classes[i] = (struct fa_category){coco->categories[i].id, coco->categories[i].name};
    status = fa_report_metrics(invocation, metrics, classes, max_detections);
    fa_free(classes);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    int max_detections[3] = {1, 10, 100};
    struct fa_coco *coco = NULL;
    struct fa_coco_result *results = NULL;
    struct fa_metrics metrics = {0};
    size_t n;
    fa_status status;

    FA_TRY(fa_invocation_no_operands(invocation));
    FA_TRY(read_max_detections(given, max_detections));
    status = fa_coco_read(fa_arguments_get(given, "--coco"), &coco);
    if (status == FA_OK)
        status = fa_coco_results_read(fa_arguments_get(given, "--results"), &results, &n);
    if (status == FA_OK)
        status = fa_prefix(fa_metrics_score(coco, results, n, max_detections, &metrics), "%s",
                           fa_arguments_get(given, "--results"));
    if (status == FA_OK)
        status = print(invocation, coco, &metrics, max_detections);
    fa_metrics_clear(&metrics);
    fa_free(results);
    fa_coco_free(coco);
    return status;
}

const struct fa_command fa_command_score = {.name = "score",
                                            .operands = "",
                                            .summary = "COCO metrics of a results file, without a network",
                                            .flags = flags,
                                            .run = run};
