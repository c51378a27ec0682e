/*
 * checkpoint_best.c - the file "best" beside checkpoints: one line, a name, its AP and, where they are known,
 * its score threshold and those of classes, "epoch_3 0.42 0.38 [0.41,0.36,0]".
 */
#include <stdio.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

#define BEST_NAME "best"

static const struct fa_checkpoint_best none = {.ap = -1};

void fa_checkpoint_best_clear(struct fa_checkpoint_best *best)
{
    fa_thresholds_clear(&best->thresholds);
    *best = none;
}

static bool parse(const char *path, const char *text, struct fa_checkpoint_best *out)
{
    const char *classes = strchr(text, '[');
    double *all = &out->thresholds.all;

    _Static_assert(FA_CHECKPOINT_NAME_MAX == 64, "the width below");
    return sscanf(text, "%63s %lf %lf", out->name, &out->ap, all) >= 2 && strchr(out->name, '/') == NULL &&
           out->ap >= 0 && *all >= 0 && *all <= 1 &&
           (classes == NULL || fa_thresholds_parse(path, classes, &out->thresholds) == FA_OK);
}

static fa_status read_file(const char *path, struct fa_checkpoint_best *out)
{
    char *text;
    size_t n_bytes;

    if (!fa_file_exists(path))
        return FA_OK;
    FA_TRY(fa_file_read(path, FA_CHECKPOINT_POINTER_MAX, &text, &n_bytes));
    if (!parse(path, text, out)) {
        fa_warn("%s: is ignored, since it is not the name and AP of a checkpoint", path);
        fa_checkpoint_best_clear(out);
    }
    fa_free(text);
    return FA_OK;
}

static fa_status drop_if_absent(const char *root, struct fa_checkpoint_best *best)
{
    char *path;

    FA_TRY(fa_path_join(root, best->name, &path));
    if (!fa_directory_exists(path))
        fa_checkpoint_best_clear(best);
    fa_free(path);
    return FA_OK;
}

fa_status fa_checkpoint_best_read(const char *root, struct fa_checkpoint_best *out)
{
    char *path;
    fa_status status;

    *out = none;
    FA_TRY(fa_path_join(root, BEST_NAME, &path));
    status = read_file(path, out);
    fa_free(path);
    return status == FA_OK && out->name[0] != '\0' ? drop_if_absent(root, out) : status;
}

fa_status fa_checkpoint_best_write(const struct fa_directory *root, const struct fa_checkpoint_best *best)
{
    const struct fa_thresholds *thresholds = &best->thresholds;
    char *classes, *text = NULL;
    fa_status status;

    FA_TRY(fa_thresholds_print(thresholds, &classes));
    status = thresholds->all > 0
                 ? fa_asprintf(&text, "%s %.17g %.17g %s\n", best->name, best->ap, thresholds->all, classes)
                 : fa_asprintf(&text, "%s %.17g\n", best->name, best->ap);
    if (status == FA_OK)
        status = fa_directory_write(root, BEST_NAME, text, strlen(text));
    fa_free(text);
    fa_free(classes);
    return status;
}
