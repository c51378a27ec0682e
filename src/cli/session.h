/*
 * session.h - what train, eval, detect and info share: the configuration, the backend and the model that they
 * name.
 */
#ifndef FA_CLI_SESSION_H
#define FA_CLI_SESSION_H

#include "command.h"
#include "fa/architecture.h"
#include "fa/backend.h"
#include "fa/lane.h"
#include "fa/shard.h"
#include "fa/weights.h"
#include "recipe/settings.h"

/* --set, --backend. */
#define FA_CHANGE_FLAGS                                                                                      \
    {"--set", "KEY=VALUE", "change a key of the recipe; may be repeated", false},                            \
    {                                                                                                        \
        "--backend", "NAME", "onednn or blas (default: the fastest of this build)", false                    \
    }

#define FA_SESSION_FLAGS {"--config", "C.json", "the recipe", true}, FA_CHANGE_FLAGS

/* For those who take trained weights. */
#define FA_TRAINED_FLAGS                                                                                     \
    {"--config", "C.json", "the recipe (default: the one that the weights have with them)", false},          \
        FA_CHANGE_FLAGS
#define FA_WEIGHTS_HELP                                                                                      \
    "a weights file, a checkpoint, or a work directory: its best checkpoint, else its latest"

struct fa_session {
    struct fa_settings settings;
    struct fa_backend *backend;
    struct fa_model *model;
    struct fa_lane *lane; /* of a model that was trained */
    struct fa_weights_file
        *weights; /* what was read, under our names, until a model has it; NULL: nothing was */
    const char *weights_path;
    struct fa_architecture architecture; /* of weights */
};

/* A flag that stands for a configuration key: "--seed" for "train.seed". */
struct fa_shorthand {
    const char *flag, *key;
    bool several; /* given more than once it is a list of strings; else the last counts */
};

/* Reads the configuration, --set and shorthands (flag NULL at the end; NULL: none) over it. All ranks
 * succeed, with the same configuration, or all fail; the session is to be closed either way. */
fa_status fa_session_open(struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                          struct fa_session *session) FA_CHECK_RESULT;

/* The same over what is already settled (fa_settings_read_over). */
fa_status fa_session_open_over(struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                               const struct fa_settings_base *base,
                               struct fa_session *session) FA_CHECK_RESULT;

/* The same over the recipe of trained weights, which are read from path and checked as
   fa_session_read_weights does; path must stay valid. What is given by --set against the recipe is told.
   FA_EINVAL where there is neither a recipe nor a --config. */
fa_status fa_session_open_trained(struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                                  const char *path, struct fa_session *session) FA_CHECK_RESULT;
void fa_session_close(struct fa_session *session);

/* What --size says, else the size of the recipe's largest image, padded. */
fa_status fa_session_size(const struct fa_invocation *invocation, const struct fa_settings *settings, int *h,
                          int *w) FA_CHECK_RESULT;

/* The backend that the settings choose, on the threads of this rank. */
fa_status fa_session_open_backend(const struct fa_invocation *invocation, const struct fa_settings *settings,
                                  struct fa_backend **out) FA_CHECK_RESULT;

/* Opens the backend and makes the model for so many classes. All ranks succeed or all fail. */
fa_status fa_session_make_model(struct fa_invocation *invocation, struct fa_session *session,
                                int num_classes) FA_CHECK_RESULT;

/* Reads a weights file of any format, or a checkpoint, into session->weights and checks its
 * preprocessing, box coder and backbone against the configuration. path must stay valid. */
fa_status fa_session_read_weights(struct fa_invocation *invocation, struct fa_session *session,
                                  const char *path) FA_CHECK_RESULT;

/* FA_EINVAL, naming the key, unless the configuration prepares images as the weights want it. */
fa_status fa_session_check_preprocessing(const struct fa_settings *settings,
                                         const struct fa_weights_file *weights) FA_CHECK_RESULT;

/* FA_EINVAL, naming the key, unless the configuration decodes boxes as the weights (where they say so) code
 * them. */
fa_status fa_session_check_coder(const struct fa_settings *settings,
                                 const struct fa_weights_file *weights) FA_CHECK_RESULT;

/* Of a model without neck and head, for its names. */
struct fa_architecture fa_session_architecture(const struct fa_model_config *model);

/* FA_EINVAL, naming the key, unless the configuration has this backbone, with this norm. */
fa_status fa_session_check_backbone(const struct fa_settings *settings,
                                    const struct fa_architecture *architecture) FA_CHECK_RESULT;

/* FA_EINVAL where the configuration forces an algorithm, so that --autotune has nothing to choose. */
fa_status fa_session_check_autotune(const struct fa_settings *settings) FA_CHECK_RESULT;

/* Makes a model for the classes of session->weights, and gives it those weights, all of them. */
fa_status fa_session_make_trained_model(struct fa_invocation *invocation,
                                        struct fa_session *session) FA_CHECK_RESULT;

/* FA_EINVAL, naming the first difference, unless the dataset's classes are those of the weights (where those
 * are known). */
fa_status fa_session_check_classes(const struct fa_session *session, const struct fa_dataset *dataset,
                                   const char *dataset_path) FA_CHECK_RESULT;

#endif
