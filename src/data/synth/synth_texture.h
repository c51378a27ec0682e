/* synth_texture.h - colours, backgrounds and grain of synthetic scenes. */
#ifndef FA_DATA_SYNTH_TEXTURE_H
#define FA_DATA_SYNTH_TEXTURE_H

#include "fa/image.h"
#include "fa/philox.h"

struct fa_colour {
    double rgb[3]; /* 0..255 */
};

/* Hue, saturation and value, each 0..1. */
struct fa_colour fa_colour_hsv(double hue, double saturation, double value);

/* part 0 gives a, 1 gives b. */
struct fa_colour fa_colour_mix(struct fa_colour a, struct fa_colour b, double part);

double fa_colour_luma(struct fa_colour colour);

/* Rounded and clipped. */
void fa_colour_store(struct fa_colour colour, uint8_t rgb[3]);

/* Fills the picture with two muted colours, mixed by clouds, a slope or waves. */
fa_status fa_texture_background(struct fa_random *random, struct fa_picture *picture) FA_CHECK_RESULT;

/* Adds noise, uniform within +- amplitude, to every sample. */
void fa_texture_grain(struct fa_random *random, double amplitude, struct fa_picture *picture);

#endif
