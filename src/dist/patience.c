/*
 * patience.c - ends a process whose ranks do not find each other.
 *
 * Open MPI takes any interface for the network between hosts, also a bridge of containers that leads nowhere,
 * and then waits for ever in its first message. What there is to say is written before, so the signal that
 * ends the wait only prints it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/machine.h"

static char last_words[1024];
static struct sigaction action_before;

static void give_up(int signal)
{
    (void)signal;
    if (write(STDERR_FILENO, last_words, strlen(last_words)) < 0)
        _exit(EXIT_FAILURE);
    _exit(EXIT_FAILURE);
}

static void list_interfaces(char *text, size_t size)
{
    struct fa_interface interface[8];
    size_t n, length = 0;

    snprintf(text, size, "none");
    if (fa_machine_interfaces(interface, sizeof interface / sizeof *interface, &n) != FA_OK)
        return;
    for (size_t i = 0; i < n && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s %s", i > 0 ? ", " : "",
                                   interface[i].name, interface[i].address);
}

/* One rank a host speaks, where the launcher says which it is. */
static void write_last_words(unsigned seconds)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK"), *local = getenv("OMPI_COMM_WORLD_LOCAL_RANK");
    char interfaces[512], host[64] = "";

    last_words[0] = '\0';
    if (local != NULL && strcmp(local, "0") != 0)
        return;
    gethostname(host, sizeof host - 1);
    list_interfaces(interfaces, sizeof interfaces);
    snprintf(
        last_words, sizeof last_words,
        "freeanchor: [rank %s] %s has not reached all other ranks in %u s, so MPI does not get from host to "
        "host; its interfaces are %s: name one that all hosts share (mpirun --mca btl_tcp_if_include eth0), "
        "or "
        "leave out bridges of containers (--mca btl_tcp_if_exclude lo,docker0)\n",
        rank != NULL ? rank : "?", host, seconds, interfaces);
}

void fa_patience_begin(unsigned seconds)
{
    struct sigaction action = {.sa_handler = give_up};

    write_last_words(seconds);
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, &action_before);
    alarm(seconds);
}

void fa_patience_end(void)
{
    alarm(0);
    sigaction(SIGALRM, &action_before, NULL);
}
