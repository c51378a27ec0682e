/*
 * staged_dataset.h - a copy of a dataset on a disk of the host's own, for file systems that many readers slow
 * down.
 *
 * One process of a host copies, into "<stage>/freeanchor-<content hash>", which is its own while its lock is
 * held, and checks the copy whole: the frames of all shards and every image. What an earlier run left there
 * is used again if it is the same and sound; else it is replaced.
 */
#ifndef FA_STAGED_DATASET_H
#define FA_STAGED_DATASET_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"
#include "fa/team.h"

FA_BEGIN_DECLARATIONS

struct fa_staged_dataset;

/* Collective over the processes of a host. held: n_held copies that this run has already, which serve data of
   the same content as well, and are left last. FA_EIO where another run has the copy, the disk has no
   room, or the directory is another user's; FA_EINVAL where it holds what is not a dataset's. */
fa_status fa_dataset_stage(const char *directory, const char *stage, const struct fa_team *host,
                           struct fa_staged_dataset *const *held, size_t n_held,
                           struct fa_staged_dataset **out) FA_CHECK_RESULT;

const char *fa_staged_dataset_path(const struct fa_staged_dataset *staged);

/* Not collective; all datasets opened there are closed. The copy goes, unless it is kept: nothing but files
   that a dataset has is removed. NULL is fine. */
void fa_staged_dataset_leave(struct fa_staged_dataset *staged, bool keep);

FA_END_DECLARATIONS

#endif
