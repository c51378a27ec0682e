#include "fa/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/memory.h"

/* Of a name, in that of its temporary, which must not become too long for a file system. */
enum { NAME_KEPT = 200 };

struct fa_new_file {
    int directory; /* descriptor */
    int fd;
    char *path, *temporary;
    const char *name; /* last part of path */
};

/* ---- names ---- */

fa_status fa_token_make(char token[FA_TOKEN_SIZE])
{
    uint64_t random;

    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return fa_fail_errno(FA_EIO, errno, "the system gives no random numbers");
    snprintf(token, FA_TOKEN_SIZE, "%016" PRIx64, random);
    return FA_OK;
}

/* Without ".<token>" at its end. */
static size_t length_without_token(const char *name, size_t length)
{
    const size_t n_token = FA_TOKEN_SIZE - 1;

    if (length <= n_token + 1 || name[length - n_token - 1] != '.' ||
        strspn(name + length - n_token, "0123456789abcdef") < n_token)
        return length;
    return length - n_token - 1;
}

bool fa_temporary_base(const char *name, char *base, size_t size)
{
    const size_t n = strlen(name), n_suffix = strlen(FA_TEMPORARY_SUFFIX);

    if (n < n_suffix || strcmp(name + n - n_suffix, FA_TEMPORARY_SUFFIX) != 0)
        return false;
    snprintf(base, size, "%.*s", (int)length_without_token(name, n - n_suffix), name);
    return true;
}

/* ---- opening ---- */

/* Takes what it has; NULL is fine. */
static void free_file(struct fa_new_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (file->directory >= 0)
        close(file->directory);
    fa_free(file->temporary);
    fa_free(file->path);
    fa_free(file);
}

/* The lock keeps sweeps away; where the file system has none, nobody else works in the directory. */
static fa_status create(struct fa_new_file *file, const struct fa_directory *directory, const char *name)
{
    char token[FA_TOKEN_SIZE];

    FA_TRY(fa_path_join(fa_directory_path(directory), name, &file->path));
    file->name = file->path + strlen(file->path) - strlen(name);
    FA_TRY(fa_token_make(token));
    FA_TRY(fa_asprintf(&file->temporary, "%.*s.%s%s", NAME_KEPT, name, token, FA_TEMPORARY_SUFFIX));
    file->directory = fcntl(fa_directory_descriptor(directory), F_DUPFD_CLOEXEC, 0);
    if (file->directory >= 0)
        file->fd = openat(file->directory, file->temporary,
                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file->fd < 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot create", file->path);
    flock(file->fd, LOCK_EX | LOCK_NB);
    return FA_OK;
}

fa_status fa_new_file_open_in(const struct fa_directory *directory, const char *name,
                              struct fa_new_file **out)
{
    struct fa_new_file *file;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *file, &file));
    file->fd = file->directory = -1;
    status = create(file, directory, name);
    if (status == FA_OK)
        *out = file;
    else
        free_file(file);
    return status;
}

fa_status fa_new_file_open(const char *path, struct fa_new_file **out)
{
    struct fa_directory *directory;
    const char *name;
    fa_status status = fa_directory_open_parent(path, &directory, &name);

    *out = NULL;
    if (status == FA_EMISSING || status == FA_EIO)
        return fa_fail(FA_EIO, "%s: cannot create: %s", path, fa_message());
    FA_TRY(status);
    status = fa_directory_sweep_of(directory, name);
    if (status != FA_ENOMEM) /* what cannot be removed does no harm */
        status = fa_new_file_open_in(directory, name, out);
    fa_directory_close(directory);
    return status;
}

/* ---- writing ---- */

const char *fa_new_file_path(const struct fa_new_file *file)
{
    return file->path;
}

int fa_new_file_descriptor(const struct fa_new_file *file)
{
    return file->fd;
}

fa_status fa_new_file_write(struct fa_new_file *file, const void *data, size_t n_bytes)
{
    size_t done = 0;

    while (done < n_bytes) {
        ssize_t n = write(file->fd, (const char *)data + done, n_bytes - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fa_fail_errno(FA_EIO, errno, "%s: cannot write", file->path);
        done += (size_t)n;
    }
    return FA_OK;
}

fa_status fa_new_file_stream(struct fa_new_file *file, FILE **out)
{
    const int fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);

    *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (*out != NULL)
        return FA_OK;
    if (fd >= 0)
        close(fd);
    return fa_fail_errno(FA_EIO, errno, "%s: cannot write", file->path);
}

fa_status fa_new_file_checksum(struct fa_new_file *file, uint32_t *crc, uint64_t *n_bytes)
{
    return fa_file_checksum_open(file->fd, file->path, crc, n_bytes);
}

/* ---- the end ---- */

static fa_status give_name(struct fa_new_file *file)
{
    if (fsync(file->fd) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot make it durable", file->path);
    if (renameat2(file->directory, file->temporary, file->directory, file->name, 0) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot rename %s to it", file->path, file->temporary);
    return FA_OK;
}

static fa_status sync_directory(const struct fa_new_file *file)
{
    /* EINVAL: a file system without this notion, whose renames are as durable as it makes them */
    if (fsync(file->directory) != 0 && errno != EINVAL)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot make its directory durable", file->path);
    return FA_OK;
}

fa_status fa_new_file_commit(struct fa_new_file *file)
{
    fa_status status = give_name(file);

    if (status != FA_OK) {
        fa_new_file_discard(file);
        return status;
    }
    status = sync_directory(file);
    free_file(file);
    return status;
}

void fa_new_file_discard(struct fa_new_file *file)
{
    if (file != NULL)
        unlinkat(file->directory, file->temporary, 0);
    free_file(file);
}

fa_status fa_new_file_finish(struct fa_new_file *file, fa_status status)
{
    if (status == FA_OK)
        return fa_new_file_commit(file);
    fa_new_file_discard(file); /* keeps the message */
    return status;
}

fa_status fa_directory_write(const struct fa_directory *directory, const char *name, const void *data,
                             size_t n_bytes)
{
    struct fa_new_file *file;

    FA_TRY(fa_new_file_open_in(directory, name, &file));
    return fa_new_file_finish(file, fa_new_file_write(file, data, n_bytes));
}
