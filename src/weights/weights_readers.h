/*
 * weights_readers.h - the formats of weights files, each a function that fills a set.
 *
 * None trusts a byte: every size is bounded by that of the file before memory is taken, and what is damaged
 * is FA_EFORMAT with a sentence that names the file and the place. Nothing in a file is ever executed.
 */
#ifndef FA_WEIGHTS_READERS_H
#define FA_WEIGHTS_READERS_H

#include "weights_set.h"

fa_status fa_weights_read_h5(const struct fa_weights_input *input,
                             struct fa_weights_set *set) FA_CHECK_RESULT;
fa_status fa_weights_read_safetensors(const struct fa_weights_input *input,
                                      struct fa_weights_set *set) FA_CHECK_RESULT;
fa_status fa_weights_read_torch_zip(const struct fa_weights_input *input,
                                    struct fa_weights_set *set) FA_CHECK_RESULT;
fa_status fa_weights_read_torch_legacy(const struct fa_weights_input *input,
                                       struct fa_weights_set *set) FA_CHECK_RESULT;

#endif
