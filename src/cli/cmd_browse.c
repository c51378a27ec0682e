/*
 * cmd_browse.c - freeanchor browse: what a packed dataset holds, in numbers and in pictures with its ground
 * truth, also as training augments them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "browse/pick.h"
#include "browse/sheet.h"
#include "browse/tell.h"
#include "browse/view.h"
#include "command.h"
#include "drawn_file.h"
#include "fa/annotate.h"
#include "fa/file.h"
#include "fa/files_below.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/text.h"
#include "nearest.h"
#include "session.h"

#define COMMENT "drawn by freeanchor browse"

static const struct fa_flag flags[] = {
    {"--out", "DIR|SHEET.jpg", "draw images with their ground truth: single pictures, or all on one sheet",
     false},
    {"--images", "N", "how many (default 16)", false, FA_WHOLE(1, 1000000)},
    {"--class", "NAME", "only those that have this class", false},
    {"--augmented", NULL, "each also as the first epoch of training shows it to the network", false},
    {"--config", "C.json",
     "the recipe: its scale, augmentation and seed (default: all keys at their defaults)", false},
    {"--set", "KEY=VALUE", "change a key of it; may be repeated", false},
    {0}};

/* Where pictures go. */
struct output {
    const char *path;
    bool is_sheet;
    size_t n; /* images */
    const struct fa_picked *picked;
    const struct fa_view_recipe *recipe;
    bool augmented; /* each also as in training */
};

/* ---- what is asked for ---- */

/* What the dataset has instead: the one meant, or as many as a message holds. */
static fa_status fail_class(const struct fa_dataset *dataset, const char *name, const char *nearest)
{
    char names[512] = "";

    if (nearest != NULL)
        return fa_fail(FA_EINVAL, "--class %s: the dataset has no such class; did you mean %s?", name,
                       nearest);
    for (size_t k = 0; k < dataset->n_categories; k++)
        fa_text_add(names, sizeof names, "%s%s", k > 0 ? ", " : "", dataset->categories[k].name);
    return fa_fail(FA_EINVAL, "--class %s: the dataset has no such class; it has %s", name, names);
}

static fa_status find_class(const struct fa_dataset *dataset, const char *name, int32_t *label)
{
    struct fa_nearest nearest;

    *label = -1;
    if (name == NULL)
        return FA_OK;
    fa_nearest_init(&nearest, name);
    for (size_t k = 0; k < dataset->n_categories; k++) {
        if (strcmp(dataset->categories[k].name, name) == 0) {
            *label = (int32_t)k;
            return FA_OK;
        }
        fa_nearest_offer(&nearest, dataset->categories[k].name);
    }
    return fail_class(dataset, name, nearest.best);
}

/* Pictures are JPEGs: a folder called sheet.png is not what was meant. */
static fa_status check_out(const char *out)
{
    static const char *const others[] = {".png",  ".gif", ".bmp",  ".tif", ".tiff",
                                         ".webp", ".pdf", ".html", NULL};

    if (out == NULL || !fa_name_ends(out, others) || fa_directory_exists(out))
        return FA_OK;
    return fa_fail(FA_EINVAL, "--out %s: sheets are JPEGs; name it .jpg, or name a directory", out);
}

static fa_status check_arguments(const struct fa_invocation *invocation, const char **data)
{
    const struct fa_arguments *given = &invocation->arguments;
    const char *extra = fa_arguments_nth(given, NULL, 1);

    *data = fa_arguments_nth(given, NULL, 0);
    if (*data == NULL)
        return fa_fail(FA_EINVAL, "no dataset given; freeanchor browse SHARDDIR [--out DIR|SHEET.jpg]");
    if (extra != NULL)
        return fa_fail(FA_EINVAL, "unexpected argument %s; one dataset is browsed at a time", extra);
    FA_TRY(check_out(fa_arguments_get(given, "--out")));
    FA_TRY(fa_invocation_needs(invocation, "--images", "--out"));
    FA_TRY(fa_invocation_needs(invocation, "--class", "--out"));
    return fa_invocation_needs(invocation, "--augmented", "--out");
}

/* ---- single pictures ---- */

