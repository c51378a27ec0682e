/* Calls the kernel directly: what stands behind these names otherwise (the C library, a sanitizer) is not
 * needed. */
#undef _FORTIFY_SOURCE   /* its inline versions of these functions */
#undef _FILE_OFFSET_BITS /* its renaming of them */
#include "faulty_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

_Static_assert(sizeof(long) == 8, "offsets are one argument of a system call");

const char *const fa_disk_fault_names[FA_DISK_FAULTS] = {"a disk that counts",  "a kill",
                                                         "a kill in a write",   "a power failure",
                                                         "a disk failing once", "a disk that fills up",
                                                         "a disk that breaks"};

/* What HDF5 keeps of a file that the disk did not let it close. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5\n";
}

enum { MAX_UNSYNCED = 64 };

/* Changes of several threads are counted one after another. */
static struct {
    pthread_mutex_t lock;
    bool armed, no_exchange;
    enum fa_disk_fault fault;
    long nth, n;
    int unsynced[MAX_UNSYNCED]; /* descriptors of ours */
    int n_unsynced;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local long n_of_thread;

bool fa_disk_fault_kills(enum fa_disk_fault fault)
{
    return fault == FA_DISK_KILLS || fault == FA_DISK_TEARS || fault == FA_DISK_LOSES;
}

void fa_disk_arm(enum fa_disk_fault fault, long nth)
{
    pthread_mutex_lock(&disk.lock);
    disk.fault = fault;
    disk.nth = nth;
    disk.n = 0;
    disk.armed = true;
    pthread_mutex_unlock(&disk.lock);
}

long fa_disk_disarm(void)
{
    long n;

    pthread_mutex_lock(&disk.lock);
    disk.armed = false;
    n = disk.n;
    pthread_mutex_unlock(&disk.lock);
    return n;
}

long fa_disk_changes_of_thread(void)
{
    return n_of_thread;
}

void fa_disk_allow_exchange(bool allowed)
{
    pthread_mutex_lock(&disk.lock);
    disk.no_exchange = !allowed;
    pthread_mutex_unlock(&disk.lock);
}

bool fa_disk_kills(enum fa_disk_fault fault, long nth, fa_status (*action)(void *context), void *context)
{
    const pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        fa_disk_arm(fault, nth);
        _exit(action(context) == FA_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != 0)
        fail_msg("%s at change %ld: the process is not killed but ends with status %#x",
                 fa_disk_fault_names[fault], nth, (unsigned)status);
    return WIFSIGNALED(status);
}

/* ---- content that a power failure takes ---- */

static int find_unsynced(int fd)
{
    struct stat wanted, st;

    fstat(fd, &wanted);
    for (int i = 0; i < disk.n_unsynced; i++)
        if (fstat(disk.unsynced[i], &st) == 0 && st.st_ino == wanted.st_ino && st.st_dev == wanted.st_dev)
            return i;
    return -1;
}

static void note_unsynced(int fd)
{
    pthread_mutex_lock(&disk.lock);
    if (disk.armed && disk.fault == FA_DISK_LOSES && find_unsynced(fd) < 0) {
        if (disk.n_unsynced == MAX_UNSYNCED)
            abort();
        disk.unsynced[disk.n_unsynced++] = dup(fd);
    }
    pthread_mutex_unlock(&disk.lock);
}

static void note_synced(int fd)
{
    int i;

    pthread_mutex_lock(&disk.lock);
    i = find_unsynced(fd);
    if (i >= 0) {
        close(disk.unsynced[i]);
        disk.unsynced[i] = disk.unsynced[--disk.n_unsynced];
    }
    pthread_mutex_unlock(&disk.lock);
}

static void lose_unsynced(void)
{
    for (int i = 0; i < disk.n_unsynced; i++)
        syscall(SYS_ftruncate, disk.unsynced[i], 0L);
}

/* ---- the fault ---- */

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

enum verdict { PASSES, HALVED, REFUSED };

/* With the lock held: counts a change, and says what is to become of it; of one refused errno says why. */
static enum verdict strike(bool needs_room, bool can_be_halved)
{
    if (!disk.armed)
        return PASSES;
    n_of_thread++;
    if (++disk.n < disk.nth)
        return PASSES;
    if (can_be_halved && disk.n == disk.nth &&
        (disk.fault == FA_DISK_TEARS || disk.fault == FA_DISK_FILLS_UP))
        return HALVED;
    if (disk.fault == FA_DISK_LOSES)
        lose_unsynced();
    if (fa_disk_fault_kills(disk.fault))
        die();
    errno = disk.fault == FA_DISK_FILLS_UP ? ENOSPC : EIO;
    if (disk.fault == FA_DISK_BREAKS || (disk.fault == FA_DISK_FAILS_ONCE && disk.n == disk.nth) ||
        (disk.fault == FA_DISK_FILLS_UP && needs_room))
        return REFUSED;
    return PASSES;
}

static enum verdict judge(bool needs_room, bool can_be_halved)
{
    enum verdict verdict;

