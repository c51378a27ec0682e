/*
 * cmd_detect.c - freeanchor detect: boxes drawn on pictures, and the same as JSON. Ranks share the images out
 * in turn.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "detect/output.h"
#include "detect/picture.h"
#include "detect/score.h"
#include "fa/file.h"
#include "fa/hash.h"
#include "fa/image.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "session.h"

#define LARGEST_IMAGE ((size_t)1 << 30)

static const struct fa_flag flags[] = {
    FA_TRAINED_FLAGS,
    {"--weights", "W", FA_WEIGHTS_HELP, true},
    {"--out", "DIR", "gets the pictures under their own names, and detections.json", true},
    {"--score", "S or CLASS=S,...",
     "draw and list detections that score at least this, of all classes or of those named (default: for each "
     "class the threshold of best F1 that the weights have with them, else 0.3)",
     false},
    {"--format", "F",
     "beside detections.json: coco (coco.json, which pack takes) or yolo (labels/NAME.txt: class, centre, "
     "sides, score); "
     "may be repeated",
     false},
    {"--tile", "WxH+O",
     "look at large pictures in tiles of W x H that overlap by O: objects up to O pixels are found once, at "
     "seams too",
     false},
    {0}};

static fa_status read_picture(const char *path, const struct fa_rendering *rendering,
                              struct fa_picture *picture, struct fa_fingerprint *file)
{
    struct fa_image_info info;
    char *data;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_file_read(path, LARGEST_IMAGE, &data, &n_bytes));
    *file = fa_fingerprint_of(data, n_bytes);
    status = fa_image_inspect(path, data, n_bytes, &info);
    if (status == FA_OK)
        status = fa_image_render(path, data, n_bytes, info.orientation, rendering, picture);
    fa_free(data);
    return status;
}

/* What is wrong with one picture is no reason to lose the others. */
static bool is_of_the_picture(fa_status status)
{
    return status == FA_EFORMAT || status == FA_EMISSING || status == FA_EIO;
}

/* How pictures are looked at, and what is written of them. */
struct manner {
    struct fa_detect_formats formats;
    struct fa_tiling tiling;
    struct fa_thresholds least; /* of scores */
};

static fa_status process(struct fa_session *session, struct fa_detect_output *output, size_t image,
                         const char *path, const struct manner *manner, struct fa_found *found)
{
    struct fa_picture picture = {0};
    struct fa_fingerprint file;
    fa_status status = read_picture(path, &session->settings.train.transform.rendering, &picture, &file);

    if (is_of_the_picture(status))
        return fa_detect_output_reject(output, image, fa_message());
    if (status == FA_OK)
        status = fa_detect_picture(session, &picture, &manner->tiling, &manner->least, found);
    if (status == FA_OK)
        status = fa_detect_output_add(output, image, &file, &picture, found->items, found->n);
    fa_picture_free(&picture);
    return status;
}

static fa_status process_own(struct fa_invocation *invocation, struct fa_session *session,
                             const struct fa_image_list *images, struct fa_detect_output *output,
                             const struct manner *manner)
{
    struct fa_found found = {.n = 0};
    fa_status status = FA_OK;

    for (size_t i = (size_t)fa_comm_rank(invocation->comm); i < images->n && status == FA_OK;
         i += (size_t)fa_comm_size(invocation->comm))
        status = process(session, output, i, images->paths[i], manner, &found);
    fa_found_free(&found);
    return status;
}

static fa_status detect(struct fa_invocation *invocation, struct fa_session *session,
                        const struct fa_image_list *images, struct manner *manner)
{
    const char *directory = fa_arguments_get(&invocation->arguments, "--out"),
               *score = fa_arguments_get(&invocation->arguments, "--score");
    const struct fa_weights_meta *meta = &session->weights->meta;
    struct fa_detect_output *output = NULL;
    fa_status status;

    status = fa_detect_score_choose(score, meta, (size_t)session->architecture.num_classes, &manner->least);
    if (status == FA_OK && score == NULL && fa_invocation_speaks(invocation))
        fa_detect_score_tell(meta, &manner->least);
    if (status == FA_OK)
        status = fa_detect_output_open(directory, images, meta, &manner->least, &manner->formats, &output);
    status = fa_invocation_agree(invocation, status); /* all have looked before one draws */
    if (status == FA_OK)
        status = process_own(invocation, session, images, output, manner);
    status = fa_invocation_agree(invocation, status);
    if (status == FA_OK)
        status = fa_detect_output_finish(output, invocation);
    fa_detect_output_close(output);
    fa_thresholds_clear(&manner->least);
    return status;
}

static fa_status detect_in(struct fa_invocation *invocation, const struct fa_image_list *images,
                           struct manner *manner)
{
    struct fa_session session;
    fa_status status = fa_session_open_trained(
        invocation, NULL, fa_arguments_get(&invocation->arguments, "--weights"), &session);

    if (status == FA_OK)
        status = fa_session_make_trained_model(invocation, &session);
    if (status == FA_OK)
        status = detect(invocation, &session, images, manner);
    fa_session_close(&session);
    return status;
}

/* Collective: a folder may look different from another host, or a moment later. */
static fa_status require_same_images(struct fa_invocation *invocation, const struct fa_image_list *images)
{
    uint64_t hash = FA_HASH_START;
    char text[64];

    for (size_t i = 0; i < images->n; i++)
        hash = fa_hash(hash, images->paths[i], strlen(images->paths[i]) + 1);
    snprintf(text, sizeof text, "%zu images, by name %016" PRIx64, images->n, hash);
    return fa_comm_same(invocation->comm, &(struct fa_claim){"what is in the folders of images", text}, 1);
}

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    const char *tile = fa_arguments_get(given, "--tile");
    struct manner manner = {.tiling = {.w = 0}};
    struct fa_image_list images = {.n = 0};
    fa_status status;

    if (fa_arguments_get(given, NULL) == NULL)
        return fa_fail(FA_EINVAL, "no images given; freeanchor detect ... --out DIR IMAGE_OR_FOLDER...");
    if (tile != NULL)
        FA_TRY(fa_tiling_parse(tile, &manner.tiling));
    FA_TRY(fa_detect_formats_read(given, &manner.formats));
    status = fa_invocation_agree(invocation, fa_image_list_make(given, &images));
    if (status == FA_OK)
        status = require_same_images(invocation, &images);
    if (status == FA_OK)
        status = detect_in(invocation, &images, &manner);
    fa_image_list_free(&images);
    return status;
}

const struct fa_command fa_command_detect = {.name = "detect",
                                             .operands = "IMAGE, FOLDER, LIST.txt or PATTERN...",
                                             .summary =
                                                 "find objects in images: pictures with boxes, and JSON",
                                             .flags = flags,
                                             .parallel = true,
                                             .run = run};
