/*
 * codec.h - a format of images beside JPEG: how it is known, and who decodes it.
 */
#ifndef FA_DATA_CODEC_H
#define FA_DATA_CODEC_H

#include <stdbool.h>

#include "fa/image.h"

struct fa_image_codec {
    const char *called;  /* "PNG" */
    const char *package; /* without which a build cannot read it, and has no functions to do so */
    bool (*knows)(const void *data, size_t n_bytes); /* by how it begins */
    fa_status (*inspect)(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info);
    /* As stored, without regard to orientation. */
    fa_status (*decode)(const char *name, const void *data, size_t n_bytes, struct fa_picture *out);
};

#define FA_CODEC_MAX_SIDE 65535

/* FA_EFORMAT for a picture without pixels, of more than 2^28 or of longer sides, or of more than n_bytes can
   hold where each holds at most so many; nothing of that size is taken before. */
fa_status fa_codec_check_claim(const char *name, size_t w, size_t h, size_t n_bytes,
                               size_t pixels_per_byte) FA_CHECK_RESULT;

/* A picture to decode into, once the budget (decode_budget.h) has room for all that decoding takes; and the
   end of that: what the picture itself does not need goes back, all of it and the picture on failure. */
fa_status fa_codec_alloc(int w, int h, size_t decode_bytes, struct fa_picture *out) FA_CHECK_RESULT;
void fa_codec_settle(fa_status status, struct fa_picture *out);

/* A sample that alpha makes transparent, over white: rounded to the nearest. */
static inline uint8_t fa_over_white(unsigned sample, unsigned alpha)
{
    return (uint8_t)((sample * alpha + 255u * (255u - alpha) + 127u) / 255u);
}

#endif
