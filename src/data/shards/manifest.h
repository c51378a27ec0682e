/*
 * manifest.h - manifest.json of a packed dataset: which shards belong to it, and what they must hold.
 *
 * It is written last; a directory without it is not a dataset.
 */
#ifndef FA_DATA_MANIFEST_H
#define FA_DATA_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/directory.h"
#include "fa/status.h"

#define FA_MANIFEST_NAME    "manifest.json"
#define FA_MANIFEST_FORMAT  "freeanchor-dataset"
#define FA_MANIFEST_VERSION 2 /* the newest, of data with images that are no JPEGs */
#define FA_MANIFEST_JPEGS   1 /* of JPEGs alone */

/* Behind the name of a directory: where its previous dataset waits while it is being replaced. */
#define FA_DATASET_ASIDE ".replaced"

/* Buffer size of a shard's name, "shard-00000.h5". */
#define FA_SHARD_NAME_MAX 32

struct fa_manifest_shard {
    uint64_t n_bytes;             /* of the file */
    uint64_t blob_offset, n_blob; /* its JPEGs, end to end */
    uint32_t frame_crc;           /* CRC32C of all other bytes, see shard_frame.h */
    size_t n_records, n_annotations;
};

struct fa_manifest {
    int version; /* also that of its shards */
    size_t n_records, n_annotations, n_categories;
    uint64_t category_hash, content_hash; /* content_hash begins as FA_HASH_START */
    size_t n_shards;
    struct fa_manifest_shard *shards;
};

/* The name of shard i in its directory. */
void fa_shard_name(size_t i, char name[FA_SHARD_NAME_MAX]);

/* Whether a packing gives this name to what it makes. */
bool fa_manifest_knows_name(const char *name);

/* Atomic and durable: manifest.json in directory. */
fa_status fa_manifest_write(const struct fa_manifest *manifest,
                            const struct fa_directory *directory) FA_CHECK_RESULT;

/* Sums of the shards agree with the totals when this returns FA_OK. */
fa_status fa_manifest_read(const char *directory, struct fa_manifest *out) FA_CHECK_RESULT;

/* Whether a manifest stands there that says it is one of a dataset, of whatever version, sound or not. */
fa_status fa_manifest_is_ours(const char *directory, bool *ours) FA_CHECK_RESULT;
void fa_manifest_free(struct fa_manifest *manifest);

#endif
