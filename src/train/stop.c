/*
 * stop.c - somebody asks the run to stop: it is noted, and ranks tell each other at every step.
 *
 * Batch systems differ in what they send, so all usual signals are taken, and what a terminal sends: INT for
 * its Ctrl-C, HUP when it closes. Whoever has these two ignored (nohup, a shell's background) means it.
 * Launchers and batch systems both forward, so one request may arrive several times; one that comes later
 * means that the process is to leave at once, without saving.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "training.h"

static const int signals[] = {SIGTERM, SIGUSR1, SIGUSR2, SIGINT, SIGHUP};
enum { N_SIGNALS = sizeof signals / sizeof *signals };

enum { SAME_REQUEST_S = 3 };

static volatile sig_atomic_t requested;
static volatile time_t requested_at;
static struct sigaction before[N_SIGNALS];

static time_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* In a signal's handler. Nobody may be there to read it. */
static void say(const char *words)
{
    const int error = errno;

    if (write(STDERR_FILENO, words, strlen(words)) < 0)
        errno = error;
}

/* Whoever sits at a terminal would press again where nothing seems to happen. */
static void request(int signal)
{
    if (!requested) {
        requested_at = now();
        requested = 1;
        if (signal == SIGINT)
            say("\nfreeanchor: asked to stop; the state is saved after this step\n");
    } else if (now() - requested_at > SAME_REQUEST_S) {
        say("freeanchor: asked to stop a second time, leaving without saving\n");
        _exit(EXIT_FAILURE);
    }
}

static bool is_ignored_for_good(int i)
{
    return (signals[i] == SIGINT || signals[i] == SIGHUP) && before[i].sa_handler == SIG_IGN;
}

void fa_stop_listen(void)
{
    struct sigaction action = {.sa_handler = request, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    for (int i = 0; i < N_SIGNALS; i++)
        sigaddset(&action.sa_mask, signals[i]);
    requested = 0;
    for (int i = 0; i < N_SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (!is_ignored_for_good(i))
            sigaction(signals[i], &action, NULL);
    }
}

void fa_stop_ignore(void)
{
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

bool fa_stop_requested(const char *path)
{
    return requested != 0 || (path != NULL && access(path, F_OK) == 0);
}
