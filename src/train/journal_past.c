#include "journal_past.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"

/* A line, as far as it says anything of the past. */
struct told {
    int64_t step; /* 0 where it has none */
    bool is_evaluation;
    double ap;
};

static struct told read_told(const char *line, size_t n_bytes)
{
    struct told told = {.ap = -1};
    struct fa_json *json;
    const char *mode = "";

    if (fa_json_parse("log.jsonl", line, n_bytes, &json) != FA_OK)
        return told;
    fa_json_to_int(fa_json_get(json, "step"), &told.step);
    fa_json_to_string(fa_json_get(json, "mode"), &mode);
    told.is_evaluation = strcmp(mode, "val") == 0;
    fa_json_to_double(fa_json_get(json, "bbox_mAP"), &told.ap);
    fa_json_free(json);
    return told;
}

static void remember(struct fa_journal_past *past, const struct told *told, int64_t step)
{
    if (!told->is_evaluation)
        return;
    past->evaluated = past->evaluated || told->step == step;
    fa_early_stop_note(&past->early_stop, told->step, told->ap);
}

/* The bytes of text up to the first line of a later step, or to one that a crash cut off. */
static size_t bytes_until(const char *text, size_t n_bytes, int64_t step, struct fa_journal_past *past)
{
    size_t kept = 0;
    const char *end;

    while ((end = memchr(text + kept, '\n', n_bytes - kept)) != NULL) {
        const struct told told = read_told(text + kept, (size_t)(end - text) - kept);

        if (told.step > step)
            break;
        remember(past, &told, step);
        kept = (size_t)(end + 1 - text);
    }
    return kept;
}

fa_status fa_journal_cut(const char *path, int fd, int64_t step, struct fa_journal_past *past)
{
    char *text;
    size_t n_bytes, kept;
    fa_status status = FA_OK;

    FA_TRY(fa_file_read(path, FA_JOURNAL_MAX_BYTES, &text, &n_bytes));
    kept = bytes_until(text, n_bytes, step, past);
    if (kept < n_bytes && ftruncate(fd, (off_t)kept) != 0)
        status = fa_fail_errno(FA_EIO, errno, "%s: cannot cut it to %zu bytes", path, kept);
    fa_free(text);
    return status;
}
