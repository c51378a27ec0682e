/*
 * pack_part.h - a dataset in the making: all of a packing, or a part of a split.
 *
 * All is collective over the team. Process 0 owns the directory; shards are shared out, shard k to process k
 * modulo their number, and each has the same bytes whoever writes it.
 */
#ifndef FA_DATA_PACK_PART_H
#define FA_DATA_PACK_PART_H

#include <stdint.h>

#include "fa/status.h"
#include "fa/team.h"
#include "pack_plan.h"
#include "pack_stage.h"
#include "shards/manifest.h"

struct fa_pack_part {
    struct fa_pack_stage stage;
    struct fa_pack_plan plan;
    struct fa_manifest manifest;
};

fa_status fa_pack_part_open(const char *out_directory, const struct fa_team *team,
                            struct fa_pack_part *part) FA_CHECK_RESULT;

/* Of all shards that the plan makes; not collective. */
uint64_t fa_pack_part_bytes(const struct fa_pack_part *part, size_t shard_bytes);

/* By the plan, into the staging directory; what was written is opened as its users will open it. */
fa_status fa_pack_part_write(struct fa_pack_part *part, size_t shard_bytes,
                             const struct fa_team *team) FA_CHECK_RESULT;

/* See fa_pack_stage_commit. */
fa_status fa_pack_part_commit(struct fa_pack_part *part, const struct fa_team *team) FA_CHECK_RESULT;
void fa_pack_part_close(struct fa_pack_part *part);

#endif
