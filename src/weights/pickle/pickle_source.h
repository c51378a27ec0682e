/*
 * pickle_source.h - the bytes of a file one after another, read in pieces.
 */
#ifndef FA_PICKLE_SOURCE_H
#define FA_PICKLE_SOURCE_H

#include "weights_set.h"

struct fa_pickle_source {
    const struct fa_weights_input *input;
    uint64_t position, end; /* of the next byte to give out; nothing is read from end on */
    uint64_t piece_begin, piece_end;
    unsigned char piece[1 << 14];
};

/* The bytes from begin to end of the file, which has that many. */
void fa_pickle_source_init(struct fa_pickle_source *source, const struct fa_weights_input *input,
                           uint64_t begin, uint64_t end);

/* The next n_bytes; FA_EFORMAT, "ends early", if there are fewer. */
fa_status fa_pickle_source_read(struct fa_pickle_source *source, size_t n_bytes, void *out) FA_CHECK_RESULT;

/* Whether they are there, before memory is taken for them. */
fa_status fa_pickle_source_check(const struct fa_pickle_source *source, uint64_t n_bytes) FA_CHECK_RESULT;

/* Leaves out n_bytes, which are there. */
void fa_pickle_source_skip(struct fa_pickle_source *source, uint64_t n_bytes);

#endif
