#include "fa/work_dir.h"

#include <string.h>

#include "fa/activity.h"
#include "fa/file.h"
#include "watchdog/watchdog.h"

/* What a run, a doctor or a replay writes there, and a crash may leave under a temporary name. */
static bool is_of_a_run(const char *name)
{
    static const char *const beginnings[] = {"config.json", "weights.h5", "algorithms.json",
                                             "case_step_",  ".seen-by-",  ".doctor-"};

    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

/* Rank 0. */
static fa_status make_and_lock(struct fa_work_dir *work_dir)
{
    const struct fa_sweep sweep = {.is_file = is_of_a_run};

    FA_TRY(fa_directory_make(work_dir->path));
    FA_TRY(fa_directory_open(work_dir->path, &work_dir->directory));
    FA_TRY(fa_lock_acquire(work_dir->directory, &work_dir->lock));
    return fa_directory_sweep(work_dir->directory, &sweep);
}

fa_status fa_work_dir_take(struct fa_comm *comm, const char *path, const struct fa_watchdog_config *config,
                           struct fa_work_dir *out)
{
    const bool is_first = fa_comm_rank(comm) == 0;

    *out = (struct fa_work_dir){.path = path};
    fa_activity_begin("taking the work directory");
    FA_TRY(fa_watchdog_start(comm, config, &out->watchdog));
    FA_TRY(fa_comm_agree(comm, is_first ? make_and_lock(out) : FA_OK));
    FA_TRY(fa_comm_share_directory(comm, path));
    FA_TRY(fa_comm_agree(comm, is_first ? FA_OK : fa_directory_open(path, &out->directory)));
    FA_TRY(fa_watchdog_open_roll(out->watchdog, comm, path));
    fa_comm_met();
    return FA_OK;
}

void fa_work_dir_leave(struct fa_work_dir *work_dir)
{
    fa_watchdog_end(work_dir->watchdog);
    fa_lock_release(work_dir->lock);
    fa_directory_close(work_dir->directory);
    *work_dir = (struct fa_work_dir){0};
}