static fa_status name_picture(const struct output *output, const struct fa_dataset *dataset, size_t i,
                              bool training, char **path)
{
    return fa_asprintf(path, "%s/%" PRId64 "%s.jpg", output->path,
                       dataset->records[output->picked[i].record].image_id, training ? "_augmented" : "");
}

static fa_status check_picture(const struct output *output, const struct fa_dataset *dataset, size_t i,
                               bool training)
{
    char *path;
    fa_status status;

    FA_TRY(name_picture(output, dataset, i, training, &path));
    status = fa_drawn_file_check(path, COMMENT);
    fa_free(path);
    return status;
}

/* Before anything is drawn. */
static fa_status check_pictures(const struct output *output, const struct fa_dataset *dataset)
{
    for (size_t i = 0; i < output->n; i++) {
        FA_TRY(check_picture(output, dataset, i, false));
        if (output->augmented)
            FA_TRY(check_picture(output, dataset, i, true));
    }
    return fa_directory_make(output->path);
}

static fa_status write_picture(const struct output *output, const struct fa_dataset *dataset, size_t i,
                               bool training)
{
    struct fa_picture picture;
    char *path;
    fa_status status;

    FA_TRY(fa_view_make(dataset, &output->picked[i], output->recipe,
                        &(struct fa_view_style){.training = training, .is_named = true}, &picture));
    status = name_picture(output, dataset, i, training, &path);
    if (status == FA_OK) {
        status = fa_drawn_file_write(path, &picture, COMMENT);
        fa_free(path);
    }
    fa_picture_free(&picture);
    return status;
}

static fa_status write_pictures(const struct output *output, const struct fa_dataset *dataset)
{
    FA_TRY(check_pictures(output, dataset));
    for (size_t i = 0; i < output->n; i++) {
        FA_TRY(write_picture(output, dataset, i, false));
        if (output->augmented)
            FA_TRY(write_picture(output, dataset, i, true));
    }
    return FA_OK;
}

/* ---- a sheet ---- */

/* Of so few classes the legend tells colours apart; labels would hide half of a small picture. */
enum { FEW_CLASSES = 8 };

static fa_status put(struct fa_sheet *sheet, size_t place, const struct output *output,
                     const struct fa_dataset *dataset, size_t i, bool training)
{
    const struct fa_view_style style = {.training = training,
                                        .is_named = dataset->n_categories > FEW_CLASSES,
                                        .w = sheet->tile_w,
                                        .h = sheet->tile_h};
    struct fa_picture picture;

    FA_TRY(fa_view_make(dataset, &output->picked[i], output->recipe, &style, &picture));
    fa_sheet_put(sheet, place, &picture);
    fa_picture_free(&picture);
    return FA_OK;
}

static fa_status fill_sheet(struct fa_sheet *sheet, const struct output *output,
                            const struct fa_dataset *dataset)
{
    const size_t group = output->augmented ? 2 : 1;

    for (size_t i = 0; i < output->n; i++) {
        FA_TRY(put(sheet, group * i, output, dataset, i, false));
        if (group == 2)
            FA_TRY(put(sheet, group * i + 1, output, dataset, i, true));
    }
    return FA_OK;
}

/* The colours of the first classes. */
static fa_status draw_legend(const struct fa_dataset *dataset, struct fa_picture *picture)
{
    enum { MOST = 24 };
    struct fa_legend_entry entries[MOST];
    const size_t n = dataset->n_categories < MOST ? dataset->n_categories : MOST;

    for (size_t k = 0; k < n; k++) {
        entries[k].text = dataset->categories[k].name;
        fa_class_color((int32_t)k, entries[k].rgb);
    }
    return fa_picture_legend(picture, entries, n);
}

static fa_status write_sheet(const struct output *output, const struct fa_dataset *dataset)
{
    const int group = output->augmented ? 2 : 1;
    struct fa_sheet sheet = {.n = 0};
    fa_status status;

    if (output->n * (size_t)group > FA_SHEET_MOST)
        return fa_fail(FA_EINVAL, "--images %zu: a sheet has room for %d pictures; name a directory by --out",
                       output->n, FA_SHEET_MOST);
    FA_TRY(fa_drawn_file_check(output->path, COMMENT));
    status = fa_sheet_create(output->n * (size_t)group, group, &sheet);
    if (status == FA_OK)
        status = fill_sheet(&sheet, output, dataset);
    if (status == FA_OK)
        status = draw_legend(dataset, &sheet.picture);
    if (status == FA_OK)
        status = fa_drawn_file_write(output->path, &sheet.picture, COMMENT);
    fa_sheet_clear(&sheet);
    return status;
}

