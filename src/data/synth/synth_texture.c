/*
 * A background is one plane of tones, from 0 to 1, that mixes two colours. The tones are clouds (value noise
 * of three octaves: random values on a lattice, smoothly interpolated), a slope, or waves, the latter two
 * with a little cloud in them.
 */
#include "synth_texture.h"

#include <math.h>

#include "fa/memory.h"
#include "images/picture.h"

#define OCTAVES    3
#define FIRST_CELL 96 /* pixels between lattice points of the first octave; halved for each next one */

enum pattern { PATTERN_CLOUDS, PATTERN_SLOPE, PATTERN_WAVES, PATTERNS };

/* ---- colours ---- */

struct fa_colour fa_colour_hsv(double hue, double saturation, double value)
{
    struct fa_colour colour;

    for (int c = 0; c < 3; c++) { /* each channel is a trapezoid over the hue, a third of a turn apart */
        double turn = fmod(hue + 1 - c / 3.0, 1.0);
        double pure = fmin(fmax(fabs(turn * 6 - 3) - 1, 0), 1);

        colour.rgb[c] = 255 * value * (1 - saturation * (1 - pure));
    }
    return colour;
}

struct fa_colour fa_colour_mix(struct fa_colour a, struct fa_colour b, double part)
{
    for (int c = 0; c < 3; c++)
        a.rgb[c] += part * (b.rgb[c] - a.rgb[c]);
    return a;
}

double fa_colour_luma(struct fa_colour colour)
{
    return 0.299 * colour.rgb[0] + 0.587 * colour.rgb[1] + 0.114 * colour.rgb[2];
}

void fa_colour_store(struct fa_colour colour, uint8_t rgb[3])
{
    for (int c = 0; c < 3; c++) {
        double value = colour.rgb[c];

        rgb[c] = (uint8_t)lrint(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

/* ---- tones ---- */

static double smooth(double t)
{
    return t * t * (3 - 2 * t);
}

static void add_octave(const float *lattice, int lattice_w, int cell, double amplitude, int w, int h,
                       float *tones)
{
    for (int y = 0; y < h; y++) {
        double ty = smooth((double)(y % cell) / cell);

        for (int x = 0; x < w; x++) {
            const float *at = lattice + (size_t)(y / cell) * (size_t)lattice_w + x / cell;
            double tx = smooth((double)(x % cell) / cell);
            double above = at[0] + tx * (at[1] - at[0]);
            double below = at[lattice_w] + tx * (at[lattice_w + 1] - at[lattice_w]);

            *tones++ += (float)(amplitude * (above + ty * (below - above)));
        }
    }
}

/* Adds clouds between 0 and weight. */
static fa_status add_clouds(struct fa_random *random, double weight, int w, int h, float *tones)
{
    double amplitude = weight * 4.0 / 7; /* 4 + 2 + 1 sevenths */

    for (int octave = 0, cell = FIRST_CELL; octave < OCTAVES; octave++, cell /= 2, amplitude /= 2) {
        int lattice_w = w / cell + 2, lattice_h = h / cell + 2;
        size_t n = (size_t)lattice_w * (size_t)lattice_h;
        float *lattice;

        FA_TRY(fa_alloc(n, sizeof *lattice, &lattice));
        for (size_t i = 0; i < n; i++)
            lattice[i] = fa_random_float(random);
        add_octave(lattice, lattice_w, cell, amplitude, w, h, tones);
        fa_free(lattice);
    }
    return FA_OK;
}

/* A slope from 0 to 1 across the picture, or waves a few dozen pixels long, in any direction. */
static void set_pattern(struct fa_random *random, enum pattern pattern, int w, int h, float *tones)
{
    double angle = 6.283 * fa_random_double(random), c = cos(angle), s = sin(angle);
    double wave = 6.283 / (24 + 60 * fa_random_double(random)), extent = fabs(c) * w + fabs(s) * h;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double along = c * (x - w / 2.0) + s * (y - h / 2.0);

            *tones++ =
                (float)(pattern == PATTERN_SLOPE ? 0.5 + along / extent : 0.5 + 0.5 * sin(wave * along));
        }
}

static fa_status make_tones(struct fa_random *random, int w, int h, float *tones)
{
    enum pattern pattern = (enum pattern)fa_random_below(random, PATTERNS);
    double weight = pattern == PATTERN_CLOUDS ? 1 : 0.3;

    if (pattern != PATTERN_CLOUDS) {
        set_pattern(random, pattern, w, h, tones);
        for (size_t i = 0; i < (size_t)w * (size_t)h; i++)
            tones[i] *= (float)(1 - weight);
    }
    return add_clouds(random, weight, w, h, tones);
}

/* ---- pixels ---- */

static struct fa_colour muted_colour(struct fa_random *random, double value)
{
    double hue = fa_random_double(random), saturation = 0.1 + 0.35 * fa_random_double(random);

    return fa_colour_hsv(hue, saturation, value);
}

fa_status fa_texture_background(struct fa_random *random, struct fa_picture *picture)
{
    double value = 0.15 + 0.7 * fa_random_double(random), step = 0.1 + 0.15 * fa_random_double(random);
    struct fa_colour dark = muted_colour(random, value), light = muted_colour(random, fmin(value + step, 1));
    size_t n = (size_t)picture->w * (size_t)picture->h;
    float *tones;
    fa_status status;

    FA_TRY(fa_alloc_zero(n, sizeof *tones, &tones));
    status = make_tones(random, picture->w, picture->h, tones);
    for (size_t i = 0; status == FA_OK && i < n; i++)
        fa_colour_store(fa_colour_mix(dark, light, tones[i]), picture->rgb + 3 * i);
    fa_free(tones);
    return status;
}

void fa_texture_grain(struct fa_random *random, double amplitude, struct fa_picture *picture)
{
    size_t n = (size_t)picture->w * (size_t)picture->h;

    for (size_t i = 0; i < n; i++) {
        uint32_t bits = fa_random_u32(random); /* a byte for each channel */
        struct fa_colour colour;

        for (int c = 0; c < 3; c++)
            colour.rgb[c] = picture->rgb[3 * i + (size_t)c] + amplitude * ((bits >> 8 * c & 255) / 127.5 - 1);
        fa_colour_store(colour, picture->rgb + 3 * i);
    }
}
