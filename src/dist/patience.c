/*
 * patience.c - ends a process that waits in vain for other ranks before a watchdog looks after them.
 *
 * Open MPI waits for ever for a rank that was stopped as it started. So it does in its first message where it
 * takes an interface for the network between hosts that leads nowhere, such as a bridge of containers.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/machine.h"
#include "fa/thread.h"

/* Ranks of a host speak one after another, so many seconds apart; all others with the last of them. */
enum { TURN = 2, MOST_TURNS = 8 };

/* Seconds in which another host may say that a rank of its own is stopped, and in which the launcher passes
 * on what was said. */
enum { OTHERS_FIRST = 2, HEARD = 1 };

static struct {
    bool is_begun;
    unsigned seconds;
    bool is_network; /* the network may be to blame */
    pthread_t thread;
    sem_t over;
} patience;

static int number_of(const char *variable)
{
    const char *text = getenv(variable);

    return text != NULL ? atoi(text) : 0;
}

static bool is_one_host(void)
{
    const int local = number_of("OMPI_COMM_WORLD_LOCAL_SIZE");

    return local > 0 && local == number_of("OMPI_COMM_WORLD_SIZE");
}

/* ---- the words ---- */

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

static void blame_network(char *text, size_t size)
{
    char interfaces[512];

    list_interfaces(interfaces, sizeof interfaces);
    snprintf(text, size,
             "so MPI does not get from host to host; its interfaces are %s: name one that all hosts share "
             "(mpirun --mca btl_tcp_if_include eth0), or leave out bridges of containers "
             "(--mca btl_tcp_if_exclude lo,docker0)",
             interfaces);
}

static bool blame_sibling(char *text, size_t size)
{
    pid_t pid;
    int rank;

    if (!fa_comm_stopped_sibling(&pid, &rank))
        return false;
    snprintf(text, size, "since rank %d is stopped, process %d on this host", rank, (int)pid);
    return true;
}

static void say(const char *why)
{
    char host[64] = "";

    gethostname(host, sizeof host - 1);
    fprintf(stderr, "freeanchor: [rank %d] %s has not reached all other ranks in %u s, %s\n",
            number_of("OMPI_COMM_WORLD_RANK"), host, patience.seconds, why);
}

/* ---- the wait ---- */

static void give_up(void)
{
    char why[1024] = "and none is stopped on this host; a host may hang, or lack memory";

    if (!blame_sibling(why, sizeof why)) {
        sleep(OTHERS_FIRST);
        if (patience.is_network && !is_one_host())
            blame_network(why, sizeof why);
    }
    say(why);
    sleep(HEARD);
    _exit(EXIT_FAILURE);
}

static void *wait_for_end(void *argument)
{
    const int before = number_of("OMPI_COMM_WORLD_LOCAL_RANK");
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)patience.seconds + TURN * (before < MOST_TURNS ? before : MOST_TURNS);
    while (sem_clockwait(&patience.over, CLOCK_MONOTONIC, &until) != 0)
        if (errno == ETIMEDOUT)
            give_up();
    return argument;
}

void fa_patience_begin(unsigned seconds, bool is_network)
{
    fa_patience_end();
    patience.seconds = seconds;
    patience.is_network = is_network;
    sem_init(&patience.over, 0, 0);
    patience.is_begun = fa_thread_start(&patience.thread, "patience", wait_for_end, NULL) == 0;
}

void fa_patience_end(void)
{
    if (!patience.is_begun)
        return;
    sem_post(&patience.over);
    pthread_join(patience.thread, NULL);
    sem_destroy(&patience.over);
    patience.is_begun = false;
}
