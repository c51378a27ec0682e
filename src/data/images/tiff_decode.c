#include "tiff_decode.h"

#include <string.h>

static bool is_tiff(const void *data, size_t n_bytes)
{
    return n_bytes >= 8 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0 ||
                            memcmp(data, "II+\0", 4) == 0 || memcmp(data, "MM\0+", 4) == 0);
}

#ifdef FA_HAVE_TIFF

#include <pthread.h>
#include <stdio.h>
#include <tiffio.h>

#include "decode_budget.h"
#include "fa/memory.h"
#include "picture.h"
#include "tiff_deep.h"

/* As much as deflate packs into a byte, of pixels of one bit. */
#define PIXELS_PER_BYTE (8 * 1032)

struct source {
    const char *name;
    const uint8_t *data;
    uint64_t n_bytes, at;
    TIFF *tiff;
    uint32_t w, h;
    uint16_t orientation, components;
    char message[256]; /* the first thing that libtiff complained of */
};

/* ---- libtiff's callbacks ---- */

static tmsize_t read_bytes(thandle_t handle, void *out, tmsize_t n)
{
    struct source *source = handle;
    const uint64_t left = source->at < source->n_bytes ? source->n_bytes - source->at : 0;
    const uint64_t taken = (uint64_t)n < left ? (uint64_t)n : left;

    memcpy(out, source->data + (taken > 0 ? source->at : 0), taken);
    source->at += taken;
    return (tmsize_t)taken;
}

static tmsize_t write_nothing(thandle_t handle, void *data, tmsize_t n)
{
    (void)handle, (void)data, (void)n;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    struct source *source = handle;

    source->at = offset + (whence == SEEK_CUR ? source->at : whence == SEEK_END ? source->n_bytes : 0);
    return source->at;
}

static int close_nothing(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle)
{
    return ((const struct source *)handle)->n_bytes;
}

/* For all files that libtiff has open: those of others have no handle of ours, for nobody else here uses it.
 */
static void on_error(thandle_t handle, const char *module, const char *format, va_list arguments)
{
    struct source *source = handle;

    (void)module;
    if (source != NULL && source->message[0] == '\0')
        vsnprintf(source->message, sizeof source->message, format, arguments);
}

static void set_handlers(void)
{
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandlerExt(on_error);
}

/* ---- the header ---- */

static fa_status fail(const struct source *source)
{
    return fa_fail(FA_EFORMAT, "%s: not a usable TIFF: %s", source->name,
                   source->message[0] != '\0' ? source->message : "it is damaged or ends early");
}

static fa_status open_source(struct source *source)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, set_handlers);
    source->tiff = TIFFClientOpen(source->name, "rm", source, read_bytes, write_nothing, seek, close_nothing,
                                  size_of, NULL, NULL);
    return source->tiff != NULL ? FA_OK : fail(source);
}

static fa_status check_compression(const struct source *source)
{
    static const uint16_t usual[] = {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE,
                                     COMPRESSION_DEFLATE, COMPRESSION_PACKBITS};
    uint16_t compression;

    TIFFGetFieldDefaulted(source->tiff, TIFFTAG_COMPRESSION, &compression);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (compression == usual[i])
            return FA_OK;
    return fa_fail(FA_EFORMAT,
                   "%s: a TIFF of compression %u; plain, LZW, deflate and PackBits are read, convert it",
                   source->name, compression);
}

static uint64_t piece_bytes(const struct source *source)
{
    return TIFFIsTiled(source->tiff) ? TIFFTileSize64(source->tiff) : TIFFStripSize64(source->tiff);
}

/* libtiff takes memory for a strip or a tile at a time, which must not be larger than the picture may be. */
static fa_status check_pieces(const struct source *source)
{
    const uint64_t piece = piece_bytes(source);

    if (piece > 0 && piece / 8 / 1032 <= source->n_bytes && piece <= (uint64_t)1 << 31)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%s: claims pieces of %llu bytes, more than its %llu bytes can hold",
                   source->name, (unsigned long long)piece, (unsigned long long)source->n_bytes);
}

static fa_status read_header(struct source *source)
{
    char reason[1024];

    FA_TRY(open_source(source));
    if (TIFFGetField(source->tiff, TIFFTAG_IMAGEWIDTH, &source->w) != 1 ||
        TIFFGetField(source->tiff, TIFFTAG_IMAGELENGTH, &source->h) != 1)
        return fail(source);
    FA_TRY(fa_codec_check_claim(source->name, source->w, source->h, source->n_bytes, PIXELS_PER_BYTE));
    TIFFGetFieldDefaulted(source->tiff, TIFFTAG_SAMPLESPERPIXEL, &source->components);
    TIFFGetFieldDefaulted(source->tiff, TIFFTAG_ORIENTATION, &source->orientation);
    if (source->orientation < 1 || source->orientation > 8)
        source->orientation = 1;
    FA_TRY(check_compression(source));
    FA_TRY(check_pieces(source));
    if (!TIFFRGBAImageOK(source->tiff, reason))
        return fa_fail(FA_EFORMAT, "%s: a TIFF of a kind that cannot be read: %.200s", source->name, reason);
    return FA_OK;
}

