#include "bmp_decode.h"

#include <string.h>

#include "picture.h"

/* Where the headers have what; numbers are little-endian. */
enum { FILE_HEADER = 14, AT_PIXELS = 10, AT_HEADER_SIZE = 14, AT_W = 18, AT_H = 22, AT_BITS = 28 };
enum { AT_COMPRESSION = 30, AT_N_COLORS = 46, AT_MASKS = 54, AT_CORE_H = 20, AT_CORE_BITS = 24 };
enum { CORE_HEADER = 12, INFO_HEADER = 40, LARGEST_HEADER = 124, HEADER_WITH_ALPHA = 56 };
enum { PLAIN = 0, RUNS_8 = 1, RUNS_4 = 2, MASKS = 3, MASKS_WITH_ALPHA = 6 };

/* One sample of a pixel. */
struct channel {
    uint32_t mask;
    int shift;
    uint32_t most; /* 0: there is none */
};

struct bitmap {
    const char *name;
    const uint8_t *data;
    size_t n_bytes;
    size_t w, h, bits, row_bytes;
    bool from_top;
    size_t at_pixels, at_palette, color_bytes, n_colors;
    struct channel channel[4]; /* R G B A, of 16 and 32 bits */
};

static uint32_t number(const struct bitmap *bitmap, size_t at, int n)
{
    uint32_t value = 0;

    for (int i = 0; i < n; i++)
        value |= (uint32_t)bitmap->data[at + (size_t)i] << 8 * i;
    return value;
}

static fa_status fail(const struct bitmap *bitmap, const char *what)
{
    return fa_fail(FA_EFORMAT, "%s: not a usable BMP: %s", bitmap->name, what);
}

/* ---- the header ---- */

static void set_channel(struct channel *channel, uint32_t mask)
{
    *channel = (struct channel){.mask = mask};
    if (mask == 0)
        return;
    channel->shift = __builtin_ctz(mask);
    channel->most = mask >> channel->shift;
}

static fa_status read_masks(struct bitmap *bitmap, size_t header, uint32_t compression)
{
    static const uint32_t of_16[4] = {0x7c00, 0x03e0, 0x001f, 0}, of_32[4] = {0xff0000, 0xff00, 0xff, 0};
    const bool has_alpha = compression == MASKS_WITH_ALPHA || header >= HEADER_WITH_ALPHA;
    const size_t n = has_alpha ? 4 : 3;

    for (size_t c = 0; c < 4; c++)
        set_channel(&bitmap->channel[c], bitmap->bits == 16 ? of_16[c] : of_32[c]);
    if (compression == PLAIN)
        return FA_OK;
    if (bitmap->n_bytes < AT_MASKS + 4 * n)
        return fail(bitmap, "it ends early");
    for (size_t c = 0; c < n; c++)
        set_channel(&bitmap->channel[c], number(bitmap, AT_MASKS + 4 * c, 4));
    return FA_OK;
}

static fa_status check_compression(const struct bitmap *bitmap, uint32_t compression)
{
    if (compression == RUNS_8 || compression == RUNS_4)
        return fa_fail(FA_EFORMAT, "%s: a run-length coded BMP, which cannot be read; convert it",
                       bitmap->name);
    if (compression != PLAIN && compression != MASKS && compression != MASKS_WITH_ALPHA)
        return fail(bitmap, "its pixels are coded in a way that no program writes");
    if (compression != PLAIN && bitmap->bits != 16 && bitmap->bits != 32)
        return fail(bitmap, "it has masks for pixels without any");
    return FA_OK;
}

static fa_status read_palette(struct bitmap *bitmap, size_t header, uint32_t given)
{
    const size_t all = (size_t)1 << bitmap->bits;

    bitmap->at_palette = FILE_HEADER + header;
    bitmap->color_bytes = header == CORE_HEADER ? 3 : 4;
    bitmap->n_colors = given == 0 || given > all ? all : given;
    if (bitmap->at_palette + bitmap->n_colors * bitmap->color_bytes > bitmap->n_bytes)
        return fail(bitmap, "it ends early");
    return FA_OK;
}

static fa_status check_place(struct bitmap *bitmap)
{
    bitmap->at_pixels = number(bitmap, AT_PIXELS, 4);
    FA_TRY(fa_codec_check_claim(bitmap->name, bitmap->w, bitmap->h, bitmap->n_bytes, 8));
    bitmap->row_bytes = (bitmap->w * bitmap->bits + 31) / 32 * 4;
    if (bitmap->at_pixels > bitmap->n_bytes ||
        bitmap->row_bytes * bitmap->h > bitmap->n_bytes - bitmap->at_pixels)
        return fail(bitmap, "it ends early");
    return FA_OK;
}

/* The oldest header has 16-bit sides and plain pixels alone. */
static void read_core(struct bitmap *bitmap)
{
    bitmap->w = number(bitmap, AT_W, 2);
    bitmap->h = number(bitmap, AT_CORE_H, 2);
    bitmap->bits = number(bitmap, AT_CORE_BITS, 2);
}

static void read_sides(struct bitmap *bitmap)
{
    const uint32_t h = number(bitmap, AT_H, 4);

    bitmap->w = number(bitmap, AT_W, 4);
    bitmap->from_top = h >> 31 != 0;
    bitmap->h = bitmap->from_top ? (uint32_t)-h : h;
    bitmap->bits = number(bitmap, AT_BITS, 2);
}

