#include "pack_stage.h"

#include <errno.h>
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
#include "manifest.h"

#define LOCK_NAME ".lock"

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

static fa_status parent_of(const char *path, char **out)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return fa_strdup(".", out);
    return fa_asprintf(out, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* ---- what stands there ---- */

static bool ends_in(const char *name, size_t length, const char *suffix)
{
    const size_t n = strlen(suffix);

    return length >= n && memcmp(name + length - n, suffix, n) == 0;
}

/* A name of a dataset, or of one in the making. */
static bool belongs_to_a_dataset(const char *name)
{
    size_t n = strlen(name);

    if (fa_file_is_temporary(name))
        n -= strlen(FA_TEMPORARY_SUFFIX);
    return (n == strlen(FA_MANIFEST_NAME) && strncmp(name, FA_MANIFEST_NAME, n) == 0) ||
           strcmp(name, LOCK_NAME) == 0 ||
           (n > 9 && strncmp(name, "shard-", 6) == 0 && ends_in(name, n, ".h5"));
}

/* Whatever is emptied or replaced holds nothing but what packings write. *n: the files there. */
static fa_status refuse_foreign_files(const char *directory, size_t *n)
{
    char **names = NULL;
    fa_status st = FA_OK;

    FA_TRY(fa_directory_list(directory, n, &names));
    for (size_t i = 0; i < *n && st == FA_OK; i++)
        if (!belongs_to_a_dataset(names[i]))
            st = fa_fail(FA_EINVAL,
                         "%s: holds \"%s\", which is no part of a dataset; choose another output directory",
                         directory, names[i]);
    fa_free(names);
    return st;
}

static fa_status check_out(const char *out)
{
    bool ours = false;
    size_t n = 0;

    if (!fa_file_exists(out))
        return FA_OK;
    if (!fa_directory_exists(out))
        return fa_fail(FA_EINVAL, "%s: is not a directory; choose another output directory", out);
    FA_TRY(refuse_foreign_files(out, &n));
    if (n > 0)
        FA_TRY(fa_manifest_is_ours(out, &ours)); /* a checkpoint has files of these names too */
    if (n > 0 && !ours)
        return fa_fail(FA_EINVAL, "%s: is neither empty nor a dataset; choose another output directory", out);
    return FA_OK;
}

/* Where earlier packings may have left something, nobody else may have put anything. */
static fa_status check_aside(const char *directory)
{
    size_t n;

    return fa_file_exists(directory) ? refuse_foreign_files(directory, &n) : FA_OK;
}

static fa_status undo_interrupted_swap(const struct fa_pack_stage *stage)
{
    if (!fa_directory_exists(stage->old))
        return FA_OK;
    if (fa_file_exists(stage->out))
        return fa_directory_remove(stage->old);
    if (rename(stage->old, stage->out) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot be given back its name %s", stage->old, stage->out);
    return fa_directory_sync(stage->parent);
}

/* ---- staging ---- */

static fa_status remove_files_but_the_lock(const char *directory)
{
    char **names = NULL;
    size_t n = 0;
    fa_status st;

    FA_TRY(fa_directory_list(directory, &n, &names));
    st = FA_OK;
    for (size_t i = 0; i < n && st == FA_OK; i++) {
        char *path = NULL;

        if (strcmp(names[i], LOCK_NAME) == 0)
            continue;
        st = fa_path_join(directory, names[i], &path);
        if (st == FA_OK && unlink(path) != 0)
            st = fa_fail_errno(FA_EIO, errno, "%s: cannot remove what an earlier packing left", path);
        fa_free(path);
    }
    fa_free(names);
    return st;
}

static fa_status lock_staging(struct fa_pack_stage *stage)
{
    const fa_status st = fa_lock_acquire(stage->staging, &stage->lock);

    if (st != FA_OK)
        rmdir(stage->staging); /* if it is ours it is empty, else this does nothing */
    return st;
}

static fa_status open_stage(const char *out_directory, struct fa_pack_stage *stage)
{
    FA_TRY(resolve(out_directory, &stage->out));
    FA_TRY(parent_of(stage->out, &stage->parent));
    FA_TRY(fa_file_temporary_name(stage->out, &stage->staging));
    FA_TRY(fa_asprintf(&stage->old, "%s" FA_DATASET_ASIDE, stage->out));
    FA_TRY(check_out(stage->out));
    FA_TRY(check_aside(stage->staging));
    FA_TRY(check_aside(stage->old));
    FA_TRY(fa_directory_make(stage->staging));
    FA_TRY(lock_staging(stage));
    FA_TRY(undo_interrupted_swap(stage));
    return remove_files_but_the_lock(stage->staging);
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

/* ---- the swap ---- */

static fa_status swap_in_two_steps(const struct fa_pack_stage *stage)
{
    if (rename(stage->out, stage->old) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot be moved aside", stage->out);
    if (rename(stage->staging, stage->out) != 0) {
        const int error = errno;

        if (rename(stage->old, stage->out) != 0)
            fa_warn("%s: the previous dataset is now here; rename it back", stage->old);
        return fa_fail_errno(FA_EIO, error, "%s: cannot be renamed to %s", stage->staging, stage->out);
    }
    return FA_OK;
}

static fa_status swap(const struct fa_pack_stage *stage)
{
    if (!fa_file_exists(stage->out)) {
        if (rename(stage->staging, stage->out) != 0)
            return fa_fail_errno(FA_EIO, errno, "%s: cannot be renamed to %s", stage->staging, stage->out);
        return FA_OK;
    }
    if (renameat2(AT_FDCWD, stage->staging, AT_FDCWD, stage->out, RENAME_EXCHANGE) == 0)
        return FA_OK;
    return swap_in_two_steps(stage);
}

/* From the rename on the packing has succeeded; what is still to do cannot undo it. */
static void tidy_up(const struct fa_pack_stage *stage, const char *lock_path)
{
    unlink(lock_path); /* it came along; the lock itself is held until we close */
    if (fa_directory_sync(stage->parent) != FA_OK)
        fa_warn("%s; the dataset is complete, but might not survive a power failure right now", fa_message());
    if (fa_directory_remove(stage->old) != FA_OK)
        fa_warn("%s; it can be removed by hand", fa_message());
}

fa_status fa_pack_stage_commit(struct fa_pack_stage *stage)
{
    char *lock_path = NULL;
    fa_status st = fa_path_join(stage->out, LOCK_NAME, &lock_path);

    if (st == FA_OK)
        st = swap(stage);
    if (st == FA_OK)
        tidy_up(stage, lock_path);
    fa_free(lock_path);
    return st;
}

void fa_pack_stage_close(struct fa_pack_stage *stage)
{
    if (stage->lock != NULL) {
        if (fa_directory_remove(stage->staging) != FA_OK)
            fa_warn("%s; it can be removed by hand", fa_message());
        fa_lock_release(stage->lock);
    }
    fa_free(stage->out);
    fa_free(stage->staging);
    fa_free(stage->parent);
    fa_free(stage->old);
    *stage = (struct fa_pack_stage){0};
}
