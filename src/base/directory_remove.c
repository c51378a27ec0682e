/*
 * directory_remove.c - the part of directory.h that removes: only what is ours, never through a link, never
 * what is in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fa/directory.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/new_file.h"

fa_status fa_directory_remove_file(const struct fa_directory *directory, const char *name)
{
    if (unlinkat(fa_directory_descriptor(directory), name, 0) != 0 && errno != ENOENT)
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot remove", fa_directory_path(directory), name);
    return FA_OK;
}

/* ---- all of a directory ---- */

/* Its name is ours, or that of a temporary of what is ours. */
static bool has_our_name(const char *name, fa_is_ours_fn is_ours)
{
    char base[NAME_MAX + 1];

    return is_ours(fa_temporary_base(name, base, sizeof base) ? base : name);
}

/* A link of our name is as good as a file: it is removed itself. */
static fa_status check_entry(const struct fa_directory *directory, const char *name, fa_is_ours_fn is_ours)
{
    enum fa_entry_kind kind;

    FA_TRY(fa_directory_look(directory, name, &kind));
    if (kind == FA_ENTRY_ABSENT ||
        (has_our_name(name, is_ours) && (kind == FA_ENTRY_FILE || kind == FA_ENTRY_LINK)))
        return FA_OK;
    return fa_fail(FA_EINVAL, "%s: holds \"%s\", which this program did not make, and is left as it is",
                   fa_directory_path(directory), name);
}

static fa_status check_entries(const struct fa_directory *directory, char *const *names, size_t n,
                               fa_is_ours_fn is_ours)
{
    for (size_t i = 0; i < n; i++)
        FA_TRY(check_entry(directory, names[i], is_ours));
    return FA_OK;
}

fa_status fa_directory_check(const struct fa_directory *directory, fa_is_ours_fn is_ours)
{
    char **names;
    size_t n;
    fa_status status;

    FA_TRY(fa_directory_names(directory, &n, &names));
    status = check_entries(directory, names, n, is_ours);
    fa_free(names);
    return status;
}

fa_status fa_directory_empty(const struct fa_directory *directory, fa_is_ours_fn is_ours, const char *spared)
{
    char **names;
    size_t n;
    fa_status status;

    FA_TRY(fa_directory_names(directory, &n, &names));
    status = check_entries(directory, names, n, is_ours);
    for (size_t i = 0; i < n && status == FA_OK; i++)
        if (spared == NULL || strcmp(names[i], spared) != 0)
            status = fa_directory_remove_file(directory, names[i]);
    fa_free(names);
    return status;
}

static fa_status remove_directory(const struct fa_directory *parent, const char *name)
{
    if (unlinkat(fa_directory_descriptor(parent), name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot remove the directory", fa_directory_path(parent),
                             name);
    return FA_OK;
}

fa_status fa_directory_remove_tree(const struct fa_directory *parent, const char *name, fa_is_ours_fn is_ours)
{
    struct fa_directory *directory;
    enum fa_entry_kind kind;
    fa_status status;

    FA_TRY(fa_directory_look(parent, name, &kind));
    if (kind == FA_ENTRY_ABSENT)
        return FA_OK;
    FA_TRY(fa_directory_open_below(parent, name, &directory));
    status = fa_directory_empty(directory, is_ours, NULL);
    fa_directory_close(directory);
    return status == FA_OK ? remove_directory(parent, name) : status;
}

/* ---- what a crash left ---- */

/* Somebody holds it locked. A file system without locks cannot tell. */
static bool is_in_use(const struct fa_directory *directory, const char *name)
{
    const int fd = openat(fa_directory_descriptor(directory), name,
                          O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool held;

    if (fd < 0)
        return false;
    held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

static fa_status sweep_file(const struct fa_directory *directory, const char *name)
{
    return is_in_use(directory, name) ? FA_OK : fa_directory_remove_file(directory, name);
}

static fa_status sweep_directory(const struct fa_directory *parent, const char *name, fa_is_ours_fn is_inside)
{
    struct fa_directory *directory;
    fa_status status = FA_OK;
    bool in_use;

    FA_TRY(fa_directory_open_below(parent, name, &directory));
    in_use = is_in_use(directory, FA_LOCK_NAME);
    fa_directory_close(directory);
    if (!in_use)
        status = fa_directory_remove_tree(parent, name, is_inside);
    return status == FA_EINVAL ? FA_OK : status; /* somebody else's things are in it */
}

/* Of one name; context is what the sweep is for. */
typedef fa_status (*sweep_fn)(const struct fa_directory *directory, const char *name, const void *context);

static fa_status sweep_names(const struct fa_directory *directory, sweep_fn sweep, const void *context)
{
    char **names;
    size_t n;
    fa_status status;

    FA_TRY(fa_directory_names(directory, &n, &names));
    status = FA_OK;
    for (size_t i = 0; i < n && status == FA_OK; i++)
        status = sweep(directory, names[i], context);
    fa_free(names);
    return status;
}

static fa_status sweep_name(const struct fa_directory *directory, const char *name, const void *context)
{
    const struct fa_sweep *sweep = context;
    char base[NAME_MAX + 1];
    enum fa_entry_kind kind;

    if (!fa_temporary_base(name, base, sizeof base))
        return FA_OK;
    FA_TRY(fa_directory_look(directory, name, &kind));
    if (kind == FA_ENTRY_FILE && sweep->is_file != NULL && sweep->is_file(base))
        return sweep_file(directory, name);
    if (kind == FA_ENTRY_DIRECTORY && sweep->is_directory != NULL && sweep->is_directory(base))
        return sweep_directory(directory, name, sweep->is_inside);
    return FA_OK;
}

fa_status fa_directory_sweep(const struct fa_directory *directory, const struct fa_sweep *sweep)
{
    return sweep_names(directory, sweep_name, sweep);
}

static fa_status sweep_one_of(const struct fa_directory *directory, const char *name, const void *of)
{
    char base[NAME_MAX + 1];
    enum fa_entry_kind kind;

    if (!fa_temporary_base(name, base, sizeof base) || strcmp(base, of) != 0)
        return FA_OK;
    FA_TRY(fa_directory_look(directory, name, &kind));
    return kind == FA_ENTRY_FILE ? sweep_file(directory, name) : FA_OK;
}

fa_status fa_directory_sweep_of(const struct fa_directory *directory, const char *of)
{
    return sweep_names(directory, sweep_one_of, of);
}
