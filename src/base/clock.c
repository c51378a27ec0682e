#include "fa/clock.h"

#include <stdio.h>
#include <time.h>

double fa_clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void stamp(const char *format, char *text, size_t size)
{
    time_t now = time(NULL);
    struct tm local;

    if (localtime_r(&now, &local) == NULL || strftime(text, size, format, &local) == 0)
        snprintf(text, size, "unknown");
}

void fa_clock_stamp(char *text, size_t size)
{
    stamp("%Y-%m-%d %H:%M:%S", text, size);
}

void fa_clock_file_stamp(char *text, size_t size)
{
    stamp("%Y%m%d_%H%M%S", text, size);
}

void fa_clock_duration(double seconds, char *text, size_t size)
{
    const double longest = 1e12; /* fits the buffer; also stops what no integer could hold */
    long long whole, days;
    int hours, minutes, rest;

    if (!(seconds >= 0 && seconds <= longest)) {
        snprintf(text, size, "unknown");
        return;
    }
    whole = (long long)(seconds + 0.5);
    days = whole / 86400;
    hours = (int)(whole % 86400 / 3600);
    minutes = (int)(whole % 3600 / 60);
    rest = (int)(whole % 60);
    if (days > 0)
        snprintf(text, size, "%lld day%s, %d:%02d:%02d", days, days == 1 ? "" : "s", hours, minutes, rest);
    else
        snprintf(text, size, "%d:%02d:%02d", hours, minutes, rest);
}
