#include "fa/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fa/crc32c.h"
#include "fa/directory.h"
#include "fa/memory.h"
#include "fa/new_file.h"

fa_status fa_open_failure(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG ? FA_EMISSING : FA_EIO;
}

static fa_status open_for_reading(const char *path, int *fd)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a named pipe would else wait for its writer */
    if (*fd < 0)
        return fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot open", path);
    return FA_OK;
}

static fa_status size_of_open(int fd, const char *path, uint64_t *n_bytes)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot find out its size", path);
    if (!S_ISREG(st.st_mode))
        return fa_fail(FA_EFORMAT, "%s: is not a plain file", path);
    *n_bytes = (uint64_t)st.st_size;
    return FA_OK;
}

fa_status fa_file_read_open(int fd, const char *path, size_t limit, char **data, size_t *n_bytes)
{
    uint64_t size = 0;
    char *content;
    fa_status status;

    *data = NULL;
    *n_bytes = 0;
    FA_TRY(size_of_open(fd, path, &size));
    if (size > limit || size >= SIZE_MAX)
        return fa_fail(FA_EFORMAT, "%s: has %llu bytes where at most %zu are expected", path,
                       (unsigned long long)size, limit);
    FA_TRY(fa_alloc((size_t)size + 1, 1, &content));
    status = fa_file_read_at(fd, path, 0, (size_t)size, content);
    if (status != FA_OK) {
        fa_free(content);
        return status;
    }
    content[size] = '\0';
    *data = content;
    *n_bytes = (size_t)size;
    return FA_OK;
}

/* The first or last most bytes. */
static fa_status read_end(const char *path, size_t most, bool is_tail, char **data, size_t *n_bytes)
{
    uint64_t size = 0, n;
    int fd;
    fa_status status;

    *data = NULL;
    *n_bytes = 0;
    FA_TRY(open_for_reading(path, &fd));
    status = size_of_open(fd, path, &size);
    n = size < most ? size : most;
    if (status == FA_OK)
        status = fa_alloc((size_t)n + 1, 1, data);
    if (status == FA_OK)
        status = fa_file_read_at(fd, path, is_tail ? size - n : 0, (size_t)n, *data);
    close(fd);
    if (status == FA_OK) {
        (*data)[n] = '\0';
        *n_bytes = (size_t)n;
        return FA_OK;
    }
    fa_free(*data);
    *data = NULL;
    return status;
}

fa_status fa_file_read_head(const char *path, size_t most, char **data, size_t *n_bytes)
{
    return read_end(path, most, false, data, n_bytes);
}

fa_status fa_file_read_tail(const char *path, size_t most, char **data, size_t *n_bytes)
{
    return read_end(path, most, true, data, n_bytes);
}

fa_status fa_file_read(const char *path, size_t limit, char **data, size_t *n_bytes)
{
    int fd;
    fa_status status;

    *data = NULL;
    *n_bytes = 0;
    FA_TRY(open_for_reading(path, &fd));
    status = fa_file_read_open(fd, path, limit, data, n_bytes);
    close(fd);
    return status;
}

fa_status fa_file_read_at(int fd, const char *path, uint64_t offset, size_t n_bytes, void *data)
{
    size_t done = 0;

    if (offset > INT64_MAX || n_bytes > INT64_MAX - offset)
        return fa_fail(FA_EFORMAT, "%s: ends early: byte %llu is beyond the end of any file", path,
                       (unsigned long long)offset);
    while (done < n_bytes) {
        ssize_t n = pread(fd, (char *)data + done, n_bytes - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fa_fail_errno(FA_EIO, errno, "%s: cannot read at byte %llu", path,
                                 (unsigned long long)(offset + done));
        if (n == 0)
            return fa_fail(FA_EFORMAT, "%s: ends early: %zu bytes at %llu were expected, %zu are there", path,
                           n_bytes, (unsigned long long)offset, done);
        done += (size_t)n;
    }
    return FA_OK;
}

fa_status fa_file_write_atomic(const char *path, const void *data, size_t n_bytes)
{
    struct fa_new_file *file;

    FA_TRY(fa_new_file_open(path, &file));
    return fa_new_file_finish(file, fa_new_file_write(file, data, n_bytes));
}

fa_status fa_file_open_own(const char *path, int flags, int *fd)
{
    struct fa_directory *directory;
    const char *name;
    fa_status status;

    *fd = -1;
    status = fa_directory_open_parent(path, &directory, &name);
    if (status == FA_EMISSING && (flags & O_CREAT) != 0)
        return fa_fail(FA_EIO, "%s: cannot create: %s", path, fa_message());
    FA_TRY(status);
    status = fa_directory_open_own(directory, name, flags, fd);
    fa_directory_close(directory);
    return status;
}

bool fa_file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

bool fa_file_is_same(const char *a, const char *b)
{
    struct stat x, y;

    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

fa_status fa_file_size(const char *path, uint64_t *n_bytes)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot find out its size", path);
    *n_bytes = (uint64_t)st.st_size;
    return FA_OK;
}

static fa_status checksum_pieces(int fd, const char *path, char *piece, size_t piece_bytes, uint32_t *crc,
                                 uint64_t *n_bytes)
{
    *crc = 0;
    *n_bytes = 0;
    for (;;) {
        ssize_t n = pread(fd, piece, piece_bytes, (off_t)*n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fa_fail_errno(FA_EIO, errno, "%s: cannot read", path);
        if (n == 0)
            return FA_OK;
        *crc = fa_crc32c(*crc, piece, (size_t)n);
        *n_bytes += (uint64_t)n;
    }
}

fa_status fa_file_checksum_open(int fd, const char *path, uint32_t *crc, uint64_t *n_bytes)
{
    const size_t piece_bytes = 1 << 20;
    char *piece;
    fa_status status;

    FA_TRY(fa_alloc(piece_bytes, 1, &piece));
    status = checksum_pieces(fd, path, piece, piece_bytes, crc, n_bytes);
    fa_free(piece);
    return status;
}

fa_status fa_file_checksum(const char *path, uint32_t *crc, uint64_t *n_bytes)
{
    int fd;
    fa_status status;

    FA_TRY(open_for_reading(path, &fd));
    status = fa_file_checksum_open(fd, path, crc, n_bytes);
    close(fd);
    return status;
}

bool fa_file_is_dangling(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && stat(path, &st) != 0;
}
