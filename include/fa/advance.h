/*
 * advance.h - how far a long piece of work has come, and how long it will take: on a terminal one line that
 * is drawn anew, elsewhere a line of the log now and then.
 */
#ifndef FA_ADVANCE_H
#define FA_ADVANCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

struct fa_advance {
    const char *what; /* "checking images" */
    size_t n;         /* pieces */
    double started, told_at, pause_s;
    bool terminal, is_shown;
    pthread_mutex_t lock;
};

/* what must stay valid until the end. */
void fa_advance_begin(struct fa_advance *advance, const char *what, size_t n);

/* So many pieces are done. From any thread; none waits for another one's line. */
void fa_advance_to(struct fa_advance *advance, size_t done);

void fa_advance_end(struct fa_advance *advance);

FA_END_DECLARATIONS

#endif
