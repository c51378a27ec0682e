#include "fa/work_dir.h"

#include <stdio.h>
#include <string.h>

#include "fa/activity.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "watchdog/watchdog.h"

/* What a run, a doctor or a replay writes there, and a crash may leave under a temporary name. */
static bool is_of_a_run(const char *name)
{
    static const char *const beginnings[] = {"config.json", "weights.h5", "algorithms.json",
                                             "case_step_", "report.html",  ".seen-by-",  ".doctor-"};

    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

/* ---- directories that are made, and gone again where no run began ---- */

/* "a" of "a/b" and "a/b/"; "" of "a". */
static void go_up(char *path)
{
    size_t length = strlen(path);

    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 0 && path[length - 1] == '/')
        length--;
    path[length] = '\0';
}

/* A path without slashes at its end. */
static fa_status copy_path(const char *path, char **out)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    return fa_asprintf(out, "%.*s", (int)length, path);
}

/* How many directories are to be made. */
static fa_status count_absent(const char *path, int *n)
{
    char *part;

    FA_TRY(copy_path(path, &part));
    for (*n = 0; part[0] != '\0' && !fa_file_exists(part); go_up(part))
        ++*n;
    fa_free(part);
    return FA_OK;
}

/* What a start that fails leaves there. */
static bool is_of_a_start(const char *name)
{
    return strcmp(name, FA_LOCK_NAME) == 0 || strcmp(name, ".ranks") == 0 || strcmp(name, "train.log") == 0;
}

static bool is_lock(const char *name)
{
    return strcmp(name, FA_LOCK_NAME) == 0;
}

static bool is_nothing(const char *name)
{
    (void)name;
    return false;
}

static fa_status remove_one(const char *path, fa_is_ours_fn is_ours)
{
    struct fa_directory *parent;
    const char *name;
    fa_status status;

    FA_TRY(fa_directory_open_parent(path, &parent, &name));
    status = fa_directory_remove_tree(parent, name, is_ours);
    fa_directory_close(parent);
    return status;
}

/* Rank 0. The directory, where it holds traces of a start alone, and parents that hold nothing. */
static fa_status remove_made(const struct fa_work_dir *work_dir)
{
    fa_status status = FA_OK;
    char *part;

    FA_TRY(fa_directory_remove_tree(work_dir->directory, "checkpoints", is_lock));
    FA_TRY(copy_path(work_dir->path, &part));
    for (int i = 0; i < work_dir->n_made && status == FA_OK; i++) {
        status = remove_one(part, i == 0 ? is_of_a_start : is_nothing);
        go_up(part);
    }
    fa_free(part);
    return status;
}

/* ---- taking and leaving ---- */

/* Rank 0. */
static fa_status make_and_lock(struct fa_work_dir *work_dir)
{
    const struct fa_sweep sweep = {.is_file = is_of_a_run};

    FA_TRY(count_absent(work_dir->path, &work_dir->n_made));
    FA_TRY(fa_directory_make(work_dir->path));
    FA_TRY(fa_directory_open(work_dir->path, &work_dir->directory));
    FA_TRY(fa_lock_acquire(work_dir->directory, &work_dir->lock));
    return fa_directory_sweep(work_dir->directory, &sweep);
}

fa_status fa_work_dir_take(struct fa_comm *comm, const char *path, const struct fa_watchdog_config *config,
                           struct fa_work_dir *out)
{
    const bool is_first = fa_comm_rank(comm) == 0;

    *out = (struct fa_work_dir){.comm = comm, .path = path};
    fa_activity_begin("taking the work directory");
    FA_TRY(fa_watchdog_start(comm, config, &out->watchdog));
    FA_TRY(fa_comm_agree(comm, is_first ? make_and_lock(out) : FA_OK));
    FA_TRY(fa_comm_share_directory(comm, path));
    FA_TRY(fa_comm_agree(comm, is_first ? FA_OK : fa_directory_open(path, &out->directory)));
    FA_TRY(fa_watchdog_open_roll(out->watchdog, comm, path));
    fa_comm_met();
    return FA_OK;
}

fa_status fa_work_dir_leave(struct fa_work_dir *work_dir, fa_status status)
{
    char message[FA_MESSAGE_MAX];

    snprintf(message, sizeof message, "%s", fa_message());
    fa_watchdog_end(work_dir->watchdog);
    if (status != FA_OK && work_dir->comm != NULL)
        fa_comm_barrier(work_dir->comm); /* nobody writes to the directory any more */
    if (status != FA_OK && work_dir->lock != NULL && work_dir->n_made > 0)
        (void)!remove_made(work_dir); /* what cannot be removed does no harm */
    fa_lock_release(work_dir->lock);
    fa_directory_close(work_dir->directory);
    *work_dir = (struct fa_work_dir){0};
    return fa_status_forward(status, message);
}
