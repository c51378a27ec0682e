/* A dataset copied to a disk of the host's own, by the first of its processes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset_private.h"
#include "dataset_room.h"
#include "fa/activity.h"
#include "fa/directory.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "fa/staged_dataset.h"

enum { PIECE = 4 << 20, LARGEST_MANIFEST = 1 << 30 };

struct fa_staged_dataset {
    char *path, *name;
    struct fa_directory *parent, *directory; /* NULL in all processes but the first */
    struct fa_lock *lock;
};

/* ---- the copy of a file ---- */

/* No more than n_bytes, should it grow meanwhile: there may be no room for more. */
static fa_status copy_bytes(int from, const char *path, uint64_t n_bytes, struct fa_new_file *to)
{
    char *piece;
    ssize_t n = 1;
    fa_status status;

    FA_TRY(fa_alloc(PIECE, 1, &piece));
    for (status = FA_OK; status == FA_OK && n > 0 && n_bytes > 0;) {
        fa_activity_begin("staging the data");
        n = read(from, piece, n_bytes < PIECE ? (size_t)n_bytes : PIECE);
        if (n < 0 && errno == EINTR) {
            n = 1;
            continue;
        }
        if (n < 0)
            status = fa_fail_errno(FA_EIO, errno, "%s: cannot read", path);
        else
            status = fa_new_file_write(to, piece, (size_t)n);
        n_bytes -= n > 0 ? (uint64_t)n : 0;
    }
    fa_free(piece);
    return status;
}

static fa_status copy_open(int from, const char *path, uint64_t n_bytes, const struct fa_directory *to,
                           const char *name)
{
    struct fa_new_file *file;

    FA_TRY(fa_new_file_open_in(to, name, &file));
    return fa_new_file_finish(file, copy_bytes(from, path, n_bytes, file));
}

static fa_status copy_file(const char *directory, const char *name, uint64_t n_bytes,
                           const struct fa_directory *to)
{
    char *path;
    int from;
    fa_status status;

    FA_TRY(fa_path_join(directory, name, &path));
    from = open(path, O_RDONLY | O_CLOEXEC);
    status = from >= 0 ? copy_open(from, path, n_bytes, to, name)
                       : fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot open", path);
    if (from >= 0)
        close(from);
    fa_free(path);
    return status;
}

/* ---- the copy of a dataset ---- */

static fa_status require_space(const struct fa_manifest *manifest, const char *stage)
{
    uint64_t need = 0;
    char *name;
    fa_status status;

    for (size_t i = 0; i < manifest->n_shards; i++)
        need += manifest->shards[i].n_bytes;
    FA_TRY(fa_asprintf(&name, "--stage %s", stage));
    status = fa_dataset_require_room(stage, need, name, "train without --stage");
    fa_free(name);
    return status;
}

/* The manifest last: a directory without it is not a dataset. */
static fa_status copy_all(const char *directory, const struct fa_manifest *manifest, const char *stage,
                          const struct fa_staged_dataset *staged)
{
    FA_TRY(fa_directory_empty(staged->directory, fa_manifest_knows_name, FA_LOCK_NAME));
    FA_TRY(require_space(manifest, stage));
    for (size_t i = 0; i < manifest->n_shards; i++) {
        char name[FA_SHARD_NAME_MAX];

        fa_shard_name(i, name);
        FA_TRY(copy_file(directory, name, manifest->shards[i].n_bytes, staged->directory));
    }
    return copy_file(directory, FA_MANIFEST_NAME, LARGEST_MANIFEST, staged->directory);
}

/* Every image against its checksum. */
static fa_status fetch_all(const struct fa_dataset *dataset)
{
    size_t most = 0;
    void *image;
    fa_status status = FA_OK;

    for (size_t i = 0; i < dataset->n_records; i++)
        most = dataset->records[i].n_bytes > most ? dataset->records[i].n_bytes : most;
    FA_TRY(fa_alloc(most, 1, &image));
    for (size_t i = 0; i < dataset->n_records && status == FA_OK; i++) {
        fa_activity_begin("checking the staged data");
        status = fa_dataset_fetch(dataset, i, image);
    }
    fa_free(image);
    return status;
}

static fa_status verify(const char *path)
{
    struct fa_dataset *dataset;
    fa_status status;

    FA_TRY(fa_dataset_open(path, &dataset));
    status = fetch_all(dataset);
    fa_dataset_close(dataset);
    return status;
}

/* ---- the copy that is there ---- */

/* No links, by which the copy would be elsewhere. */
static fa_status require_file(const struct fa_directory *directory, const char *name)
{
    enum fa_entry_kind kind;

    FA_TRY(fa_directory_look(directory, name, &kind));
    return kind == FA_ENTRY_FILE
               ? FA_OK
               : fa_fail(FA_EMISSING, "%s: has no file %s", fa_directory_path(directory), name);
}

static fa_status require_files(const struct fa_staged_dataset *staged, const struct fa_manifest *manifest)
{
    FA_TRY(require_file(staged->directory, FA_MANIFEST_NAME));
    for (size_t i = 0; i < manifest->n_shards; i++) {
        char name[FA_SHARD_NAME_MAX];

        fa_shard_name(i, name);
        FA_TRY(require_file(staged->directory, name));
    }
    return FA_OK;
}