static fa_status read_header(struct bitmap *bitmap)
{
    size_t header;
    bool is_core;
    uint32_t compression;

    if (bitmap->n_bytes < FILE_HEADER + CORE_HEADER)
        return fail(bitmap, "it ends early");
    header = number(bitmap, AT_HEADER_SIZE, 4);
    is_core = header == CORE_HEADER;
    if (!is_core && (header < INFO_HEADER || header > LARGEST_HEADER))
        return fail(bitmap, "its header has a size that no program writes");
    if (bitmap->n_bytes < FILE_HEADER + header)
        return fail(bitmap, "it ends early");
    if (is_core)
        read_core(bitmap);
    else
        read_sides(bitmap);
    compression = is_core ? PLAIN : number(bitmap, AT_COMPRESSION, 4);
    FA_TRY(check_compression(bitmap, compression));
    if (bitmap->bits == 16 || bitmap->bits == 32)
        FA_TRY(read_masks(bitmap, header, compression));
    else if (bitmap->bits == 1 || bitmap->bits == 4 || bitmap->bits == 8)
        FA_TRY(read_palette(bitmap, header, is_core ? 0 : number(bitmap, AT_N_COLORS, 4)));
    else if (bitmap->bits != 24)
        return fail(bitmap, "pixels have 1, 4, 8, 16, 24 or 32 bits");
    return check_place(bitmap);
}

static bool has_alpha(const struct bitmap *bitmap)
{
    return bitmap->channel[3].most > 0;
}

static fa_status inspect(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info)
{
    struct bitmap bitmap = {.name = name, .data = data, .n_bytes = n_bytes};

    FA_TRY(read_header(&bitmap));
    *info = (struct fa_image_info){.codec = FA_CODEC_BMP,
                                   .w = (int)bitmap.w,
                                   .h = (int)bitmap.h,
                                   .components = bitmap.bits <= 8     ? 1
                                                 : has_alpha(&bitmap) ? 4
                                                                      : 3,
                                   .orientation = 1,
                                   .n_decode = 3 * bitmap.w * bitmap.h};
    return FA_OK;
}

/* ---- pixels ---- */

/* What lies beyond the palette is black. */
static void read_indexed(const struct bitmap *bitmap, const uint8_t *row, uint8_t *rgb)
{
    const size_t per_byte = 8 / bitmap->bits;

    for (size_t x = 0; x < bitmap->w; x++, rgb += 3) {
        const size_t shift = 8 - bitmap->bits * (x % per_byte + 1);
        const size_t index = (size_t)row[x / per_byte] >> shift & (((size_t)1 << bitmap->bits) - 1);
        const uint8_t *color = bitmap->data + bitmap->at_palette + index * bitmap->color_bytes;

        for (size_t c = 0; c < 3; c++)
            rgb[c] = index < bitmap->n_colors ? color[2 - c] : 0;
    }
}

static unsigned sample(const struct channel *channel, uint32_t pixel)
{
    const uint64_t value = (pixel & channel->mask) >> channel->shift;

    return channel->most == 0 ? 0 : (unsigned)((value * 255 + channel->most / 2) / channel->most);
}

static void read_masked(const struct bitmap *bitmap, const uint8_t *row, const int ground[3], uint8_t *rgb)
{
    const int bytes = (int)bitmap->bits / 8;
    const size_t at = (size_t)(row - bitmap->data);

    for (size_t x = 0; x < bitmap->w; x++)
        for (size_t c = 0; c < 3; c++) {
            const uint32_t pixel = number(bitmap, at + x * (size_t)bytes, bytes);
            const unsigned alpha = has_alpha(bitmap) ? sample(&bitmap->channel[3], pixel) : 255;

            rgb[3 * x + c] = fa_over(sample(&bitmap->channel[c], pixel), alpha, ground[c]);
        }
}

static void read_row(const struct bitmap *bitmap, const uint8_t *row, const int ground[3], uint8_t *rgb)
{
    if (bitmap->bits <= 8)
        read_indexed(bitmap, row, rgb);
    else if (bitmap->bits != 24)
        read_masked(bitmap, row, ground, rgb);
    else
        for (size_t i = 0; i < 3 * bitmap->w; i++)
            rgb[i] = row[i / 3 * 3 + 2 - i % 3];
}

static fa_status decode(const char *name, const void *data, size_t n_bytes,
                        const struct fa_rendering *rendering, struct fa_picture *out)
{
    struct bitmap bitmap = {.name = name, .data = data, .n_bytes = n_bytes};

    FA_TRY(read_header(&bitmap));
    FA_TRY(fa_codec_alloc((int)bitmap.w, (int)bitmap.h, 3 * bitmap.w * bitmap.h, out));
    for (size_t y = 0; y < bitmap.h; y++) {
        const size_t stored = bitmap.from_top ? y : bitmap.h - 1 - y;

        read_row(&bitmap, bitmap.data + bitmap.at_pixels + stored * bitmap.row_bytes, rendering->ground,
                 fa_picture_row(out, (int)y));
    }
    return FA_OK;
}

static bool knows(const void *data, size_t n_bytes)
{
    return n_bytes >= FILE_HEADER + CORE_HEADER && memcmp(data, "BM", 2) == 0;
}

const struct fa_image_codec fa_bmp_codec = {"BMP", NULL, knows, inspect, decode};
