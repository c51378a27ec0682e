/*
 * activity.h - what the process is doing, for a thread that watches over it.
 *
 * The one thread that does the work, and calls MPI, says what it begins and when it waits for other ranks;
 * any thread may look. One thread more, which makes checkpoints durable beside it, has a word of its own.
 * Saying so takes nanoseconds. Texts are literals, since they may be read at any later time.
 */
#ifndef FA_ACTIVITY_H
#define FA_ACTIVITY_H

#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* "forward". Said again for every image, it shows that there is progress. */
void fa_activity_begin(const char *what);

/* From here to fa_activity_go_on() nothing happens before others do their part: "all-reduce". */
void fa_activity_wait(const char *what);
void fa_activity_go_on(void);

/* What the thread beside it begins: "writing a shard"; NULL: it rests. */
void fa_activity_beside(const char *what);

/* What computes for the working thread, "GPU 0 (NVIDIA H200)": copied, and said once, before work begins. */
void fa_activity_device(const char *device);

struct fa_activity {
    uint64_t count;        /* grows with every call of the working thread */
    const char *doing;     /* "" before the first */
    const char *waiting;   /* NULL where the process works by itself */
    uint64_t beside_count; /* the same of the thread beside it */
    const char *beside;    /* NULL where it rests */
    const char *device;    /* "" where the host computes */
};

struct fa_activity fa_activity_now(void);

FA_END_DECLARATIONS

#endif
