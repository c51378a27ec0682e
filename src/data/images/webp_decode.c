#include "webp_decode.h"

#include <string.h>

static bool is_webp(const void *data, size_t n_bytes)
{
    return n_bytes >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp((const char *)data + 8, "WEBP", 4) == 0;
}

#ifdef FA_HAVE_WEBP

#include <webp/decode.h>

#include "decode_budget.h"
#include "fa/memory.h"
#include "picture.h"

/* A lossless one of a single colour takes some 40 bytes, whatever its size. */
#define PIXELS_PER_BYTE ((size_t)1 << 20)

static fa_status read_features(const char *name, const void *data, size_t n_bytes,
                               WebPBitstreamFeatures *features)
{
    if (WebPGetFeatures(data, n_bytes, features) != VP8_STATUS_OK)
        return fa_fail(FA_EFORMAT, "%s: not a usable WebP: its header is damaged or cut off", name);
    if (features->has_animation)
        return fa_fail(FA_EFORMAT,
                       "%s: is an animated WebP, which cannot be read; convert it to a still image", name);
    return fa_codec_check_claim(name, (size_t)features->width, (size_t)features->height, n_bytes,
                                PIXELS_PER_BYTE);
}

/* The picture, and what libwebp has beside it: pixels of four bytes where it is lossless or transparent. */
static size_t decode_bytes(const WebPBitstreamFeatures *features)
{
    return (3 + (features->has_alpha || features->format != 1 ? 4 : 0)) * (size_t)features->width *
           (size_t)features->height;
}

static fa_status inspect(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info)
{
    WebPBitstreamFeatures features;

    FA_TRY(read_features(name, data, n_bytes, &features));
    *info = (struct fa_image_info){.codec = FA_CODEC_WEBP,
                                   .w = features.width,
                                   .h = features.height,
                                   .components = features.has_alpha ? 4 : 3,
                                   .orientation = 1,
                                   .n_decode = decode_bytes(&features)};
    return FA_OK;
}

static fa_status fail_decode(const char *name)
{
    return fa_fail(FA_EFORMAT, "%s: not a usable WebP: it is damaged or ends early", name);
}

static void lay_over(const int ground[3], const uint8_t *rgba, struct fa_picture *out)
{
    const size_t n = (size_t)out->w * (size_t)out->h;

    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            out->rgb[3 * i + c] = fa_over(rgba[4 * i + c], rgba[4 * i + 3], ground[c]);
}

static fa_status decode_clear(const char *name, const void *data, size_t n_bytes, const int ground[3],
                              struct fa_picture *out)
{
    const size_t n = 4 * (size_t)out->w * (size_t)out->h;
    uint8_t *rgba;
    fa_status status = FA_OK;

    FA_TRY(fa_alloc(n, 1, &rgba));
    if (WebPDecodeRGBAInto(data, n_bytes, rgba, n, 4 * out->w) == NULL)
        status = fail_decode(name);
    else
        lay_over(ground, rgba, out);
    fa_free(rgba);
    return status;
}

static fa_status decode_opaque(const char *name, const void *data, size_t n_bytes, struct fa_picture *out)
{
    const size_t n = fa_picture_row_bytes(out) * (size_t)out->h;

    if (WebPDecodeRGBInto(data, n_bytes, out->rgb, n, 3 * out->w) == NULL)
        return fail_decode(name);
    return FA_OK;
}

static fa_status decode(const char *name, const void *data, size_t n_bytes,
                        const struct fa_rendering *rendering, struct fa_picture *out)
{
    WebPBitstreamFeatures features;
    fa_status status;

    FA_TRY(read_features(name, data, n_bytes, &features));
    FA_TRY(fa_codec_alloc(features.width, features.height, decode_bytes(&features), out));
    status = features.has_alpha ? decode_clear(name, data, n_bytes, rendering->ground, out)
                                : decode_opaque(name, data, n_bytes, out);
    fa_codec_settle(status, out);
    return status;
}

const struct fa_image_codec fa_webp_codec = {"WebP", "libwebp-dev", is_webp, inspect, decode};

#else

const struct fa_image_codec fa_webp_codec = {"WebP", "libwebp-dev", is_webp, NULL, NULL};

#endif
