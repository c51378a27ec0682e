/*
 * checkpoint_best.c - the file "best" beside checkpoints: one line, a name, its AP and, where it is known,
 * its score threshold.
 */
#include <stdio.h>
#include <string.h>

#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

#define BEST_NAME "best"

enum { BEST_LIMIT = 4096 };

static const struct fa_checkpoint_best none = {.ap = -1};

static void parse(const char *path, const char *text, struct fa_checkpoint_best *out)
{
    _Static_assert(FA_CHECKPOINT_NAME_MAX == 64, "the width below");
    if (sscanf(text, "%63s %lf %lf", out->name, &out->ap, &out->score_threshold) < 2 ||
        strchr(out->name, '/') != NULL || !(out->ap >= 0) ||
        !(out->score_threshold >= 0 && out->score_threshold <= 1)) {
        fa_warn("%s: is ignored, since it is not the name and AP of a checkpoint", path);
        *out = none;
    }
}

static fa_status read_file(const char *path, struct fa_checkpoint_best *out)
{
    char *text;
    size_t n_bytes;

    if (!fa_file_exists(path))
        return FA_OK;
    FA_TRY(fa_file_read(path, BEST_LIMIT, &text, &n_bytes));
    parse(path, text, out);
    fa_free(text);
    return FA_OK;
}

static fa_status drop_if_absent(const char *root, struct fa_checkpoint_best *best)
{
    char *path;

    FA_TRY(fa_path_join(root, best->name, &path));
    if (!fa_directory_exists(path))
        *best = none;
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
    char *text;
    fa_status status;

    FA_TRY(best->score_threshold > 0
               ? fa_asprintf(&text, "%s %.17g %.17g\n", best->name, best->ap, best->score_threshold)
               : fa_asprintf(&text, "%s %.17g\n", best->name, best->ap));
    status = fa_directory_write(root, BEST_NAME, text, strlen(text));
    fa_free(text);
    return status;
}
