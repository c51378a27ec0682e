/*
 * cmd_replay.c - freeanchor replay: one image through forward, loss and backward, and all that comes of it in
 * a file. The image is a case file's, or one of a dataset's as training prepares it.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/case.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/replay.h"
#include "session.h"

static const struct fa_flag flags[] = {
    FA_TRAINED_FLAGS,
    {"--weights", "W", FA_WEIGHTS_HELP "; not needed where CASE.h5 has a head's outputs", false},
    {"--out", "OUT.h5", "gets losses, head outputs, gradients and detections", false},
    {"--data", "SHARDDIR", "take the image from this dataset, prepared by the data.* keys", false},
    {"--image-id", "N", "which image of it", false, FA_WHOLE(-0x1p63, 0x1p63)},
    {"--flip", NULL, "mirrored", false},
    {"--save-case", "CASE.h5", "write it as a case file; without --out that is all", false},
    {0}};

static const char details[] =
    "\n"
    "CASE.h5: /image (3,H,W) as fed to the network, H and W multiples of 32; /gt_boxes (N,4) x1 y1 x2 y2;\n"
    "/gt_labels (N). In place of /image: /head/cls (A,C), /head/reg (A,4), /head/size (2: H, W).\n"
    "Optional: /normalizer, /clip_size (2: w, h), /scale_factor (4).\n"
    "OUT.h5: /loss/..., /head/cls, /head/reg, /grad_head/cls, /grad_head/reg, /grad/<parameter>,\n"
    "/detections (D,6): label score x1 y1 x2 y2. data/FORMAT.md has every word of both.";

/* Where the case comes from; what it borrows from is here too. */
struct source {
    const char *path; /* of the file or the dataset */
    struct fa_dataset *dataset;
    struct fa_sample sample;
    float *chw; /* its image */
    struct fa_case file, of_sample;
    const struct fa_case *given; /* one of the two */
};

static void close_source(struct source *source)
{
    fa_case_clear(&source->file);
    fa_free(source->chw);
    fa_sample_clear(&source->sample);
    fa_dataset_close(source->dataset);
}

/* ---- what was asked for ---- */

/* What is written must not take the place of what is read, or of what was written just before. */
static fa_status check_out(const struct fa_arguments *given, const char *flag)
{
    const char *out = fa_arguments_get(given, flag);
    const char *others[] = {fa_arguments_get(given, NULL), fa_arguments_get(given, "--weights"),
                            strcmp(flag, "--out") == 0 ? fa_arguments_get(given, "--save-case") : NULL};

    for (size_t i = 0; out != NULL && i < sizeof others / sizeof others[0]; i++)
        if (others[i] != NULL && fa_file_is_same(out, others[i]))
            return fa_fail(FA_EINVAL, "%s %s: would overwrite an input; give another name", flag, out);
    return FA_OK;
}

static fa_status check_usage(const struct fa_arguments *given)
{
    const bool from_data = fa_arguments_get(given, "--data") != NULL;
    const bool has_case = fa_arguments_get(given, NULL) != NULL;

    if (fa_arguments_nth(given, NULL, 1) != NULL)
        return fa_fail(FA_EINVAL, "unexpected argument %s; replay takes one case",
                       fa_arguments_nth(given, NULL, 1));
    if (from_data == has_case)
        return fa_fail(FA_EINVAL, "expected either a case file or --data SHARDDIR --image-id N");
    if (from_data != (fa_arguments_get(given, "--image-id") != NULL))
        return fa_fail(FA_EINVAL, "--data and --image-id belong together");
    if (has_case &&
        (fa_arguments_get(given, "--flip") != NULL || fa_arguments_get(given, "--save-case") != NULL))
        return fa_fail(FA_EINVAL, "--flip and --save-case are for an image of --data");
    if (fa_arguments_get(given, "--out") == NULL && fa_arguments_get(given, "--save-case") == NULL)
        return fa_fail(FA_EINVAL, "--out OUT.h5 is missing%s",
                       from_data ? "; give it, or --save-case CASE.h5" : "");
    FA_TRY(check_out(given, "--save-case"));
    return check_out(given, "--out");
}

/* ---- the case ---- */

static fa_status find_image(const struct source *source, int64_t image_id, size_t *record)
{
    for (size_t i = 0; i < source->dataset->n_records; i++)
        if (source->dataset->records[i].image_id == image_id) {
            *record = i;
            return FA_OK;
        }
    return fa_fail(FA_EINVAL, "--image-id %lld: %s has no such image among its %zu", (long long)image_id,
                   source->path, source->dataset->n_records);
}

static struct fa_replay_config replay_config(const struct fa_settings *settings)
{
    return (struct fa_replay_config){.loss = settings->train.loss,
                                     .detect = settings->train.eval.detect,
                                     .anchors = settings->model.anchors};
}

static fa_status take_from_data(const struct fa_arguments *given, const struct fa_settings *settings,
                                struct source *source)
{
    const struct fa_transform *transform = &settings->train.transform;
    const struct fa_replay_config config = replay_config(settings);
    struct fa_image_plan plan;
    size_t record = 0;

