#include "fa/advance.h"

#include <stdio.h>
#include <unistd.h>

#include "fa/clock.h"
#include "fa/log.h"

#define CLEAR_LINE "\r\033[K"

/* Seconds between lines: on a terminal; else before the first, and between the others. */
#define TERMINAL_S 0.5
#define FIRST_S    10
#define LOG_S      30

void fa_advance_begin(struct fa_advance *advance, const char *what, size_t n)
{
    const double now = fa_clock_seconds();

    *advance = (struct fa_advance){.what = what, .n = n, .started = now, .told_at = now};
    advance->terminal = isatty(STDERR_FILENO);
    advance->pause_s = advance->terminal ? TERMINAL_S : FIRST_S;
    pthread_mutex_init(&advance->lock, NULL);
}

static void tell(struct fa_advance *advance, size_t done, double now)
{
    char left[32];

    fa_clock_duration((now - advance->started) / (double)done * (double)(advance->n - done), left,
                      sizeof left);
    advance->told_at = now;
    if (!advance->terminal) {
        fa_info("%s: %zu of %zu, %s left", advance->what, done, advance->n, left);
        advance->pause_s = LOG_S;
        return;
    }
    fprintf(stderr, CLEAR_LINE "%s: %zu of %zu, %s left", advance->what, done, advance->n, left);
    fflush(stderr);
    advance->is_shown = true;
}

void fa_advance_to(struct fa_advance *advance, size_t done)
{
    const double now = fa_clock_seconds();

    if (done == 0 || done > advance->n || pthread_mutex_trylock(&advance->lock) != 0)
        return;
    if (now - advance->told_at >= advance->pause_s)
        tell(advance, done, now);
    pthread_mutex_unlock(&advance->lock);
}

void fa_advance_end(struct fa_advance *advance)
{
    if (advance->is_shown)
        fputs(CLEAR_LINE, stderr);
    pthread_mutex_destroy(&advance->lock);
}
