/*
 * thread.h - threads beside the one that works. Signals are that one's alone, which looks for them between
 * steps.
 */
#ifndef FA_THREAD_H
#define FA_THREAD_H

#include <pthread.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* As pthread_create, with every signal but those of a crash blocked in the new thread: 0, or an errno value.
   name: at most 15 letters, for top, gdb and /proc. */
int fa_thread_start(pthread_t *thread, const char *name, void *(*run)(void *argument), void *argument);

/* A condition whose timed waits go by CLOCK_MONOTONIC, which nobody sets. */
void fa_condition_init(pthread_cond_t *condition);

FA_END_DECLARATIONS

#endif
