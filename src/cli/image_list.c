#include "image_list.h"

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

static fa_status add_folder(struct fa_image_list *list, size_t *room, const char *folder)
{
    static const char *const suffixes[] = {".jpg", ".jpeg", ".png", NULL};
    struct fa_files files;
    fa_status status;

    FA_TRY(fa_files_below(folder, suffixes, &files));
    status =
        files.n > 0 ? FA_OK : fa_fail(FA_EMISSING, "%s: there is no .jpg or .png in this folder", folder);
    for (size_t i = 0; i < files.n && status == FA_OK; i++) {
        char *path;

        status = fa_path_join(folder, files.names[i], &path);
        if (status == FA_OK)
            status = add(list, room, path);
    }
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
    size_t room = 0;
    fa_status status = FA_OK;

    *out = (struct fa_image_list){.n = 0};
    for (size_t i = 0; i < arguments->n && status == FA_OK; i++) {
        const char *name = arguments->given[i].value;

        if (arguments->given[i].flag == NULL)
            status = fa_directory_exists(name) ? add_folder(out, &room, name) : add_file(out, &room, name);
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
