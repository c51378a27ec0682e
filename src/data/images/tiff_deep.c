/* See tiff_deep.h. */
#ifdef FA_HAVE_TIFF

#include "tiff_deep.h"

#include "codec.h"
#include "fa/memory.h"
#include "picture.h"

/* How pixels lie in the file, and in the piece of it, a strip or a tile, that is being read. */
struct deep {
    TIFF *tiff;
    const struct fa_rendering *rendering;
    struct fa_picture *out;
    size_t n_samples, n_colors; /* of a pixel; colours come first, then alpha */
    bool has_alpha, is_multiplied, is_white_0;
    size_t piece_w, piece_h, across; /* pieces of a row */
    uint16_t *piece;
    size_t n_piece; /* bytes */
};

static uint16_t field(TIFF *tiff, uint32_t tag)
{
    uint16_t value = 0;

    TIFFGetFieldDefaulted(tiff, tag, &value);
    return value;
}

bool fa_tiff_is_deep(TIFF *tiff)
{
    return field(tiff, TIFFTAG_BITSPERSAMPLE) == 16;
}

/* ---- the kind ---- */

static void find_alpha(struct deep *deep)
{
    uint16_t n = 0, *kinds = NULL;

    TIFFGetFieldDefaulted(deep->tiff, TIFFTAG_EXTRASAMPLES, &n, &kinds);
    if (n == 0 || deep->n_samples <= deep->n_colors)
        return;
    deep->is_multiplied = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    deep->has_alpha = deep->is_multiplied || kinds[0] == EXTRASAMPLE_UNASSALPHA;
}

static fa_status find_kind(const char *name, struct deep *deep)
{
    const uint16_t photometric = field(deep->tiff, TIFFTAG_PHOTOMETRIC),
                   format = field(deep->tiff, TIFFTAG_SAMPLEFORMAT);
    const bool is_gray = photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;

    deep->n_samples = field(deep->tiff, TIFFTAG_SAMPLESPERPIXEL);
    deep->n_colors = is_gray ? 1 : 3;
    deep->is_white_0 = photometric == PHOTOMETRIC_MINISWHITE;
    find_alpha(deep);
    if ((is_gray || photometric == PHOTOMETRIC_RGB) && format == SAMPLEFORMAT_UINT &&
        deep->n_samples >= deep->n_colors && deep->n_samples <= 4 &&
        (deep->n_samples == 1 || field(deep->tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_CONTIG))
        return FA_OK;
    return fa_fail(
        FA_EFORMAT,
        "%s: a TIFF of 16 bits of a kind that data.range cannot map; gray and RGB of whole numbers are "
        "read, convert it",
        name);
}

/* ---- pixels ---- */

/* A sample over the ground. */
static int cover(const struct deep *deep, int sample, int alpha, int ground)
{
    const int64_t rest = 65535 - alpha, under = fa_rendering_sample(deep->rendering, ground);
    const int64_t own = deep->is_multiplied ? (int64_t)sample * 65535 : (int64_t)sample * alpha;
    const int64_t both = (own + under * rest + 32767) / 65535;

    return both < 65535 ? (int)both : 65535;
}

static void map_pixel(const struct deep *deep, const uint16_t *samples, uint8_t *rgb)
{
    for (size_t c = 0; c < 3; c++) {
        int sample = samples[deep->n_colors == 3 ? c : 0];

        if (deep->is_white_0)
            sample = 65535 - sample;
        if (deep->has_alpha)
            sample = cover(deep, sample, samples[deep->n_colors], deep->rendering->ground[c]);
        rgb[c] = fa_rendering_level(deep->rendering, sample);
    }
}

static void map_piece(const struct deep *deep, size_t left, size_t top)
{
    const size_t w = (size_t)deep->out->w, h = (size_t)deep->out->h;

    for (size_t y = 0; y < deep->piece_h && top + y < h; y++) {
        const uint16_t *row = deep->piece + y * deep->piece_w * deep->n_samples;
        uint8_t *rgb = fa_picture_row(deep->out, (int)(top + y)) + 3 * left;

        for (size_t x = 0; x < deep->piece_w && left + x < w; x++)
            map_pixel(deep, row + x * deep->n_samples, rgb + 3 * x);
    }
}

/* ---- pieces ---- */

static void find_pieces(struct deep *deep)
{
    uint32_t w = (uint32_t)deep->out->w, h = 0;

    if (TIFFIsTiled(deep->tiff)) {
        TIFFGetField(deep->tiff, TIFFTAG_TILEWIDTH, &w);
        TIFFGetField(deep->tiff, TIFFTAG_TILELENGTH, &h);
    } else {
        TIFFGetFieldDefaulted(deep->tiff, TIFFTAG_ROWSPERSTRIP, &h);
    }
    deep->piece_w = w > 0 ? w : 1;
    deep->piece_h = h == 0 || h > (uint32_t)deep->out->h ? (size_t)deep->out->h : h;
    deep->across = ((size_t)deep->out->w + deep->piece_w - 1) / deep->piece_w;
    deep->n_piece = 2 * deep->n_samples * deep->piece_w * deep->piece_h;
}

/* A strip at the lower end has the rows that are left. */
static bool read_piece(const struct deep *deep, uint32_t number, size_t top)
{
    const size_t rows =
        (size_t)deep->out->h - top < deep->piece_h ? (size_t)deep->out->h - top : deep->piece_h;

    if (TIFFIsTiled(deep->tiff))
        return TIFFReadEncodedTile(deep->tiff, number, deep->piece, (tmsize_t)deep->n_piece) ==
               (tmsize_t)deep->n_piece;
    return TIFFReadEncodedStrip(deep->tiff, number, deep->piece, (tmsize_t)deep->n_piece) ==
           (tmsize_t)(2 * deep->n_samples * deep->piece_w * rows);
}

static bool read_pieces(const struct deep *deep)
{
    const size_t down = ((size_t)deep->out->h + deep->piece_h - 1) / deep->piece_h;

    for (size_t number = 0; number < deep->across * down; number++) {
        const size_t left = number % deep->across * deep->piece_w,
                     top = number / deep->across * deep->piece_h;

        if (!read_piece(deep, (uint32_t)number, top))
            return false;
        map_piece(deep, left, top);
    }
    return true;
}

fa_status fa_tiff_read_deep(const char *name, TIFF *tiff, const struct fa_rendering *rendering,
                            struct fa_picture *out, bool *complete)
{
    struct deep deep = {.tiff = tiff, .rendering = rendering, .out = out};

    FA_TRY(find_kind(name, &deep));
    find_pieces(&deep);
    FA_TRY(fa_alloc_zero(deep.n_piece, 1, &deep.piece));
    *complete = read_pieces(&deep);
    fa_free(deep.piece);
    return FA_OK;
}

#endif
