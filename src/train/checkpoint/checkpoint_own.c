/*
 * checkpoint_own.c - which checkpoints are a run's own, by what lies on disk: only those may it remove.
 */
#include <stdio.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/new_file.h"

_Static_assert(FA_RUN_ID_SIZE == 2 * FA_TOKEN_SIZE - 1, "an id is two tokens");

fa_status fa_run_id_make(char id[FA_RUN_ID_SIZE])
{
    FA_TRY(fa_token_make(id));
    return fa_token_make(id + FA_TOKEN_SIZE - 1);
}

/* Whether name is prefix and a number as we print it; *number is then that. */
static bool is_numbered(const char *name, const char *prefix, long long *number)
{
    char same[FA_CHECKPOINT_NAME_MAX];

    if (strncmp(name, prefix, strlen(prefix)) != 0 || sscanf(name + strlen(prefix), "%18lld", number) != 1)
        return false;
    snprintf(same, sizeof same, "%s%lld", prefix, *number);
    return *number >= 0 && strcmp(name, same) == 0;
}

bool fa_checkpoint_is_name(const char *name)
{
    long long number;

    return is_numbered(name, "epoch_", &number) || is_numbered(name, "step_", &number);
}

fa_status fa_checkpoint_any(const char *root, bool *any)
{
    char **names;
    size_t n;
    const fa_status status = fa_directory_list(root, &n, &names);

    *any = false;
    if (status == FA_EMISSING)
        return FA_OK;
    FA_TRY(status);
    for (size_t i = 0; i < n && !*any; i++)
        *any = fa_checkpoint_is_name(names[i]);
    fa_free(names);
    return FA_OK;
}

bool fa_checkpoint_is_file(const char *name)
{
    unsigned long shard;
    char same[FA_SHARD_NAME_SIZE];

    if (strcmp(name, FA_MANIFEST_NAME) == 0)
        return true;
    if (sscanf(name, "shard-%18lu", &shard) != 1)
        return false;
    fa_checkpoint_shard_name(shard, same);
    return strcmp(name, same) == 0;
}

/* A copy of ours under another of our names is not what a run would have called so. */
static bool is_named_after(const char *name, const struct fa_progress *progress)
{
    long long number;

    if (is_numbered(name, "epoch_", &number))
        return number == progress->epoch;
    return is_numbered(name, "step_", &number) && number == progress->step;
}

/* A directory with a manifest in it, neither of them a link, and nothing that we would not write. */
static bool holds_only_ours(const struct fa_directory *root, const char *name)
{
    struct fa_directory *directory;
    enum fa_entry_kind kind;
    bool holds;

    if (fa_directory_look(root, name, &kind) != FA_OK || kind != FA_ENTRY_DIRECTORY ||
        fa_directory_open_below(root, name, &directory) != FA_OK)
        return false;
    holds = fa_directory_look(directory, FA_MANIFEST_NAME, &kind) == FA_OK && kind == FA_ENTRY_FILE &&
            fa_directory_check(directory, fa_checkpoint_is_file) == FA_OK;
    fa_directory_close(directory);
    return holds;
}

static bool read_manifest(const struct fa_directory *root, const char *name,
                          struct fa_checkpoint_manifest *manifest)
{
    char *path;
    fa_status status = fa_path_join(fa_directory_path(root), name, &path);

    if (status == FA_OK) {
        status = fa_checkpoint_manifest_read(path, manifest);
        fa_free(path);
    }
    return status == FA_OK;
}

bool fa_checkpoint_is_own(const struct fa_directory *root, const char *name, const char *run,
                          struct fa_checkpoint_manifest *manifest)
{
    struct fa_checkpoint_manifest found;
    bool own;

    if (run[0] == '\0' || !fa_checkpoint_is_name(name) || !holds_only_ours(root, name) ||
        !read_manifest(root, name, &found))
        return false;
    own = strcmp(found.run, run) == 0 && is_named_after(name, &found.progress);
    if (own && manifest != NULL)
        *manifest = found;
    else
        fa_checkpoint_manifest_clear(&found);
    return own;
}

int fa_checkpoint_newest_first(const void *a, const void *b)
{
    const struct fa_checkpoint_found *x = a, *y = b;

    if (x->samples != y->samples)
        return x->samples < y->samples ? 1 : -1;
    if (x->step != y->step)
        return x->step < y->step ? 1 : -1;
    return strcmp(y->name, x->name);
}
