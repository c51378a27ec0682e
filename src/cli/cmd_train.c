/*
 * cmd_train.c - freeanchor train: from shards to weights.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fa/activity.h"
#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/report.h"
#include "fa/trainer.h"
#include "fa/work_dir.h"
#include "metrics_report.h"
#include "recipe/config_file.h"
#include "recipe/recipe.h"
#include "session.h"
#include "train_data.h"
#include "version.h"

static const struct fa_flag flags[] = {
    {"--config", "C.json", "the recipe (default: that of the run in W which is resumed)", false},
    FA_CHANGE_FLAGS,
    {"--work-dir", "W", "gets config.json, train.log, log.jsonl, checkpoints/, weights.h5 and report.html",
     true},
    {"--train-data", "SHARDDIR",
     "dataset to train on (default: data.train); may be repeated: several are trained on as one", false},
    {"--val-data", "SHARDDIR", "dataset to evaluate on (default: data.val; empty: no evaluation)", false},
    {"--stage", "DIR",
     "copy the data to this disk of each host's own first, check the copy, and train on it; it is removed "
     "when the run ends, unless that was killed",
     false},
    {"--keep-staged", NULL, "leave the copy there, for the next run on this host", false},
    {"--range", "[LO,HI]",
     "stands for --set data.range=[LO,HI]: the samples of 16-bit images that become 0 and 255", false},
    {"--resume", "auto|none|CHECKPOINT",
     "auto (default): from the newest valid checkpoint of the work directory, if any; or from a directory, "
     "or "
     "the one that W/checkpoints/best or latest names",
     false},
    {"--init-from", "W",
     "start from these weights (a file of any format, or a checkpoint), where nothing is resumed", false},
    {"--skip-class-layer", NULL, "of --init-from, take all but the class layer, which starts at random",
     false},
    {"--autotune", NULL,
     "measure which algorithm suits each convolution; W/algorithms.json keeps that for later runs, and the "
     "last bits of results depend on it",
     false},
    {"--trace", "FILE", "write where the time of the first steps goes, for chrome://tracing or Perfetto",
     false},
    {"--trace-steps", "N", "how many (default 3; the first builds plans)", false, FA_WHOLE(1, 1000)},
    {"--seed", "S", "stands for --set train.seed=S", false},
    {0}};

static const struct fa_shorthand shorthands[] = {{"--train-data", "data.train", true},
                                                 {"--val-data", "data.val", false},
                                                 {"--seed", "train.seed", false},
                                                 {"--range", "data.range", false},
                                                 {0}};

static void parse_resume(const char *text, struct fa_train_run *run)
{
    run->resume = FA_RESUME_AUTO;
    if (text == NULL || strcmp(text, "auto") == 0)
        return;
    run->resume = strcmp(text, "none") == 0 ? FA_RESUME_NONE : FA_RESUME_DIRECTORY;
    run->resume_directory = text;
}

/* What the weights of this run remember: preprocessing, classes, the name of the model, the recipe. */
static fa_status make_meta(const struct fa_settings *settings, const struct fa_dataset *data,
                           struct fa_weights_meta *meta)
{
    const struct fa_normalize *normalize = &settings->train.transform.normalize;
    const struct fa_architecture architecture = fa_session_architecture(&settings->model);
    char model[32];

    memcpy(meta->mean, normalize->mean, sizeof meta->mean);
    memcpy(meta->std, normalize->std, sizeof meta->std);
    meta->to_rgb = normalize->to_rgb;
    memcpy(meta->coder_std, settings->train.loss.coder.std, sizeof meta->coder_std);
    meta->n_classes = data->n_categories;
    FA_TRY(fa_alloc(data->n_categories, sizeof *meta->classes, &meta->classes));
    for (size_t i = 0; i < data->n_categories; i++)
        meta->classes[i] = data->categories[i].name;
    fa_architecture_print_model(&architecture, model, sizeof model);
    FA_TRY(fa_strdup(model, &meta->model));
    return fa_recipe_print(settings->resolved, &meta->recipe);
}

/* Who trains, where and by what, for whoever reads the log a year later. */
static void tell_start(const struct fa_invocation *invocation, const struct fa_session *session)
{
    const struct fa_comm *comm = invocation->comm;
    const int n_ranks = fa_comm_size(comm);

    fa_info("freeanchor %s, %s build by %s; %d rank%s, %d of them on %s, with %d thread%s each; %s: %s",
            fa_version, FA_BUILD, FA_COMPILER, n_ranks, fa_plural((size_t)n_ranks), fa_comm_local_size(comm),
            fa_comm_host(comm), invocation->threads, fa_plural((size_t)invocation->threads),
            fa_backend_name(session->backend), fa_backend_description(session->backend));
}

