#include "pack_stage.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "shards/manifest.h"

/* ---- names ---- */

/* Links are followed, so that the directory is replaced and not the link to it. */
static fa_status resolve(const char *directory, char **out)
{
    char path[PATH_MAX];
    size_t length;

    if (directory[0] == '\0')
        return fa_fail(FA_EINVAL, "the output directory has no name");
    if (realpath(directory, path) != NULL)
        return fa_strdup(path, out);
    FA_TRY(fa_strdup(directory, out));
    for (length = strlen(*out); length > 1 && (*out)[length - 1] == '/'; length--)
        (*out)[length - 1] = '\0';
    return FA_OK;
}

/* With its own parents. */
static fa_status make_parent(const char *out)
{
    const char *slash = strrchr(out, '/');
    char *parent;
    fa_status st;

    if (slash == NULL || slash == out)
        return FA_OK;
    FA_TRY(fa_asprintf(&parent, "%.*s", (int)(slash - out), out));
    st = fa_directory_make(parent);
    fa_free(parent);
    return st;
}

/* ---- what stands there ---- */

/* Whatever is emptied or replaced holds nothing but what packings write, finished or not. *n: the files. */
static fa_status refuse_foreign_files(const struct fa_directory *directory, size_t *n)
{
    char **names = NULL, base[NAME_MAX + 1];
    fa_status st = FA_OK;

    FA_TRY(fa_directory_names(directory, n, &names));
    for (size_t i = 0; i < *n && st == FA_OK; i++)
        if (!fa_manifest_knows_name(fa_temporary_base(names[i], base, sizeof base) ? base : names[i]))
            st = fa_fail(FA_EINVAL,
                         "%s: holds \"%s\", which is not part of a dataset; choose another output directory",
                         fa_directory_path(directory), names[i]);
    fa_free(names);
    return st;
}

/* The same of a name beside the dataset, if it is there. A link there is not ours. */
static fa_status refuse_foreign_directory(const struct fa_directory *parent, const char *name, size_t *n)
{
    struct fa_directory *directory;
    enum fa_entry_kind kind;
    fa_status st;

    *n = 0;
    FA_TRY(fa_directory_look(parent, name, &kind));
    if (kind == FA_ENTRY_ABSENT)
        return FA_OK;
    if (kind != FA_ENTRY_DIRECTORY)
        return fa_fail(FA_EINVAL, "%s/%s: is not a directory; choose another output directory",
                       fa_directory_path(parent), name);
    FA_TRY(fa_directory_open_below(parent, name, &directory));
    st = refuse_foreign_files(directory, n);
    fa_directory_close(directory);
    return st;
}

static fa_status check_out(const struct fa_pack_stage *stage)
{
    bool ours = false;
    size_t n = 0;

    FA_TRY(refuse_foreign_directory(stage->parent, stage->out_name, &n));
    if (n > 0)
        FA_TRY(fa_manifest_is_ours(stage->out, &ours)); /* a checkpoint has files of these names too */
    if (n > 0 && !ours)
        return fa_fail(FA_EINVAL, "%s: is neither empty nor a dataset; choose another output directory",
                       stage->out);
    return FA_OK;
}

/* Where earlier packings may have left something, nobody else may have put anything. */
static fa_status check_aside(const struct fa_pack_stage *stage, const char *name)
{
    size_t n;

    return refuse_foreign_directory(stage->parent, name, &n);
}

static fa_status remove_old(const struct fa_pack_stage *stage)
{
    return fa_directory_remove_tree(stage->parent, stage->old_name, fa_manifest_knows_name);
}

static fa_status is_there(const struct fa_pack_stage *stage, const char *name, bool *there)
{
    enum fa_entry_kind kind;

    FA_TRY(fa_directory_look(stage->parent, name, &kind));
    *there = kind != FA_ENTRY_ABSENT;
    return FA_OK;
}

static fa_status undo_interrupted_swap(const struct fa_pack_stage *stage)
{
    bool has_old, has_out;

    FA_TRY(is_there(stage, stage->old_name, &has_old));
    FA_TRY(is_there(stage, stage->out_name, &has_out));
    if (!has_old)
        return FA_OK;
    if (has_out)
        return remove_old(stage);
    FA_TRY(fa_directory_rename(stage->parent, stage->old_name, stage->out_name));
    return fa_directory_sync(stage->parent);
}

/* ---- staging ---- */

static fa_status take_staging(struct fa_pack_stage *stage)
{
    fa_status st = fa_directory_make_below(stage->parent, stage->staging_name, &stage->directory);

    if (st == FA_OK)
        st = fa_lock_acquire(stage->directory, &stage->lock);
    if (st != FA_OK) /* if it is ours it is empty, else this does nothing */
        unlinkat(fa_directory_descriptor(stage->parent), stage->staging_name, AT_REMOVEDIR);
    return st;
}

