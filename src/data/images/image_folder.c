#include "image_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"

#define LARGEST_FILE ((size_t)1 << 30)

fa_status fa_image_folder_open(const char *path, bool follow_links, struct fa_image_folder *out)
{
    char real[PATH_MAX];

    *out = (struct fa_image_folder){.path = path};
    if (!fa_directory_exists(path))
        return fa_fail(FA_EMISSING, "%s: there is no such directory of images", path);
    if (follow_links)
        return FA_OK;
    if (realpath(path, real) == NULL)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot resolve the path", path);
    return fa_strdup(real, &out->real);
}

void fa_image_folder_close(struct fa_image_folder *folder)
{
    fa_free(folder->real);
    *folder = (struct fa_image_folder){0};
}

/* Where the open file is. The descriptor is asked, not the name, which may mean another file by now. */
static bool find_out(int fd, const char *path, char real[PATH_MAX])
{
    char link[32];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, real, PATH_MAX - 1);
    if (n > 0) {
        real[n] = '\0';
        return true;
    }
    return realpath(path, real) != NULL; /* no /proc here */
}

static fa_status require_inside(const struct fa_image_folder *folder, int fd, const char *path)
{
    const size_t n = strlen(folder->real);
    char real[PATH_MAX];

    if (!find_out(fd, path, real))
        return fa_fail_errno(FA_EIO, errno, "%s: cannot resolve the path", path);
    if (strncmp(real, folder->real, n) == 0 && (real[n] == '/' || n == 1))
        return FA_OK;
    return fa_fail(FA_EFORMAT,
                   "%s: is a link out of the image folder, to %s; give --follow-links if that is meant", path,
                   real);
}

static fa_status read_path(const struct fa_image_folder *folder, const char *path, char **data,
                           size_t *n_bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    fa_status st = FA_OK;

    if (fd < 0)
        return fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot open", path);
    if (folder->real != NULL)
        st = require_inside(folder, fd, path);
    if (st == FA_OK)
        st = fa_file_read_open(fd, path, LARGEST_FILE, data, n_bytes);
    close(fd);
    return st;
}

fa_status fa_image_folder_read(const struct fa_image_folder *folder, const char *name, char **data,
                               size_t *n_bytes)
{
    char *path = NULL;
    fa_status st;

    *data = NULL;
    *n_bytes = 0;
    FA_TRY(fa_path_join(folder->path, name, &path));
    st = read_path(folder, path, data, n_bytes);
    fa_free(path);
    return st;
}
