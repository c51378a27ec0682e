/* journal_past.h - what log.jsonl tells of a run that goes on, and which of its lines stay. */
#ifndef FA_JOURNAL_PAST_H
#define FA_JOURNAL_PAST_H

#include "journal.h"

#define FA_JOURNAL_MAX_BYTES ((size_t)1 << 30)

/* Cuts the file, which is open as fd, before the first line of a later step than this, or before one that a
   crash left half; past is of what stays. */
fa_status fa_journal_cut(const char *path, int fd, int64_t step,
                         struct fa_journal_past *past) FA_CHECK_RESULT;

#endif
