/*
 * No step here may take for ever, since a disk or a terminal may be what hangs. The sentence goes past all
 * locks to standard error. Roll and log are written by a process that is split off: a thread that a disk
 * keeps would keep this one from leaving.
 */
#include "ending.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/log.h"

/* Longest that all of it may take, and for the screen alone, in seconds. */
#define LAST_WORDS 10
#define SCREEN     5

/* Longest that a write is awaited, and between looks whether it is done, in microseconds. */
#define WRITE_US 1000000
#define LOOK_US  20000

/* Microseconds in which the launcher passes the line on; when a rank leaves, it soon ends all, and with them
 * what it has not read. */
#define HEARD_US 500000

static char state_of_thread(const char *number)
{
    char path[64], state = '?';
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", number);
    file = fopen(path, "re");
    if (file == NULL)
        return state;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = '?';
    fclose(file);
    return state;
}

/* A thread that waits in the kernel for a disk, as no signal can end it. */
static bool is_held_by_kernel(void)
{
    DIR *threads = opendir("/proc/self/task");
    struct dirent *entry;
    bool is_held = false;

    while (threads != NULL && !is_held && (entry = readdir(threads)) != NULL)
        is_held = entry->d_name[0] != '.' && state_of_thread(entry->d_name) == 'D';
    if (threads != NULL)
        closedir(threads);
    return is_held;
}

/* Nothing where nobody takes what was said before. */
static void say(const char *sentence)
{
    struct pollfd screen = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&screen, 1, SCREEN * 1000) != 1)
        return;
    if (is_held_by_kernel())
        fa_log_screen(FA_LOG_ERROR, "%s; the kernel keeps process %d alive until its disk responds", sentence,
                      (int)getpid());
    else
        fa_log_screen(FA_LOG_ERROR, "%s", sentence);
}

static void write_and_leave(struct fa_roll_keeper *keeper, enum fa_roll_state state, const char *sentence)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(LAST_WORDS);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd); /* whose end the launcher waits for */
    fa_roll_keeper_write_last(keeper, state, sentence);
    _exit(EXIT_SUCCESS);
}

/* No handler that a library has set for a fork is run: it may wait for a thread that does not come. */
static void write_aside(struct fa_roll_keeper *keeper, enum fa_roll_state state, const char *sentence)
{
    pid_t writer;

    if (keeper == NULL)
        return;
    writer = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (writer == 0)
        write_and_leave(keeper, state, sentence);
    for (int us = 0; us < WRITE_US && waitpid(writer, NULL, WNOHANG) == 0; us += LOOK_US)
        usleep(LOOK_US);
}

void fa_end_job(struct fa_roll_keeper *keeper, const char *sentence)
{
    signal(SIGALRM, SIG_DFL);
    alarm(LAST_WORDS);
    if (sentence != NULL) {
        write_aside(keeper, FA_ROLL_SPEAKING, NULL);
        say(sentence);
        usleep(HEARD_US);
    }
    write_aside(keeper, FA_ROLL_ENDED, sentence);
    _exit(EXIT_FAILURE);
}
