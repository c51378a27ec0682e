/*
 * widths.h - how wide and deep the networks that are built may be, on which configuration, network and
 * weights agree.
 */
#ifndef FA_WIDTHS_H
#define FA_WIDTHS_H

#include <stdbool.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

enum {
    FA_WIDTH_STEP = 16,         /* every width is a multiple of it */
    FA_MAX_BASE_CHANNELS = 128, /* of the stem */
    FA_MAX_WIDTH = 1024,        /* of a neck or a head's towers */
    FA_HEAD_MAX_CONVS = 8,      /* of each tower */
    FA_MAX_CLASSES = 65536
};

static inline bool fa_width_can_be(int64_t channels, int64_t most)
{
    return channels >= FA_WIDTH_STEP && channels <= most && channels % FA_WIDTH_STEP == 0;
}

FA_END_DECLARATIONS

#endif
