/*
 * shard.h - a packed dataset: a directory of HDF5 shards (page: data/FORMAT.md).
 *
 * The index and all annotations of all shards are loaded once at open; a sample's image is read by pread at
 * the offset that the index gives, without HDF5 and without a lock, so fetch may be called from any thread.
 * Nothing found in a file is trusted for a size. Shards are never changed after they were written.
 */
#ifndef FA_SHARD_H
#define FA_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/annotations.h"
#include "fa/declarations.h"
#include "fa/status.h"
#include "fa/team.h"

FA_BEGIN_DECLARATIONS

struct fa_category {
    int64_t id; /* COCO's */
    char *name;
};

struct fa_record {
    int64_t image_id;
    const char *file_name;
    int w, h;        /* after orientation */
    int orientation; /* to apply after decoding; 1 for nearly all */
    size_t n_bytes;
    uint32_t crc;    /* CRC32C of the JPEG's bytes */
    size_t first, n; /* its annotations: [first, first + n) of the dataset's arrays */
};

/* One of several datasets that were joined. */
struct fa_dataset_part {
    char *path;      /* of its folder */
    size_t first, n; /* its records: [first, first + n) of the whole */
};

struct fa_dataset {
    size_t n_records, n_annotations, n_categories;
    uint64_t n_bytes, n_index_bytes;      /* of all its shards; of that, what is read to open it */
    const struct fa_category *categories; /* index = label */
    uint64_t category_hash;               /* of ids and names in order */
    uint64_t content_hash;                /* of all records' ids, sizes and CRCs and all annotations */
    const struct fa_record *records;      /* in the order of the annotation file */
    const double (*bbox)[4];              /* x y w h of the original (oriented) image, as packed */
    const int32_t *label;
    const int64_t *annotation_id;
    const uint8_t *crowd, *ignore;
    const double *area;
    size_t n_parts; /* 0 unless it was joined */
    const struct fa_dataset_part *parts;
};

/* Reads the index of every shard of the directory; FA_EFORMAT, naming the file, if one is missing, cut short,
   changed or of another packing. The images themselves are checked as they are fetched. */
fa_status fa_dataset_open(const char *directory, struct fa_dataset **out) FA_CHECK_RESULT;

/* The same by a team, collectively: its first process reads and checks, the others get all from it, and open
   a shard's file when they first fetch from it. */
fa_status fa_dataset_open_together(const char *directory, const struct fa_team *team,
                                   struct fa_dataset **out) FA_CHECK_RESULT;
void fa_dataset_close(struct fa_dataset *dataset);

/* One dataset of n >= 2, in their order, which owns them from then on; on failure they stay the caller's.
   Classes are those of the first; the others' are told by their names, may be fewer and in another order. The
   content hash is that of all, in order. Ids of images and annotations may occur several times. FA_EINVAL,
   naming it, where another has a class that the first lacks, or two hold the same; paths are copied. */
fa_status fa_dataset_join(struct fa_dataset **datasets, const char *const *paths, size_t n,
                          struct fa_dataset **out) FA_CHECK_RESULT;

/* Which part a record is of; 0 where there are none. */
size_t fa_dataset_part_of(const struct fa_dataset *dataset, size_t record);

/* FA_EINVAL, naming the first difference, unless labels mean the same classes in both. */
fa_status fa_dataset_require_same_classes(const struct fa_dataset *a, const char *path_a,
                                          const struct fa_dataset *b, const char *path_b) FA_CHECK_RESULT;

/* What n classes are called where each must be told from all others: by name, and by id too where several
   share one. *titles is freed by the second. */
fa_status fa_category_titles(const struct fa_category *classes, size_t n, char ***titles) FA_CHECK_RESULT;
void fa_category_titles_free(char **titles, size_t n); /* NULL is fine */

/* The record's JPEG bytes into a buffer of record->n_bytes. FA_EFORMAT if the CRC differs. Callable from any
 * thread. */
fa_status fa_dataset_fetch(const struct fa_dataset *dataset, size_t record, void *jpeg) FA_CHECK_RESULT;

/* ---- packing ---- */

enum fa_pack_fix { FA_PACK_ERROR, FA_PACK_DROP, FA_PACK_CLIP };
enum fa_pack_exif { FA_PACK_EXIF_DECIDE, FA_PACK_EXIF_APPLY, FA_PACK_EXIF_IGNORE };

/* Datasets that images are shared out to, by their content (pack_split.h). */
enum { FA_PACK_MAX_PARTS = 3 };
extern const char *const fa_pack_part_names[FA_PACK_MAX_PARTS]; /* "train", "val", "test" */

struct fa_pack_split {
    size_t n_parts;                  /* 0: all images go to one dataset */
    double share[FA_PACK_MAX_PARTS]; /* 1 in all */
    uint64_t seed;
};

struct fa_pack_config {
    const struct fa_annotation_source *sources;
    size_t n_sources;    /* at least 1 */
    const char *classes; /* as fa_annotations_read has them; NULL: those of the annotations */
    const char *out_directory;
    struct fa_pack_split split; /* its parts become <out>/train, <out>/val, <out>/test */
    size_t shard_bytes;         /* a shard is closed before its images would pass this */
    enum fa_pack_fix fix;   /* boxes that are empty or reach outside: error; drop the box; clip it (drop if
                               empty then). drop also drops images and annotations that cannot be used */
    enum fa_pack_exif exif; /* whether images are turned as their EXIF data say; decide: as the sizes in the
                               annotations tell, once for all of a source that do not tell */
    int n_threads;
    const struct fa_team *team; /* images and shards are shared out to it; NULL: this process does all */
};

struct fa_pack_report {
    size_t n_images, n_annotations, n_shards;
    size_t n_in_part[FA_PACK_MAX_PARTS]; /* images */
    size_t n_bytes;                      /* of images */
    size_t n_dropped_images, n_dropped_boxes, n_clipped_boxes, n_oriented, n_without_objects;
    size_t n_dropped_items; /* of the annotation file, that contradicted it */
    size_t n_exif_ignored;  /* EXIF asks for a turn that the annotations did not follow */
    size_t n_objects;       /* annotations to train on, see census.h */
};

/* Decodes and checks every image, writes all shards and the manifest into "<out>.freeanchor.tmp", and
   exchanges that with <out> as the last step: on failure <out> is what it was (of a split
   each part is exchanged by itself: after a failure between two of them, pack again). Every rejected item is
   a line in "<out>.rejected.txt", and the first hundred are logged; unless fix lets them go, the call fails
   after all were looked at (FA_EFORMAT, naming the first). It fails too if there are annotations and none is
   an object to train on. out_directory must be absent or empty, or hold a dataset. Collective over the team,
   whose processes share a file system; the bytes written are the same for any team. */
fa_status fa_pack(const struct fa_pack_config *config, struct fa_pack_report *report) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
