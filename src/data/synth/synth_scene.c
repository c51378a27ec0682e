/*
 * A scene is a background, then objects from the largest to the smallest, each over what is there, then
 * grain. An object that would hide too much of an earlier one, or lie too far outside, is put elsewhere; if
 * that fails repeatedly it is left out. So every object that was drawn is also one that can be seen.
 */
#include "synth_scene.h"

#include <math.h>
#include <stdlib.h>

#include "fa/memory.h"
#include "fa/philox.h"
#include "images/picture.h"
#include "synth_shape.h"
#include "synth_texture.h"

#define EMPTY_SHARE    0.05 /* of all images */
#define GRAY_SHARE     0.08
#define SEEN           0.5  /* of a pixel, that makes it the object's */
#define LEAST_INSIDE   0.75 /* of an object's pixels, inside the image */
#define POSITIONS      12   /* tried for an object */
#define COLOURS        24   /* tried for an object */
#define SOLID_SIZE     12.0 /* pixels, the least */
#define STRIPED_SIZE   24.0
#define MAX_GRAIN      7
#define STRIPE_SHADING 0.6

/* What scenes of a kind hold. */
static const struct kind {
    int most;             /* objects */
    double least_visible; /* of an object's pixels, neither hidden nor outside */
    double largest_share; /* of the image's shorter side */
    double tilt;          /* radians at most, so that a diamond is no square */
    double stretched;     /* part of the objects that are, ... */
    double stretch[2];    /* ... length to width from the first to the second */
} kinds[] = {
    [FA_SYNTH_USUAL] = {6, 0.4, 0.75, 0.25, 0, {1, 1}},
    [FA_SYNTH_CROWDED] = {24, 0.25, 0.33, 0.25, 0.5, {1, 6}},
    [FA_SYNTH_ELONGATED] = {8, 0.4, 0.3, 0.04, 1, {3, 12}},
};

const char *const fa_synth_scene_names[] = {
    [FA_SYNTH_USUAL] = "usual", [FA_SYNTH_CROWDED] = "crowded", [FA_SYNTH_ELONGATED] = "elongated", NULL};

/* An object on its way into the scene. */
struct candidate {
    int label;
    double size; /* geometric mean of its width and height */
    struct fa_figure figure;
    struct fa_colour colour, stripe_colour;
    int full_area; /* pixels, with those outside of the image */
};

struct canvas {
    struct fa_random random;
    const struct kind *kind;
    struct fa_scene *scene;
    double first_hue;
};

static double between(struct fa_random *random, double low, double high)
{
    return low + (high - low) * fa_random_double(random);
}

/* ---- what to draw ---- */

static void choose_class_and_size(struct fa_random *random, const struct fa_synth_config *config,
                                  struct candidate *c)
{
    double largest = kinds[config->scenes].largest_share * (config->w < config->h ? config->w : config->h);

    c->label = (int)fa_random_below(random, (uint32_t)config->n_classes);
    c->size = c->label < FA_SHAPES ? SOLID_SIZE : STRIPED_SIZE;
    if (largest > c->size)
        c->size *= pow(largest / c->size, fa_random_double(random));
    c->figure.kind = (enum fa_shape_kind)(c->label % FA_SHAPES);
}

static int larger_first(const void *a, const void *b)
{
    double size_a = ((const struct candidate *)a)->size, size_b = ((const struct candidate *)b)->size;

    return (size_a < size_b) - (size_a > size_b);
}

/* Of width to height, the root: upright or lying. */
static double choose_stretch(struct fa_random *random, const struct kind *kind)
{
    double length;

    if (kind->stretched <= 0 || fa_random_double(random) >= kind->stretched)
        return 1;
    length = kind->stretch[0] * pow(kind->stretch[1] / kind->stretch[0], fa_random_double(random));
    return sqrt(fa_random_below(random, 2) ? length : 1 / length);
}

/* A bar is four times as long as it is wide, upright or lying; the others are roughly as wide as high, unless
   scenes of this kind stretch them. */
static void choose_pose(struct fa_random *random, const struct kind *kind, int w, int h, struct candidate *c)
{
    double stretch = sqrt(between(random, 0.7, 1.4)), angle = between(random, -kind->tilt, kind->tilt);
    double margin = 0.35 * c->size, longer = choose_stretch(random, kind);

    if (longer != 1)
        stretch = longer;
    else if (c->figure.kind == FA_SHAPE_BAR)
        stretch *= fa_random_below(random, 2) ? 2 : 0.5;
    c->figure.half_w = c->size / 2 * stretch;
    c->figure.half_h = c->size / 2 / stretch;
    c->figure.cosine = cos(angle);
    c->figure.sine = sin(angle);
    c->figure.x = between(random, margin, w - margin);
    c->figure.y = between(random, margin, h - margin);
}

