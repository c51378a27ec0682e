/*
 * status_parts.h - the files of a run, each read for what it tells.
 */
#ifndef FA_TRAIN_STATUS_PARTS_H
#define FA_TRAIN_STATUS_PARTS_H

#include "fa/run_status.h"

/* Seconds since the file was changed; -1: it is not there. */
double fa_status_age(const char *work_dir, const char *name);

/* ---- status_logs.c ---- */

/* log.jsonl: progress, save.step and what was evaluated. */
void fa_status_read_journal(const char *work_dir, struct fa_run_status *out);

enum fa_run_ending { FA_ENDING_UNSAID, FA_ENDING_FINISHED, FA_ENDING_STOPPED, FA_ENDING_FAILED };

/* train.log: how many steps there are, and how the last run ended, if it said so; why. */
enum fa_run_ending fa_status_read_log(const char *work_dir, struct fa_run_status *out);

/* ---- status_ranks.c ---- */

/* .ranks: what they do; *moves: one gave a sign of life while they were watched, which they are where is_held
   or where the roll is young. silence_s: of the run's configuration. */
fa_status fa_status_read_ranks(const char *work_dir, bool is_held, double silence_s, bool *moves,
                               struct fa_run_status *out) FA_CHECK_RESULT;

#endif
