#include "config_find.h"

#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"

/* Where recipes lie, from the program's folder: in an installation, and in a clone with build/PRESET. */
static const char *const folders[] = {FA_RECIPES, "../../configs"};

static bool ends_in_json(const char *name)
{
    const size_t length = strlen(name);

    return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

/* Without its last slash; "" where the system does not tell. */
static void program_folder(char *folder, size_t size)
{
    const ssize_t n = readlink("/proc/self/exe", folder, size - 1);
    char *slash;

    folder[n > 0 ? n : 0] = '\0';
    slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
}

/* *out stays NULL where there is none. */
static fa_status find_recipe(const char *name, char **out)
{
    char program[4096];

    program_folder(program, sizeof program);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        FA_TRY(fa_asprintf(out, "%s/%s/%s%s", program, folders[i], name, ends_in_json(name) ? "" : ".json"));
        if (fa_file_exists(*out))
            return FA_OK;
        fa_free(*out);
        *out = NULL;
    }
    return FA_OK;
}

fa_status fa_config_find(const char *path, char **out)
{
    *out = NULL;
    if (path[0] == '\0' || strchr(path, '/') != NULL || fa_file_exists(path))
        return fa_strdup(path, out);
    FA_TRY(find_recipe(path, out));
    if (*out != NULL)
        return FA_OK;
    return fa_fail(
        FA_EMISSING,
        "%s: there is no such file here, and no recipe that came with the program is called so; the "
        "README lists them",
        path);
}