    source->path = fa_arguments_get(given, "--data");
    FA_TRY(fa_dataset_open(source->path, &source->dataset));
    FA_TRY(find_image(source, fa_arguments_whole(given, "--image-id", 0), &record));
    fa_image_plan_still(transform, source->dataset->records[record].w, source->dataset->records[record].h,
                        &plan);
    plan.flip.horizontal = fa_arguments_get(given, "--flip") != NULL;
    FA_TRY(fa_sample_from_record(source->dataset, record, transform, &plan, &source->sample));
    FA_TRY(
        fa_alloc(3 * (size_t)source->sample.h * (size_t)source->sample.w, sizeof *source->chw, &source->chw));
    fa_case_of_sample(&source->sample, source->chw, &source->of_sample);
    source->of_sample.has_normalizer = true;
    source->given = &source->of_sample;
    return fa_replay_normalizer(&config, source->given, &source->of_sample.normalizer);
}

static fa_status take_from_file(const struct fa_arguments *given, struct source *source)
{
    source->path = fa_arguments_get(given, NULL);
    source->given = &source->file;
    return fa_case_read(source->path, &source->file);
}

static fa_status take_case(const struct fa_arguments *given, const struct fa_settings *settings,
                           struct source *source)
{
    const char *save = fa_arguments_get(given, "--save-case");

    if (fa_arguments_get(given, "--data") == NULL)
        return take_from_file(given, source);
    FA_TRY(take_from_data(given, settings, source));
    if (save == NULL)
        return FA_OK;
    FA_TRY(fa_case_write(save, source->given));
    printf("wrote %s: %d x %d pixels, %zu objects\n", save, source->given->w, source->given->h,
           source->given->objects.n);
    return FA_OK;
}

/* ---- the replay ---- */

/* Only an image needs a network. */
static fa_status make_model(struct fa_invocation *invocation, struct fa_session *session,
                            const struct source *source)
{
    if (source->given->image == NULL)
        return FA_OK;
    if (session->weights == NULL)
        return fa_fail(FA_EINVAL, "%s has an image and no head outputs: give the network's --weights W",
                       source->path);
    FA_TRY(fa_session_make_trained_model(invocation, session));
    if (source->dataset != NULL)
        return fa_session_check_classes(session, source->dataset, source->path);
    return fa_case_check_labels(source->given, source->path, fa_model_config(session->model)->num_classes);
}

static void report_loss(struct fa_invocation *invocation, enum fa_loss_kind kind,
                        const struct fa_replay_result *result)
{
    for (int i = 0; i < FA_LOSS_PARTS; i++) {
        printf("%s %.9g, ", fa_loss_part_name(kind, i), result->loss.part[i]);
        fa_report_number(invocation, fa_loss_part_name(kind, i), result->loss.part[i]);
    }
    printf("divided by %.9g\n", result->normalizer);
    fa_report_number(invocation, "normalizer", result->normalizer);
}

static void report_rest(struct fa_invocation *invocation, const struct fa_replay_result *result,
                        bool has_network)
{
    printf("gradient norm %.9g at the head's outputs", result->head_grad_norm);
    fa_report_number(invocation, "head_grad_norm", result->head_grad_norm);
    if (has_network) {
        printf(", %.9g over all parameters", result->grad_norm);
        fa_report_number(invocation, "grad_norm", result->grad_norm);
    }
    printf("; %zu detections\n", result->n_detections);
    fa_report_number(invocation, "detections", (double)result->n_detections);
}

static fa_status replay(struct fa_invocation *invocation, struct fa_session *session,
                        const struct source *source)
{
    const struct fa_replay_config config = replay_config(&session->settings);
    const char *out = fa_arguments_get(&invocation->arguments, "--out");
    struct fa_replay_result result;

    FA_TRY(make_model(invocation, session, source));
    FA_TRY(fa_replay(&config, session->model, source->given, out, &result));
    report_loss(invocation, config.loss.kind, &result);
    report_rest(invocation, &result, source->given->image != NULL);
    printf("wrote %s\n", out);
    if (result.is_finite)
        return FA_OK;
    return fa_fail(FA_ENUMERIC, "%s: a loss or gradient is not finite; %s has the numbers nonetheless",
                   source->path, out);
}

/* A head's outputs need no weights, but a loss. */
static fa_status open_session(struct fa_invocation *invocation, struct fa_session *session)
{
    const char *weights = fa_arguments_get(&invocation->arguments, "--weights");

    if (weights != NULL)
        return fa_session_open_trained(invocation, NULL, weights, session);
    if (fa_arguments_get(&invocation->arguments, "--config") == NULL)
        return fa_fail(FA_EINVAL,
                       "neither --weights W nor --config C.json is given; a case with an image needs the "
                       "first, one with a head's outputs the second");
    return fa_session_open(invocation, NULL, session);
}

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    struct fa_session session = {.weights = NULL};
    struct source source = {.path = NULL};
    fa_status status;

    FA_TRY(check_usage(given));
    status = open_session(invocation, &session);
    if (status == FA_OK)
        status = take_case(given, &session.settings, &source);
    if (status == FA_OK && fa_arguments_get(given, "--out") != NULL)
        status = replay(invocation, &session, &source);
    close_source(&source);
    fa_session_close(&session);
    return status;
}

const struct fa_command fa_command_replay = {.name = "replay",
                                             .operands = "CASE.h5",
                                             .summary = "one image through forward, loss and backward",
                                             .details = details,
                                             .flags = flags,
                                             .parallel = false,
                                             .run = run};