/* ---- the whole ---- */

static fa_status draw_picked(struct fa_invocation *invocation, const struct output *output,
                             const struct fa_dataset *dataset)
{
    if (output->n == 0)
        return fa_fail(FA_EINVAL, "no image of the dataset has this class");
    FA_TRY(output->is_sheet ? write_sheet(output, dataset) : write_pictures(output, dataset));
    printf("\n%zu image%s with ground truth in %s\n", output->n, fa_plural(output->n), output->path);
    fa_report_number(invocation, "drawn", (double)output->n);
    return FA_OK;
}

/* With --augmented images are those that training begins with. */
static fa_status open_sampler(const struct fa_arguments *given, const struct fa_train_config *train,
                              const struct fa_dataset *dataset, struct fa_sampler **sampler)
{
    const struct fa_sampler_config config = {.seed = train->seed,
                                             .batch = (size_t)train->batch,
                                             .keep_empty = train->keep_empty,
                                             .repeat_threshold = train->repeat_threshold};

    *sampler = NULL;
    if (fa_arguments_get(given, "--augmented") == NULL)
        return FA_OK;
    return fa_sampler_create(dataset, &config, sampler);
}

static fa_status draw(struct fa_invocation *invocation, const struct fa_train_config *train,
                      const struct fa_dataset *dataset)
{
    static const char *const jpegs[] = {".jpg", ".jpeg", NULL};
    const struct fa_arguments *given = &invocation->arguments;
    const struct fa_view_recipe recipe = {&train->transform, train->seed};
    struct output output = {.path = fa_arguments_get(given, "--out"), .recipe = &recipe};
    struct fa_pick pick = {.n = (size_t)fa_arguments_whole(given, "--images", 16)};
    struct fa_picked *picked = NULL;
    fa_status status;

    FA_TRY(find_class(dataset, fa_arguments_get(given, "--class"), &pick.label));
    FA_TRY(open_sampler(given, train, dataset, &pick.sampler));
    status = fa_pick_images(dataset, &pick, &picked, &output.n);
    output.picked = picked;
    output.augmented = pick.sampler != NULL;
    output.is_sheet = fa_name_ends(output.path, jpegs) && !fa_directory_exists(output.path);
    if (status == FA_OK)
        status = draw_picked(invocation, &output, dataset);
    fa_free(picked);
    fa_sampler_destroy(pick.sampler);
    return status;
}

static fa_status tell(struct fa_invocation *invocation, const struct fa_settings *settings,
                      const struct fa_dataset *dataset)
{
    const struct fa_outlook outlook = {&settings->train.transform, settings->model.anchors};
    struct fa_data_statistics statistics;
    fa_status status;

    FA_TRY(fa_data_statistics_take(dataset, &outlook, &statistics));
    status = fa_data_statistics_print(dataset, &outlook, &statistics);
    fa_data_statistics_report(&statistics, invocation->report);
    fa_data_statistics_clear(&statistics);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct fa_session session = {.backend = NULL};
    struct fa_dataset *dataset = NULL;
    const char *path;
    fa_status status;

    FA_TRY(check_arguments(invocation, &path));
    status = fa_session_open(invocation, NULL, &session);
    if (status == FA_OK)
        status = fa_dataset_open(path, &dataset);
    if (status == FA_OK)
        status = tell(invocation, &session.settings, dataset);
    if (status == FA_OK && fa_arguments_get(&invocation->arguments, "--out") != NULL)
        status = draw(invocation, &session.settings.train, dataset);
    fa_dataset_close(dataset);
    fa_session_close(&session);
    return status;
}

const struct fa_command fa_command_browse = {
    .name = "browse",
    .operands = "SHARDDIR",
    .summary = "what a packed dataset holds: numbers, how anchors fit, pictures with its ground truth",
    .flags = flags,
    .run = run};
