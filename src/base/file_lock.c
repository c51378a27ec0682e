#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"

struct fa_lock {
    int fd; /* the lock is the kernel's and goes with the descriptor, however the process ends */
};

static fa_status fail_held(int fd, const char *directory)
{
    char holder[128];
    ssize_t n = pread(fd, holder, sizeof holder - 1, 0);

    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return fa_fail(FA_EIO, "%s: is in use by %s; wait for it, stop it, or choose another directory",
                   directory, holder[0] != '\0' ? holder : "another process");
}

static fa_status lock_open(int fd, const char *directory)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return FA_OK;
    if (errno == EWOULDBLOCK)
        return fail_held(fd, directory);
    if (errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK) {
        fa_warn("%s: this file system has no locks; take care that only one run uses the directory",
                directory);
        return FA_OK;
    }
    return fa_fail_errno(FA_EIO, errno, "%s: cannot lock the directory", directory);
}

/* For the message of whoever finds the lock held. */
static fa_status sign(int fd, const char *directory)
{
    char host[64] = "unknown host", text[128];
    ssize_t length, n;

    gethostname(host, sizeof host - 1);
    length = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    n = ftruncate(fd, 0) != 0 ? -1 : pwrite(fd, text, (size_t)length, 0);
    if (n == length)
        return FA_OK;
    return fa_fail_errno(FA_EIO, n < 0 ? errno : ENOSPC, "%s/" FA_LOCK_NAME ": cannot write", directory);
}

static fa_status acquire(const struct fa_directory *directory, int *fd)
{
    const char *path = fa_directory_path(directory);
    fa_status status;

    FA_TRY(fa_directory_open_own(directory, FA_LOCK_NAME, O_RDWR | O_CREAT, fd));
    status = lock_open(*fd, path);
    if (status == FA_OK)
        status = sign(*fd, path);
    if (status != FA_OK)
        close(*fd);
    return status;
}

fa_status fa_lock_acquire(const struct fa_directory *directory, struct fa_lock **out)
{
    struct fa_lock *lock;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc(1, sizeof *lock, &lock));
    status = acquire(directory, &lock->fd);
    if (status == FA_OK)
        *out = lock;
    else
        fa_free(lock);
    return status;
}

void fa_lock_release(struct fa_lock *lock)
{
    if (lock == NULL)
        return;
    close(lock->fd);
    fa_free(lock);
}
