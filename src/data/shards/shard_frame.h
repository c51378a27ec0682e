/*
 * shard_frame.h - the checksum of a shard's frame: of all bytes of its file but the JPEGs.
 *
 * It is taken over the file as it lies on disk, so damage to the index, and to the structures of HDF5 around
 * it, is found before the HDF5 library is let near them. The JPEGs have a checksum each.
 */
#ifndef FA_DATA_SHARD_FRAME_H
#define FA_DATA_SHARD_FRAME_H

#include <stdint.h>

#include "fa/status.h"
#include "manifest.h"

/* shard says how long the file is and where its JPEGs are. */
fa_status fa_shard_frame_crc(const char *path, const struct fa_manifest_shard *shard,
                             uint32_t *crc) FA_CHECK_RESULT;
fa_status fa_shard_frame_crc_open(int fd, const char *path, const struct fa_manifest_shard *shard,
                                  uint32_t *crc) FA_CHECK_RESULT;

#endif
