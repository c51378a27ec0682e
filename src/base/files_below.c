#include "fa/files_below.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fa/directory.h"
#include "fa/file.h"
#include "fa/memory.h"

enum { DEEPEST = 32 };

struct walk {
    const char *const *suffixes;
    struct fa_files *files;
    size_t room;
};

bool fa_name_ends(const char *name, const char *const suffixes[])
{
    const size_t n = strlen(name);

    for (; *suffixes != NULL; suffixes++) {
        const size_t n_suffix = strlen(*suffixes);

        if (n > n_suffix && strcasecmp(name + n - n_suffix, *suffixes) == 0)
            return true;
    }
    return false;
}

static fa_status join(const char *below, const char *name, char **out)
{
    return below[0] == '\0' ? fa_strdup(name, out) : fa_path_join(below, name, out);
}

static fa_status add(struct walk *walk, const char *below, const char *name)
{
    struct fa_files *files = walk->files;

    FA_TRY(fa_reserve(&files->names, files->n + 1, sizeof *files->names, &walk->room));
    FA_TRY(join(below, name, &files->names[files->n]));
    files->n++;
    return FA_OK;
}

static fa_status look_into(struct walk *walk, const struct fa_directory *directory, const char *below,
                           int depth);

static fa_status enter(struct walk *walk, const struct fa_directory *parent, const char *below,
                       const char *name, int depth)
{
    struct fa_directory *directory;
    char *deeper = NULL;
    fa_status status;

    if (depth == DEEPEST)
        return fa_fail(FA_EFORMAT, "%s/%s: folders are nested deeper than %d", fa_directory_path(parent),
                       name, DEEPEST);
    FA_TRY(fa_directory_open_below(parent, name, &directory));
    status = join(below, name, &deeper);
    if (status == FA_OK)
        status = look_into(walk, directory, deeper, depth + 1);
    fa_free(deeper);
    fa_directory_close(directory);
    return status;
}

static fa_status look_at(struct walk *walk, const struct fa_directory *directory, const char *below,
                         const char *name, int depth)
{
    enum fa_entry_kind kind;

    if (name[0] == '.')
        return FA_OK;
    FA_TRY(fa_directory_look(directory, name, &kind));
    if (kind == FA_ENTRY_DIRECTORY)
        return enter(walk, directory, below, name, depth);
    if ((kind == FA_ENTRY_FILE || kind == FA_ENTRY_LINK) && fa_name_ends(name, walk->suffixes))
        return add(walk, below, name);
    return FA_OK;
}

static fa_status look_into(struct walk *walk, const struct fa_directory *directory, const char *below,
                           int depth)
{
    char **names;
    size_t n;
    fa_status status = FA_OK;

    FA_TRY(fa_directory_names(directory, &n, &names));
    for (size_t i = 0; i < n && status == FA_OK; i++)
        status = look_at(walk, directory, below, names[i], depth);
    fa_free(names);
    return status;
}

static int by_byte(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

fa_status fa_files_below(const char *path, const char *const suffixes[], struct fa_files *out)
{
    struct walk walk = {.suffixes = suffixes, .files = out};
    struct fa_directory *directory;
    fa_status status;

    *out = (struct fa_files){.n = 0};
    FA_TRY(fa_directory_open(path, &directory));
    status = look_into(&walk, directory, "", 0);
    fa_directory_close(directory);
    if (status != FA_OK)
        fa_files_free(out);
    else if (out->n > 0)
        qsort(out->names, out->n, sizeof *out->names, by_byte);
    return status;
}

void fa_files_free(struct fa_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        fa_free(files->names[i]);
    fa_free(files->names);
    *files = (struct fa_files){.n = 0};
}
