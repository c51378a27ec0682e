#include "synth_shape.h"

#include <math.h>
#include <stdio.h>

#define GRID         4   /* samples along each side of a pixel */
#define STRIPES      5.0 /* across the figure */
#define RING_HOLE    0.55
#define CROSS_ARM    0.34
#define STAR_LINE    0.309017 /* distance from the middle; the tips are at 1 */
#define HEXAGON_EDGE 0.8660254037844386

static const char *const shape_names[FA_SHAPES] = {"disc", "square",   "triangle", "ring",    "cross",
                                                   "star", "crescent", "bar",      "diamond", "hexagon"};

void fa_class_name(int label, char name[32])
{
    snprintf(name, 32, "%s%s", label >= FA_SHAPES ? "striped " : "", shape_names[label % FA_SHAPES]);
}

/* A pentagram: its five lines lie across the tips, and only a tip is beyond one of them. */
static bool inside_star(double u, double v)
{
    static const double tips[5][2] = {
        {0, -1}, {0.951057, -0.309017}, {0.587785, 0.809017}, {-0.587785, 0.809017}, {-0.951057, -0.309017}};
    int n_beyond = 0;

    for (int i = 0; i < 5; i++)
        n_beyond += tips[i][0] * u + tips[i][1] * v > STAR_LINE;
    return n_beyond <= 1;
}

/* u to the right and v down, each from -1 to 1 over the figure. */
static bool inside(enum fa_shape_kind kind, double u, double v)
{
    double a = fabs(u), b = fabs(v), square = u * u + v * v;

    switch (kind) {
    case FA_SHAPE_DISC:
        return square <= 1;
    case FA_SHAPE_SQUARE:
    case FA_SHAPE_BAR:
        return a <= 1 && b <= 1;
    case FA_SHAPE_TRIANGLE:
        return b <= 1 && 2 * a <= v + 1;
    case FA_SHAPE_RING:
        return square <= 1 && square >= RING_HOLE * RING_HOLE;
    case FA_SHAPE_CROSS:
        return fmin(a, b) <= CROSS_ARM && fmax(a, b) <= 1;
    case FA_SHAPE_STAR:
        return inside_star(u, v);
    case FA_SHAPE_CRESCENT:
        return square <= 1 && (u - 0.5) * (u - 0.5) + v * v >= 0.75 * 0.75;
    case FA_SHAPE_DIAMOND:
        return a + b <= 1;
    case FA_SHAPE_HEXAGON:
        return b <= HEXAGON_EDGE && HEXAGON_EDGE * a + 0.5 * b <= HEXAGON_EDGE;
    case FA_SHAPES:
        break;
    }
    return false;
}

void fa_figure_bounds(const struct fa_figure *figure, int bounds[4])
{
    double c = fabs(figure->cosine), s = fabs(figure->sine);
    double reach_x = c * figure->half_w + s * figure->half_h,
           reach_y = s * figure->half_w + c * figure->half_h;

    bounds[0] = (int)floor(figure->x - reach_x);
    bounds[1] = (int)floor(figure->y - reach_y);
    bounds[2] = (int)ceil(figure->x + reach_x) + 1;
    bounds[3] = (int)ceil(figure->y + reach_y) + 1;
}

struct fa_figure_sample fa_figure_at(const struct fa_figure *figure, int x, int y)
{
    double c = figure->cosine, s = figure->sine;
    double dx = x + 0.5 - figure->x, dy = y + 0.5 - figure->y;
    struct fa_figure_sample sample = {.light = -(dx / figure->half_w + dy / figure->half_h) / 2};
    int n_inside = 0, n_odd = 0;

    for (int i = 0; i < GRID * GRID; i++) {
        double px = dx + (i % GRID + 0.5) / GRID - 0.5, py = dy + (i / GRID + 0.5) / GRID - 0.5;
        double u = (c * px + s * py) / figure->half_w, v = (c * py - s * px) / figure->half_h;

        if (inside(figure->kind, u, v)) {
            n_inside++;
            n_odd += (int)floor((v + 1) / 2 * STRIPES) & 1;
        }
    }
    sample.coverage = (double)n_inside / (GRID * GRID);
    sample.stripe = n_inside > 0 ? (double)n_odd / n_inside : 0;
    return sample;
}
