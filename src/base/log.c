/*
 * log.c - each line is composed aside and written by one call, so that lines of threads and ranks do not mix.
 * A thread that writes holds nothing that another one needs: a disk or a terminal may keep it for ever, and
 * then the others still have something to say.
 */
#include "fa/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fa/clock.h"
#include "fa/file.h"
#include "fa/printable.h"

enum { LINE_MAX_BYTES = 4096 }; /* longer lines are cut */

static struct {
    _Atomic enum fa_log_level level;
    _Atomic int rank;
    _Atomic bool has_file;
    _Atomic int file;      /* once opened never closed, since somebody may be writing: it changes its file */
    pthread_mutex_t place; /* of whoever puts another file there */
} sink = {.level = FA_LOG_INFO, .file = -1, .place = PTHREAD_MUTEX_INITIALIZER};

void fa_log_set_level(enum fa_log_level level)
{
    atomic_store(&sink.level, level);
}

void fa_log_set_rank(int rank, int n_ranks)
{
    atomic_store(&sink.rank, n_ranks > 1 ? rank : 0);
}

/* ---- the file ---- */

/* Takes fd. */
static void put_in_place(int fd)
{
    pthread_mutex_lock(&sink.place);
    if (atomic_load(&sink.file) < 0) {
        atomic_store(&sink.file, fd);
    } else {
        dup3(fd, atomic_load(&sink.file), O_CLOEXEC);
        close(fd);
    }
    pthread_mutex_unlock(&sink.place);
}

static void forget_file(void)
{
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

    atomic_store(&sink.has_file, false);
    if (nothing >= 0)
        put_in_place(nothing);
}

fa_status fa_log_to_file(const char *path)
{
    int fd;

    if (path == NULL) {
        forget_file();
        return FA_OK;
    }
    FA_TRY(fa_file_open_own(path, O_WRONLY | O_CREAT | O_APPEND, &fd));
    put_in_place(fd);
    atomic_store(&sink.has_file, true);
    return FA_OK;
}

/* ---- lines ---- */

struct line {
    char text[LINE_MAX_BYTES];
    size_t length;
};

static void print_head(struct line *line, enum fa_log_level level)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    const int of_rank = atomic_load(&sink.rank);
    char now[20], rank[24] = "";

    fa_clock_stamp(now, sizeof now);
    if (of_rank != 0)
        snprintf(rank, sizeof rank, "[rank %d] ", of_rank);
    line->length = (size_t)snprintf(line->text, sizeof line->text, "%s %-5s %s", now, names[level], rank);
}

static void print_line(struct line *line, enum fa_log_level level, const char *format, va_list arguments)
{
    char text[LINE_MAX_BYTES];

    print_head(line, level);
    vsnprintf(text, sizeof text, format, arguments);
    fa_printable(text, strlen(text), line->text + line->length, sizeof line->text - line->length);
    line->length += strlen(line->text + line->length);
    line->text[line->length++] = '\n'; /* in place of the text's end */
}

/* There is nobody to tell of a failure. */
static void write_line(int fd, const struct line *line)
{
    for (size_t done = 0; done < line->length;) {
        const ssize_t n = write(fd, line->text + done, line->length - done);

        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return;
    }
}

static bool is_wanted(enum fa_log_level level)
{
    return level >= atomic_load(&sink.level) && (atomic_load(&sink.rank) == 0 || level >= FA_LOG_WARN);
}

static void log_line(bool to_screen, bool to_file, enum fa_log_level level, const char *format,
                     va_list arguments)
{
    struct line line;

    if (!is_wanted(level))
        return;
    print_line(&line, level, format, arguments);
    if (to_screen)
        write_line(STDERR_FILENO, &line);
    if (to_file && atomic_load(&sink.has_file))
        write_line(atomic_load(&sink.file), &line);
}

void fa_log(enum fa_log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(true, true, level, format, arguments);
    va_end(arguments);
}

void fa_log_screen(enum fa_log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(true, false, level, format, arguments);
    va_end(arguments);
}

void fa_log_file(enum fa_log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(false, true, level, format, arguments);
    va_end(arguments);
}

const char *fa_plural(size_t n)
{
    return n == 1 ? "" : "s";
}
