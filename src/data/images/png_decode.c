#include "png_decode.h"

#include <string.h>

static bool is_png(const void *data, size_t n_bytes)
{
    return n_bytes >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

#ifdef FA_HAVE_PNG

#include <png.h>
#include <setjmp.h>

#include "fa/memory.h"
#include "picture.h"

/* Deflate packs at most 1032 bytes into one; a pixel may be a single bit. */
#define MAX_PIXELS_PER_BYTE (8 * 1032)

struct decoder {
    const char *name;
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t n_left;
    const struct fa_rendering *rendering;
    uint16_t *deep; /* all samples, where they are mapped by a range */
    png_bytep *rows;
    fa_status status;
};

/* ---- libpng's callbacks ---- */

static void on_error(png_structp png, png_const_charp text)
{
    struct decoder *decoder = png_get_error_ptr(png);

    decoder->status = fa_fail(FA_EFORMAT, "%s: not a usable PNG: %s", decoder->name, text);
    png_longjmp(png, 1);
}

/* A profile that is odd, say: no pixel is lost. */
static void on_warning(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t n)
{
    struct decoder *decoder = png_get_io_ptr(png);

    if (n > decoder->n_left)
        png_error(png, "it ends early");
    memcpy(out, decoder->data, n);
    decoder->data += n;
    decoder->n_left -= n;
}

/* ---- the header ---- */

static fa_status check_header(const struct decoder *decoder, size_t n_bytes)
{
    const size_t w = png_get_image_width(decoder->png, decoder->info);
    const size_t h = png_get_image_height(decoder->png, decoder->info);

    return fa_codec_check_claim(decoder->name, w, h, n_bytes, MAX_PIXELS_PER_BYTE);
}

static fa_status open_decoder(struct decoder *decoder)
{
    decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, on_error, on_warning);
    if (decoder->png != NULL)
        decoder->info = png_create_info_struct(decoder->png);
    if (decoder->info == NULL)
        return fa_fail(FA_ENOMEM, "%s: memory is exhausted while reading it", decoder->name);
    png_set_read_fn(decoder->png, decoder, read_bytes);
    png_set_user_limits(decoder->png, FA_CODEC_MAX_SIDE, FA_CODEC_MAX_SIDE);
    png_set_chunk_malloc_max(decoder->png, 8 << 20);
    /* -1: nor texts, profiles and the like, which a few bytes may let unpack for seconds */
    png_set_keep_unknown_chunks(decoder->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    return FA_OK;
}

static size_t picture_bytes(const struct decoder *decoder)
{
    return 3 * (size_t)png_get_image_width(decoder->png, decoder->info) *
           png_get_image_height(decoder->png, decoder->info);
}

static fa_status inspect_with(struct decoder *decoder, struct fa_image_info *info)
{
    const size_t n_bytes = decoder->n_left;

    FA_TRY(open_decoder(decoder));
    if (setjmp(png_jmpbuf(decoder->png)) != 0)
        return decoder->status;
    png_read_info(decoder->png, decoder->info);
    FA_TRY(check_header(decoder, n_bytes));
    *info = (struct fa_image_info){
        .codec = FA_CODEC_PNG,
        .w = (int)png_get_image_width(decoder->png, decoder->info),
        .h = (int)png_get_image_height(decoder->png, decoder->info),
        .components = png_get_channels(decoder->png, decoder->info),
        .orientation = 1,
        .n_decode = picture_bytes(decoder),
    };
    return FA_OK;
}

/* ---- the pixels ---- */

static bool has_16_bits(const struct decoder *decoder)
{
    return png_get_bit_depth(decoder->png, decoder->info) == 16;
}

static bool is_mapped(const struct decoder *decoder)
{
    return has_16_bits(decoder) && fa_rendering_has_range(decoder->rendering);
}

/* A level of the ground in the samples of the picture. */
static png_uint_16 ground_sample(const struct decoder *decoder, int c)
{
    const int level = decoder->rendering->ground[c];

    if (!has_16_bits(decoder))
        return (png_uint_16)level;
    return (png_uint_16)(is_mapped(decoder) ? fa_rendering_sample(decoder->rendering, level) : 257 * level);
}

static void ask_for_ground(struct decoder *decoder)
{
    const png_color_16 ground = {.red = ground_sample(decoder, 0),
                                 .green = ground_sample(decoder, 1),
                                 .blue = ground_sample(decoder, 2),
                                 .gray = ground_sample(decoder, 1)};

    if ((png_get_color_type(decoder->png, decoder->info) & PNG_COLOR_MASK_ALPHA) != 0 ||
        png_get_valid(decoder->png, decoder->info, PNG_INFO_tRNS) != 0)
        png_set_background(decoder->png, &ground, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
}

/* To RGB of 8 bits, or of 16 that are mapped afterwards, without any regard to gamma or profiles. */
static void ask_for_rgb(struct decoder *decoder)
{
    png_set_expand(decoder->png);
    ask_for_ground(decoder);
    if (is_mapped(decoder))
        png_set_swap(decoder->png); /* to the order of this machine */
    else
        png_set_strip_16(decoder->png);
    png_set_gray_to_rgb(decoder->png);
    png_set_interlace_handling(decoder->png);
    png_read_update_info(decoder->png, decoder->info);
}

/* Where libpng puts the rows: into the picture, or aside. */
static fa_status set_rows(struct decoder *decoder, const struct fa_picture *out)
{
    const size_t n_row = fa_picture_row_bytes(out);

    FA_TRY(fa_alloc((size_t)out->h, sizeof *decoder->rows, &decoder->rows));
    if (is_mapped(decoder))
        FA_TRY(fa_alloc(n_row * (size_t)out->h, sizeof *decoder->deep, &decoder->deep));
    for (size_t y = 0; y < (size_t)out->h; y++)
        decoder->rows[y] =
            decoder->deep != NULL ? (png_bytep)(decoder->deep + y * n_row) : out->rgb + y * n_row;
    return FA_OK;
}

static void map_samples(const struct decoder *decoder, struct fa_picture *out)
{
    const size_t n = fa_picture_row_bytes(out) * (size_t)out->h;

    for (size_t i = 0; i < n && decoder->deep != NULL; i++)
        out->rgb[i] = fa_rendering_level(decoder->rendering, decoder->deep[i]);
}

static fa_status decode_with(struct decoder *decoder, struct fa_picture *out)
{
    const size_t n_bytes = decoder->n_left;

    FA_TRY(open_decoder(decoder));
    if (setjmp(png_jmpbuf(decoder->png)) != 0)
        return decoder->status;
    png_read_info(decoder->png, decoder->info);
    FA_TRY(check_header(decoder, n_bytes));
    FA_TRY(fa_codec_alloc((int)png_get_image_width(decoder->png, decoder->info),
                          (int)png_get_image_height(decoder->png, decoder->info),
                          (is_mapped(decoder) ? 3 : 1) * picture_bytes(decoder), out));
    ask_for_rgb(decoder);
    if (png_get_rowbytes(decoder->png, decoder->info) !=
        fa_picture_row_bytes(out) * (is_mapped(decoder) ? 2 : 1))
        return fa_fail(FA_EFORMAT, "%s: a PNG of a kind that cannot be read", decoder->name);
    FA_TRY(set_rows(decoder, out));
    png_read_image(decoder->png, decoder->rows);
    png_read_end(decoder->png, NULL);
    map_samples(decoder, out);
    return FA_OK;
}

/* ---- the calls ---- */

static fa_status inspect(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info)
{
    struct decoder decoder = {.name = name, .data = data, .n_left = n_bytes};
    const fa_status status = inspect_with(&decoder, info);

    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    return status;
}

static fa_status decode(const char *name, const void *data, size_t n_bytes,
                        const struct fa_rendering *rendering, struct fa_picture *out)
{
    struct decoder decoder = {.name = name, .data = data, .n_left = n_bytes, .rendering = rendering};
    fa_status status;

    *out = (struct fa_picture){0};
    status = decode_with(&decoder, out);
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    fa_free(decoder.rows);
    fa_free(decoder.deep);
    fa_codec_settle(status, out);
    return status;
}

const struct fa_image_codec fa_png_codec = {"PNG", "libpng-dev", is_png, inspect, decode};

#else

const struct fa_image_codec fa_png_codec = {"PNG", "libpng-dev", is_png, NULL, NULL};

#endif
