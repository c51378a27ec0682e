#include "fa/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fa/clock.h"
#include "fa/file.h"
#include "fa/memory.h"

struct fa_directory {
    int fd;
    char *path;
};

const char *fa_directory_path(const struct fa_directory *directory)
{
    return directory->path;
}

int fa_directory_descriptor(const struct fa_directory *directory)
{
    return directory->fd;
}

/* ---- opening ---- */

/* Takes path and fd, which may be -1 with errno set. */
static fa_status make_handle(int fd, char *path, struct fa_directory **out)
{
    fa_status status;

    *out = NULL;
    if (fd < 0)
        status = fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot open the directory", path);
    else
        status = fa_alloc(1, sizeof **out, out);
    if (status == FA_OK) {
        **out = (struct fa_directory){fd, path};
        return FA_OK;
    }
    if (fd >= 0)
        close(fd);
    fa_free(path);
    return status;
}

fa_status fa_directory_open(const char *path, struct fa_directory **out)
{
    char *copy;

    *out = NULL;
    FA_TRY(fa_strdup(path, &copy));
    return make_handle(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), copy, out);
}

static fa_status open_up_to(const char *path, const char *slash, struct fa_directory **out)
{
    char *parent;
    fa_status status;

    if (slash == NULL)
        return fa_directory_open(".", out);
    FA_TRY(fa_asprintf(&parent, "%.*s", slash == path ? 1 : (int)(slash - path), path));
    status = fa_directory_open(parent, out);
    fa_free(parent);
    return status;
}

