#include "pack_rejects.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/printable.h"

#define LOGGED_AT_MOST 100

fa_status fa_rejects_open(const char *out_directory, struct fa_rejects *out)
{
    fa_status st;

    *out = (struct fa_rejects){0};
    st = fa_asprintf(&out->path, "%s.rejected.txt", out_directory);
    if (st == FA_OK)
        st = fa_file_temporary_name(out->path, &out->temporary);
    if (st == FA_OK && unlink(out->path) != 0 && errno != ENOENT)
        st = fa_fail_errno(FA_EIO, errno, "%s: cannot remove the list of an earlier packing", out->path);
    if (st != FA_OK)
        fa_rejects_close(out);
    return st;
}

fa_status fa_rejects_add(struct fa_rejects *rejects, const char *format, ...)
{
    char raw[FA_MESSAGE_MAX], line[FA_MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    fa_printable(raw, strlen(raw), line, sizeof line);
    if (rejects->n == 0)
        snprintf(rejects->first, sizeof rejects->first, "%.*s", (int)sizeof rejects->first - 1, line);
    if (rejects->file == NULL && (rejects->file = fopen(rejects->temporary, "w")) == NULL)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot create", rejects->temporary);
    rejects->n++;
    if (rejects->n <= LOGGED_AT_MOST)
        fa_warn("%s", line);
    if (fprintf(rejects->file, "%s\n", line) < 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot write", rejects->temporary);
    return FA_OK;
}

fa_status fa_rejects_commit(struct fa_rejects *rejects)
{
    FILE *file = rejects->file;

    if (file == NULL)
        return FA_OK;
    rejects->file = NULL;
    if (fclose(file) != 0) {
        const int error = errno;

        unlink(rejects->temporary);
        return fa_fail_errno(FA_EIO, error, "%s: cannot write", rejects->temporary);
    }
    return fa_file_commit(rejects->temporary, rejects->path);
}

void fa_rejects_close(struct fa_rejects *rejects)
{
    if (rejects->file != NULL) {
        fclose(rejects->file);
        unlink(rejects->temporary);
    }
    fa_free(rejects->path);
    fa_free(rejects->temporary);
    *rejects = (struct fa_rejects){0};
}
