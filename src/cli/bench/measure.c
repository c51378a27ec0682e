#include <math.h>
#include <stdio.h>

#include "bench.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "session.h"

fa_status fa_bench_several_ranks(const struct fa_invocation *invocation)
{
    if (fa_comm_size(invocation->comm) > 1)
        return FA_OK;
    return fa_fail(
        FA_EINVAL,
        "there is nothing to add up on one rank; start it as mpirun -n RANKS freeanchor bench ...");
}

size_t fa_bench_repeats(const struct fa_invocation *invocation)
{
    return (size_t)fa_arguments_whole(&invocation->arguments, "--steps", 5);
}

int fa_bench_classes(const struct fa_invocation *invocation)
{
    return (int)fa_arguments_whole(&invocation->arguments, "--classes", 80);
}

size_t fa_bench_objects(const struct fa_invocation *invocation, size_t fallback)
{
    return (size_t)fa_arguments_whole(&invocation->arguments, "--objects", (int64_t)fallback);
}

static fa_status time_calls(fa_status (*call)(void *context), void *context, size_t n, double *each)
{
    FA_TRY(call(context));
    for (size_t i = 0; i < n; i++) {
        const double start = fa_clock_seconds();

        FA_TRY(call(context));
        each[i] = fa_clock_seconds() - start;
    }
    return FA_OK;
}

fa_status fa_bench_time(fa_status (*call)(void *context), void *context, size_t n, double *seconds)
{
    double *each;
    fa_status status;

    *seconds = NAN;
    FA_TRY(fa_alloc(n, sizeof *each, &each));
    status = time_calls(call, context, n, each);
    if (status == FA_OK)
        *seconds = fa_median(each, n);
    fa_free(each);
    return status;
}

void fa_bench_report_seconds(struct fa_invocation *invocation, const char *name, double seconds)
{
    char key[64];

    snprintf(key, sizeof key, "%s_s", name);
    printf("%-28s %10.4f s\n", name, seconds);
    fa_report_number(invocation, key, seconds);
}

fa_status fa_bench_configured(struct fa_invocation *invocation,
                              fa_status (*measure)(struct fa_invocation *invocation,
                                                   const struct fa_settings *settings))
{
    struct fa_session session;
    fa_status status = fa_session_open(invocation, NULL, &session);

    if (status == FA_OK)
        status = measure(invocation, &session.settings);
    fa_session_close(&session);
    return status;
}
