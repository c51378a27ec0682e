/*
 * trainer.h - the training run: steps, journal, checkpoints, evaluation after each epoch.
 */
#ifndef FA_TRAINER_H
#define FA_TRAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "fa/comm.h"
#include "fa/declarations.h"
#include "fa/evaluate.h"
#include "fa/loader.h"
#include "fa/loss.h"
#include "fa/model.h"
#include "fa/reducer.h"
#include "fa/sgd.h"
#include "fa/shard.h"
#include "fa/status.h"
#include "fa/weights.h"
#include "fa/work_dir.h"

FA_BEGIN_DECLARATIONS

enum fa_normalizer { FA_NORMALIZER_GLOBAL, FA_NORMALIZER_LOCAL };
enum fa_init { FA_INIT_WEIGHTS, FA_INIT_CALIBRATE, FA_INIT_RANDOM };
enum fa_resume { FA_RESUME_AUTO, FA_RESUME_NONE, FA_RESUME_DIRECTORY };

enum { FA_DATASETS_MAX = 16 };

/* How often an image of each part of the training data comes in an epoch; of data that were not joined the
   first. */
struct fa_data_weights {
    int n; /* as many as there are parts; 0: once each */
    float weight[FA_DATASETS_MAX];
};

struct fa_train_config {
    int batch;           /* images of a step over all ranks; at least their number */
    int reference_batch; /* the batch for which schedule.lr is stated */
    enum fa_lr_scaling lr_scaling;
    int epochs;
    int64_t max_steps;                        /* 0: no limit but epochs */
    struct fa_schedule schedule;              /* lr as stated, before scaling by fa_lr_scale */
    double momentum, weight_decay, clip_norm; /* clip_norm 0: no clipping */
    bool decay_norm;                          /* else norms' gammas and betas do not decay */
    double lars;                              /* trust of LARS in a layer's step; 0: plain SGD */
    double ema_decay; /* of the moving average of the weights, which is evaluated and exported; 0: there is
                         none */
    enum fa_normalizer normalizer;
    enum fa_reduction reduction;
    enum fa_transport transport;
    int lanes; /* images of a rank that run side by side, at most as many as it has in a step; 0: as many as a
                  device has room for, one on processors */
    int bucket_mib; /* of gradients on their way over ranks */
    struct fa_loss_config loss;
    struct fa_transform transform;
    uint64_t seed;
    bool keep_empty;         /* train on images without objects too */
    double repeat_threshold; /* of fa/sampler.h */
    struct fa_data_weights data_weights;
    int loader_threads;
    int bad_sample_budget;
    enum fa_init init;
    int calibrate_images;
    int log_interval;          /* steps between lines of the journal */
    bool tensorboard;          /* its numbers also as TensorBoard's event files */
    int64_t checksum_interval; /* steps between comparisons of all ranks' state; 0: only before it is saved */
    int checkpoint_interval;   /* epochs */
    int64_t checkpoint_steps;  /* also every so many steps; 0: no */
    int keep_checkpoints;      /* 0: all */
    int eval_interval;         /* epochs; 0: never */
    bool class_ap;             /* evaluations tell the AP of each class */
    bool val_loss;             /* and the loss of the validation set */
    int patience; /* evaluations in a row without a better AP after which the run is finished; 0: never */
    struct fa_evaluate_config eval;
    struct fa_watchdog_config watchdog;
};

/* init_from: the weights of a run that does not resume, under our names; left without its tensors when the
   run has begun. Neck, head and class layer may each be absent as a whole, and then start at random; all else
   must be there in its shape, and nothing besides. NULL: random weights, calibrated (FA_INIT_CALIBRATE) or
   with group norm (FA_INIT_RANDOM), else FA_EINVAL. With FA_RESUME_NONE checkpoints and log.jsonl of an
   earlier run in work_dir are put aside under other names. */
struct fa_train_run {
    const struct fa_work_dir *work_dir; /* taken */
    const char *config_json;            /* resolved, for config.json and the manifests */
    enum fa_resume resume;
    const char *resume_directory; /* for FA_RESUME_DIRECTORY: a checkpoint, or a file that names one */
    struct fa_weights_file *init_from;
    const struct fa_dataset *train_data;
    const struct fa_dataset *val_data; /* NULL: no evaluation */
    struct fa_weights_meta meta;
    bool autotune; /* algorithms are measured, or taken from work_dir/algorithms.json; else the static rule's
                    */
    const char *trace_path; /* NULL: none; else rank 0 writes its first trace_steps steps there (trace.h) */
    int trace_steps;
};

struct fa_train_result {
    int64_t steps, samples;
    double last_loss;
    bool has_metrics;
    struct fa_metrics metrics; /* of the last evaluation; fa_metrics_clear */
};

/* Collective. FA_EINVAL where config.patience is given and nothing is evaluated. FA_ESTOPPED after SIGTERM,
   SIGUSR1, SIGUSR2, SIGINT or SIGHUP on any rank, or where there is a file "stop" in work_dir: the state is
   saved, and the file removed. A second signal ends the process at once. FA_EINVAL where the loss or gradient
   of an image is not finite, FA_ENUMERIC where only that of the batch is not. Leaves weights.h5 in work_dir
   when the last step is done. */
fa_status fa_train(const struct fa_train_config *config, const struct fa_train_run *run, struct fa_comm *comm,
                   struct fa_model *model, struct fa_train_result *result) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
