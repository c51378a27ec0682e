#include "fa/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fa/activity.h"

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
enum { N_SIGNALS = sizeof signals / sizeof *signals };

/* A process that cannot have so many bytes is short of memory. */
#define SOME_MEMORY ((size_t)64 << 20)

static char name[160];
static struct sigaction before[N_SIGNALS];
static char stack[1 << 16]; /* one that cannot grow may be what crashed */

/* ---- in a signal's handler ---- */

static bool is_memory_short(void)
{
    void *memory = mmap(NULL, SOME_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return true;
    munmap(memory, SOME_MEMORY);
    return false;
}

static const char *cause(int signal, bool no_memory)
{
    if (no_memory)
        return ": out of memory: a library, or the stack, did not get what it asked for, in ";
    if (signal == SIGBUS)
        return ": a file in memory lost its place (is /dev/shm full, or a disk?), in ";
    return ": crashed in ";
}

static size_t append(char *text, size_t size, size_t length, const char *more)
{
    const size_t n = strnlen(more, size - length);

    memcpy(text + length, more, n);
    return length + n;
}

/* By one call, and without what may hold a lock. */
static void say(int signal, bool no_memory)
{
    const struct fa_activity now = fa_activity_now();
    const char *doing = now.waiting != NULL ? now.waiting : now.doing;
    char text[512];
    size_t length = append(text, sizeof text, 0, name);

    length = append(text, sizeof text, length, cause(signal, no_memory));
    length = append(text, sizeof text, length, doing[0] != '\0' ? doing : "its start");
    length = append(text, sizeof text, length, "\n");
    if (write(STDERR_FILENO, text, length) < 0)
        _exit(EXIT_FAILURE);
}

/* What was asked for by hand does not happen again by itself. */
static void crash_as_before(int signal, const siginfo_t *info)
{
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    if (info->si_code <= 0)
        raise(signal);
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
    const bool no_memory = is_memory_short();

    (void)context;
    say(signal, no_memory);
    if (no_memory)
        _exit(EXIT_FAILURE);
    crash_as_before(signal, info);
}

/* ---- the start ---- */

/* Sanitizers have handlers and stacks of their own, and say more. */
void fa_crash_listen(const char *who)
{
#ifndef __SANITIZE_ADDRESS__
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    snprintf(name, sizeof name, "%s", who);
    sigemptyset(&action.sa_mask);
    sigaltstack(&own, NULL);
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
#else
    (void)who;
    (void)on_crash;
    (void)stack;
    (void)before;
#endif
}
