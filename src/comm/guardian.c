/*
 * guardian.c - a process beside the first rank of each host, where there are several hosts: it speaks for
 * that rank when it is stopped before it is watched. Other ranks of its host would see that, but it may be
 * alone there.
 *
 * It is made before MPI starts, which takes a fork ill afterwards, and goes with the rank or when that says
 * so. It is told how long the rank may wait for the others.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "comm_private.h"

static struct {
    pid_t process; /* 0: there is none */
    int told;      /* the rank's end of a line to it */
} guardian;

/* ---- in the guardian, which has the threads and locks of no library ---- */

static bool is_stopped(pid_t rank)
{
    char path[64], text[512] = "";
    const char *name_end;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)rank);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    close(fd);
    name_end = strrchr(text, ')');
    return name_end != NULL && strncmp(name_end, ") T", 3) == 0;
}

static void speak_for(pid_t rank, unsigned seconds)
{
    char why[64], text[FA_LAST_WORDS_MAX];

    snprintf(why, sizeof why, "since it is stopped itself, process %d", (int)rank);
    fa_patience_print(seconds, why, text, sizeof text);
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        _exit(EXIT_FAILURE);
}

static void guard(pid_t rank, int ear)
{
    struct pollfd line = {.fd = ear, .events = POLLIN};
    unsigned seconds = 0;

    for (;;) {
        const int heard = poll(&line, 1, seconds > 0 ? (int)seconds * 1000 : -1);

        if (heard > 0 && read(ear, &seconds, sizeof seconds) != (ssize_t)sizeof seconds)
            return;
        if (heard > 0)
            continue;
        if (is_stopped(rank)) {
            speak_for(rank, seconds);
            sleep(1); /* for the launcher to pass it on */
            kill(rank, SIGKILL);
            return;
        }
        seconds = 0;
    }
}

/* ---- in the rank ---- */

static void become_guardian(pid_t rank, const int ends[2])
{
    close(ends[1]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == rank)
        guard(rank, ends[0]);
    _exit(EXIT_SUCCESS);
}

void fa_guardian_begin(void)
{
    const pid_t rank = getpid();
    int ends[2];

    if (fa_launcher_hosts() != FA_SEVERAL_HOSTS || fa_launcher_local_rank() != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    guardian.process = fork();
    if (guardian.process == 0)
        become_guardian(rank, ends);
    close(ends[0]);
    guardian.told = ends[1];
    if (guardian.process < 0) {
        close(ends[1]);
        guardian.process = 0;
    }
}

void fa_guardian_tell(unsigned seconds)
{
    if (guardian.process != 0 && send(guardian.told, &seconds, sizeof seconds, MSG_NOSIGNAL) < 0)
        fa_guardian_end();
}

void fa_guardian_end(void)
{
    if (guardian.process == 0)
        return;
    close(guardian.told);
    waitpid(guardian.process, NULL, 0);
    guardian.process = 0;
}
