/*
 * checkpoint_writer.h - checkpoints written in the background: a save holds its caller up for a copy.
 *
 * begin copies this rank's slice of the state, and a thread makes the copy durable. When the slices of all
 * ranks are, a thread of rank 0 makes the checkpoint exist, and removes older ones. In between ranks tell
 * each other (aside.h) without waiting; that goes on in poll, which is called often: between layers, say.
 * begin and poll touch no disk, and take no lock that is held over a disk's work (h5.h has one). All
 * functions are for the thread that calls MPI; all ranks call begin at the same places, and wait.
 *
 * Memory, taken and touched at open so that no save lacks any: a copy of values, momentum and moving average
 * in all ranks together, one slice a rank. A rank has one slice or none: there is one for every 64 MiB of
 * state, but no more than ranks. So one rank alone keeps all of it twice.
 */
#ifndef FA_CHECKPOINT_WRITER_H
#define FA_CHECKPOINT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/checkpoint.h"
#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

struct fa_checkpoint_writer;

/* Collective. For states like this: of the same parameters, with an average or none. close waits for the save
   under way, and takes NULL. */
fa_status fa_checkpoint_writer_open(struct fa_comm *comm, const struct fa_training_state *state,
                                    struct fa_checkpoint_writer **out) FA_CHECK_RESULT;
void fa_checkpoint_writer_close(struct fa_checkpoint_writer *writer);

size_t fa_checkpoint_writer_bytes(const struct fa_checkpoint_writer *writer); /* of this rank's copy */

struct fa_checkpoint_save {
    const struct fa_directory *root; /* as for fa_checkpoint_write, */
    const char *name;                /* as is this */
    int keep;                        /* which older ones stay, as for fa_checkpoint_prune; rank 0's counts, */
    const char *protected_name;      /* also here */
};

/* Begins a save; none is under way. Texts, and what state points to except values, momentum and average, stay
   as they are until it is over. */
void fa_checkpoint_writer_begin(struct fa_checkpoint_writer *writer, const struct fa_checkpoint_save *save,
                                const struct fa_training_state *state);

/* Brings the save forward; true where none is under way (any more). */
bool fa_checkpoint_writer_poll(struct fa_checkpoint_writer *writer);

/* Collective: until none is. */
void fa_checkpoint_writer_wait(struct fa_checkpoint_writer *writer);

struct fa_checkpoint_cost {
    double durable_s; /* from begin until a power failure could not take it any more */
    uint64_t n_bytes; /* on disk */
};

/* Whether the save that is over failed for want of room on a disk, the same on all ranks. */
bool fa_checkpoint_writer_lacks_room(const struct fa_checkpoint_writer *writer);

/* How the save that is over ended, the same on all ranks: a rank that failed gives its code and message, the
   others FA_EREMOTE with that message. What stands on disk after a failure is said at fa_checkpoint_write. */
fa_status fa_checkpoint_writer_outcome(const struct fa_checkpoint_writer *writer,
                                       struct fa_checkpoint_cost *cost) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
