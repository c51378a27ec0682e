#include "image_list.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/files_below.h"
#include "fa/memory.h"

static fa_status add(struct fa_image_list *list, size_t *room, char *path)
{
    if (list->n == *room) {
        const fa_status status = fa_realloc(&list->paths, 2 * *room + 64, sizeof *list->paths);

        if (status != FA_OK) {
            fa_free(path);
            return status;
        }
        *room = 2 * *room + 64;
    }
    list->paths[list->n++] = path;
    return FA_OK;
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
    return fa_fail(FA_EMISSING, "%s: there is no .jpg or .png in this folder", folder);
}

/* Without what lies in out: pictures that an earlier run drew. */
static fa_status add_folder(struct fa_image_list *list, size_t *room, const char *folder, const char *out)
{
    static const char *const suffixes[] = {".jpg", ".jpeg", ".png", NULL};
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

fa_status fa_image_list_make(const struct fa_arguments *arguments, struct fa_image_list *out)
{
    const char *drawn = fa_arguments_get(arguments, "--out");
    size_t room = 0;
    fa_status status = FA_OK;

    *out = (struct fa_image_list){.n = 0};
    for (size_t i = 0; i < arguments->n && status == FA_OK; i++) {
        const char *name = arguments->given[i].value;

        if (arguments->given[i].flag == NULL)
            status =
                fa_directory_exists(name) ? add_folder(out, &room, name, drawn) : add_file(out, &room, name);
    }
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
