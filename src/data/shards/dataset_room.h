/*
 * dataset_room.h - whether a disk has room for a dataset.
 */
#ifndef FA_DATA_SHARDS_DATASET_ROOM_H
#define FA_DATA_SHARDS_DATASET_ROOM_H

#include <stdint.h>

#include "fa/status.h"

/* FA_EIO unless the disk that holds the directory has n_bytes left: "<name>: ...; free some, or <otherwise>".
 */
fa_status fa_dataset_require_room(const char *directory, uint64_t n_bytes, const char *name,
                                  const char *otherwise) FA_CHECK_RESULT;

#endif
