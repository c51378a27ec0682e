/*
 * shard_index.h - everything of a shard but its JPEG bytes: one array per column, as data/FORMAT.md lists
 * them.
 *
 * The columns are one table in shard_index.c; writing and reading are loops over it.
 */
#ifndef FA_DATA_SHARD_INDEX_H
#define FA_DATA_SHARD_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "fa/h5.h"
#include "fa/status.h"

#define FA_SHARD_FORMAT       "freeanchor-shard"
#define FA_SHARD_BLOB         "jpeg"
#define FA_SHARD_LARGEST_SIDE 65535 /* what a JPEG can hold */
#define FA_SHARD_LARGEST_BOX  1e6   /* pixels, a bound that no box of an image of that side comes near */

/* The least that a record and an annotation take in a shard, beside JPEGs. */
#define FA_SHARD_RECORD_BYTES     53
#define FA_SHARD_ANNOTATION_BYTES 54

struct fa_shard_index {
    size_t n_records, n_annotations, n_categories;
    /* per record */
    int64_t *offset, *length; /* of its JPEG in the blob */
    uint32_t *crc;            /* CRC32C of these bytes */
    int32_t *width, *height;  /* after orientation */
    uint8_t *orientation;     /* 1..8 */
    int64_t *image_id;
    char **file_name;
    int64_t *annotation_offset; /* n_records + 1 values, the first 0 */
    /* per annotation */
    double *bbox; /* (n, 4) x y w h */
    int32_t *label;
    int64_t *annotation_id;
    double *area;
    uint8_t *crowd, *ignore;
    /* per category */
    int64_t *category_id;
    char **category_name;
};

/* All arrays, zeroed; the pointers of file_name and category_name are for the caller to borrow into. */
fa_status fa_shard_index_create(size_t n_records, size_t n_annotations, size_t n_categories,
                                struct fa_shard_index *out) FA_CHECK_RESULT;
void fa_shard_index_free(struct fa_shard_index *index);

/* version: the manifest's. */
fa_status fa_shard_index_write(const struct fa_shard_index *index, int version,
                               struct fa_h5 *file) FA_CHECK_RESULT;

/* The three counts must be set to what the file has to hold. Nothing but sizes is checked here. On failure
   index is empty. */
fa_status fa_shard_index_read(struct fa_shard_index *index, struct fa_h5 *file,
                              const char *path) FA_CHECK_RESULT;

/* Every value in its range, every offset inside n_blob bytes. Messages name path and record. */
fa_status fa_shard_index_check(const struct fa_shard_index *index, const char *path,
                               uint64_t n_blob) FA_CHECK_RESULT;

/* Hash of the category ids and names in order. */
uint64_t fa_shard_index_category_hash(const struct fa_shard_index *index);

/* Continues hash over records and annotations, so that it does not depend on where shards are cut. */
uint64_t fa_shard_index_content_hash(const struct fa_shard_index *index, uint64_t hash);

#endif
