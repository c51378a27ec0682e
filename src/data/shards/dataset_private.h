/*
 * dataset_private.h - what a packed dataset is in memory.
 */
#ifndef FA_DATA_DATASET_PRIVATE_H
#define FA_DATA_DATASET_PRIVATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/shard.h"
#include "manifest.h"

/* A shard; of its index only the names are kept. */
struct fa_dataset_shard {
    char *path;
    atomic_int fd;     /* -1: not opened yet */
    uint64_t blob;     /* where the images begin in the file; of use while the index is read */
    char **file_names; /* one block, see fa_h5_read_strings; NULL where names lie in the dataset's texts */
};

/* Where a record's bytes are. */
struct fa_dataset_place {
    uint32_t shard;
    uint64_t offset; /* in the file */
};

/* What is handed out is the first member, so that one pointer stands for both. */
struct fa_open_dataset {
    struct fa_dataset public;
    size_t n_shards;
    struct fa_dataset_shard *shards;
    struct fa_dataset_place *places;
    struct fa_record *records;
    struct fa_category *categories;
    char **category_names;
    char *texts; /* all names end to end, of a dataset that another process has read; else NULL */
    double (*bbox)[4];
    int32_t *label;
    int64_t *annotation_id;
    double *area;
    uint8_t *crowd, *ignore;
    size_t n_parts; /* 0 unless it was joined; then shards and places are those of the parts */
    struct fa_dataset_part *parts;
    struct fa_open_dataset **joined; /* (n_parts) */
};

/* Room for what the manifest counts; on failure fa_dataset_close frees what there is. */
fa_status fa_open_dataset_allocate(struct fa_open_dataset *dataset,
                                   const struct fa_manifest *manifest) FA_CHECK_RESULT;

/* Fills in what is handed out. */
void fa_open_dataset_publish(struct fa_open_dataset *dataset, const struct fa_manifest *manifest);

/* Of what is handed out records and classes stay. */
void fa_open_dataset_forget_annotations(struct fa_open_dataset *dataset);

/* Gives the shard the path of file i in the directory. */
fa_status fa_dataset_shard_name(struct fa_dataset_shard *shard, const char *directory,
                                size_t i) FA_CHECK_RESULT;

/* The manifest and the sizes of its shards, all checked; and the right to have so many files open. */
fa_status fa_dataset_read_manifest(const char *directory, struct fa_manifest *manifest) FA_CHECK_RESULT;

#endif
