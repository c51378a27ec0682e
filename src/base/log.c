#include "fa/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "fa/clock.h"

enum { LINE_MAX_BYTES = 4096 }; /* longer lines are cut */

static struct {
    pthread_mutex_t lock;
    enum fa_log_level level;
    int rank;
    FILE *file; /* NULL: standard error only */
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = FA_LOG_INFO};

void fa_log_set_level(enum fa_log_level level)
{
    pthread_mutex_lock(&sink.lock);
    sink.level = level;
    pthread_mutex_unlock(&sink.lock);
}

void fa_log_set_rank(int rank, int n_ranks)
{
    pthread_mutex_lock(&sink.lock);
    sink.rank = n_ranks > 1 ? rank : 0;
    pthread_mutex_unlock(&sink.lock);
}

fa_status fa_log_to_file(const char *path)
{
    FILE *file = NULL, *before;

    if (path != NULL) {
        file = fopen(path, "ae");
        if (file == NULL)
            return fa_fail_errno(FA_EIO, errno, "%s: cannot open the log file", path);
        setvbuf(file, NULL, _IOLBF, 0); /* a crash keeps every whole line */
    }
    pthread_mutex_lock(&sink.lock);
    before = sink.file;
    sink.file = file;
    pthread_mutex_unlock(&sink.lock);
    if (before != NULL)
        fclose(before);
    return FA_OK;
}

/* With the lock held: what the line begins with. Returns its length. */
static size_t print_head(enum fa_log_level level, char *line, size_t size)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    char now[20], rank[24] = "";

    fa_clock_stamp(now, sizeof now);
    if (sink.rank != 0)
        snprintf(rank, sizeof rank, "[rank %d] ", sink.rank);
    return (size_t)snprintf(line, size, "%s %-5s %s", now, names[level], rank);
}

/* With the lock held. A line is written in one call, so that those of several ranks do not mix. */
static void print_line(FILE *const *files, enum fa_log_level level, const char *format, va_list arguments)
{
    char line[LINE_MAX_BYTES];
    size_t used = print_head(level, line, sizeof line - 1); /* one byte is kept for the line's end */
    int wanted = vsnprintf(line + used, sizeof line - 1 - used, format, arguments);

    if (wanted > 0)
        used += (size_t)wanted < sizeof line - 1 - used ? (size_t)wanted : sizeof line - 2 - used;
    line[used] = '\n';
    line[used + 1] = '\0';
    for (; *files != NULL; files++)
        fputs(line, *files);
}

static bool is_wanted(enum fa_log_level level)
{
    return level >= sink.level && (sink.rank == 0 || level >= FA_LOG_WARN);
}

void fa_log(enum fa_log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    pthread_mutex_lock(&sink.lock);
    if (is_wanted(level))
        print_line((FILE *[]){stderr, sink.file, NULL}, level, format, arguments);
    pthread_mutex_unlock(&sink.lock);
    va_end(arguments);
}

void fa_log_file(enum fa_log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    pthread_mutex_lock(&sink.lock);
    if (is_wanted(level))
        print_line((FILE *[]){sink.file, NULL}, level, format, arguments);
    pthread_mutex_unlock(&sink.lock);
    va_end(arguments);
}

const char *fa_plural(size_t n)
{
    return n == 1 ? "" : "s";
}
