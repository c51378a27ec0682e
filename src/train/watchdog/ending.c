/*
 * No step here may take for ever, since a disk or a terminal may be what hangs: roll and log are written by
 * another thread, for which this one waits some seconds, and the sentence goes past all locks to standard
 * error.
 */
#include "ending.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fa/log.h"

/* Longest that all of it may take; for the screen alone; and for each line of the roll, in seconds. */
#define LAST_WORDS 10
#define SCREEN     5
#define ROLL       1

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
        fa_log_screen(FA_LOG_ERROR,
                      "%s; the kernel keeps process %d, which it waits with for a disk, until that answers",
                      sentence, (int)getpid());
    else
        fa_log_screen(FA_LOG_ERROR, "%s", sentence);
}

void fa_end_job(struct fa_roll_keeper *keeper, const char *sentence)
{
    bool is_kept = keeper != NULL;

    signal(SIGALRM, SIG_DFL);
    alarm(LAST_WORDS);
    if (sentence != NULL) {
        is_kept = is_kept && fa_roll_keeper_announce(keeper, FA_ROLL_SPEAKING, NULL, ROLL);
        say(sentence);
        is_kept = is_kept && fa_roll_keeper_announce(keeper, FA_ROLL_SPEAKING, sentence, ROLL);
        usleep(HEARD_US);
    }
    if (is_kept)
        is_kept = fa_roll_keeper_announce(keeper, FA_ROLL_ENDED, NULL, ROLL);
    _exit(EXIT_FAILURE);
}
