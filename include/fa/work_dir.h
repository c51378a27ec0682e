/*
 * work_dir.h - the working directory of a run: while it is taken nobody else works in it, and a rank that
 * hangs ends the job.
 */
#ifndef FA_WORK_DIR_H
#define FA_WORK_DIR_H

#include "fa/comm.h"
#include "fa/declarations.h"
#include "fa/directory.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* Seconds after which a run that does not move ends itself. */
struct fa_watchdog_config {
    double silence_s;                           /* of a rank; 0: no watch at all */
    double start_s, step_s, evaluate_s, save_s; /* in one activity of the phase; start: also the first step */
};

struct fa_work_dir {
    struct fa_comm *comm;
    const char *path;
    struct fa_directory *directory; /* which path leads to */
    struct fa_lock *lock;           /* rank 0 */
    int n_made;                     /* rank 0: how many directories were made for it, itself and parents */
    struct fa_watchdog *watchdog;
};

/* Collective. Makes the directory if it is absent, locks it, and watches over the ranks from now on: what is
   slow comes after it. path must stay valid. FA_EIO if somebody else has it, FA_EINVAL if the ranks do not
   share it. To be left also after a failure. */
fa_status fa_work_dir_take(struct fa_comm *comm, const char *path, const struct fa_watchdog_config *config,
                           struct fa_work_dir *out) FA_CHECK_RESULT;

/* Takes one zeroed. Collective where the work failed, which it does on all ranks. status is how it ended, and
   is returned with its message: after a failure a directory that was made for it, and has no record of a run,
   is removed. */
fa_status fa_work_dir_leave(struct fa_work_dir *work_dir, fa_status status) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
