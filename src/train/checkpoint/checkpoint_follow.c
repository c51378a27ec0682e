/*
 * checkpoint_follow.c - from "latest" or "best", text files that name a checkpoint beside them, to that one.
 */
#include <stdio.h>
#include <string.h>

#include "checkpoint_private.h"
#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/memory.h"

/* "<root>/<first word of text>", NULL if there is no such directory. */
static fa_status find_beside(const char *path, const char *text, char **directory)
{
    const char *slash = strrchr(path, '/');
    const int n_root = slash == NULL ? 0 : (int)(slash + 1 - path);
    char name[FA_CHECKPOINT_NAME_MAX];

    _Static_assert(FA_CHECKPOINT_NAME_MAX == 64, "the width below");
    if (sscanf(text, "%63s", name) != 1 || name[0] == '.' || strchr(name, '/') != NULL)
        return FA_OK;
    FA_TRY(fa_asprintf(directory, "%.*s%s", n_root, path, name));
    if (!fa_directory_exists(*directory)) {
        fa_free(*directory);
        *directory = NULL;
    }
    return FA_OK;
}

fa_status fa_checkpoint_follow(const char *path, char **directory)
{
    uint64_t n_bytes;
    size_t n_read;
    char *text;
    fa_status status;

    *directory = NULL;
    if (!fa_file_exists(path) || fa_directory_exists(path))
        return FA_OK;
    FA_TRY(fa_file_size(path, &n_bytes));
    if (n_bytes > FA_CHECKPOINT_POINTER_MAX)
        return FA_OK;
    FA_TRY(fa_file_read(path, FA_CHECKPOINT_POINTER_MAX, &text, &n_read));
    status = find_beside(path, text, directory);
    fa_free(text);
    return status;
}
