#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"

/* The remover is in a session of its own: what is sent to the terminal's processes, or by a launcher to all
   that a rank started, does not reach it. */
static int spawn_remover(struct fa_bench_folder *folder, int gone)
{
    char script[] = "cat >/dev/null; exec rm -rf -- \"$0\"";
    char *const argv[] = {"sh", "-c", script, folder->path, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error;

    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, gone, STDIN_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    error = posix_spawn(&folder->remover, "/bin/sh", &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

static int start_remover(struct fa_bench_folder *folder)
{
    int ends[2], error;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    folder->alive = ends[1];
    error = spawn_remover(folder, ends[0]);
    close(ends[0]);
    if (error != 0)
        close(ends[1]);
    return error;
}

fa_status fa_bench_folder_make(const char *directory, struct fa_bench_folder *folder)
{
    int error;

    FA_TRY(fa_asprintf(&folder->path, "%s/freeanchor-bench-XXXXXX", directory));
    if (mkdtemp(folder->path) == NULL)
        return fa_fail_errno(FA_EIO, errno, "--out %s: cannot make a directory there", directory);
    error = start_remover(folder);
    if (error == 0)
        return FA_OK;
    rmdir(folder->path);
    return fa_fail_errno(FA_EIO, error, "%s: cannot start the process that would remove it afterwards",
                         folder->path);
}

fa_status fa_bench_folder_remove(struct fa_bench_folder *folder)
{
    int how = 0;
    fa_status status = FA_OK;

    if (folder->remover != 0) {
        close(folder->alive);
        if (waitpid(folder->remover, &how, 0) != folder->remover || how != 0)
            status = fa_fail(FA_EIO,
                             "%s: was not removed completely after the measurement; remove the rest by hand",
                             folder->path);
    }
    fa_free(folder->path);
    *folder = (struct fa_bench_folder){0};
    return status;
}
