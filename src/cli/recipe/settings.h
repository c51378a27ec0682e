/*
 * settings.h - everything that a configuration can say, as the structs of the modules that it configures.
 */
#ifndef FA_CLI_RECIPE_SETTINGS_H
#define FA_CLI_RECIPE_SETTINGS_H

#include <stddef.h>

#include "fa/backend.h"
#include "fa/json.h"
#include "fa/model.h"
#include "fa/status.h"
#include "fa/trainer.h"
#include "paths.h"

enum fa_scale_mode { FA_SCALE_VALUE, FA_SCALE_RANGE };

struct fa_settings {
    struct fa_model_config model; /* num_classes is 0: it comes from the data */
    struct fa_train_config train; /* with evaluation's part in train.eval */
    struct fa_paths train_data;
    const char *val_data;        /* "" where not given */
    const char *backend;         /* "": the default of this build */
    int device;                  /* -1: by the rank's number on its host */
    bool share_device;           /* several ranks may have one */
    bool graphs;                 /* the backend records what it can */
    int precision;               /* enum fa_precision */
    int algorithm;               /* enum fa_conv_preference */
    int head_init;               /* enum fa_head_init */
    int norm;                    /* enum fa_model_norm */
    int scale_mode;              /* enum fa_scale_mode */
    struct fa_scales eval_scale; /* n 0: that of training */
    struct fa_json *resolved;    /* every key with its value; owns the strings above */
};

/* What is already settled. */
struct fa_settings_base {
    const char *name;           /* of the file that it is from, for messages */
    const struct fa_json *tree; /* of keys that were checked */
};

/* Reads path with its bases, applies n assignments "key=value" over it, all of it over base, checks every key
   and value against the option table and fills in defaults. base NULL: nothing is settled; path NULL:
   defaults and assignments alone. A value that is wrong is told with the file that it comes from, and one of
   an assignment by itself. */
fa_status fa_settings_read_over(const struct fa_settings_base *base, const char *path,
                                const char *const *assignments, size_t n,
                                struct fa_settings *out) FA_CHECK_RESULT;

/* FA_EINVAL, naming the keys, where path says something else than the recipe of weights of what shapes the
   network or the pixels. An assignment may. */
fa_status fa_settings_agree(const struct fa_json *recipe, const char *path, const char *const *assignments,
                            size_t n) FA_CHECK_RESULT;

/* What a run wrote as its config.json. */
fa_status fa_settings_read_tree(const char *path, struct fa_json **out) FA_CHECK_RESULT;

/* Padded, of an image that lies and meets both limits of the largest scale that the recipe trains at. */
void fa_settings_image(const struct fa_settings *settings, int *h, int *w);

void fa_settings_clear(struct fa_settings *settings);

#endif