static void close_source(struct source *source)
{
    if (source->tiff != NULL)
        TIFFClose(source->tiff);
}

/* The picture, pixels of four bytes where they are not mapped by a range, and a piece, which may be larger.
 */
static size_t decode_bytes(const struct source *source)
{
    const size_t pixel = fa_tiff_is_deep(source->tiff) ? 3 : 3 + 4;

    return pixel * source->w * source->h + (size_t)piece_bytes(source);
}

static fa_status inspect(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info)
{
    struct source source = {.name = name, .data = data, .n_bytes = n_bytes};
    fa_status status = read_header(&source);
    size_t n_decode = 0;

    if (status == FA_OK)
        n_decode = decode_bytes(&source);
    close_source(&source);
    FA_TRY(status);
    *info = (struct fa_image_info){.codec = FA_CODEC_TIFF,
                                   .w = (int)source.w,
                                   .h = (int)source.h,
                                   .components = source.components > 4 ? 4 : source.components,
                                   .orientation = source.orientation,
                                   .n_decode = n_decode};
    return FA_OK;
}

/* ---- pixels ---- */

/* Colours are multiplied by their alpha already. */
static void lay_over(const int ground[3], const uint32_t *pixels, struct fa_picture *out)
{
    const size_t n = (size_t)out->w * (size_t)out->h;

    for (size_t i = 0; i < n; i++) {
        const unsigned rest = 255 - TIFFGetA(pixels[i]);
        const unsigned rgb[3] = {TIFFGetR(pixels[i]), TIFFGetG(pixels[i]), TIFFGetB(pixels[i])};

        for (size_t c = 0; c < 3; c++) {
            const unsigned both = rgb[c] + (rest * (unsigned)ground[c] + 127) / 255;

            out->rgb[3 * i + c] = (uint8_t)(both < 255 ? both : 255);
        }
    }
}

/* In the order of rows in which it is stored: turning it is the caller's. */
static fa_status read_pixels(struct source *source, uint32_t *pixels)
{
    char reason[1024];
    TIFFRGBAImage image;
    bool complete;

    if (!TIFFRGBAImageBegin(&image, source->tiff, 1, reason))
        return fa_fail(FA_EFORMAT, "%s: a TIFF of a kind that cannot be read: %.200s", source->name, reason);
    image.req_orientation = image.orientation;
    complete = TIFFRGBAImageGet(&image, pixels, source->w, source->h) == 1 && source->message[0] == '\0';
    TIFFRGBAImageEnd(&image);
    return complete ? FA_OK : fail(source);
}

static bool is_mapped(const struct source *source, const struct fa_rendering *rendering)
{
    return fa_rendering_has_range(rendering) && fa_tiff_is_deep(source->tiff);
}

static fa_status map_into(struct source *source, const struct fa_rendering *rendering, struct fa_picture *out)
{
    bool complete;

    FA_TRY(fa_tiff_read_deep(source->name, source->tiff, rendering, out, &complete));
    return complete && source->message[0] == '\0' ? FA_OK : fail(source);
}

static fa_status decode_into(struct source *source, const struct fa_rendering *rendering,
                             struct fa_picture *out)
{
    uint32_t *pixels;
    fa_status status;

    if (is_mapped(source, rendering))
        return map_into(source, rendering, out);
    FA_TRY(fa_alloc((size_t)source->w * source->h, sizeof *pixels, &pixels));
    status = read_pixels(source, pixels);
    if (status == FA_OK)
        lay_over(rendering->ground, pixels, out);
    fa_free(pixels);
    return status;
}

static fa_status decode(const char *name, const void *data, size_t n_bytes,
                        const struct fa_rendering *rendering, struct fa_picture *out)
{
    struct source source = {.name = name, .data = data, .n_bytes = n_bytes};
    fa_status status = read_header(&source);

    if (status == FA_OK)
        status = fa_codec_alloc((int)source.w, (int)source.h, decode_bytes(&source), out);
    if (status == FA_OK) {
        status = decode_into(&source, rendering, out);
        fa_codec_settle(status, out);
    }
    close_source(&source);
    return status;
}

const struct fa_image_codec fa_tiff_codec = {"TIFF", "libtiff-dev", is_tiff, inspect, decode};

#else

const struct fa_image_codec fa_tiff_codec = {"TIFF", "libtiff-dev", is_tiff, NULL, NULL};

#endif
