/*
 * cmd_eval.c - freeanchor eval: COCO metrics of trained weights on a packed dataset.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/advance.h"
#include "fa/evaluate.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "metrics_report.h"
#include "session.h"

static const struct fa_flag flags[] = {
    FA_TRAINED_FLAGS,
    {"--weights", "W", FA_WEIGHTS_HELP, true},
    {"--data", "SHARDDIR", "dataset to evaluate on (default: data.val)", false},
    {"--out", "results.json", "write the detections in COCO's results format", false},
    {"--scales", "S,S...",
     "look at each image at these lengths of its shorter side, the longer one at most 5/3 of it, merged "
     "before NMS",
     false, FA_WHOLE(32, 9830), FA_LIST(',', 0)},
    {"--flip", NULL, "look at the mirror image too, merged before NMS", false},
    {"--nms-recall", NULL,
     "also tell which part of the objects that the head found is still found after NMS, at IoU 0.50 .. 0.90",
     false},
    {0}};

static const struct fa_shorthand shorthands[] = {{"--data", "data.val"}, {0}};

/* Of the flags, over what the recipe says. */
static void choose_views(const struct fa_arguments *arguments, struct fa_transform *transform)
{
    int64_t sides[FA_LIST_MAX];
    const size_t n = fa_arguments_list(arguments, "--scales", sides);

    if (fa_arguments_get(arguments, "--flip") != NULL)
        transform->mirrors = true;
    if (n == 0)
        return;
    transform->scales = (struct fa_scales){.n = (int)n};
    for (size_t i = 0; i < n; i++) {
        transform->scales.pair[i][0] = (int)(5 * sides[i] + 1) / 3; /* to the nearest */
        transform->scales.pair[i][1] = (int)sides[i];
    }
    memcpy(transform->scale, transform->scales.pair[0], sizeof transform->scale); /* if it is the only one */
}

static fa_status check_views(const struct fa_invocation *invocation, const struct fa_transform *transform)
{
    const int n = fa_transform_views(transform);

    if (n > 1 && fa_arguments_get(&invocation->arguments, "--nms-recall") != NULL)
        return fa_fail(FA_EINVAL,
                       "--nms-recall is measured on one view of an image, and here are %d; leave out "
                       "--scales and --flip, "
                       "and give eval.scale one pair and eval.flip false",
                       n);
    return FA_OK;
}

static fa_status open_data(struct fa_comm *comm, struct fa_session *session, struct fa_dataset **dataset)
{
    const struct fa_team host = fa_comm_host_team(comm);
    const char *path = session->settings.val_data;

    if (path[0] == '\0')
        return fa_fail(FA_EINVAL, "no dataset to evaluate on; give --data SHARDDIR or set data.val");
    FA_TRY(fa_dataset_open_together(path, &host, dataset));
    return fa_session_check_classes(session, *dataset, path);
}

/* Hours of evaluation should not end at a file that cannot be written. */
static fa_status check_out(const struct fa_invocation *invocation)
{
    const char *path = fa_arguments_get(&invocation->arguments, "--out");
    struct fa_new_file *file;

    if (path == NULL || !fa_invocation_speaks(invocation))
        return FA_OK;
    if (fa_directory_exists(path))
        return fa_fail(FA_EINVAL,
                       "--out %s: is a directory; name the results file, for example %s/results.json", path,
                       path);
    FA_TRY(fa_new_file_open(path, &file));
    fa_new_file_discard(file);
    return FA_OK;
}

static fa_status write_results(struct fa_invocation *invocation, const struct fa_coco_result *results,
                               size_t n)
{
    const char *path = fa_arguments_get(&invocation->arguments, "--out");
    fa_status status = FA_OK;

    if (path != NULL && fa_invocation_speaks(invocation))
        status = fa_coco_results_write(path, results, n);
    return fa_invocation_agree(invocation, status);
}

/* Told by rank 0; the others have as many images, one more or less. */
struct advance {
    struct fa_advance line;
    size_t n_ranks, n_done;
};

static void count_image(void *context)
{
    struct advance *advance = context;

    fa_advance_to(&advance->line, ++advance->n_done * advance->n_ranks);
}

/* Collective. count NULL: NMS recall is not wanted. */
static fa_status look(struct fa_invocation *invocation, const struct fa_session *session,
                      const struct fa_dataset *dataset, struct fa_nms_recall_count *count,
                      struct fa_metrics *metrics, struct fa_coco_result **results, size_t *n)
{
    struct fa_evaluate_config config = session->settings.train.eval;
    struct advance advance = {.n_ranks = (size_t)fa_comm_size(invocation->comm)};
    fa_status status;

    fa_advance_begin(&advance.line, "evaluating images",
                     config.max_images > 0 && config.max_images < dataset->n_records ? config.max_images
                                                                                     : dataset->n_records);
    if (fa_invocation_speaks(invocation)) {
        config.between_images = count_image;
        config.between_context = &advance;
    }
    if (count != NULL) {
        config.saw = fa_nms_recall_saw;
        config.saw_context = count;
    }
    status = fa_evaluate(&config, invocation->comm, session->lane, dataset, metrics, results, n);
    fa_advance_end(&advance.line);
    return status;
}

static fa_status evaluate(struct fa_invocation *invocation, struct fa_session *session,
                          const struct fa_dataset *dataset)
{
    struct fa_metrics metrics = {0};
    struct fa_coco_result *results = NULL;
    struct fa_nms_recall_count count = {.lane = session->lane,
                                        .detect = &session->settings.train.eval.detect};
    const bool counts = fa_arguments_get(&invocation->arguments, "--nms-recall") != NULL;
    size_t n = 0;
    fa_status status = look(invocation, session, dataset, counts ? &count : NULL, &metrics, &results, &n);

    if (status == FA_OK)
        status = write_results(invocation, results, n);
    if (status == FA_OK)
        status = fa_report_metrics(invocation, &metrics, dataset->categories,
                                   session->settings.train.eval.max_detections);
    if (status == FA_OK && counts) {
        fa_nms_recall_sum(invocation->comm, &count.recall);
        fa_report_nms_recall(invocation, &count.recall);
    }
    fa_metrics_clear(&metrics);
    fa_free(results);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct fa_session session;
    struct fa_dataset *dataset = NULL;
    fa_status status;

    FA_TRY(fa_invocation_no_operands(invocation));
    FA_TRY(fa_invocation_agree(invocation, check_out(invocation)));
    status = fa_session_open_trained(invocation, shorthands,
                                     fa_arguments_get(&invocation->arguments, "--weights"), &session);
    if (status == FA_OK) {
        choose_views(&invocation->arguments, &session.settings.train.eval.transform);
        status = check_views(invocation, &session.settings.train.eval.transform);
    }
    if (status == FA_OK)
        status = fa_session_make_trained_model(invocation, &session);
    if (status == FA_OK)
        status = fa_invocation_agree(invocation, open_data(invocation->comm, &session, &dataset));
    if (status == FA_OK)
        status = evaluate(invocation, &session, dataset);
    fa_dataset_close(dataset);
    fa_session_close(&session);
    return status;
}

const struct fa_command fa_command_eval = {.name = "eval",
                                           .operands = "",
                                           .summary = "COCO metrics of trained weights on a packed dataset",
                                           .flags = flags,
                                           .parallel = true,
                                           .run = run};
