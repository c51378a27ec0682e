/*
 * work_dir.h - the working directory of a run: while it is taken nobody else works in it, and a rank that
 * hangs ends the job.
 */
#ifndef FA_WORK_DIR_H
#define FA_WORK_DIR_H

#include "fa/comm.h"
#include "fa/directory.h"
#include "fa/status.h"

/* Seconds after which a run that does not move ends itself. */
struct fa_watchdog_config {
    double silence_s;                           /* of a rank; 0: no watch at all */
    double start_s, step_s, evaluate_s, save_s; /* in one activity of the phase; start: also the first step */
};

struct fa_work_dir {
    const char *path;
    struct fa_directory *directory; /* which path leads to */
    struct fa_lock *lock;           /* rank 0 */
    struct fa_watchdog *watchdog;
};

/* Collective. Makes the directory if it is absent, locks it, and watches over the ranks from now on: what is
   slow comes after it. path must stay valid. FA_EIO if somebody else has it, FA_EINVAL if the ranks do not
   share it. To be left also after a failure. */
fa_status fa_work_dir_take(struct fa_comm *comm, const char *path, const struct fa_watchdog_config *config,
                           struct fa_work_dir *out) FA_CHECK_RESULT;

/* Takes one zeroed. */
void fa_work_dir_leave(struct fa_work_dir *work_dir);

#endif
