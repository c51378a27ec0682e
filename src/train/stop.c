/*
 * stop.c - somebody asks the run to stop: it is noted, and ranks tell each other at every step.
 *
 * Batch systems differ in what they send, so all three usual signals are taken. Launchers and batch systems
 * both forward, so one request may arrive several times; one that comes later means that the process is to
 * leave at once, without saving.
 */
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "training.h"

static const int signals[] = {SIGTERM, SIGUSR1, SIGUSR2};
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

static void leave(void)
{
    static const char words[] = "freeanchor: asked to stop a second time, leaving without saving\n";

    if (write(STDERR_FILENO, words, sizeof words - 1) < 0)
        _exit(EXIT_FAILURE);
    _exit(EXIT_FAILURE);
}

static void request(int signal)
{
    (void)signal;
    if (!requested)
        requested_at = now();
    else if (now() - requested_at > SAME_REQUEST_S)
        leave();
    requested = 1;
}

void fa_stop_listen(void)
{
    struct sigaction action = {.sa_handler = request, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    for (int i = 0; i < N_SIGNALS; i++)
        sigaddset(&action.sa_mask, signals[i]);
    requested = 0;
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
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
