#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"

enum { TRIES = 5 };

struct fa_lock {
    int fd; /* the lock is the kernel's and goes with the descriptor, however the process ends */
};

static void read_holder(int fd, char *holder, size_t size)
{
    const ssize_t n = pread(fd, holder, size - 1, 0);

    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
}

static fa_status fail_held(int fd, const char *directory)
{
    char holder[128];

    read_holder(fd, holder, sizeof holder);
    return fa_fail(FA_EIO, "%s: is in use by %s; wait for it, stop it, or choose another directory",
                   directory, holder[0] != '\0' ? holder : "another process");
}

/* Somebody who only looks has it for an instant, see fa_lock_look. */
static int try_to_lock(int fd)
{
    const struct timespec instant = {.tv_nsec = 20000000};
    int result = flock(fd, LOCK_EX | LOCK_NB);

    for (int i = 0; i < TRIES && result != 0 && errno == EWOULDBLOCK; i++) {
        nanosleep(&instant, NULL);
        result = flock(fd, LOCK_EX | LOCK_NB);
    }
    return result;
}

static fa_status lock_open(int fd, const char *directory)
{
    if (try_to_lock(fd) == 0)
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

fa_status fa_lock_look(const char *directory, bool *is_held, char *holder, size_t size)
{
    char *path;
    int fd;

    *is_held = false;
    holder[0] = '\0';
    FA_TRY(fa_path_join(directory, FA_LOCK_NAME, &path));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    fa_free(path);
    if (fd < 0)
        return FA_OK;
    *is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (*is_held)
        read_holder(fd, holder, size);
    close(fd); /* and with it the lock that we may have */
    return FA_OK;
}
