#include "errand.h"

#include <stdio.h>

#include "fa/activity.h"
#include "fa/thread.h"

static void settle(struct fa_errand *errand, fa_status status)
{
    errand->status = status;
    snprintf(errand->message, sizeof errand->message, "%s", status == FA_OK ? "" : fa_message());
    atomic_store(&errand->over, true);
}

static void *run(void *argument)
{
    struct fa_errand *errand = argument;

    const fa_status status = errand->run(errand->context);

    fa_activity_beside(NULL);
    settle(errand, status);
    return NULL;
}

void fa_errand_start(struct fa_errand *errand, fa_status (*what)(void *context), void *context)
{
    int error;

    errand->run = what;
    errand->context = context;
    atomic_store(&errand->over, false);
    error = fa_thread_start(&errand->thread, "errand", run, errand);
    errand->has_thread = error == 0;
    if (error != 0)
        settle(errand, fa_fail_errno(FA_EIO, error, "the thread that writes checkpoints cannot be started"));
}

bool fa_errand_is_over(struct fa_errand *errand)
{
    return atomic_load(&errand->over);
}

fa_status fa_errand_end(struct fa_errand *errand)
{
    if (errand->has_thread)
        pthread_join(errand->thread, NULL);
    errand->has_thread = false;
    return fa_status_forward(errand->status, errand->message);
}
