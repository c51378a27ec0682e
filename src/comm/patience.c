/*
 * patience.c - ends a process that waits in vain for other ranks before a watchdog looks after them.
 *
 * Open MPI waits for ever for a rank that was stopped as it started. So it does in its first message where it
 * takes an interface for the network between hosts that leads nowhere, such as a bridge of containers.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/launcher.h"
#include "fa/machine.h"
#include "fa/thread.h"

/* Ranks of a host speak one after another, so many seconds apart; all others with the last of them. */
enum { TURN = 2, MOST_TURNS = 8 };

/* Seconds in which another host may say that a rank of its own is stopped, and in which the launcher passes
 * on what was said. */
enum { OTHERS_FIRST = TURN + 1, HEARD = 1 };

static struct {
    bool is_begun;
    unsigned seconds;
    bool is_network; /* the network may be to blame */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_over;
} patience;

/* ---- whose turn it is ---- */

/* Of ranks on this host that speak before this one. */
static unsigned turns_before(void)
{
    const int before = fa_launcher_local_rank();

    return (unsigned)(before < 0 ? 0 : before > MOST_TURNS ? MOST_TURNS : before);
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
    const char *except = fa_mpi_words.except;
    char interfaces[512];

    list_interfaces(interfaces, sizeof interfaces);
    snprintf(
        text, size,
        "so MPI cannot connect the hosts; this one has the interfaces %s: give mpirun one that all hosts "
        "share (%seth0)%s%s%s",
        interfaces, fa_mpi_words.interface, except != NULL ? ", or leave out bridges of containers (" : "",
        except != NULL ? except : "", except != NULL ? "docker0)" : "");
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

/* launch/train.sh knows the last words of a job by their end. */
void fa_patience_print(unsigned seconds, const char *why, char *text, size_t size)
{
    char host[64] = "", rank[16] = "?";

    gethostname(host, sizeof host - 1);
    if (fa_launcher_rank() >= 0)
        snprintf(rank, sizeof rank, "%d", fa_launcher_rank());
    snprintf(text, size,
             "freeanchor: [rank %s] %s has not reached all other ranks in %u s, %s: the job ends\n", rank,
             host, seconds, why);
}

/* ---- the wait ---- */

/* Does the wait come to its end within so many seconds from now? */
static bool ends_within(unsigned seconds)
{
    struct timespec until;
    int error = 0;
    bool is_over;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    pthread_mutex_lock(&patience.lock);
    while (!patience.is_over && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&patience.ended, &patience.lock, &until);
    is_over = patience.is_over;
    pthread_mutex_unlock(&patience.lock);
    return is_over;
}

static void end_process(const char *why)
{
    char text[FA_LAST_WORDS_MAX];

    fa_patience_print(patience.seconds, why, text, sizeof text);
    fputs(text, stderr);
    sleep(HEARD);
    _exit(EXIT_FAILURE);
}

static void *wait_for_end(void *argument)
{
    char why[1024] = "and none is stopped on this host; a host may hang, or lack memory";

    if (ends_within(patience.seconds + TURN * turns_before()))
        return argument;
    if (blame_sibling(why, sizeof why))
        end_process(why);
    if (ends_within(OTHERS_FIRST))
        return argument;
    if (patience.is_network && fa_launcher_hosts() != FA_ONE_HOST)
        blame_network(why, sizeof why);
    end_process(why);
    return argument;
}

void fa_patience_begin(unsigned seconds, bool is_network)
{
    fa_patience_end();
    fa_guardian_tell(seconds);
    patience.seconds = seconds;
    patience.is_network = is_network;
    patience.is_over = false;
    fa_condition_init(&patience.ended);
    pthread_mutex_init(&patience.lock, NULL);
    patience.is_begun = fa_thread_start(&patience.thread, "patience", wait_for_end, NULL) == 0;
}

void fa_patience_end(void)
{
    fa_guardian_tell(0);
    if (!patience.is_begun)
        return;
    pthread_mutex_lock(&patience.lock);
    patience.is_over = true;
    pthread_cond_signal(&patience.ended);
    pthread_mutex_unlock(&patience.lock);
    pthread_join(patience.thread, NULL);
    pthread_cond_destroy(&patience.ended);
    pthread_mutex_destroy(&patience.lock);
    patience.is_begun = false;
}