/* ---- a run that goes on keeps its own configuration ---- */

/* --config takes the place of a configuration that cannot be read. */
static fa_status read_config(const char *path, bool has_config, struct fa_json **out)
{
    fa_status status = fa_settings_read_tree(path, out);

    if (status == FA_OK) /* where a run was told to stop is no part of what it is */
        status = fa_config_assign(*out, "train.max_steps", "0");
    if (status == FA_OK)
        return FA_OK;
    fa_json_free(*out);
    *out = NULL;
    if (!has_config)
        return status;
    fa_warn("the run's own configuration cannot be read, so --config takes its place: %s", fa_message());
    return FA_OK;
}

/* Only where a checkpoint is resumed: a start that failed settles nothing. */
static fa_status read_own(const char *work_dir, bool has_config, struct fa_json **out)
{
    char *checkpoints = NULL, *config = NULL;
    bool any = false;
    fa_status status = fa_path_join(work_dir, "checkpoints", &checkpoints);

    *out = NULL;
    if (status == FA_OK)
        status = fa_path_join(work_dir, "config.json", &config);
    if (status == FA_OK)
        status = fa_checkpoint_any(checkpoints, &any);
    if (status == FA_OK && any && fa_file_exists(config))
        status = read_config(config, has_config, out);
    fa_free(checkpoints);
    fa_free(config);
    return status;
}

static fa_status read_base(const struct fa_arguments *given, struct fa_json **base)
{
    const char *work_dir = fa_arguments_get(given, "--work-dir"),
               *resume = fa_arguments_get(given, "--resume");
    const bool has_config = fa_arguments_get(given, "--config") != NULL;

    *base = NULL;
    if (resume == NULL || strcmp(resume, "auto") == 0)
        FA_TRY(read_own(work_dir, has_config, base));
    if (*base != NULL || has_config)
        return FA_OK;
    if (resume != NULL && strcmp(resume, "auto") != 0)
        return fa_fail(
            FA_EINVAL,
            "--resume %s: restores a state, not a configuration; give one by --config C.json, such as the "
            "config.json of its run",
            resume);
    return fa_fail(FA_EINVAL,
                   "there is no run in %s to resume; give a recipe by --config C.json to start one",
                   work_dir);
}

/* ---- data are found again from any working directory ---- */

/* Collective. That of rank 0, since ranks must have one configuration; freed with fa_free. */
static fa_status agree_on_directory(struct fa_invocation *invocation, char **here)
{
    struct fa_comm *comm = invocation->comm;
    size_t size;

    FA_TRY(fa_comm_agree(comm, fa_working_directory(here)));
    size = strlen(*here) + 1;
    fa_comm_broadcast(comm, &size, sizeof size, 0);
    FA_TRY(fa_comm_agree(comm, fa_realloc(here, size, 1)));
    fa_comm_broadcast(comm, *here, size, 0);
    return FA_OK;
}

static bool has_path(const struct fa_json *value, const char *path)
{
    struct fa_paths paths;

    if (value == NULL || !fa_paths_read(value, &paths))
        return false;
    for (size_t i = 0; i < paths.n; i++)
        if (strcmp(paths.path[i], path) == 0)
            return true;
    return false;
}

/* A path that is relative to here, made whole. What an earlier run wrote of it stays as it is. */
static fa_status settle_path(const char *here, const char *path, const struct fa_json *before,
                             struct fa_json **out)
{
    char *whole;

    if (path[0] == '/' || has_path(before, path)) {
        *out = fa_json_new_string(path);
    } else {
        FA_TRY(fa_path_join(here, path, &whole));
        *out = fa_json_new_string(whole);
        fa_free(whole);
    }
    return *out != NULL ? FA_OK : fa_fail(FA_ENOMEM, "memory is exhausted while settling the paths of data");
}

static fa_status settle_list(const char *here, const struct fa_paths *paths, const struct fa_json *before,
                             struct fa_json *array)
{
    for (size_t i = 0; i < paths->n; i++) {
        struct fa_json *path;

        FA_TRY(settle_path(here, paths->path[i], before, &path));
        if (!fa_json_append(array, path))
            return fa_fail(FA_ENOMEM, "memory is exhausted while settling the paths of data");
    }
    return FA_OK;
}

