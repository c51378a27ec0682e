/*
 * torch_state.h - the weights in what torch.save pickled.
 */
#ifndef FA_TORCH_STATE_H
#define FA_TORCH_STATE_H

#include "pickle/pickle.h"

/* A file of torch.save: the pickle tells of tensors and of the storages that they view, the file around it
   holds the storages. */
struct fa_torch_file {
    const struct fa_weights_input *input;
    const struct fa_pickle_value *root;
    /* Where the first element of a storage lies, once it is sure that all of them are there. */
    fa_status (*locate)(void *context, const struct fa_pickle_value *storage, uint64_t *position);
    void *context;
};

/* Adds the tensors of a state dict: that under "state_dict" or "model" of the root, or the root itself. Class
   names are taken from "meta", where mmdetection has them. */
fa_status fa_torch_state_read(const struct fa_torch_file *file, struct fa_weights_set *set) FA_CHECK_RESULT;

/* The bytes of a storage's elements; FA_EFORMAT if the file cannot hold them. */
fa_status fa_torch_storage_bytes(const struct fa_weights_input *input, const struct fa_pickle_value *storage,
                                 uint64_t *n_bytes) FA_CHECK_RESULT;

#endif
