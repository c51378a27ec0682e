#include "pack_rejects.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "fa/log.h"
#include "fa/memory.h"
#include "fa/printable.h"

#define LOGGED_AT_MOST 100

fa_status fa_rejects_open(const char *out_directory, bool is_silent, struct fa_rejects *out)
{
    fa_status st;

    *out = (struct fa_rejects){.is_silent = is_silent};
    st = fa_asprintf(&out->path, "%s.rejected.txt", out_directory);
    if (st == FA_OK && !is_silent && unlink(out->path) != 0 && errno != ENOENT)
        st = fa_fail_errno(FA_EIO, errno, "%s: cannot remove the list of an earlier packing", out->path);
    if (st != FA_OK)
        fa_rejects_close(out);
    return st;
}

static fa_status begin_list(struct fa_rejects *rejects)
{
    fa_status status;

    FA_TRY(fa_new_file_open(rejects->path, &rejects->target));
    status = fa_new_file_stream(rejects->target, &rejects->stream);
    if (status != FA_OK) {
        fa_new_file_discard(rejects->target);
        rejects->target = NULL;
    }
    return status;
}

static fa_status write_line(struct fa_rejects *rejects, const char *line)
{
    if (rejects->target == NULL)
        FA_TRY(begin_list(rejects));
    if (rejects->n <= LOGGED_AT_MOST)
        fa_warn("%s", line);
    if (fprintf(rejects->stream, "%s\n", line) < 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot write", rejects->path);
    return FA_OK;
}

fa_status fa_rejects_add(struct fa_rejects *rejects, const char *format, ...)
{
    char raw[FA_MESSAGE_MAX], line[FA_MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    fa_printable(raw, strlen(raw), line, sizeof line);
    if (rejects->n++ == 0)
        snprintf(rejects->first, sizeof rejects->first, "%.*s", (int)sizeof rejects->first - 1, line);
    return rejects->is_silent ? FA_OK : write_line(rejects, line);
}

/* Closes the stream, and gives what it could not write. */
static fa_status close_stream(struct fa_rejects *rejects)
{
    FILE *stream = rejects->stream;

    rejects->stream = NULL;
    if (fclose(stream) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot write", rejects->path);
    return FA_OK;
}

fa_status fa_rejects_commit(struct fa_rejects *rejects)
{
    struct fa_new_file *target = rejects->target;

    if (target == NULL)
        return FA_OK;
    rejects->target = NULL;
    return fa_new_file_finish(target, close_stream(rejects));
}

void fa_rejects_close(struct fa_rejects *rejects)
{
    if (rejects->stream != NULL)
        fclose(rejects->stream);
    fa_new_file_discard(rejects->target);
    fa_free(rejects->path);
    *rejects = (struct fa_rejects){0};
}
