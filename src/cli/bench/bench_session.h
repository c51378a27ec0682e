/*
 * bench_session.h - the network that step and conv measure: from the configuration, with random weights.
 */
#ifndef FA_BENCH_SESSION_H
#define FA_BENCH_SESSION_H

#include "bench.h"
#include "session.h"
#include "training_step.h"

struct fa_bench_session {
    struct fa_session session;
    struct fa_training_step step;
    size_t n_repeats;
};

/* By the flags; says on what it measures. Closed after a failure too. */
fa_status fa_bench_session_open(struct fa_invocation *invocation,
                                struct fa_bench_session *bench) FA_CHECK_RESULT;
void fa_bench_session_close(struct fa_bench_session *bench);

#endif
