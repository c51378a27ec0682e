#include "profile.h"

#include <string.h>

#include "bench.h"
#include "fa/memory.h"

/* The deepest network makes some three thousand in a step. */
#define MAX_SPANS 16384

fa_status fa_profile_open(size_t max_repeats, struct fa_profile *profile)
{
    *profile = (struct fa_profile){.max_repeats = max_repeats};
    return fa_trace_start(MAX_SPANS);
}

void fa_profile_close(struct fa_profile *profile)
{
    fa_trace_stop();
    fa_free(profile->own_s);
    fa_free(profile->spans);
    *profile = (struct fa_profile){0};
}

static fa_status begin(struct fa_profile *profile, const struct fa_span *spans, size_t n)
{
    FA_TRY(fa_alloc(n, sizeof *profile->spans, &profile->spans));
    FA_TRY(fa_alloc(n * profile->max_repeats, sizeof *profile->own_s, &profile->own_s));
    for (size_t i = 0; i < n; i++)
        profile->spans[i] =
            (struct fa_profile_span){.what = spans[i].what, .label = spans[i].label, .item = spans[i].item};
    profile->n_spans = n;
    return FA_OK;
}

static bool is_same_work(const struct fa_profile *profile, const struct fa_span *spans, size_t n)
{
    if (n != profile->n_spans)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(spans[i].what, profile->spans[i].what) != 0 || spans[i].item != profile->spans[i].item)
            return false;
    return true;
}

/* What is spent on asking a device is not its work's. */
static double own_seconds(const struct fa_span *span, bool on_device)
{
    return span->moved || !on_device ? fa_span_own_seconds(span) : 0;
}

static bool any_moved(const struct fa_span *spans, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (spans[i].moved)
            return true;
    return false;
}

fa_status fa_profile_add(struct fa_profile *profile)
{
    const struct fa_span *spans;
    const size_t n = fa_trace_spans(&spans);

    if (profile->spans == NULL)
        FA_TRY(begin(profile, spans, n));
    if (fa_trace_dropped() > 0 || !is_same_work(profile, spans, n))
        return fa_fail(FA_EINVAL,
                       "repetition %zu did other work than the ones before: %zu operations, not %zu",
                       profile->n_repeats, n + fa_trace_dropped(), profile->n_spans);
    profile->on_device = any_moved(spans, n);
    for (size_t i = 0; i < n; i++)
        profile->own_s[i * profile->max_repeats + profile->n_repeats] =
            own_seconds(&spans[i], profile->on_device);
    profile->n_repeats++;
    fa_trace_clear();
    return FA_OK;
}

void fa_profile_finish(struct fa_profile *profile)
{
    for (size_t i = 0; i < profile->n_spans; i++)
        profile->spans[i].own_s = fa_median(profile->own_s + i * profile->max_repeats, profile->n_repeats);
}

double fa_profile_seconds(const struct fa_profile *profile, const char *what, int item)
{
    double sum = 0;

    for (size_t i = 0; i < profile->n_spans; i++)
        if ((what == NULL || strcmp(profile->spans[i].what, what) == 0) &&
            (item == FA_NO_ITEM || profile->spans[i].item == item))
            sum += profile->spans[i].own_s;
    return sum;
}
