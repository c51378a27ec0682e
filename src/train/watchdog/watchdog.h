/*
 * watchdog.h - no hang: a thread in every rank ends the job, saying who is to blame, where nothing moves.
 *
 * Every few seconds it looks at what its rank does (observer.h), has that judged (judge.h), and ends the job
 * if need be (ending.h), all of it in memory. Another thread writes what the rank does into the roll
 * (roll_keeper.h) and reads the others' lines: rank 0 all of them, the rest those of ranks 0 and 1. The job
 * ends with exit code 1 where
 *
 *   - a rank's line has not changed for silence_s: it was stopped or killed, its host is lost, or its disk
 * does not answer. Where the roll cannot be read, nothing is known of others, and nothing is said of them
 *   - a rank has been in one activity for longer than its phase allows: it hangs by itself; so does a save in
 *     the background, whatever the phase, and the work on the roll
 *   - all ranks have been waiting for each other for that long: the network between them is broken, or one
 *     of them hangs inside MPI, which shows in that its thread takes no time of a processor
 *
 * A rank that waits for others is never to blame, however long, as long as one of them works. Time in which
 * the whole process was suspended does not count. No thread here calls MPI. A process in which the kernel
 * keeps a thread, as where a file system is frozen, says why the job ends but is gone only when that lets it
 * go.
 */
#ifndef FA_WATCHDOG_H
#define FA_WATCHDOG_H

#include <stdint.h>

#include "fa/comm.h"
#include "fa/work_dir.h"

enum fa_watch_phase {
    FA_WATCH_START,
    FA_WATCH_FIRST_STEP,
    FA_WATCH_STEP,
    FA_WATCH_EVALUATION,
    FA_WATCH_SAVING,
    FA_WATCH_PHASES
};

struct fa_watchdog;

/* Collective. From now on each rank watches itself. *out is NULL, and all below do nothing, where silence_s
   is 0; to be ended also after a failure. */
fa_status fa_watchdog_start(struct fa_comm *comm, const struct fa_watchdog_config *config,
                            struct fa_watchdog **out) FA_CHECK_RESULT;

/* Collective. From now on ranks watch each other; work_dir must stay valid. FA_EINVAL if they do not share
 * it. */
fa_status fa_watchdog_open_roll(struct fa_watchdog *watchdog, struct fa_comm *comm,
                                const char *work_dir) FA_CHECK_RESULT;

/* This rank leaves the run. */
void fa_watchdog_end(struct fa_watchdog *watchdog);

void fa_watchdog_phase(struct fa_watchdog *watchdog, enum fa_watch_phase phase, int64_t step);

#endif
