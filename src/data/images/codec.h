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
    fa_status (*decode)(const char *name, const void *data, size_t n_bytes,
                        const struct fa_rendering *rendering, struct fa_picture *out);
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

/* A sample that alpha makes transparent, over the ground's: rounded to the nearest. */
static inline uint8_t fa_over(unsigned sample, unsigned alpha, int ground)
{
    return (uint8_t)((sample * alpha + (unsigned)ground * (255u - alpha) + 127u) / 255u);
}

/* Whether 16-bit samples are spread out from a part of what they can be. */
static inline bool fa_rendering_has_range(const struct fa_rendering *rendering)
{
    return rendering->range[0] != 0 || (rendering->range[1] != 0 && rendering->range[1] != 65535);
}

/* The level of a 16-bit sample in the range, rounded to the nearest; and the sample of a level. */
static inline uint8_t fa_rendering_level(const struct fa_rendering *rendering, int sample)
{
    const int low = rendering->range[0], high = rendering->range[1];

    if (sample <= low)
        return 0;
    return sample >= high ? 255 : (uint8_t)(((sample - low) * 255 + (high - low) / 2) / (high - low));
}

static inline int fa_rendering_sample(const struct fa_rendering *rendering, int level)
{
    return rendering->range[0] + (level * (rendering->range[1] - rendering->range[0]) + 127) / 255;
}

#endif
