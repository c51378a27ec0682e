/*
 * checkpoint_find.c - which checkpoints there are, judged by what lies on disk alone.
 *
 * Rank 0 looks; the others hear of it. A directory whose manifest or shards are damaged is reported and
 * passed over, never trusted and never removed in place of a sound one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"

struct found {
    char *path;
    const char *name; /* last part of path */
    int64_t samples, step;
};

/* Checkpoints with a readable manifest, most samples first. */
struct listing {
    size_t n;
    struct found *found;
};

static void free_listing(struct listing *listing)
{
    for (size_t i = 0; i < listing->n; i++)
        fa_free(listing->found[i].path);
    fa_free(listing->found);
}

static int newest_first(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->samples != y->samples)
        return x->samples < y->samples ? 1 : -1;
    if (x->step != y->step)
        return x->step < y->step ? 1 : -1;
    return strcmp(y->name, x->name);
}

/* Takes path. */
static void add_checkpoint(struct listing *listing, char *path)
{
    struct fa_checkpoint_manifest manifest;

    if (fa_checkpoint_manifest_read(path, &manifest) != FA_OK) {
        fa_warn("checkpoint passed over: %s", fa_message());
        fa_free(path);
        return;
    }
    listing->found[listing->n++] = (struct found){.path = path,
                                                  .name = strrchr(path, '/') + 1,
                                                  .samples = manifest.progress.samples,
                                                  .step = manifest.progress.step};
    fa_checkpoint_manifest_clear(&manifest);
}

static fa_status add_entries(const char *root, char *const *names, size_t n, struct listing *listing)
{
    for (size_t i = 0; i < n; i++) {
        char *path;

        FA_TRY(fa_path_join(root, names[i], &path));
        if (fa_file_is_temporary(names[i]) || !fa_directory_exists(path))
            fa_free(path);
        else
            add_checkpoint(listing, path);
    }
    return FA_OK;
}

static fa_status list_checkpoints(const char *root, struct listing *listing)
{
    char **names = NULL;
    size_t n = 0;
    fa_status status;

    *listing = (struct listing){0};
    if (!fa_directory_exists(root))
        return FA_OK;
    FA_TRY(fa_directory_list(root, &n, &names));
    status = fa_alloc(n, sizeof *listing->found, &listing->found);
    if (status == FA_OK)
        status = add_entries(root, names, n, listing);
    if (status == FA_OK)
        qsort(listing->found, listing->n, sizeof *listing->found, newest_first);
    fa_free(names);
    return status;
}

static fa_status check(const char *directory)
{
    struct fa_checkpoint_manifest manifest;
    fa_status status;

    FA_TRY(fa_checkpoint_manifest_read(directory, &manifest));
    status = FA_OK;
    for (size_t s = 0; s < manifest.n_shards && status == FA_OK; s++)
        status = fa_checkpoint_check_shard(directory, &manifest, s);
    fa_checkpoint_manifest_clear(&manifest);
    return status;
}

static bool is_valid(const char *directory)
{
    if (check(directory) == FA_OK)
        return true;
    fa_warn("checkpoint passed over: %s", fa_message());
    return false;
}

static fa_status find_newest(const char *root, char **directory)
{
    struct listing listing;
    fa_status status = list_checkpoints(root, &listing);

    for (size_t i = 0; i < listing.n && status == FA_OK; i++)
        if (is_valid(listing.found[i].path)) {
            status = fa_strdup(listing.found[i].path, directory);
            break;
        }
    free_listing(&listing);
    return status;
}

/* Collective: *text of rank 0, which may be NULL, to all. */
static fa_status broadcast_text(struct fa_comm *comm, char **text)
{
    uint64_t n_bytes = *text == NULL ? 0 : strlen(*text) + 1;
    fa_status status = FA_OK;

    fa_comm_broadcast(comm, &n_bytes, sizeof n_bytes, 0);
    if (n_bytes > 0 && fa_comm_rank(comm) != 0)
        status = fa_alloc((size_t)n_bytes, 1, text);
    status = fa_comm_agree(comm, status);
    if (status == FA_OK)
        fa_comm_broadcast(comm, *text, (size_t)n_bytes, 0);
    return status;
}

fa_status fa_checkpoint_find(struct fa_comm *comm, const char *root, char **directory)
{
    fa_status status;

    *directory = NULL;
    status = fa_comm_agree(comm, fa_comm_rank(comm) == 0 ? find_newest(root, directory) : FA_OK);
    if (status == FA_OK)
        status = broadcast_text(comm, directory);
    if (status != FA_OK) {
        fa_free(*directory);
        *directory = NULL;
    }
    return status;
}

static fa_status put_aside(const char *root, const char *directory, const char *temporary)
{
    FA_TRY(fa_directory_remove(temporary));
    if (rename(directory, temporary) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot rename it to %s", directory, temporary);
    return fa_directory_sync(root);
}

/* It takes a temporary name first, so that what a crash leaves of it is no checkpoint, and is swept. */
static fa_status remove_checkpoint(const char *root, const char *directory)
{
    char *temporary;
    fa_status status;

    FA_TRY(fa_file_temporary_name(directory, &temporary));
    status = put_aside(root, directory, temporary);
    if (status == FA_OK)
        status = fa_directory_remove(temporary);
    fa_free(temporary);
    return status;
}

fa_status fa_checkpoint_prune(const char *root, int keep, const char *protected_name)
{
    struct listing listing;
    int n_valid = 0;
    fa_status status = list_checkpoints(root, &listing);

    for (size_t i = 0; i < listing.n && status == FA_OK && keep > 0; i++) {
        const struct found *found = &listing.found[i];

        if (n_valid < keep)
            n_valid += is_valid(found->path);
        else if (protected_name == NULL || strcmp(found->name, protected_name) != 0)
            status = remove_checkpoint(root, found->path);
    }
    free_listing(&listing);
    return status == FA_OK && fa_directory_exists(root) ? fa_directory_sweep(root) : status;
}