fa_status fa_directory_open_parent(const char *path, struct fa_directory **out, const char **name)
{
    const char *slash = strrchr(path, '/');

    *out = NULL;
    *name = slash == NULL ? path : slash + 1;
    if ((*name)[0] == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        return fa_fail(FA_EINVAL, "\"%s\": does not end in the name of a file", path);
    return open_up_to(path, slash, out);
}

/* What stands there is no directory. */
static fa_status fail_kind(const struct fa_directory *parent, const char *name, enum fa_entry_kind kind)
{
    return fa_fail(FA_EIO, "%s/%s: is %s, where only a directory of ours may be; remove it", parent->path,
                   name, kind == FA_ENTRY_LINK ? "a link" : "not a directory");
}

fa_status fa_directory_open_below(const struct fa_directory *parent, const char *name,
                                  struct fa_directory **out)
{
    enum fa_entry_kind kind;
    char *path;

    *out = NULL;
    FA_TRY(fa_directory_look(parent, name, &kind));
    if (kind != FA_ENTRY_DIRECTORY && kind != FA_ENTRY_ABSENT)
        return fail_kind(parent, name, kind);
    FA_TRY(fa_path_join(parent->path, name, &path));
    return make_handle(openat(parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path, out);
}

fa_status fa_directory_make_below(const struct fa_directory *parent, const char *name,
                                  struct fa_directory **out)
{
    *out = NULL;
    if (mkdirat(parent->fd, name, 0777) != 0 && errno != EEXIST) /* other ranks may make it too */
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot make the directory", parent->path, name);
    return fa_directory_open_below(parent, name, out);
}

void fa_directory_close(struct fa_directory *directory)
{
    if (directory == NULL)
        return;
    close(directory->fd);
    fa_free(directory->path);
    fa_free(directory);
}

/* ---- what is in it ---- */

static enum fa_entry_kind kind_of(mode_t mode)
{
    return S_ISREG(mode)   ? FA_ENTRY_FILE
           : S_ISDIR(mode) ? FA_ENTRY_DIRECTORY
           : S_ISLNK(mode) ? FA_ENTRY_LINK
                           : FA_ENTRY_OTHER;
}

fa_status fa_directory_look(const struct fa_directory *directory, const char *name, enum fa_entry_kind *kind)
{
    struct stat st;

    *kind = FA_ENTRY_ABSENT;
    if (fstatat(directory->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *kind = kind_of(st.st_mode);
    else if (errno != ENOENT)
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot find out what it is", directory->path, name);
    return FA_OK;
}

/* Names of a directory, zero-terminated and end to end. */
struct names {
    char *text;
    size_t n, n_bytes, size;
};

static fa_status names_add(struct names *names, const char *name)
{
    size_t length = strlen(name) + 1;

    if (length > names->size - names->n_bytes) {
        size_t size = 2 * names->size + 4096;

        FA_TRY(fa_realloc(&names->text, size, 1));
        names->size = size;
    }
    memcpy(names->text + names->n_bytes, name, length);
    names->n_bytes += length;
    names->n++;
    return FA_OK;
}

static fa_status names_read(struct names *names, DIR *stream, const char *path)
{
    fa_status status = FA_OK;

    while (status == FA_OK) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(stream);
        if (entry == NULL && errno != 0)
            status = fa_fail_errno(FA_EIO, errno, "%s: cannot read the directory", path);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = names_add(names, entry->d_name);
    }
    return status;
}

/* By a descriptor of its own, since one that is shared shares its position too. */
static fa_status names_collect(struct names *names, const struct fa_directory *directory)
{
    const int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    fa_status status;

    if (stream == NULL) {
        status = fa_fail_errno(FA_EIO, errno, "%s: cannot read the directory", directory->path);
        if (fd >= 0)
            close(fd);
        return status;
    }
    status = names_read(names, stream, directory->path);
    closedir(stream);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One block: the pointers, then the texts that they point to. */
static fa_status names_block(const struct names *names, char ***out)
{
    char **block, *text;

    FA_TRY(fa_alloc(names->n * sizeof *block + names->n_bytes, 1, &block));
    text = (char *)(block + names->n);
    if (names->n > 0)
        memcpy(text, names->text, names->n_bytes);
    for (size_t i = 0; i < names->n; i++, text += strlen(text) + 1)
        block[i] = text;
    qsort(block, names->n, sizeof *block, compare_names);
    *out = block;
    return FA_OK;
}

fa_status fa_directory_names(const struct fa_directory *directory, size_t *n, char ***names)
{
    struct names found = {0};
    fa_status status = names_collect(&found, directory);

    *n = 0;
    *names = NULL;
    if (status == FA_OK)
        status = names_block(&found, names);
    if (status == FA_OK)
        *n = found.n;
    fa_free(found.text);
    return status;
}

/* ---- files that are kept ---- */

static fa_status fail_own(const struct fa_directory *directory, const char *name, const char *what)
{
    return fa_fail(FA_EIO, "%s/%s: is %s, and is not written to; remove it, or choose another directory",
                   directory->path, name, what);
}

/* Whoever owns the directory may do there what he likes anyway; and a server may give the files of all its
   clients to one user. */
static fa_status check_own(const struct fa_directory *directory, const char *name, const struct stat *file)
{
    struct stat st;

    if (!S_ISREG(file->st_mode))
        return fail_own(directory, name, S_ISLNK(file->st_mode) ? "a link" : "not a plain file");
    if (file->st_nlink > 1)
        return fail_own(directory, name, "a file that has further names elsewhere");
    if (file->st_uid != geteuid() && (fstat(directory->fd, &st) != 0 || st.st_uid != file->st_uid))
        return fail_own(directory, name, "a file of another user");
    return FA_OK;
}

static fa_status check_open(const struct fa_directory *directory, const char *name, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot find out what it is", directory->path, name);
    return check_own(directory, name, &st);
}

/* It is looked at before, since to open a pipe or a device has effects of its own; and after, since it may
   have become another one in between. */
fa_status fa_directory_open_own(const struct fa_directory *directory, const char *name, int flags, int *fd)
{
    struct stat st;
    fa_status status;

    *fd = -1;
    if (fstatat(directory->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        FA_TRY(check_own(directory, name, &st));
    *fd = openat(directory->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (*fd < 0)
        return fa_fail_errno(fa_open_failure(errno), errno, "%s/%s: cannot open", directory->path, name);
    status = check_open(directory, name, *fd);
    if (status != FA_OK) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

/* ---- changes of names ---- */

fa_status fa_directory_sync(const struct fa_directory *directory)
{
    /* EINVAL: a file system without this notion, whose renames are as durable as it makes them */
    if (fsync(directory->fd) != 0 && errno != EINVAL)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot make the directory durable", directory->path);
    return FA_OK;
}

fa_status fa_directory_rename(const struct fa_directory *directory, const char *from, const char *to)
{
    if (renameat2(directory->fd, from, directory->fd, to, 0) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot rename it to %s", directory->path, from, to);
    return FA_OK;
}

static bool is_not_supported(int error)
{
    return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

fa_status fa_directory_exchange(const struct fa_directory *directory, const char *a, const char *b,
                                bool *possible)
{
    const bool done = renameat2(directory->fd, a, directory->fd, b, RENAME_EXCHANGE) == 0;

    *possible = done || !is_not_supported(errno);
    if (*possible && !done)
        return fa_fail_errno(FA_EIO, errno, "%s/%s: cannot swap it with %s", directory->path, a, b);
    return FA_OK;
}

/* *taken: there is such a name already, and nothing was done. */
static fa_status rename_to_new(const struct fa_directory *directory, const char *from, const char *to,
                               bool *taken)
{
    enum fa_entry_kind kind;
    int error = 0;

    if (renameat2(directory->fd, from, directory->fd, to, RENAME_NOREPLACE) != 0)
        error = errno;
    *taken = error == EEXIST;
    if (error == 0 || *taken)
        return FA_OK;
    if (!is_not_supported(error))
        return fa_fail_errno(FA_EIO, error, "%s/%s: cannot rename it to %s", directory->path, from, to);
    FA_TRY(fa_directory_look(directory, to, &kind));
    *taken = kind != FA_ENTRY_ABSENT;
    return *taken ? FA_OK : fa_directory_rename(directory, from, to);
}

fa_status fa_directory_put_aside(const struct fa_directory *directory, const char *name, char **aside)
{
    bool taken = true;
    fa_status status = FA_OK;
    char stamp[20], *to = NULL;

    *aside = NULL;
    fa_clock_file_stamp(stamp, sizeof stamp);
    for (int i = 1; taken && status == FA_OK; i++) {
        fa_free(to);
        to = NULL;
        status = i == 1 ? fa_asprintf(&to, "%s.before_%s", name, stamp)
                        : fa_asprintf(&to, "%s.before_%s_%d", name, stamp, i);
        if (status == FA_OK)
            status = rename_to_new(directory, name, to, &taken);
    }
    if (status == FA_OK)
        status = fa_path_join(directory->path, to, aside);
    fa_free(to);
    return status;
}
