/*
 * checkpoint_find.c - which checkpoints there are, judged by what lies on disk alone.
 *
 * Rank 0 looks; the others hear of it. A directory whose manifest or shards are damaged is reported and
 * passed over, never trusted. One that cannot be read is not: to go on from an older state, or from none, as
 * if it were not there would lose what it holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"

/* Checkpoints with a readable manifest, most samples first. */
struct listing {
    const char *root;
    size_t n;
    struct fa_checkpoint_found *found; /* by path */
    int n_damaged;
    char damage[FA_MESSAGE_MAX]; /* of the first of these */
};

static void free_listing(struct listing *listing)
{
    for (size_t i = 0; i < listing->n; i++)
        fa_free(listing->found[i].name);
    fa_free(listing->found);
}

/* ---- what cannot be used ---- */

/* It is there, and is not what it should be; else the system did not let us see what it is. */
static bool is_damage(fa_status status)
{
    return status == FA_EFORMAT || status == FA_EMISSING;
}

static void note_damage(struct listing *listing)
{
    fa_warn("checkpoint passed over: %s", fa_message());
    if (listing->n_damaged++ == 0)
        snprintf(listing->damage, sizeof listing->damage, "%s", fa_message());
}

/* What stands in the way of the manifest of name. Where a person has put something of another name, which
   need not be a checkpoint (lost+found, say), it is only passed over. */
static fa_status weigh(struct listing *listing, const char *name, fa_status status)
{
    const bool is_ours = fa_checkpoint_is_name(name);

    if (status == FA_EMISSING && !is_ours)
        return FA_OK;
    if (is_damage(status)) {
        note_damage(listing);
        return FA_OK;
    }
    if (status == FA_EIO && !is_ours) {
        fa_warn("passed over: %s", fa_message());
        return FA_OK;
    }
    return fa_prefix(status, "a checkpoint cannot be read, and is not passed over");
}

/* ---- looking ---- */

/* Takes path. */
static fa_status add_checkpoint(struct listing *listing, const char *name, char *path)
{
    struct fa_checkpoint_manifest manifest;
    fa_status status = fa_checkpoint_manifest_read(path, &manifest);

    if (status != FA_OK) {
        fa_free(path);
        return weigh(listing, name, status);
    }
    listing->found[listing->n++] = (struct fa_checkpoint_found){
        .name = path, .samples = manifest.progress.samples, .step = manifest.progress.step};
    fa_checkpoint_manifest_clear(&manifest);
    return FA_OK;
}

/* A link to a checkpoint is as good as one, to go on from. */
static fa_status add_entry(struct listing *listing, const struct fa_directory *root, const char *name)
{
    char base[FA_CHECKPOINT_NAME_MAX], *path;
    enum fa_entry_kind kind;
    fa_status status = FA_OK;

    FA_TRY(fa_directory_look(root, name, &kind));
    if (fa_temporary_base(name, base, sizeof base) || (kind != FA_ENTRY_DIRECTORY && kind != FA_ENTRY_LINK))
        return FA_OK;
    FA_TRY(fa_path_join(listing->root, name, &path));
    if (fa_directory_exists(path))
        return add_checkpoint(listing, name, path);
    if (fa_checkpoint_is_name(name) && fa_file_is_dangling(path))
        status = fa_fail(FA_EIO, "%s: is a link to what is not there; is its disk mounted?", path);
    fa_free(path);
    return status;
}

static fa_status add_entries(const struct fa_directory *root, struct listing *listing)
{
    char **names;
    size_t n;
    fa_status status;

    FA_TRY(fa_directory_names(root, &n, &names));
    status = fa_alloc(n, sizeof *listing->found, &listing->found);
    for (size_t i = 0; i < n && status == FA_OK; i++)
        status = add_entry(listing, root, names[i]);
    fa_free(names);
    return status;
}

static fa_status list_checkpoints(const char *root, struct listing *listing)
{
    struct fa_directory *directory;
    fa_status status;

    *listing = (struct listing){.root = root};
    if (fa_file_is_dangling(root))
        return fa_fail(FA_EIO, "%s: is a link to what is not there; is its disk mounted?", root);
    status = fa_directory_open(root, &directory);
    if (status == FA_EMISSING && !fa_file_exists(root))
        return FA_OK;
    FA_TRY(status);
    status = add_entries(directory, listing);
    fa_directory_close(directory);
    if (status == FA_OK)
        qsort(listing->found, listing->n, sizeof *listing->found, fa_checkpoint_newest_first);
    return status;
}

fa_status fa_checkpoint_check(const char *directory)
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

static fa_status choose(struct listing *listing, char **directory)
{
    for (size_t i = 0; i < listing->n; i++) {
        const char *path = listing->found[i].name;
        const fa_status status = fa_checkpoint_check(path);

        if (status == FA_OK)
            return fa_strdup(path, directory);
        if (!is_damage(status))
            return fa_prefix(status, "a checkpoint cannot be read, and is not passed over");
        note_damage(listing);
    }
    if (listing->n_damaged > 0)
        return fa_fail(
            FA_EFORMAT,
            "%s: none of the %d checkpoints there can be used, the first because: %s; repair them, or "
            "give --resume none to begin anew and keep them under another name",
            listing->root, listing->n_damaged, listing->damage);
    return FA_OK;
}

static fa_status find_newest(const char *root, char **directory)
{
    struct listing listing;
    fa_status status = list_checkpoints(root, &listing);

    if (status == FA_OK)
        status = choose(&listing, directory);
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

/* Collective: what rank 0 found, with status, is known to all; or nothing, as after a failure. */
static fa_status share(struct fa_comm *comm, fa_status status, char **directory)
{
    status = fa_comm_agree(comm, status);
    if (status == FA_OK)
        status = broadcast_text(comm, directory);
    if (status != FA_OK) {
        fa_free(*directory);
        *directory = NULL;
    }
    return status;
}

fa_status fa_checkpoint_find(struct fa_comm *comm, const char *root, char **directory)
{
    *directory = NULL;
    return share(comm, fa_comm_rank(comm) == 0 ? find_newest(root, directory) : FA_OK, directory);
}

static fa_status find_named(const char *path, char **directory)
{
    if (fa_directory_exists(path))
        return fa_strdup(path, directory);
    FA_TRY(fa_checkpoint_follow(path, directory));
    if (*directory != NULL)
        return FA_OK;
    return fa_fail(FA_EMISSING,
                   fa_file_exists(path) ? "%s: names no checkpoint that lies beside it"
                                        : "%s: there is no such checkpoint",
                   path);
}

fa_status fa_checkpoint_find_named(struct fa_comm *comm, const char *path, char **directory)
{
    *directory = NULL;
    return share(comm, fa_comm_rank(comm) == 0 ? find_named(path, directory) : FA_OK, directory);
}