static fa_status name_all(const char *out_directory, struct fa_pack_stage *stage)
{
    FA_TRY(resolve(out_directory, &stage->out));
    FA_TRY(fa_asprintf(&stage->staging, "%s" FA_TEMPORARY_SUFFIX, stage->out));
    FA_TRY(make_parent(stage->out));
    FA_TRY(fa_directory_open_parent(stage->out, &stage->parent, &stage->out_name));
    FA_TRY(fa_asprintf(&stage->staging_name, "%s" FA_TEMPORARY_SUFFIX, stage->out_name));
    return fa_asprintf(&stage->old_name, "%s" FA_DATASET_ASIDE, stage->out_name);
}

static fa_status open_stage(const char *out_directory, struct fa_pack_stage *stage)
{
    FA_TRY(name_all(out_directory, stage));
    FA_TRY(check_out(stage));
    FA_TRY(check_aside(stage, stage->staging_name));
    FA_TRY(check_aside(stage, stage->old_name));
    FA_TRY(take_staging(stage));
    FA_TRY(undo_interrupted_swap(stage));
    return fa_directory_empty(stage->directory, fa_manifest_knows_name, FA_LOCK_NAME);
}

fa_status fa_pack_stage_open(const char *out_directory, struct fa_pack_stage *stage)
{
    fa_status st;

    *stage = (struct fa_pack_stage){0};
    st = open_stage(out_directory, stage);
    if (st != FA_OK)
        fa_pack_stage_close(stage);
    return st;
}

fa_status fa_pack_stage_join(const char *out_directory, struct fa_pack_stage *stage)
{
    fa_status st;

    *stage = (struct fa_pack_stage){0};
    st = name_all(out_directory, stage);
    if (st == FA_OK)
        st = fa_directory_open_below(stage->parent, stage->staging_name, &stage->directory);
    if (st != FA_OK)
        fa_pack_stage_close(stage);
    return st;
}

/* ---- the swap ---- */

static fa_status swap_in_two_steps(const struct fa_pack_stage *stage)
{
    fa_status st;
    char message[FA_MESSAGE_MAX];

    FA_TRY(fa_directory_rename(stage->parent, stage->out_name, stage->old_name));
    st = fa_directory_rename(stage->parent, stage->staging_name, stage->out_name);
    if (st == FA_OK)
        return FA_OK;
    snprintf(message, sizeof message, "%s", fa_message());
    if (fa_directory_rename(stage->parent, stage->old_name, stage->out_name) != FA_OK)
        fa_warn("%s" FA_DATASET_ASIDE ": the previous dataset is now here; rename it back", stage->out);
    return fa_status_forward(st, message);
}

static fa_status swap(const struct fa_pack_stage *stage)
{
    bool has_out, possible;

    FA_TRY(is_there(stage, stage->out_name, &has_out));
    if (!has_out)
        return fa_directory_rename(stage->parent, stage->staging_name, stage->out_name);
    FA_TRY(fa_directory_exchange(stage->parent, stage->staging_name, stage->out_name, &possible));
    return possible ? FA_OK : swap_in_two_steps(stage);
}

/* From the rename on the packing has succeeded; what is still to do cannot undo it. */
static void tidy_up(const struct fa_pack_stage *stage)
{
    if (fa_directory_remove_file(stage->directory, FA_LOCK_NAME) !=
        FA_OK) /* it came along; held until we close */
        fa_warn("%s; it can be removed by hand", fa_message());
    if (fa_directory_sync(stage->parent) != FA_OK)
        fa_warn("%s; the dataset is complete, but might not survive a power failure right now", fa_message());
    if (remove_old(stage) != FA_OK)
        fa_warn("%s; it can be removed by hand", fa_message());
}

fa_status fa_pack_stage_commit(struct fa_pack_stage *stage)
{
    FA_TRY(swap(stage));
    tidy_up(stage);
    return FA_OK;
}

void fa_pack_stage_close(struct fa_pack_stage *stage)
{
    if (stage->lock != NULL) {
        if (fa_directory_remove_tree(stage->parent, stage->staging_name, fa_manifest_knows_name) != FA_OK)
            fa_warn("%s; it can be removed by hand", fa_message());
        fa_lock_release(stage->lock);
    }
    fa_directory_close(stage->directory);
    fa_directory_close(stage->parent);
    fa_free(stage->out);
    fa_free(stage->staging);
    fa_free(stage->staging_name);
    fa_free(stage->old_name);
    *stage = (struct fa_pack_stage){0};
}
