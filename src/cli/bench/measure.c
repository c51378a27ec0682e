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

fa_status fa_bench_repeats(const struct fa_invocation *invocation, size_t *n)
{
    long given;

    FA_TRY(fa_arguments_int(&invocation->arguments, "--steps", 1, 1000, 5, &given));
    *n = (size_t)given;
    return FA_OK;
}

fa_status fa_bench_size(const struct fa_invocation *invocation, int *h, int *w)
{
    *h = 800;
    *w = 1344;
    return fa_arguments_size(&invocation->arguments, "--size", h, w);
}

fa_status fa_bench_classes(const struct fa_invocation *invocation, int *n)
{
    long given;

    FA_TRY(fa_arguments_int(&invocation->arguments, "--classes", 1, 10000, 80, &given));
    *n = (int)given;
    return FA_OK;
}

fa_status fa_bench_objects(const struct fa_invocation *invocation, size_t fallback, size_t *n)
{
    long given;

    FA_TRY(fa_arguments_int(&invocation->arguments, "--objects", 0, 10000, (long)fallback, &given));
    *n = (size_t)given;
    return FA_OK;
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
