#include "image_list.h"

#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/files_below.h"
#include "fa/image.h"
#include "fa/memory.h"

static fa_status add(struct fa_image_list *list, size_t *room, char *path)
{
    const fa_status status = fa_reserve(&list->paths, list->n + 1, sizeof *list->paths, room);

    if (status == FA_OK)
        list->paths[list->n++] = path;
    else
        fa_free(path);
    return status;
}

/* "found/" where out is photos/found and folder photos: how the names of files in it begin. "" where out is
   not below the folder, or not there yet. */
static void find_below(const char *folder, const char *out, char below[PATH_MAX])
{
    char outer[PATH_MAX], inner[PATH_MAX];
    size_t n;

    below[0] = '\0';
    if (realpath(folder, outer) == NULL || realpath(out, inner) == NULL)
        return;
    n = strlen(outer);
    if (strncmp(outer, inner, n) == 0 && inner[n] == '/' && strlen(inner + n) < PATH_MAX - 1)
        stpcpy(stpcpy(below, inner + n + 1), "/");
}

static fa_status add_files(struct fa_image_list *list, size_t *room, const char *folder,
                           const struct fa_files *files, const char *below)
{
    const size_t n_before = list->n, n_below = strlen(below);

    for (size_t i = 0; i < files->n; i++) {
        char *path;

        if (n_below > 0 && strncmp(files->names[i], below, n_below) == 0)
            continue;
        FA_TRY(fa_path_join(folder, files->names[i], &path));
        FA_TRY(add(list, room, path));
    }
    if (list->n > n_before)
        return FA_OK;
    return fa_fail(FA_EMISSING, "%s: there is no image in this folder", folder);
}

/* Without what lies in out: pictures that an earlier run drew. */
static fa_status add_folder(struct fa_image_list *list, size_t *room, const char *folder, const char *out)
{
    static const char *const suffixes[] = FA_IMAGE_SUFFIXES;
    char below[PATH_MAX];
    struct fa_files files;
    fa_status status;

    find_below(folder, out, below);
    FA_TRY(fa_files_below(folder, suffixes, &files));
    status = add_files(list, room, folder, &files, below);
    fa_files_free(&files);
    return status;
}

static fa_status add_file(struct fa_image_list *list, size_t *room, const char *name)
{
    char *path;

    FA_TRY(fa_strdup(name, &path));
    return add(list, room, path);
}

/* ---- lists ---- */

#define LARGEST_LIST ((size_t)1 << 30)

static bool is_list(const char *name)
{
    return fa_name_ends(name, (const char *const[]){".txt", NULL});
}

/* A line of the list, which is cut at its end; what it names is relative to the folder of the list. */
static fa_status add_line(struct fa_image_list *list, size_t *room, const char *folder, char *line)
{
    char *path;

    line[strcspn(line, "\r")] = '\0';
    if (line[0] == '\0')
        return FA_OK;
    if (line[0] == '/')
        return add_file(list, room, line);
    FA_TRY(fa_path_join(folder, line, &path));
    return add(list, room, path);
}

static fa_status add_lines(struct fa_image_list *list, size_t *room, const char *name, char *text)
{
    const size_t before = list->n;
    const char *slash = strrchr(name, '/');
    char *folder, *rest = NULL;
    fa_status status = FA_OK;

    FA_TRY(fa_strdup(slash != NULL ? name : ".", &folder));
    if (slash != NULL)
        folder[slash - name + (slash == name)] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && status == FA_OK;
         line = strtok_r(NULL, "\n", &rest))
        status = add_line(list, room, folder, line);
    fa_free(folder);
    if (status == FA_OK && list->n == before)
        return fa_fail(FA_EMISSING, "%s: this list names no image; it needs a path on each line", name);
    return status;
}

static fa_status add_list(struct fa_image_list *list, size_t *room, const char *name)
{
    char *text;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_file_read(name, LARGEST_LIST, &text, &n_bytes));
    status =
        strlen(text) == n_bytes
            ? add_lines(list, room, name, text)
            : fa_fail(FA_EFORMAT, "%s: not a list of images: it has a zero byte at %zu", name, strlen(text));
    fa_free(text);
    return status;
}

/* ---- patterns ---- */

/* For a shell that was kept from it, or that the files are too many for. */
static bool is_pattern(const char *name)
{
    return !fa_file_exists(name) && strpbrk(name, "*?[") != NULL;
}

static fa_status add_pattern(struct fa_image_list *list, size_t *room, const char *pattern)
{
    glob_t found = {.gl_pathc = 0};
    const int failed = glob(pattern, 0, NULL, &found);
    fa_status status = FA_OK;

    if (failed == GLOB_NOSPACE)
        status = fa_fail(FA_ENOMEM, "%s: out of memory for the files that it fits", pattern);
    else if (failed != 0)
        status = fa_fail(FA_EMISSING, "%s: no file fits this pattern", pattern);
    for (size_t i = 0; i < found.gl_pathc && status == FA_OK; i++)
        status = add_file(list, room, found.gl_pathv[i]);
    globfree(&found);
    return status;
}

/* ---- all of them ---- */

static fa_status add_named(struct fa_image_list *list, size_t *room, const char *name, const char *out)
{
    if (fa_directory_exists(name))
        return add_folder(list, room, name, out);
    if (is_pattern(name))
        return add_pattern(list, room, name);
    return is_list(name) ? add_list(list, room, name) : add_file(list, room, name);
}

/* Of several images one that is missing is left out; where all are, nothing is begun. */
static fa_status require_any(const struct fa_image_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (fa_file_exists(list->paths[i]))
            return FA_OK;
    if (list->n == 1)
        return fa_fail(FA_EMISSING, "%s: there is no such file or folder", list->paths[0]);
    return fa_fail(FA_EMISSING, "none of the %zu images is there, the first: %s", list->n, list->paths[0]);
}

fa_status fa_image_list_make(const struct fa_arguments *arguments, struct fa_image_list *out)
{
    const char *drawn = fa_arguments_get(arguments, "--out");
    size_t room = 0;
    fa_status status = FA_OK;

    *out = (struct fa_image_list){.n = 0};
    for (size_t i = 0; i < arguments->n && status == FA_OK; i++)
        if (arguments->given[i].flag == NULL)
            status = add_named(out, &room, arguments->given[i].value, drawn);
    if (status == FA_OK)
        status = require_any(out);
    if (status != FA_OK)
        fa_image_list_free(out);
    return status;
}

void fa_image_list_free(struct fa_image_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        fa_free(list->paths[i]);
    fa_free(list->paths);
    *list = (struct fa_image_list){.n = 0};
}
