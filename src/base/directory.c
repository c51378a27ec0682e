#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

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

fa_status fa_directory_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fa_status status = FA_OK;

    if (fd < 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot open the directory", path);
    /* EINVAL: a file system without this notion, whose renames are as durable as it makes them */
    if (fsync(fd) != 0 && errno != EINVAL)
        status = fa_fail_errno(FA_EIO, errno, "%s: cannot make the directory durable", path);
    close(fd);
    return status;
}

/* Names of a directory, zero-terminated and end to end. */
struct names {
    char *text;
    size_t n, n_bytes, size;
};

static fa_status names_add(struct names *names, const char *name)
{
    size_t length = strlen(name) + 1;

    if (length > names->size - names->n_bytes) {
        size_t size = 2 * names->size + 4096;

        FA_TRY(fa_realloc(&names->text, size, 1));
        names->size = size;
    }
    memcpy(names->text + names->n_bytes, name, length);
    names->n_bytes += length;
    names->n++;
    return FA_OK;
}

static fa_status names_read(struct names *names, const char *path)
{
    DIR *directory = opendir(path);
    fa_status status = FA_OK;

    if (directory == NULL)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot open the directory", path);
    while (status == FA_OK) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(directory);
        if (entry == NULL && errno != 0)
            status = fa_fail_errno(FA_EIO, errno, "%s: cannot read the directory", path);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = names_add(names, entry->d_name);
    }
    closedir(directory);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One block: the pointers, then the texts that they point to. */
static fa_status names_block(const struct names *names, char ***out)
{
    char **block, *text;

    FA_TRY(fa_alloc(names->n * sizeof *block + names->n_bytes, 1, &block));
    text = (char *)(block + names->n);
    if (names->n > 0)
        memcpy(text, names->text, names->n_bytes);
    for (size_t i = 0; i < names->n; i++, text += strlen(text) + 1)
        block[i] = text;
    qsort(block, names->n, sizeof *block, compare_names);
    *out = block;
    return FA_OK;
}

fa_status fa_directory_list(const char *path, size_t *n, char ***names)
{
    struct names found = {0};
    fa_status status = names_read(&found, path);

    *n = 0;
    *names = NULL;
    if (status == FA_OK)
        status = names_block(&found, names);
    if (status == FA_OK)
        *n = found.n;
    fa_free(found.text);
    return status;
}

static fa_status remove_file(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot remove", path);
    return FA_OK;
}

static bool is_any(const char *name)
{
    (void)name;
    return true;
}

/* Calls visit with the path of every entry of directory whose name is wanted. */
static fa_status for_each_entry(const char *directory, bool (*is_wanted)(const char *name),
                                fa_status (*visit)(const char *path))
{
    size_t n;
    char **names;
    fa_status status = fa_directory_list(directory, &n, &names);

    for (size_t i = 0; i < n && status == FA_OK; i++) {
        char *path;

        if (!is_wanted(names[i]))
            continue;
        status = fa_path_join(directory, names[i], &path);
        if (status == FA_OK)
            status = visit(path);
        fa_free(path);
    }
    fa_free(names);
    return status;
}

fa_status fa_directory_remove(const char *path)
{
    if (!fa_file_exists(path))
        return FA_OK;
    FA_TRY(for_each_entry(path, is_any, remove_file));
    if (rmdir(path) != 0 && errno != ENOENT)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot remove the directory", path);
    return FA_OK;
}

static fa_status remove_file_or_directory(const char *path)
{
    return fa_directory_exists(path) ? fa_directory_remove(path) : remove_file(path);
}

fa_status fa_directory_sweep(const char *path)
{
    return for_each_entry(path, fa_file_is_temporary, remove_file_or_directory);
}

fa_status fa_path_join(const char *directory, const char *name, char **out)
{
    size_t length = strlen(directory);

    return fa_asprintf(out, "%s%s%s", directory, length > 0 && directory[length - 1] != '/' ? "/" : "", name);
}

fa_status fa_directory_free_bytes(const char *path, uint64_t *n_bytes)
{
    struct statvfs st;

    if (statvfs(path, &st) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot ask for the free space", path);
    *n_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return FA_OK;
}