/* ---- where it may go ---- */

/* Counts the pixels that are the figure's; of those inside the image also, in taken, what each lies on: the
   background [0] or an object [1 + i]. */
static void count_pixels(const struct fa_scene *scene, struct candidate *c, int taken[])
{
    int bounds[4];

    fa_figure_bounds(&c->figure, bounds);
    c->full_area = 0;
    for (int y = bounds[1]; y < bounds[3]; y++)
        for (int x = bounds[0]; x < bounds[2]; x++) {
            if (fa_figure_at(&c->figure, x, y).coverage < SEEN)
                continue;
            c->full_area++;
            if (x >= 0 && y >= 0 && x < scene->picture.w && y < scene->picture.h)
                taken[scene->owner[(size_t)y * (size_t)scene->picture.w + (size_t)x]]++;
        }
}

static bool fits(const struct fa_scene *scene, const struct kind *kind, struct candidate *c)
{
    int taken[FA_SCENE_MAX_OBJECTS + 1] = {0}, n_inside;

    count_pixels(scene, c, taken);
    n_inside = taken[0];
    for (int i = 0; i < scene->n_objects; i++) {
        if (scene->objects[i].area - taken[i + 1] < kind->least_visible * scene->objects[i].full_area)
            return false;
        n_inside += taken[i + 1];
    }
    return n_inside > 0 && n_inside >= LEAST_INSIDE * c->full_area;
}

/* ---- drawing ---- */

/* The mean of what the figure's middle will lie on. */
static struct fa_colour ground_colour(const struct fa_scene *scene, const struct fa_figure *figure)
{
    struct fa_colour sum = {{0, 0, 0}};
    int n = 0;

    for (int i = 0; i < 64; i++) {
        int x = (int)(figure->x + (i % 8 - 3.5) / 4 * figure->half_w);
        int y = (int)(figure->y + (i / 8 - 3.5) / 4 * figure->half_h);

        if (x < 0 || y < 0 || x >= scene->picture.w || y >= scene->picture.h)
            continue;
        for (int c = 0; c < 3; c++)
            sum.rgb[c] += fa_picture_row(&scene->picture, y)[3 * (size_t)x + (size_t)c];
        n++;
    }
    for (int c = 0; c < 3; c++)
        sum.rgb[c] /= n > 0 ? n : 1;
    return sum;
}

/* Hues go round by the golden ratio, so that objects of one scene differ; of a hue, the first colour that
   stands out in lightness (gray images have nothing else), or else the best. */
static void choose_colours(struct canvas *canvas, struct candidate *c)
{
    const struct fa_colour black = {{0, 0, 0}}, white = {{255, 255, 255}};
    double ground = fa_colour_luma(ground_colour(canvas->scene, &c->figure)), best = -1;
    double hue = canvas->first_hue + 0.618034 * canvas->scene->n_objects;

    for (int i = 0; i < COLOURS && best < 60; i++) {
        double saturation = between(&canvas->random, 0.45, 0.95);
        struct fa_colour colour = fa_colour_hsv(hue, saturation, between(&canvas->random, 0.3, 1));
        double contrast = fabs(fa_colour_luma(colour) - ground);

        if (contrast > best) {
            best = contrast;
            c->colour = colour;
        }
    }
    c->stripe_colour =
        fa_colour_mix(c->colour, fa_colour_luma(c->colour) > 128 ? black : white, STRIPE_SHADING);
}

static void paint_pixel(const struct candidate *c, const struct fa_figure_sample *sample, uint8_t rgb[3])
{
    struct fa_colour paint = c->colour, ground = {{rgb[0], rgb[1], rgb[2]}};

    if (c->label >= FA_SHAPES)
        paint = fa_colour_mix(c->colour, c->stripe_colour, sample->stripe);
    for (int i = 0; i < 3; i++)
        paint.rgb[i] *= 1 + 0.15 * sample->light;
    fa_colour_store(fa_colour_mix(ground, paint, sample->coverage), rgb);
}