    pthread_mutex_lock(&disk.lock);
    verdict = strike(needs_room, can_be_halved);
    pthread_mutex_unlock(&disk.lock);
    return verdict;
}

static bool is_refused(bool needs_room)
{
    return judge(needs_room, false) == REFUSED;
}

static bool is_on_disk(int fd)
{
    struct stat st;

    return fd > STDERR_FILENO && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

static ssize_t after_half_a_write(ssize_t n_written)
{
    if (disk.fault == FA_DISK_TEARS)
        die();
    return n_written;
}

/* ---- the calls ---- */

ssize_t write(int fd, const void *data, size_t n_bytes)
{
    if (is_on_disk(fd)) {
        const enum verdict verdict = judge(true, n_bytes > 1);

        if (verdict == REFUSED)
            return -1;
        if (verdict == HALVED)
            return after_half_a_write(syscall(SYS_write, fd, data, n_bytes / 2));
        note_unsynced(fd);
    }
    return syscall(SYS_write, fd, data, n_bytes);
}

ssize_t pwrite(int fd, const void *data, size_t n_bytes, off_t offset)
{
    const enum verdict verdict = judge(true, n_bytes > 1);

    if (verdict == REFUSED)
        return -1;
    if (verdict == HALVED)
        return after_half_a_write(syscall(SYS_pwrite64, fd, data, n_bytes / 2, offset));
    note_unsynced(fd);
    return syscall(SYS_pwrite64, fd, data, n_bytes, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t n_bytes, off64_t offset)
{
    return pwrite(fd, data, n_bytes, offset);
}

int ftruncate(int fd, off_t length)
{
    if (is_refused(false))
        return -1;
    note_unsynced(fd);
    return (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return ftruncate(fd, length);
}

int fsync(int fd)
{
    if (is_refused(true))
        return -1;
    note_synced(fd);
    return 0;
}

static int open_in(int directory, const char *path, int flags, va_list arguments)
{
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;

    if ((flags & (O_CREAT | O_TRUNC)) != 0 && is_refused(true))
        return -1;
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

/* A function that opens, of this name and with these parameters before the mode. */
#define OPENS(name, directory, ...)                                                                          \
    int name(__VA_ARGS__, int flags, ...)                                                                    \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        int fd;                                                                                              \
                                                                                                             \
        va_start(arguments, flags);                                                                          \
        fd = open_in(directory, path, flags, arguments);                                                     \
        va_end(arguments);                                                                                   \
        return fd;                                                                                           \
    }
OPENS(openat, directory, int directory, const char *path)
OPENS(openat64, directory, int directory, const char *path)
OPENS(open, AT_FDCWD, const char *path)
OPENS(open64, AT_FDCWD, const char *path)

static bool can_exchange(void)
{
    bool possible;

    pthread_mutex_lock(&disk.lock);
    possible = !disk.no_exchange;
    pthread_mutex_unlock(&disk.lock);
    return possible;
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
    if (flags != 0 && !can_exchange()) {
        errno = EINVAL;
        return -1;
    }
    if (is_refused(true))
        return -1;
    return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int directory, const char *path, int flags)
{
    return is_refused(false) ? -1 : (int)syscall(SYS_unlinkat, directory, path, flags);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    return is_refused(true) ? -1 : (int)syscall(SYS_mkdirat, directory, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    const int failed = unlink(path);

    return failed == 0 || errno != EISDIR ? failed : rmdir(path);
}
