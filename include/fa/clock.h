/*
 * clock.h - elapsed time and names of moments. Callable from any thread.
 */
#ifndef FA_CLOCK_H
#define FA_CLOCK_H

#include <stddef.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* Seconds on the monotonic clock; only differences mean something. */
double fa_clock_seconds(void);

/* Local time as "2026-01-31 12:00:00" / "20260131_120000", into a buffer of at least 20 bytes. */
void fa_clock_stamp(char *text, size_t size);
void fa_clock_file_stamp(char *text, size_t size);

/* "1 day, 2:03:04" or "2:03:04" for a number of seconds, into a buffer of at least 32 bytes. */
void fa_clock_duration(double seconds, char *text, size_t size);

FA_END_DECLARATIONS

#endif
