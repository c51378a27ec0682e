#include "append.h"

#include <errno.h>
#include <unistd.h>

static bool write_all(int fd, const char *data, size_t n_bytes)
{
    while (n_bytes > 0) {
        const ssize_t n = write(fd, data, n_bytes);

        if (n < 0 && errno != EINTR)
            return false;
        data += n > 0 ? n : 0;
        n_bytes -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool fa_append(int fd, const void *data, size_t n_bytes)
{
    const off_t end = lseek(fd, 0, SEEK_END);
    int error;

    if (write_all(fd, data, n_bytes))
        return true;
    error = errno;
    if (end >= 0)
        (void)!ftruncate(fd, end);
    errno = error;
    return false;
}
