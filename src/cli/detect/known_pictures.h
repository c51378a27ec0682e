/*
 * known_pictures.h - which pictures the weights were trained on, or evaluated on while they were, as far as
 * their run tells: results there say little about how good they are.
 *
 * A work directory names its data, whose index has size and CRC of every image's file; its newest checkpoint
 * and its latest evaluation tell whether they are still the same. Two files that have both in common are one.
 * A weights file alone knows nothing of its data.
 */
#ifndef FA_CLI_DETECT_KNOWN_PICTURES_H
#define FA_CLI_DETECT_KNOWN_PICTURES_H

#include <stddef.h>
#include <stdint.h>

#include "fa/status.h"

/* Of a file. */
struct fa_fingerprint {
    uint32_t n_bytes, crc;
};

/* Below 2^32 bytes. */
struct fa_fingerprint fa_fingerprint_of(const void *data, size_t n_bytes);

struct fa_known_pictures {
    size_t n_trained,
        n_validated; /* 0 where nothing is known, as where the data are elsewhere or others by now */
};

/* Says how many of n pictures the run trained on and was validated on, where weights is its work directory.
 */
fa_status fa_known_pictures_tell(const char *weights, const struct fa_fingerprint *pictures, size_t n,
                                 struct fa_known_pictures *known) FA_CHECK_RESULT;

#endif
