/*
 * synth_shape.h - the shapes of synthetic scenes: where they are, pixel by pixel.
 *
 * A class is a shape and a filling: the first FA_SHAPES classes are solid, the next ones striped.
 */
#ifndef FA_DATA_SYNTH_SHAPE_H
#define FA_DATA_SYNTH_SHAPE_H

#include <stdbool.h>

enum fa_shape_kind {
    FA_SHAPE_DISC,
    FA_SHAPE_SQUARE,
    FA_SHAPE_TRIANGLE,
    FA_SHAPE_RING,
    FA_SHAPE_CROSS,
    FA_SHAPE_STAR,
    FA_SHAPE_CRESCENT,
    FA_SHAPE_BAR,
    FA_SHAPE_DIAMOND,
    FA_SHAPE_HEXAGON,
    FA_SHAPES
};

#define FA_SYNTH_CLASSES (2 * FA_SHAPES)

/* A shape put into a picture: centre and half axes in pixels, turned clockwise by the angle that has this
   cosine and sine. */
struct fa_figure {
    enum fa_shape_kind kind;
    double x, y, half_w, half_h, cosine, sine;
};

/* What a figure makes of one pixel. */
struct fa_figure_sample {
    double coverage; /* part of the pixel that lies inside, 0..1 */
    double stripe;   /* part of that which lies in an odd stripe, 0..1 */
    double light;    /* -1 at the figure's lower right, 1 at its upper left */
};

/* "disc", "striped disc", ...; label in 0 .. FA_SYNTH_CLASSES - 1. */
void fa_class_name(int label, char name[32]);

/* The pixels that the figure can touch: columns bounds[0] .. bounds[2] - 1, rows bounds[1] .. bounds[3] - 1;
   not clipped to any picture. */
void fa_figure_bounds(const struct fa_figure *figure, int bounds[4]);

struct fa_figure_sample fa_figure_at(const struct fa_figure *figure, int x, int y);

#endif
