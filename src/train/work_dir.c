#include "fa/work_dir.h"

#include "fa/activity.h"
#include "fa/file.h"
#include "watchdog/watchdog.h"

/* Rank 0. */
static fa_status make_and_lock(struct fa_work_dir *work_dir)
{
    FA_TRY(fa_directory_make(work_dir->path));
    FA_TRY(fa_lock_acquire(work_dir->path, &work_dir->lock));
    return fa_directory_sweep(work_dir->path);
}

fa_status fa_work_dir_take(struct fa_comm *comm, const char *path, const struct fa_watchdog_config *config,
                           struct fa_work_dir *out)
{
    *out = (struct fa_work_dir){.path = path};
    fa_activity_begin("taking the work directory");
    FA_TRY(fa_watchdog_start(comm, config, &out->watchdog));
    FA_TRY(fa_comm_agree(comm, fa_comm_rank(comm) == 0 ? make_and_lock(out) : FA_OK));
    FA_TRY(fa_comm_share_directory(comm, path));
    FA_TRY(fa_watchdog_open_roll(out->watchdog, comm, path));
    fa_comm_met();
    return FA_OK;
}

void fa_work_dir_leave(struct fa_work_dir *work_dir)
{
    fa_watchdog_end(work_dir->watchdog);
    fa_lock_release(work_dir->lock);
    *work_dir = (struct fa_work_dir){0};
}