/* One stays a string. */
static fa_status settle_key(const char *here, const char *key, struct fa_paths *paths,
                            const struct fa_json *base, struct fa_json *resolved)
{
    const struct fa_json *before = fa_config_get(base, key);
    struct fa_json *value = NULL;
    fa_status status = FA_OK;

    if (paths->n == 0)
        return FA_OK;
    if (paths->n == 1) {
        status = settle_path(here, paths->path[0], before, &value);
    } else {
        value = fa_json_new_array();
        status = settle_list(here, paths, before, value);
    }
    if (status != FA_OK) {
        fa_json_free(value);
        return status;
    }
    FA_TRY(fa_config_set(resolved, key, value));
    fa_paths_read(fa_config_get(resolved, key), paths);
    return FA_OK;
}

/* Collective. */
static fa_status settle_paths(struct fa_invocation *invocation, struct fa_settings *settings,
                              const struct fa_json *base)
{
    struct fa_paths val = {.n = settings->val_data[0] != '\0', .path = {settings->val_data}};
    char *here = NULL;
    fa_status status = agree_on_directory(invocation, &here);

    if (status == FA_OK)
        status = settle_key(here, "data.train", &settings->train_data, base, settings->resolved);
    if (status == FA_OK)
        status = settle_key(here, "data.val", &val, base, settings->resolved);
    if (val.n > 0)
        settings->val_data = val.path[0];
    fa_free(here);
    return fa_invocation_agree(invocation, status);
}

static fa_status open_over(struct fa_invocation *invocation, struct fa_json *tree, struct fa_session *session)
{
    struct fa_settings_base base = {.tree = tree};
    char *name;
    fa_status status =
        fa_path_join(fa_arguments_get(&invocation->arguments, "--work-dir"), "config.json", &name);

    base.name = name;
    FA_TRY(fa_invocation_agree(invocation, status));
    status = fa_session_open_over(invocation, shorthands, tree != NULL ? &base : NULL, session);
    fa_free(name);
    return status == FA_OK ? settle_paths(invocation, &session->settings, tree) : status;
}

static fa_status open_session(struct fa_invocation *invocation, struct fa_session *session)
{
    struct fa_json *base;
    fa_status status;

    *session = (struct fa_session){0};
    status = fa_invocation_agree(invocation, read_base(&invocation->arguments, &base));
    if (status == FA_OK)
        status = open_over(invocation, base, session);
    fa_json_free(base);
    return status;
}

static void report(struct fa_invocation *invocation, const struct fa_train_result *result)
{
    fa_report_number(invocation, "steps", (double)result->steps);
    fa_report_number(invocation, "samples", (double)result->samples);
    fa_report_number(invocation, "loss", result->last_loss);
    if (!result->has_metrics)
        return;
    fa_report_ap(invocation, "bbox_mAP", result->metrics.ap);
    fa_report_ap(invocation, "bbox_mAP_50", result->metrics.ap50);
    fa_report_ap(invocation, "bbox_mAP_75", result->metrics.ap75);
}

/* Of what the run left; the weights are there, whatever becomes of this. */
static void write_report(const struct fa_work_dir *work_dir, const struct fa_train_data *data)
{
    struct fa_report_config config = {.n_runs = 1,
                                      .work_dirs = &work_dir->path,
                                      .dataset = data->val,
                                      .dataset_note = "the run has no validation data"};
    char *out = NULL;
    fa_status status = fa_path_join(work_dir->path, "report.html", &out);

    fa_activity_begin("the report");
    config.out = out;
    if (status == FA_OK)
        status = fa_report_write(&config);
    if (status == FA_OK)
        fa_info("wrote %s", out);
    else
        fa_warn("the report of this run could not be made: %s", fa_message());
    fa_free(out);
}

static fa_status train(struct fa_invocation *invocation, struct fa_session *session,
                       const struct fa_work_dir *work_dir, const struct fa_train_data *data)
{
    const struct fa_arguments *given = &invocation->arguments;
    struct fa_train_run run = {.trace_path = fa_arguments_get(given, "--trace"),
                               .work_dir = work_dir,
                               .init_from = session->weights,
                               .train_data = data->train,
                               .val_data = data->val,
                               .trace_steps = (int)fa_arguments_whole(given, "--trace-steps", 3),
                               .autotune = fa_arguments_get(given, "--autotune") != NULL};
    struct fa_train_result result = {0};
    char *config = NULL;
    fa_status status;

    parse_resume(fa_arguments_get(given, "--resume"), &run);
    status = make_meta(&session->settings, data->train, &run.meta);
    if (status == FA_OK && run.autotune)
        status = fa_session_check_autotune(&session->settings);
    if (status == FA_OK)
        status = fa_json_print(session->settings.resolved, true, &config);
    run.config_json = config;
    status = fa_invocation_agree(invocation, status);
    if (status == FA_OK)
        status = fa_train(&session->settings.train, &run, invocation->comm, session->model, &result);
    if (status == FA_OK)
        report(invocation, &result);
    if (status == FA_OK && fa_invocation_speaks(invocation))
        write_report(work_dir, data);
    fa_metrics_clear(&result.metrics);
    fa_free(config);
    fa_free(run.meta.classes);
    fa_free(run.meta.model);
    fa_free(run.meta.recipe);
    return status;
}

