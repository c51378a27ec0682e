/*
 * far.h - a backend for tests whose memory is as far away as a device's: what it hands out cannot be read or
 * written at any time, begins as NaN, and work on it is done later, on a thread of its queue.
 *
 * It computes by blas, so its results have the bits of blas. With FA_TEST_BACKEND=far in the environment it
 * stands in for every backend that a test opens. FA_FAR_SEED (default 1) decides which work is held up, and
 * how long.
 */
#ifndef FA_TESTS_FAR_H
#define FA_TESTS_FAR_H

#include "../../src/backend/flat_ops.h"
#include "../../src/backend/ops.h"

extern const struct fa_backend_ops fa_backend_far;

/* ---- memory (far_memory.c) ---- */

fa_status far_alloc(struct fa_backend *backend, size_t n_bytes, void **out);
void far_free(struct fa_backend *backend, void *memory);

/* The same place where a queue may reach it; NULL stays NULL. Aborts for an address that is not within an
   allocation: that was the host's, or is freed. */
void *far_reach(const void *memory);

/* ---- queues (far_queue.c) ---- */

struct far_queue;

struct far_backend {
    struct fa_backend base;
    struct fa_backend *near; /* blas, of this queue alone */
    struct far_queue *queue;
};

fa_status far_queue_open(struct far_queue **out);
void far_queue_close(struct far_queue *queue); /* waits */

/* Later, on the queue's thread: work(argument), of which n_bytes are copied now. */
typedef fa_status (*far_work)(void *argument);
void far_ask(struct fa_backend *backend, far_work work, const void *argument, size_t n_bytes);

uint64_t far_mark(struct fa_backend *backend);
fa_status far_reached(struct fa_backend *backend, uint64_t number, bool *reached);
void far_follow(struct fa_backend *backend, struct fa_ticket ticket);
fa_status far_synchronize(struct fa_backend *backend);

/* Recordings hold the tasks themselves, and end once their queue has freed memory. */
fa_status far_record(struct fa_backend *backend);
fa_status far_recorded(struct fa_backend *backend, struct fa_recording **out);
void far_ask_recorded(struct fa_recording *recording);
bool far_recording_holds(const struct fa_recording *recording);
void far_forget_recording(struct fa_recording *recording);
void far_note_free(struct fa_backend *backend);

/* Waits for all queues: memory that work may still need is about to go. Called from any thread. */
void far_quiet(void);

/* ---- the rest of the table (far_flat.c, far_head.c) ---- */

extern const struct fa_flat_ops far_flat_ops;
extern const struct fa_head_ops far_head_ops;

static inline struct fa_backend *far_near(const struct fa_backend *backend)
{
    return ((const struct far_backend *)backend)->near;
}

#endif
