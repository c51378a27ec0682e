/*
 * roll_keeper.h - the thread that writes this rank's line of the roll and reads those of others.
 *
 * A disk that does not answer may keep it for ever. Nobody who calls what is below waits for a disk with it,
 * unless it says so; how long the thread has been in its work can be told.
 *
 * Ranks follow rank 0: no other rank writes before it has seen a new line of rank 0's, and then it does so
 * soon. Where the file system stops answering to those who write, rank 0 thus is the one that it keeps, most
 * often, and the others can still leave.
 */
#ifndef FA_WATCHDOG_ROLL_KEEPER_H
#define FA_WATCHDOG_ROLL_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "roll.h"

struct fa_roll_keeper;

struct fa_roll_keeper_config {
    const char *work_dir;
    int n_read;      /* the lines of ranks 0 to n_read - 1 are read */
    double period_s; /* between the lines that this rank writes */
};

/* Writes the line before it returns. work_dir must stay valid. */
fa_status fa_roll_keeper_start(const struct fa_roll_keeper_config *config, const struct fa_roll_line *line,
                               struct fa_roll_keeper **out) FA_CHECK_RESULT;

/* The line to write from now on; its beat is the keeper's. */
void fa_roll_keeper_set(struct fa_roll_keeper *keeper, const struct fa_roll_line *line);

/* The lines as they were read last. Returns how often they were. */
uint64_t fa_roll_keeper_lines(struct fa_roll_keeper *keeper, struct fa_roll_line *lines);

struct fa_roll_work {
    const char *what; /* a literal; NULL: it rests */
    uint64_t count;   /* grows with every beginning and end */
};

struct fa_roll_work fa_roll_keeper_work(const struct fa_roll_keeper *keeper);

/* From now on the line says this state, and it is written at once. Waits for that; false if it is not done in
   so many seconds. */
bool fa_roll_keeper_announce(struct fa_roll_keeper *keeper, enum fa_roll_state state, double seconds);

/* Writes the line in this state, and text, unless it is NULL, to the log of the run: by the caller itself,
   and past the lock, which nobody may be left to give back. Only for a process that was split off for it. */
void fa_roll_keeper_write_last(struct fa_roll_keeper *keeper, enum fa_roll_state state, const char *text);

/* Waits for the thread. */
void fa_roll_keeper_end(struct fa_roll_keeper *keeper);

#endif
