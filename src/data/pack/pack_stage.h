/*
 * pack_stage.h - a dataset directory that is replaced as a whole, or not at all.
 *
 * Everything is written into "<out>.freeanchor.tmp", which is ours while its lock is held, and then takes the
 * name <out> in one rename: an exchange of the two names where a dataset stood there. What a crash leaves:
 *
 *     before the rename    <out> as it was, and a "<out>.freeanchor.tmp" that the next packing empties
 *     after the rename     <out> complete, and the previous dataset under that name, emptied likewise
 *
 * File systems that cannot exchange names (NFS) move <out> to "<out>.replaced" first. A crash between these
 * two renames leaves no <out>; the next packing, before anything else, gives "<out>.replaced" its name back.
 */
#ifndef FA_DATA_PACK_STAGE_H
#define FA_DATA_PACK_STAGE_H

#include "fa/directory.h"
#include "fa/file.h"
#include "fa/status.h"

struct fa_pack_stage {
    char *out;                      /* its path: links resolved, without a slash at its end */
    char *staging;                  /* that of where to write, */
    struct fa_directory *directory; /* and itself */
    struct fa_directory *parent;    /* of both, and of what stood there while names cannot be exchanged */
    const char *out_name;           /* last part of out */
    char *staging_name, *old_name;
    struct fa_lock *lock;
};

/* FA_EINVAL if out_directory, or one of the two names beside it, holds anything but a dataset. staging is
 * then an empty directory. */
fa_status fa_pack_stage_open(const char *out_directory, struct fa_pack_stage *stage) FA_CHECK_RESULT;

/* Of a further process of the packing, once one has opened it: the same directory, to write into. */
fa_status fa_pack_stage_join(const char *out_directory, struct fa_pack_stage *stage) FA_CHECK_RESULT;

/* What stands in staging becomes out. On failure out is what it was. */
fa_status fa_pack_stage_commit(struct fa_pack_stage *stage) FA_CHECK_RESULT;

/* Removes staging, if it is still there, or what was replaced. */
void fa_pack_stage_close(struct fa_pack_stage *stage);

#endif
