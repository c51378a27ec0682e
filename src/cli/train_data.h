/*
 * train_data.h - the datasets of a run: perhaps copied to a disk of the host's own, opened, counted, joined.
 */
#ifndef FA_CLI_TRAIN_DATA_H
#define FA_CLI_TRAIN_DATA_H

#include "command.h"
#include "fa/shard.h"
#include "fa/staged_dataset.h"
#include "recipe/settings.h"

struct fa_train_data {
    struct fa_dataset *train, *val; /* val may be NULL; train is joined where there are several */
    size_t n_staged;
    struct fa_staged_dataset *staged[FA_DATASETS_MAX + 1];
};

/* Collective over the ranks of a host; *data, zeroed before, is to be closed either way. Says of each dataset
   what there is to train on; nothing at all is an error. */
fa_status fa_train_data_open(const struct fa_invocation *invocation, const struct fa_settings *settings,
                             struct fa_train_data *data) FA_CHECK_RESULT;
void fa_train_data_close(const struct fa_invocation *invocation, struct fa_train_data *data);

#endif
