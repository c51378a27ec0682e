/*
 * full_disk.c - the last state of a run is not given up for a full disk: the run waits until there is room.
 *
 * All ranks wait by the clock and meet in the next attempt. They say what they do, so the watchdog sees that
 * they are alive; a second request to stop ends a process at once (stop.c), and with it the job.
 */
#include <math.h>
#include <time.h>

#include "fa/activity.h"
#include "fa/clock.h"
#include "fa/log.h"
#include "training.h"

/* Seconds between attempts: at first, and at most. */
#define FIRST_PAUSE_S   1.0
#define LONGEST_PAUSE_S 30.0

static void wait_some(double seconds)
{
    const struct timespec nap = {.tv_nsec = 200000000};
    const double until = fa_clock_seconds() + seconds;

    while (fa_clock_seconds() < until) {
        fa_activity_begin("waiting for room on a disk");
        nanosleep(&nap, NULL);
    }
}

/* After the first attempt, the second, the fourth and so on. */
static bool is_to_be_told(unsigned n_attempts)
{
    return (n_attempts & (n_attempts - 1)) == 0;
}

static size_t mib_of_state(const struct fa_training *t)
{
    const struct fa_params *params = t->state.params;
    const size_t n_trained = (t->state.average != NULL ? 2 : 1) * params->n_trainable;

    return ((params->n_elem + n_trained) * sizeof(fa_real) >> 20) + 1;
}

static void tell(const struct fa_training *t, const char *why)
{
    fa_warn("the state after step %lld, %zu MiB, is not saved yet: %s. The run waits for room and tries "
            "again; to end it without saving, %s",
            (long long)t->state.progress.step, mib_of_state(t), why,
            fa_stop_requested(NULL) ? "ask it to stop once more" : "ask it to stop twice, as by a signal");
}

fa_status fa_training_insist(struct fa_training *t, fa_attempt_fn attempt)
{
    double pause_s = FIRST_PAUSE_S;

    for (unsigned n = 1;; n++) {
        bool lacks_room = false;
        const fa_status status = attempt(t, &lacks_room);

        if (status == FA_OK || !lacks_room)
            return status;
        if (fa_comm_rank(t->comm) == 0 && is_to_be_told(n))
            tell(t, fa_message());
        wait_some(pause_s);
        pause_s = fmin(2 * pause_s, LONGEST_PAUSE_S);
    }
}
