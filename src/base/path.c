/*
 * path.c - the part of file.h that takes paths as they are, links followed.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fa/directory.h"
#include "fa/file.h"
#include "fa/memory.h"

bool fa_directory_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static fa_status make_one(const char *path)
{
    if (mkdir(path, 0777) != 0) {
        int error = errno; /* other ranks may make it at the same time, which is fine */

        if (!fa_directory_exists(path))
            return fa_fail_errno(FA_EIO, error, "%s: cannot make the directory", path);
    }
    return FA_OK;
}

fa_status fa_directory_make(const char *path)
{
    char *part;
    fa_status status = FA_OK;

    FA_TRY(fa_strdup(path, &part));
    for (char *slash = strchr(part + 1, '/'); slash != NULL && status == FA_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = make_one(part);
        *slash = '/';
    }
    if (status == FA_OK)
        status = make_one(part);
    fa_free(part);
    return status;
}

fa_status fa_directory_list(const char *path, size_t *n, char ***names)
{
    struct fa_directory *directory;
    fa_status status;

    *n = 0;
    *names = NULL;
    FA_TRY(fa_directory_open(path, &directory));
    status = fa_directory_names(directory, n, names);
    fa_directory_close(directory);
    return status;
}

fa_status fa_path_join(const char *directory, const char *name, char **out)
{
    size_t length = strlen(directory);

    return fa_asprintf(out, "%s%s%s", directory, length > 0 && directory[length - 1] != '/' ? "/" : "", name);
}

/* $PWD is only what a shell said. */
static bool is_here(const char *path)
{
    return path != NULL && path[0] == '/' && fa_file_is_same(path, ".");
}

fa_status fa_working_directory(char **out)
{
    const char *said = getenv("PWD");
    char here[PATH_MAX];

    if (is_here(said))
        return fa_strdup(said, out);
    if (getcwd(here, sizeof here) == NULL)
        return fa_fail_errno(FA_EIO, errno, "cannot find out the working directory");
    return fa_strdup(here, out);
}

fa_status fa_directory_free_bytes(const char *path, uint64_t *n_bytes)
{
    struct statvfs st;

    if (statvfs(path, &st) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot find out how much space is free", path);
    *n_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return FA_OK;
}
