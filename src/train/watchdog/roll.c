#include "roll.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fa/clock.h"
#include "fa/file.h"

enum { PAGE = 4096, LINE = 320 };

double fa_roll_patience_s = 10;

static const char *const state_names[FA_ROLL_STATES] = {"running", "waiting",  "overdue", "still",
                                                        "left",    "speaking", "ended"};

const char *fa_roll_state_name(enum fa_roll_state state)
{
    return state_names[state];
}

static fa_status fail_write(const char *path, int error)
{
    return fa_fail_errno(FA_EIO, error, "%s: cannot write", path);
}

/* Zeros follow the text up to LINE bytes. Closing is part of writing: that is when a client sends. */
static fa_status write_text(const char *path, int flags, off_t offset, const char *text)
{
    char line[LINE] = "";
    int fd, error = 0;

    FA_TRY(fa_file_open_own(path, O_WRONLY | flags, &fd));
    snprintf(line, sizeof line, "%s", text);
    errno = ENOSPC; /* for a write that is only short */
    if (pwrite(fd, line, sizeof line, offset) != (ssize_t)sizeof line)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error == 0 ? FA_OK : fail_write(path, error);
}

static void print_run(uint64_t run, char *text, size_t size)
{
    snprintf(text, size, "ranks of run %016" PRIx64 "\n", run);
}

static fa_status take_room(const char *path, int n_ranks)
{
    int fd, error;

    FA_TRY(fa_file_open_own(path, O_RDWR | O_CREAT, &fd));
    error = ftruncate(fd, 0) != 0 ? errno : posix_fallocate(fd, 0, ((off_t)n_ranks + 1) * PAGE);
    close(fd);
    return error == 0 ? FA_OK : fail_write(path, error);
}

fa_status fa_roll_create(const char *path, int n_ranks, uint64_t run)
{
    char text[64];

    print_run(run, text, sizeof text);
    FA_TRY(take_room(path, n_ranks));
    return write_text(path, 0, 0, text);
}

fa_status fa_roll_write(const char *path, const struct fa_roll_line *line)
{
    char text[LINE];

    snprintf(text, sizeof text, "rank %d on %s, beat %" PRIu64 ", %s, %s\n", line->rank, line->host,
             line->beat, state_names[line->state], line->text);
    return write_text(path, 0, (off_t)(line->rank + 1) * PAGE, text);
}

/* ---- reading ---- */

static fa_status open_to_read(const char *path, int *fd)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot open", path);
    posix_fadvise(*fd, 0, 0, POSIX_FADV_DONTNEED);
    return FA_OK;
}

static bool is_of_run(const char *path, uint64_t run)
{
    char wanted[64], found[64] = "";
    int fd;
    bool same;

    print_run(run, wanted, sizeof wanted);
    if (open_to_read(path, &fd) != FA_OK)
        return false;
    same = pread(fd, found, sizeof found - 1, 0) > 0 && strcmp(found, wanted) == 0;
    close(fd);
    return same;
}

static fa_status fail_check(const char *path)
{
    return fa_fail(
        FA_EINVAL,
        "%s: does not show here what rank 0 has just written; the work directory must be on a file system "
        "that all hosts share",
        path);
}

fa_status fa_roll_check(const char *path, uint64_t run)
{
    const struct timespec pause = {.tv_nsec = 250000000};
    const double deadline = fa_clock_seconds() + fa_roll_patience_s;

    while (!is_of_run(path, run)) {
        if (fa_clock_seconds() > deadline)
            return fail_check(path);
        nanosleep(&pause, NULL);
    }
    return FA_OK;
}

static enum fa_roll_state state_named(const char *name)
{
    for (int s = 0; s < FA_ROLL_STATES; s++)
        if (strcmp(name, state_names[s]) == 0)
            return (enum fa_roll_state)s;
    return FA_ROLL_RUNNING;
}

static void parse(const char *text, struct fa_roll_line *line)
{
    struct fa_roll_line found = {0};
    char state[16];

    if (sscanf(text, "rank %d on %63[^,], beat %" SCNu64 ", %15[^,], %127[^\n]", &found.rank, found.host,
               &found.beat, state, found.text) != 5 ||
        found.rank != line->rank)
        return;
    found.state = state_named(state);
    *line = found;
}

fa_status fa_roll_read(const char *path, int n, struct fa_roll_line *lines)
{
    int fd;

    FA_TRY(open_to_read(path, &fd));
    for (int r = 0; r < n; r++) {
        char text[LINE + 1] = "";

        lines[r] = (struct fa_roll_line){.rank = r};
        if (pread(fd, text, LINE, (off_t)(r + 1) * PAGE) == LINE)
            parse(text, &lines[r]);
    }
    close(fd);
    return FA_OK;
}
