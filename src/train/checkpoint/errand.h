/*
 * errand.h - one piece of work done by a thread of its own, and how it ended.
 *
 * The thread lasts as long as the errand, which says what it does by fa_activity_beside. That it cannot be
 * started is a failure of the errand like another.
 */
#ifndef FA_ERRAND_H
#define FA_ERRAND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fa/status.h"

/* Zeroed before its first start; may be started again when it was ended. */
struct fa_errand {
    pthread_t thread;
    bool has_thread;
    atomic_bool over;
    fa_status (*run)(void *context);
    void *context;
    fa_status status;
    char message[FA_MESSAGE_MAX];
};

void fa_errand_start(struct fa_errand *errand, fa_status (*run)(void *context), void *context);
bool fa_errand_is_over(struct fa_errand *errand);

/* Waits for the thread to leave; gives what run gave, its message being this thread's now. */
fa_status fa_errand_end(struct fa_errand *errand) FA_CHECK_RESULT;

#endif
