/*
 * crash.h - the last words of a process that crashes. Libraries go on without the memory that they did not
 * get, and then a signal ends the process: that is told as what it is.
 */
#ifndef FA_CRASH_H
#define FA_CRASH_H

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* To be called by the thread that works, once MPI has taken the signals that it wants. who: "freeanchor
   train: rank 3 (node7)". Short of memory, a crash now says so and ends the process with 1; any other says
   what the process was doing, and then is what it was before. */
void fa_crash_listen(const char *who);

FA_END_DECLARATIONS

#endif
