/*
 * hold_thread.c - stops one thread of a process while its other threads go on, as a disk or a library does
 * that does not come back.
 *
 * usage: hold_thread THREAD     its number, that of the one that runs main() being the process's; until this
 *                               program is ended, or the thread is
 *
 * Ended by SIGTERM, it lets the thread go on.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static volatile sig_atomic_t let_go;

static void on_term(int signal)
{
    (void)signal;
    let_go = 1;
}

static int fail(pid_t pid)
{
    fprintf(stderr, "hold_thread: process %d cannot be held: %s\n", (int)pid, strerror(errno));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_term}; /* interrupts waitpid */
    const pid_t pid = argc == 2 ? (pid_t)atoi(argv[1]) : 0;
    int status;

    sigaction(SIGTERM, &action, NULL);
    if (pid <= 0 || ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0 ||
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0)
        return fail(pid);
    if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
        return fail(pid);
    puts("held");
    fflush(stdout);
    /* The thread stays where it is; what comes next is its end, which its parent learns of only after us. */
    while (!let_go && (waitpid(pid, &status, __WALL) == pid || errno == EINTR))
        if (!let_go && (WIFEXITED(status) || WIFSIGNALED(status)))
            return EXIT_SUCCESS;
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return EXIT_SUCCESS;
}
