/*
 * stop.c - a signal asks the run to stop: it sets a flag, which ranks exchange at every step.
 *
 * Batch systems differ in what they send, so all three usual signals are taken. A second one changes nothing:
 * launchers and batch systems both forward, and the same request may arrive twice.
 */
#include <signal.h>
#include <stddef.h>

#include "training.h"

static const int signals[] = {SIGTERM, SIGUSR1, SIGUSR2};
enum { N_SIGNALS = sizeof signals / sizeof *signals };

static volatile sig_atomic_t requested;
static struct sigaction before[N_SIGNALS];

static void request(int signal)
{
    (void)signal;
    requested = 1;
}

void fa_stop_listen(void)
{
    struct sigaction action = {.sa_handler = request, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    requested = 0;
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
}

void fa_stop_ignore(void)
{
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

bool fa_stop_requested(void)
{
    return requested != 0;
}