static fa_status read_manifest_text(const char *directory, char **text, size_t *n_bytes)
{
    char *path;
    fa_status status;

    FA_TRY(fa_path_join(directory, FA_MANIFEST_NAME, &path));
    status = fa_file_read(path, LARGEST_MANIFEST, text, n_bytes);
    fa_free(path);
    return status;
}

/* One content may be cut into shards in several ways: the manifests must be the same to the byte. */
static fa_status require_same_manifest(const char *directory, const char *copy)
{
    char *text, *other;
    size_t n_bytes, n_other;
    bool same;

    FA_TRY(read_manifest_text(directory, &text, &n_bytes));
    if (read_manifest_text(copy, &other, &n_other) != FA_OK) {
        fa_free(text);
        return FA_EFORMAT; /* in the words of that failure */
    }
    same = n_bytes == n_other && memcmp(text, other, n_bytes) == 0;
    fa_free(text);
    fa_free(other);
    return same ? FA_OK : fa_fail(FA_EFORMAT, "%s: is cut into other shards", copy);
}

static fa_status check_copy(const char *directory, const struct fa_manifest *manifest,
                            const struct fa_staged_dataset *staged)
{
    FA_TRY(require_files(staged, manifest));
    FA_TRY(require_same_manifest(directory, staged->path));
    return verify(staged->path);
}

/* ---- its directory ---- */

/* Its name can be guessed, and in /tmp, say, anybody may have made it first. */
static fa_status require_own(const struct fa_directory *directory)
{
    struct stat st;

    if (fstat(fa_directory_descriptor(directory), &st) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot be looked at", fa_directory_path(directory));
    if (st.st_uid == geteuid())
        return FA_OK;
    return fa_fail(FA_EIO, "%s: belongs to another user; choose another --stage",
                   fa_directory_path(directory));
}

static fa_status take_directory(const char *stage, struct fa_staged_dataset *staged)
{
    FA_TRY(fa_path_join(stage, staged->name, &staged->path));
    FA_TRY(fa_directory_make(stage));
    FA_TRY(fa_directory_open(stage, &staged->parent));
    FA_TRY(fa_directory_make_below(staged->parent, staged->name, &staged->directory));
    FA_TRY(require_own(staged->directory));
    FA_TRY(fa_directory_check(staged->directory, fa_manifest_knows_name));
    return fa_lock_acquire(staged->directory, &staged->lock);
}

static fa_status fill(const char *directory, const struct fa_manifest *manifest, const char *stage,
                      struct fa_staged_dataset *staged)
{
    fa_status status;

    FA_TRY(take_directory(stage, staged));
    status = check_copy(directory, manifest, staged);
    if (status == FA_OK)
        fa_info("%s: the copy of %s is there and sound", staged->path, directory);
    if (status == FA_OK || status == FA_ENOMEM)
        return status;
    fa_info("copying %s to %s (%s)", directory, staged->path, fa_message());
    FA_TRY(copy_all(directory, manifest, stage, staged));
    return verify(staged->path);
}

/* NULL where none of them has its name. */
static const char *held_path(const char *name, struct fa_staged_dataset *const *held, size_t n_held)
{
    for (size_t i = 0; i < n_held; i++)
        if (strcmp(held[i]->name, name) == 0)
            return held[i]->path;
    return NULL;
}

static fa_status stage_first(const char *directory, const char *stage, struct fa_staged_dataset *const *held,
                             size_t n_held, struct fa_staged_dataset *staged)
{
    struct fa_manifest manifest = {0};
    const char *path = NULL;
    fa_status status = fa_dataset_read_manifest(directory, &manifest);

    if (status == FA_OK)
        status = fa_asprintf(&staged->name, "freeanchor-%016" PRIx64, manifest.content_hash);
    if (status == FA_OK)
        path = held_path(staged->name, held, n_held);
    if (path != NULL)
        status = fa_strdup(path, &staged->path);
    else if (status == FA_OK)
        status = fill(directory, &manifest, stage, staged);
    fa_manifest_free(&manifest);
    return status;
}

fa_status fa_dataset_stage(const char *directory, const char *stage, const struct fa_team *host,
                           struct fa_staged_dataset *const *held, size_t n_held,
                           struct fa_staged_dataset **out)
{
    const bool is_first = fa_team_rank(host) == 0;
    struct fa_staged_dataset *staged = NULL;
    fa_status status = fa_alloc_zero(1, sizeof *staged, &staged);
    size_t n_bytes = 0;

    if (status == FA_OK && is_first)
        status = stage_first(directory, stage, held, n_held, staged);
    status = fa_team_agree(host, status);
    if (status == FA_OK) {
        n_bytes = is_first ? strlen(staged->path) + 1 : 0;
        status = fa_team_hand_out(host, &staged->path, &n_bytes, 0);
    }
    if (status == FA_OK)
        *out = staged;
    else
        fa_staged_dataset_leave(staged, false);
    return status;
}

const char *fa_staged_dataset_path(const struct fa_staged_dataset *staged)
{
    return staged->path;
}

void fa_staged_dataset_leave(struct fa_staged_dataset *staged, bool keep)
{
    if (staged == NULL)
        return;
    if (staged->lock != NULL && !keep &&
        fa_directory_remove_tree(staged->parent, staged->name, fa_manifest_knows_name) != FA_OK)
        fa_warn("%s; it can be removed by hand", fa_message());
    fa_lock_release(staged->lock);
    fa_directory_close(staged->directory);
    fa_directory_close(staged->parent);
    fa_free(staged->path);
    fa_free(staged->name);
    fa_free(staged);
}
