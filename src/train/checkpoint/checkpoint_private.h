/*
 * checkpoint_private.h - the manifest of a checkpoint, and what its writers and readers share.
 *
 * On disk a checkpoint is a directory:
 *
 *   manifest.json      what the rest is; without it the directory is no checkpoint
 *   shard-00000.h5 ... each a slice of the flat buffers: /value, /momentum and, if there is one, /average,
 * float32
 *
 * Slices follow each other without gaps in the order of the shards. The tensor table gives each parameter's
 * place in the value buffer; trainable parameters come first, and the buffers of momentum and moving average
 * are laid out as they are. The manifest's last member is the CRC32C of all the text before it.
 */
#ifndef FA_CHECKPOINT_PRIVATE_H
#define FA_CHECKPOINT_PRIVATE_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/checkpoint.h"
#include "fa/json.h"

/* Bytes of "latest" and "best", which name a checkpoint. */
#define FA_CHECKPOINT_POINTER_MAX FA_THRESHOLDS_LINE_MAX

#define FA_MANIFEST_NAME    "manifest.json"
#define FA_MANIFEST_FORMAT  "freeanchor checkpoint"
#define FA_MANIFEST_VERSION 2 /* without a moving average, */
#define FA_MANIFEST_AVERAGE 3 /* and with one; no newer one is known */

/* The manifest's end, printed with the CRC32C of the text before it. */
#define FA_MANIFEST_SEAL ",\n\t\"crc32c\":\t\"%08" PRIx32 "\"\n}\n"

/* Names of enum fa_param_kind. */
enum { FA_MANIFEST_KINDS = 3 };
extern const char *const fa_checkpoint_kinds[FA_MANIFEST_KINDS];

/* Bytes of state that deserve a shard of their own, 64 MiB; tests make it small. */
extern size_t fa_checkpoint_shard_bytes;

struct fa_range {
    size_t begin, end;
};

struct fa_checkpoint_shard {
    uint64_t n_bytes;
    uint32_t crc;
    struct fa_range value, momentum, average; /* elements of the flat buffers */
};

/* The flat buffers of a state, or a shard's slices of them. */
struct fa_checkpoint_buffers {
    float *value, *momentum, *average;
};

struct fa_checkpoint_tensor {
    const char *name;
    enum fa_param_kind kind;
    int n_dims;
    int64_t dims[FA_TENSOR_MAX_DIMS];
    size_t n_elem, offset;
};

struct fa_checkpoint_manifest {
    struct fa_progress progress;
    size_t n_value, n_momentum, n_average; /* elements; the last 0 or as many as the one before */
    size_t n_shards, n_tensors;
    struct fa_checkpoint_shard *shards;
    struct fa_checkpoint_tensor *tensors;
    struct fa_weights_meta meta; /* texts are borrowed from root */
    const char *run;             /* so is this; "": of a run without an id */
    struct fa_json *root;
};

/* "shard-00012.h5". */
enum { FA_SHARD_NAME_SIZE = 32 };
void fa_checkpoint_shard_name(size_t shard, char name[FA_SHARD_NAME_SIZE]);

/* What stands for a checkpoint where it is tried whether one can be saved. */
#define FA_CHECKPOINT_PROOF ".proof"

/* ---- checkpoint_own.c: which checkpoints, and which files in them, are ours ---- */

bool fa_checkpoint_is_name(const char *name); /* "epoch_3", "step_12" */
bool fa_checkpoint_is_file(const char *name); /* a manifest or shard in one */

/* Whether root/name is a checkpoint that run may remove; manifest, if it is not NULL, is then to be cleared.
 */
bool fa_checkpoint_is_own(const struct fa_directory *root, const char *name, const char *run,
                          struct fa_checkpoint_manifest *manifest);

/* ---- checkpoint_find.c ---- */

/* One of several, by name or path; compared by qsort, the newest comes first. */
struct fa_checkpoint_found {
    char *name;
    int64_t samples, step;
};
int fa_checkpoint_newest_first(const void *a, const void *b);

/* FA_EFORMAT or FA_EMISSING if its manifest or a shard is damaged. */
fa_status fa_checkpoint_check(const char *directory) FA_CHECK_RESULT;

/* ---- checkpoint_shard.c: how the state is cut, and what of it is on disk ---- */

/* Shard s of n_shards as it is cut; sizes and CRC are left 0. */
struct fa_checkpoint_shard fa_checkpoint_slice(const struct fa_training_state *state, size_t shard,
                                               size_t n_shards);

/* How many elements a shard has, of all buffers. */
size_t fa_checkpoint_shard_elements(const struct fa_checkpoint_shard *shard);

/* FA_EFORMAT unless the file of this shard has the size and CRC that the manifest says. */
fa_status fa_checkpoint_check_shard(const char *directory, const struct fa_checkpoint_manifest *manifest,
                                    size_t shard) FA_CHECK_RESULT;

/* Checks a shard and reads its slices to their places in the flat buffers; those that are NULL are not
 * wanted. */
fa_status fa_checkpoint_read_shard(const char *directory, const struct fa_checkpoint_manifest *manifest,
                                   size_t shard, const struct fa_checkpoint_buffers *buffers) FA_CHECK_RESULT;

/* ---- manifest_print.c ---- */

/* The manifest's text for these shards; free with fa_free. */
fa_status fa_checkpoint_manifest_print(const struct fa_training_state *state,
                                       const struct fa_checkpoint_shard *shards, size_t n_shards,
                                       char **out) FA_CHECK_RESULT;

/* ---- manifest_read.c ---- */

/* Reads and checks a directory's manifest, not its shards. FA_EFORMAT if it is damaged or contradicts itself,
   FA_EINVAL if a newer program wrote it; *out is then empty. */
fa_status fa_checkpoint_manifest_read(const char *directory,
                                      struct fa_checkpoint_manifest *out) FA_CHECK_RESULT;
void fa_checkpoint_manifest_clear(struct fa_checkpoint_manifest *manifest); /* an empty one is fine */

/* ---- checkpoint_disk.c: what writing does to the disk, each by one thread of one rank ---- */

struct fa_checkpoint_place {
    const struct fa_directory *root; /* borrowed, as is */
    const char *name;
    char *temporary; /* how it is called while it is written */
};

/* token: the same on all ranks, and another one for every save. */
fa_status fa_checkpoint_place_make(const struct fa_directory *root, const char *name, uint64_t token,
                                   struct fa_checkpoint_place *out) FA_CHECK_RESULT;
void fa_checkpoint_place_clear(struct fa_checkpoint_place *place);

/* Shard number s, durable under the temporary name; slices are the buffers' parts in it. shard's sizes and
   CRC are filled in. FA_EFULL, before anything is written, if there is no room for it. */
fa_status fa_checkpoint_write_shard(const struct fa_checkpoint_place *place, size_t s,
                                    const struct fa_checkpoint_buffers *slices,
                                    struct fa_checkpoint_shard *shard) FA_CHECK_RESULT;

/* All shards are durable: the manifest, of *n_bytes, and the final name. */
fa_status fa_checkpoint_publish(const struct fa_checkpoint_place *place,
                                const struct fa_training_state *state,
                                const struct fa_checkpoint_shard *shards, size_t n_shards,
                                size_t *n_bytes) FA_CHECK_RESULT;

/* After that; what fails here is a warning, since the checkpoint exists. */
void fa_checkpoint_tidy_up(const struct fa_checkpoint_place *place);

/* After a failure, also that of place_make: removes what was begun. Returns the failure, with its message. */
fa_status fa_checkpoint_discard(const struct fa_checkpoint_place *place, fa_status failure);

#endif
