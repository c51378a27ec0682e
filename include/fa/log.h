/*
 * log.h - lines for people.
 *
 * One sink for the process: standard error, and from fa_log_to_file() on also a file. Levels below the chosen
 * one are dropped. In a parallel run every rank but 0 is quiet below FA_LOG_WARN, and its lines carry "[rank
 * r]". Callable from any thread; no thread waits for another one's line. What a terminal would obey is spelt
 * out (printable.h), so that a line is one line whatever names are in it. A failure is not logged where it
 * arises: it is returned (status.h).
 */
#ifndef FA_LOG_H
#define FA_LOG_H

#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

enum fa_log_level { FA_LOG_DEBUG, FA_LOG_INFO, FA_LOG_WARN, FA_LOG_ERROR };

void fa_log_set_level(enum fa_log_level level);
void fa_log_set_rank(int rank, int n_ranks);

/* Appends from now on to path as well; NULL stops that. */
fa_status fa_log_to_file(const char *path) FA_CHECK_RESULT;

void fa_log(enum fa_log_level level, const char *format, ...) FA_PRINTF(2, 3);

/* A line for standard error alone, from a thread that the file's disk must not keep. */
void fa_log_screen(enum fa_log_level level, const char *format, ...) FA_PRINTF(2, 3);

/* A line for the file alone, for what standard error is told in another way. */
void fa_log_file(enum fa_log_level level, const char *format, ...) FA_PRINTF(2, 3);

/* What follows a noun after this number: "" or "s". */
const char *fa_plural(size_t n);

#define fa_debug(...) fa_log(FA_LOG_DEBUG, __VA_ARGS__)
#define fa_info(...)  fa_log(FA_LOG_INFO, __VA_ARGS__)
#define fa_warn(...)  fa_log(FA_LOG_WARN, __VA_ARGS__)

FA_END_DECLARATIONS

#endif