/* Another number of classes is more often a mistake than meant: only the flag leaves the class layer out. */
static fa_status fit_class_layer(const struct fa_invocation *invocation, struct fa_session *session,
                                 const struct fa_dataset *data)
{
    const int found = session->architecture.num_classes;

    if (fa_arguments_get(&invocation->arguments, "--skip-class-layer") != NULL) {
        fa_weights_drop(session->weights, "bbox_head.retina_cls.");
        return FA_OK;
    }
    if (found == 0 || (size_t)found == data->n_categories)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "%s: predicts %d classes, the dataset has %zu; give --skip-class-layer to start the class "
                   "layer at random and take the rest",
                   session->weights_path, found, data->n_categories);
}

static fa_status read_init_from(struct fa_invocation *invocation, struct fa_session *session,
                                const struct fa_dataset *data)
{
    const char *path = fa_arguments_get(&invocation->arguments, "--init-from");

    if (path == NULL)
        return FA_OK;
    fa_activity_begin("reading weights");
    FA_TRY(fa_session_read_weights(invocation, session, path));
    return fa_invocation_agree(invocation, fit_class_layer(invocation, session, data));
}

/* launch/train.sh does what mpirun does not. */
static void say_how_to_stop(const char *work_dir)
{
    const long mpirun = fa_comm_mpirun();

    if (mpirun != 0 && getenv("FREEANCHOR_LAUNCHER") == NULL)
        fa_info("mpirun kills ranks a second after Ctrl-C, TERM or a closed terminal (nohup or not), which "
                "may be too short to save; `kill -USR1 %ld` or `touch %s/stop` ends this run with its state "
                "saved, and launch/train.sh makes Ctrl-C and TERM do the same",
                mpirun, work_dir);
}

/* `train C.json` is `train --config C.json`. */
static fa_status take_operand(struct fa_invocation *invocation)
{
    struct fa_arguments *given = &invocation->arguments;
    const char *recipe = fa_arguments_get(given, NULL);

    if (recipe == NULL || fa_arguments_get(given, "--config") != NULL ||
        fa_arguments_nth(given, NULL, 1) != NULL)
        return fa_invocation_no_operands(invocation);
    for (size_t i = 0; i < given->n; i++)
        if (given->given[i].flag == NULL)
            given->given[i].flag = &flags[0];
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct fa_session session;
    struct fa_work_dir work_dir = {0};
    struct fa_train_data data = {0};
    fa_status status;

    signal(SIGPIPE, SIG_IGN); /* nobody may read any more what it prints: that ends no training */
    FA_TRY(take_operand(invocation));
    FA_TRY(fa_invocation_needs(invocation, "--trace-steps", "--trace"));
    FA_TRY(fa_invocation_needs(invocation, "--skip-class-layer", "--init-from"));
    FA_TRY(fa_invocation_needs(invocation, "--keep-staged", "--stage"));
    status = open_session(invocation, &session);
    if (status == FA_OK)
        say_how_to_stop(fa_arguments_get(&invocation->arguments, "--work-dir"));
    if (status == FA_OK)
        status = fa_work_dir_take(invocation->comm, fa_arguments_get(&invocation->arguments, "--work-dir"),
                                  &session.settings.train.watchdog, &work_dir);
    if (status == FA_OK)
        status = fa_invocation_agree(invocation, fa_train_data_open(invocation, &session.settings, &data));
    if (status == FA_OK)
        status = read_init_from(invocation, &session, data.train);
    if (status == FA_OK)
        status = fa_session_make_model(invocation, &session, (int)data.train->n_categories);
    if (status == FA_OK) {
        tell_start(invocation, &session);
        status = train(invocation, &session, &work_dir, &data);
    }
    status = fa_work_dir_leave(&work_dir, status);
    fa_train_data_close(invocation, &data);
    fa_session_close(&session);
    return status;
}

const struct fa_command fa_command_train = {.name = "train",
                                            .operands = "[C.json]",
                                            .summary = "train a detector on packed data",
                                            .flags = flags,
                                            .parallel = true,
                                            .watched = true,
                                            .run = run};
