/*
 * checkpoint_prune.c - older checkpoints of a run make room for newer ones, and what crashes left goes. What
 * is not the run's own stays, and does not count.
 */
#include <stdlib.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

/* Those of names that are the run's, newest first. own has room for n. Returns their number. */
static size_t find_own(const struct fa_directory *root, const char *run, char *const *names, size_t n,
                       struct fa_checkpoint_found *own)
{
    size_t n_own = 0;

    for (size_t i = 0; i < n; i++) {
        struct fa_checkpoint_manifest manifest;

        if (!fa_checkpoint_is_own(root, names[i], run, &manifest))
            continue;
        own[n_own++] =
            (struct fa_checkpoint_found){names[i], manifest.progress.samples, manifest.progress.step};
        fa_checkpoint_manifest_clear(&manifest);
    }
    qsort(own, n_own, sizeof *own, fa_checkpoint_newest_first);
    return n_own;
}

static bool is_valid(const struct fa_directory *root, const char *name)
{
    char *path;
    fa_status status = fa_path_join(fa_directory_path(root), name, &path);

    if (status == FA_OK) {
        status = fa_checkpoint_check(path);
        fa_free(path);
    }
    if (status != FA_OK)
        fa_warn("checkpoint passed over: %s", fa_message());
    return status == FA_OK;
}

/* It takes a temporary name first, so that what a crash leaves of it is no checkpoint, and is swept. */
static fa_status remove_checkpoint(const struct fa_directory *root, const char *name)
{
    char token[FA_TOKEN_SIZE], temporary[FA_CHECKPOINT_NAME_MAX + 64];

    FA_TRY(fa_token_make(token));
    snprintf(temporary, sizeof temporary, "%s.%s" FA_TEMPORARY_SUFFIX, name, token);
    FA_TRY(fa_directory_rename(root, name, temporary));
    FA_TRY(fa_directory_sync(root));
    return fa_directory_remove_tree(root, temporary, fa_checkpoint_is_file);
}

static fa_status remove_older(const struct fa_directory *root, const struct fa_checkpoint_found *own,
                              size_t n, int keep, const char *protected_name)
{
    int n_valid = 0;

    for (size_t i = 0; i < n; i++) {
        if (n_valid < keep)
            n_valid += is_valid(root, own[i].name);
        else if (protected_name == NULL || strcmp(own[i].name, protected_name) != 0)
            FA_TRY(remove_checkpoint(root, own[i].name));
    }
    return FA_OK;
}

static fa_status prune(const struct fa_directory *root, const char *run, int keep, const char *protected_name)
{
    struct fa_checkpoint_found *own = NULL;
    char **names;
    size_t n;
    fa_status status;

    FA_TRY(fa_directory_names(root, &n, &names));
    status = fa_alloc(n, sizeof *own, &own);
    if (status == FA_OK)
        status = remove_older(root, own, find_own(root, run, names, n, own), keep, protected_name);
    fa_free(own);
    fa_free(names);
    return status;
}

fa_status fa_checkpoint_prune(const struct fa_directory *root, const char *run, int keep,
                              const char *protected_name)
{
    if (keep > 0)
        FA_TRY(prune(root, run, keep, protected_name));
    return fa_checkpoint_sweep(root);
}

/* ---- what crashes left ---- */

static bool is_pointer(const char *name)
{
    return strcmp(name, "latest") == 0 || strcmp(name, "best") == 0 || strcmp(name, FA_CHECKPOINT_PROOF) == 0;
}

fa_status fa_checkpoint_sweep(const struct fa_directory *root)
{
    const struct fa_sweep sweep = {
        .is_file = is_pointer, .is_directory = fa_checkpoint_is_name, .is_inside = fa_checkpoint_is_file};

    return fa_directory_sweep(root, &sweep);
}
