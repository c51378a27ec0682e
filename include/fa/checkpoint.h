/*
 * checkpoint.h - training state on disk: a directory of HDF5 shards and a manifest that makes them valid.
 *
 * A checkpoint exists or it does not. Shards are written under a temporary directory name, made durable,
 * agreed on by all ranks; the manifest (sizes, CRC32C, configuration, progress) is written last; the
 * directory is renamed; its parent is synced; then `latest` names it. Any number of ranks reads what any
 * number wrote. A run writes them in the background (checkpoint_writer.h).
 *
 * A run removes only its own: a checkpoint is removed, or replaced by one of the same name, only if its name
 * is one that we give, it is no link, it holds nothing but our files, and its manifest carries the id of the
 * run that removes it. All others stay, if need be under another name.
 */
#ifndef FA_CHECKPOINT_H
#define FA_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "fa/comm.h"
#include "fa/declarations.h"
#include "fa/directory.h"
#include "fa/params.h"
#include "fa/status.h"
#include "fa/weights.h"

FA_BEGIN_DECLARATIONS

struct fa_progress {
    int64_t samples; /* consumed since the start of training: the position of the next sample */
    int64_t step;    /* updates made */
    int64_t epoch;   /* whole epochs done */
    uint64_t seed;
    uint64_t category_hash, content_hash; /* of the training data */
};

/* The id of a run: 32 hexadecimal digits that no other run has. */
enum { FA_RUN_ID_SIZE = 33 };
fa_status fa_run_id_make(char id[FA_RUN_ID_SIZE]) FA_CHECK_RESULT;

/* What is saved: params->value, the momentum of its n_trainable first elements, and their moving average,
   where one is kept. config is the resolved one as JSON text, kept in the manifest; so is the run's id, ""
   for none. */
struct fa_training_state {
    struct fa_params *params;
    struct fa_flat *momentum;
    struct fa_flat *average; /* NULL: none */
    struct fa_progress progress;
    const char *config;
    const struct fa_weights_meta *meta;
    char run[FA_RUN_ID_SIZE];
};

/* Collective. "<root>/<name>", say "epoch_3"; one of that name is replaced, or put aside if it is not of this
   run, and what crashes left in root is removed. On failure nothing stands under that name but what stood
   there before, unless all that failed is to make the new name durable. Waits for the disk. */
fa_status fa_checkpoint_write(struct fa_comm *comm, const struct fa_directory *root, const char *name,
                              const struct fa_training_state *state) FA_CHECK_RESULT;

/* Collective. Fills params->value, momentum, average (with the values, where the checkpoint has none) and
   progress; untouched on failure. FA_EINVAL if the checkpoint
   is of another model (names the first parameter that differs), FA_EFORMAT if it is damaged. */
fa_status fa_checkpoint_read(struct fa_comm *comm, const char *directory,
                             struct fa_training_state *state) FA_CHECK_RESULT;

/* Collective. The valid checkpoint under "<root>" of most samples, every shard's size and CRC checked;
   damaged ones are reported and passed over. *directory NULL if there is none; else fa_free. What cannot be
   read is not absent, and fails: FA_EIO or FA_ENOMEM of a checkpoint that the system does not let us read, or
   of a root that leads nowhere; FA_EINVAL of one that a newer program wrote; FA_EFORMAT where there are
   checkpoints and all are damaged. */
fa_status fa_checkpoint_find(struct fa_comm *comm, const char *root, char **directory) FA_CHECK_RESULT;

/* Removes every checkpoint of run older than its newest `keep` valid ones, and what crashes left; keep 0
   keeps all. protected_name ("epoch_3", may be NULL) is never removed. Damaged ones among the newest are
   reported and left, for a person to look at. Not collective: one rank does it, while no other writes under
   root. */
fa_status fa_checkpoint_prune(const struct fa_directory *root, const char *run, int keep,
                              const char *protected_name) FA_CHECK_RESULT;

/* Removes what crashes left. */
fa_status fa_checkpoint_sweep(const struct fa_directory *root) FA_CHECK_RESULT;

/* Does to a small file in root what a save does to large ones, and says what a save would meet. */
fa_status fa_checkpoint_prove(const struct fa_directory *root) FA_CHECK_RESULT;

enum { FA_CHECKPOINT_NAME_MAX = 64 };

/* The checkpoint that did best in evaluation. */
struct fa_checkpoint_best {
    char name[FA_CHECKPOINT_NAME_MAX]; /* "epoch_3"; "": none yet */
    double ap;                         /* -1: none yet */
    struct fa_thresholds thresholds;   /* of best F1 in that evaluation; owned */
};

/* As "<root>/best" says; none where it says nothing of use, or its checkpoint is not there. To be cleared,
   also after a failure. Not collective, as is the next. */
fa_status fa_checkpoint_best_read(const char *root, struct fa_checkpoint_best *out) FA_CHECK_RESULT;
fa_status fa_checkpoint_best_write(const struct fa_directory *root,
                                   const struct fa_checkpoint_best *best) FA_CHECK_RESULT;
void fa_checkpoint_best_clear(struct fa_checkpoint_best *best); /* to none */

/* Whether something under root, a directory that may be absent, is called as checkpoints are. One that cannot
   be looked through is a failure: it may hold some. Not collective. */
fa_status fa_checkpoint_any(const char *root, bool *any) FA_CHECK_RESULT;

/* The checkpoint that path, a file like "<root>/latest" or "<root>/best", names as its first word; *directory
   NULL if it names none that lies beside it, else fa_free. Not collective. */
fa_status fa_checkpoint_follow(const char *path, char **directory) FA_CHECK_RESULT;

/* Collective. The checkpoint that path is, or names as such a file; *directory is freed with fa_free.
   FA_EMISSING where there is none. */
fa_status fa_checkpoint_find_named(struct fa_comm *comm, const char *path, char **directory) FA_CHECK_RESULT;

/* How far it had come, and on which data, by its manifest alone. Not collective. */
fa_status fa_checkpoint_progress(const char *directory, struct fa_progress *out) FA_CHECK_RESULT;

/* The parameters of a checkpoint, by their moving average where it has one, as a weights file in memory, and
   with the score thresholds where "best" beside it speaks of it. Not collective. */
fa_status fa_checkpoint_weights(const char *directory, struct fa_weights_file **out) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
