#include "fa/kept_results.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

enum { NAME_ROOM = 40 };

static const char *const line_names[] = {[FA_KEPT_BEST] = "best", [FA_KEPT_LATEST] = "latest"};
static const struct fa_kept_results none = {.step = -1, .ap = -1};

static void name_file(int64_t step, char name[NAME_ROOM])
{
    snprintf(name, NAME_ROOM, "step_%" PRId64 ".json", step);
}

/* Whether name is one that we give, and to which step. */
static bool is_results(const char *name, int64_t *step)
{
    char ours[NAME_ROOM];

    if (sscanf(name, "step_%" SCNd64 ".json", step) != 1 || *step < 0)
        return false;
    name_file(*step, ours);
    return strcmp(name, ours) == 0;
}

static bool is_ours(const char *name)
{
    int64_t step;

    return is_results(name, &step) || strcmp(name, line_names[FA_KEPT_BEST]) == 0 ||
           strcmp(name, line_names[FA_KEPT_LATEST]) == 0;
}

/* ---- the lines ---- */

static bool parse_classes(const char *path, const char *text, struct fa_thresholds *thresholds)
{
    const char *list = strchr(text, '[');

    return list == NULL || fa_thresholds_parse(path, list, thresholds) == FA_OK;
}

static bool parse(const char *path, const char *text, struct fa_kept_results *out)
{
    struct fa_thresholds *thresholds = &out->thresholds;
    char name[NAME_ROOM];

    _Static_assert(NAME_ROOM == 40, "the width below");
    return sscanf(text, "%39s %lf %lf %zu %" SCNx64, name, &out->ap, &thresholds->all, &out->n_images,
                  &out->content_hash) >= 4 &&
           is_results(name, &out->step) && out->ap >= -1 && out->ap <= 1 && thresholds->all >= 0 &&
           thresholds->all <= 1 && parse_classes(path, text, thresholds);
}

void fa_kept_results_clear(struct fa_kept_results *kept)
{
    fa_thresholds_clear(&kept->thresholds);
    *kept = none;
}

static fa_status read_line(const char *path, struct fa_kept_results *out)
{
    char *text;
    size_t n_bytes;

    *out = none;
    if (!fa_file_exists(path))
        return FA_OK;
    FA_TRY(fa_file_read(path, FA_THRESHOLDS_LINE_MAX, &text, &n_bytes));
    if (!parse(path, text, out)) {
        fa_warn("%s: is ignored, since it does not name the detections of an evaluation", path);
        fa_kept_results_clear(out);
    }
    fa_free(text);
    return FA_OK;
}

fa_status fa_kept_results_find(const char *work_dir, enum fa_kept which, struct fa_kept_results *out)
{
    char *path;
    fa_status status;

    *out = none;
    FA_TRY(fa_asprintf(&path, "%s/" FA_KEPT_DIRECTORY "/%s", work_dir, line_names[which]));
    status = read_line(path, out);
    fa_free(path);
    return status;
}

fa_status fa_kept_results_path(const char *work_dir, int64_t step, char **path)
{
    return fa_asprintf(path, "%s/" FA_KEPT_DIRECTORY "/step_%" PRId64 ".json", work_dir, step);
}

static fa_status write_line(const struct fa_directory *directory, enum fa_kept which,
                            const struct fa_kept_results *about)
{
    char name[NAME_ROOM], *classes, *text = NULL;
    fa_status status;

    name_file(about->step, name);
    FA_TRY(fa_thresholds_print(&about->thresholds, &classes));
    status = fa_asprintf(&text, "%s %.17g %.17g %zu %016" PRIx64 " %s\n", name, about->ap,
                         about->thresholds.all, about->n_images, about->content_hash, classes);
    if (status == FA_OK)
        status = fa_directory_write(directory, line_names[which], text, strlen(text));
    fa_free(text);
    fa_free(classes);
    return status;
}

/* ---- keeping ---- */

static bool are_of_other_data(const struct fa_kept_results *a, const struct fa_kept_results *b)
{
    return a->content_hash != 0 && b->content_hash != 0 && a->content_hash != b->content_hash;
}

/* A best one of this step or of a later one is of weights that are no more: the run went back. One of other
   data cannot be compared. */
static bool is_better(const struct fa_kept_results *about, const struct fa_kept_results *best)
{
    return best->step < 0 || are_of_other_data(about, best) || best->step >= about->step ||
           about->ap > best->ap;
}

static fa_status remove_others(const struct fa_directory *directory, int64_t latest, int64_t best)
{
    const struct fa_sweep sweep = {.is_file = is_ours};
    char **names;
    size_t n;
    int64_t step;
    fa_status status = FA_OK;

    FA_TRY(fa_directory_names(directory, &n, &names));
    for (size_t i = 0; i < n && status == FA_OK; i++)
        if (is_results(names[i], &step) && step != latest && step != best)
            status = fa_directory_remove_file(directory, names[i]);
    fa_free(names);
    return status == FA_OK ? fa_directory_sweep(directory, &sweep) : status;
}

static fa_status keep_in(const struct fa_directory *directory, const struct fa_kept_results *about,
                         const struct fa_coco_result *results, size_t n)
{
    struct fa_kept_results best;
    char name[NAME_ROOM], *path;
    int64_t best_step;
    bool improves;
    fa_status status;

    name_file(about->step, name);
    FA_TRY(fa_path_join(fa_directory_path(directory), name, &path));
    status = fa_coco_results_write(path, results, n);
    fa_free(path);
    FA_TRY(status);
    FA_TRY(fa_path_join(fa_directory_path(directory), line_names[FA_KEPT_BEST], &path));
    status = read_line(path, &best);
    fa_free(path);
    FA_TRY(status);
    improves = is_better(about, &best);
    best_step = improves ? about->step : best.step;
    fa_kept_results_clear(&best);
    FA_TRY(write_line(directory, FA_KEPT_LATEST, about));
    if (improves)
        FA_TRY(write_line(directory, FA_KEPT_BEST, about));
    return remove_others(directory, about->step, best_step);
}

fa_status fa_kept_results_write(const struct fa_directory *work_dir, const struct fa_kept_results *about,
                                const struct fa_coco_result *results, size_t n)
{
    struct fa_directory *directory;
    fa_status status;

    FA_TRY(fa_directory_make_below(work_dir, FA_KEPT_DIRECTORY, &directory));
    status = keep_in(directory, about, results, n);
    fa_directory_close(directory);
    return status;
}
