/* An image's format, by how it begins, and who decodes it. */
#include "bmp_decode.h"
#include "picture.h"
#include "png_decode.h"
#include "tiff_decode.h"
#include "webp_decode.h"

/* NULL: a JPEG, or nothing that is known. */
static const struct fa_image_codec *codec_of(const void *data, size_t n_bytes)
{
    static const struct fa_image_codec *const codecs[] = {&fa_png_codec, &fa_tiff_codec, &fa_webp_codec,
                                                          &fa_bmp_codec};

    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
        if (codecs[i]->knows(data, n_bytes))
            return codecs[i];
    return NULL;
}

static fa_status require(const struct fa_image_codec *codec, const char *name)
{
    if (codec->inspect != NULL)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%s: this build reads no %s; install %s and build again", name, codec->called,
                   codec->package);
}

fa_status fa_image_inspect(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info)
{
    const struct fa_image_codec *codec = codec_of(data, n_bytes);

    if (codec == NULL)
        return fa_jpeg_inspect(name, data, n_bytes, info);
    FA_TRY(require(codec, name));
    return codec->inspect(name, data, n_bytes, info);
}

static fa_status decode_by(const struct fa_image_codec *codec, const char *name, const void *data,
                           size_t n_bytes, int orientation, const struct fa_rendering *rendering,
                           struct fa_picture *out)
{
    fa_status status;

    *out = (struct fa_picture){0};
    FA_TRY(require(codec, name));
    FA_TRY(codec->decode(name, data, n_bytes, rendering, out));
    status = fa_picture_orient(out, orientation);
    if (status != FA_OK)
        fa_picture_free(out);
    return status;
}

fa_status fa_image_render(const char *name, const void *data, size_t n_bytes, int orientation,
                          const struct fa_rendering *rendering, struct fa_picture *out)
{
    const struct fa_image_codec *codec = codec_of(data, n_bytes);

    return codec != NULL ? decode_by(codec, name, data, n_bytes, orientation, rendering, out)
                         : fa_jpeg_decode(name, data, n_bytes, orientation, out);
}

fa_status fa_image_decode(const char *name, const void *data, size_t n_bytes, int orientation,
                          struct fa_picture *out)
{
    static const struct fa_rendering usual = FA_RENDERING_USUAL;

    return fa_image_render(name, data, n_bytes, orientation, &usual, out);
}