static void paint(struct canvas *canvas, const struct candidate *c)
{
    struct fa_scene *scene = canvas->scene;
    int w = scene->picture.w, h = scene->picture.h, bounds[4];

    fa_figure_bounds(&c->figure, bounds);
    for (int y = bounds[1] < 0 ? 0 : bounds[1]; y < bounds[3] && y < h; y++)
        for (int x = bounds[0] < 0 ? 0 : bounds[0]; x < bounds[2] && x < w; x++) {
            struct fa_figure_sample sample = fa_figure_at(&c->figure, x, y);

            paint_pixel(c, &sample, fa_picture_row(&scene->picture, y) + 3 * (size_t)x);
            if (sample.coverage >= SEEN)
                scene->owner[(size_t)y * (size_t)w + (size_t)x] = (uint8_t)(scene->n_objects + 1);
        }
}

/* ---- the whole ---- */

static void extend(struct fa_scene_object *object, int x, int y)
{
    if (object->area++ == 0)
        *object = (struct fa_scene_object){object->label, x, y, 0, 0, 1, object->full_area};
    if (x < object->x) {
        object->w += object->x - x;
        object->x = x;
    }
    if (x + 1 > object->x + object->w)
        object->w = x + 1 - object->x;
    object->h = y + 1 - object->y;
}

/* Boxes and areas of all objects, from the owners of the pixels. */
static void measure_objects(struct fa_scene *scene)
{
    const uint8_t *owner = scene->owner;

    for (int i = 0; i < scene->n_objects; i++)
        scene->objects[i].area = 0;
    for (int y = 0; y < scene->picture.h; y++)
        for (int x = 0; x < scene->picture.w; x++, owner++)
            if (*owner > 0)
                extend(&scene->objects[*owner - 1], x, y);
}

static void place(struct canvas *canvas, struct candidate *c)
{
    struct fa_scene *scene = canvas->scene;

    for (int i = 0; i < POSITIONS; i++) {
        choose_pose(&canvas->random, canvas->kind, scene->picture.w, scene->picture.h, c);
        if (!fits(scene, canvas->kind, c))
            continue;
        choose_colours(canvas, c);
        paint(canvas, c);
        scene->objects[scene->n_objects++] =
            (struct fa_scene_object){.label = c->label, .full_area = c->full_area};
        measure_objects(scene);
        return;
    }
}

static void draw_objects(struct canvas *canvas, const struct fa_synth_config *config)
{
    struct candidate candidates[FA_SCENE_MAX_OBJECTS];
    int n = 1 + (int)fa_random_below(&canvas->random, (uint32_t)canvas->kind->most);

    canvas->first_hue = fa_random_double(&canvas->random);
    for (int i = 0; i < n; i++)
        choose_class_and_size(&canvas->random, config, &candidates[i]);
    qsort(candidates, (size_t)n, sizeof candidates[0], larger_first);
    for (int i = 0; i < n; i++)
        place(canvas, &candidates[i]);
}

static void make_gray(struct fa_picture *picture)
{
    size_t n = (size_t)picture->w * (size_t)picture->h;

    for (size_t i = 0; i < n; i++) {
        uint8_t *rgb = picture->rgb + 3 * i;
        struct fa_colour colour = {{rgb[0], rgb[1], rgb[2]}};

        colour.rgb[0] = colour.rgb[1] = colour.rgb[2] = fa_colour_luma(colour);
        fa_colour_store(colour, rgb);
    }
}

static fa_status draw_scene(const struct fa_synth_config *config, uint64_t number, struct fa_scene *scene)
{
    struct canvas canvas = {.kind = &kinds[config->scenes], .scene = scene};
    bool empty;

    FA_TRY(fa_picture_alloc(config->w, config->h, &scene->picture));
    FA_TRY(fa_alloc_zero((size_t)config->w * (size_t)config->h, 1, &scene->owner));
    fa_random_init(&canvas.random, config->seed, FA_RANDOM_SCENE, number, 0);
    empty = fa_random_double(&canvas.random) < EMPTY_SHARE;
    scene->gray = fa_random_double(&canvas.random) < GRAY_SHARE;
    FA_TRY(fa_texture_background(&canvas.random, &scene->picture));
    if (!empty)
        draw_objects(&canvas, config);
    fa_texture_grain(&canvas.random, between(&canvas.random, 1, MAX_GRAIN), &scene->picture);
    if (scene->gray)
        make_gray(&scene->picture);
    return FA_OK;
}

fa_status fa_scene_make(const struct fa_synth_config *config, uint64_t number, struct fa_scene *scene)
{
    fa_status status;

    *scene = (struct fa_scene){0};
    status = draw_scene(config, number, scene);
    if (status != FA_OK)
        fa_scene_free(scene);
    return status;
}

void fa_scene_free(struct fa_scene *scene)
{
    fa_picture_free(&scene->picture);
    fa_free(scene->owner);
    *scene = (struct fa_scene){0};
}
