#include "fa/augment.h"

#include <string.h>

#include "crop.h"
#include "fa/philox.h"

/* ---- without chance ---- */

static void fill_frame(const int scale[2], int w, int h, struct fa_image_plan *plan)
{
    *plan = (struct fa_image_plan){
        .canvas_w = w, .canvas_h = h, .colors = {.contrast = 1, .saturation = 1, .order = {0, 1, 2}}};
    fa_keep_ratio_size(w, h, scale[0], scale[1], &plan->frame_w, &plan->frame_h);
    plan->resized_w = plan->frame_w;
    plan->resized_h = plan->frame_h;
}

void fa_image_plan_still(const struct fa_transform *transform, int w, int h, struct fa_image_plan *plan)
{
    fill_frame(transform->scale, w, h, plan);
}

int fa_transform_views(const struct fa_transform *transform)
{
    return (transform->scales.n > 1 ? transform->scales.n : 1) * (transform->mirrors ? 2 : 1);
}

void fa_image_plan_view(const struct fa_transform *transform, int view, int w, int h,
                        struct fa_image_plan *plan)
{
    const int looks = transform->mirrors ? 2 : 1;

    fill_frame(transform->scales.n > 1 ? transform->scales.pair[view / looks] : transform->scale, w, h, plan);
    plan->flip.horizontal = view % looks == 1;
}

/* ---- with ---- */

static bool is_off(const float range[2])
{
    return range[0] == 0 && range[1] == 0;
}

static double draw_within(struct fa_random *random, double from, double to)
{
    return from + fa_random_double(random) * (to - from);
}

static double draw_factor(struct fa_random *random, const float range[2])
{
    return is_off(range) ? draw_within(random, 1, 1) : draw_within(random, range[0], range[1]);
}

static bool draw_chance(struct fa_random *random, double probability)
{
    return fa_random_double(random) < probability;
}

static void draw_within_pairs(struct fa_random *random, const int least[2], const int most[2], int scale[2])
{
    for (int k = 0; k < 2; k++)
        scale[k] = least[k] + (int)fa_random_below(random, (uint32_t)(most[k] - least[k]) + 1);
}

static void draw_scale(const struct fa_transform *transform, uint64_t seed, int64_t epoch, size_t position,
                       int scale[2])
{
    const struct fa_scales *scales = &transform->scales;
    const int *pair = transform->scale;
    struct fa_random random;

    fa_random_init(&random, seed, FA_RANDOM_SCALE, (uint64_t)epoch, (uint32_t)position);
    if (scales->n > 1 && scales->range) {
        draw_within_pairs(&random, scales->pair[0], scales->pair[1], scale);
        return;
    }
    if (scales->n > 1)
        pair = scales->pair[fa_random_below(&random, (uint32_t)scales->n)];
    memcpy(scale, pair, 2 * sizeof *scale);
}

/* As mmdetection's Expand rounds. */
static void draw_canvas(struct fa_random *random, const struct fa_augment *augment,
                        struct fa_image_plan *plan)
{
    const int w = plan->canvas_w, h = plan->canvas_h;
    const bool expands = draw_chance(random, augment->expand_probability);
    const double ratio = draw_factor(random, augment->expand);
    const double left = draw_within(random, 0, w * ratio - w), top = draw_within(random, 0, h * ratio - h);

    if (!expands)
        return;
    plan->canvas_w = (int)(w * ratio);
    plan->canvas_h = (int)(h * ratio);
    plan->left = (int)left;
    plan->top = (int)top;
}

/* By a generator of its own, which takes as many numbers as it takes. */
static void draw_crop(const struct fa_crops *crops, const struct fa_objects *objects, uint64_t seed,
                      int64_t epoch, size_t position, struct fa_image_plan *plan)
{
    static const struct fa_objects none = {0};
    struct fa_random random;

    if (crops->n == 0)
        return;
    fa_random_init(&random, seed, FA_RANDOM_CROP, (uint64_t)epoch, (uint32_t)position);
    fa_crop_draw(crops, objects != NULL ? objects : &none, &random, plan);
}

/* A part keeps its shape and touches two sides of the frame; the whole fills it. */
static void fit_part(struct fa_image_plan *plan)
{
    const double x = (double)plan->frame_w / plan->canvas_w, y = (double)plan->frame_h / plan->canvas_h;
    const double zoom = x < y ? x : y;

    if (!plan->cropped)
        return;
    plan->resized_w = (int)(plan->canvas_w * zoom + 0.5);
    plan->resized_h = (int)(plan->canvas_h * zoom + 0.5);
}

static int scale_side(int side, double factor)
{
    const int scaled = (int)(side * factor);

    return scaled > 0 ? scaled : 1;
}

/* Where something begins beside or over a frame of another length: one lies within the other. */
static int draw_offset(struct fa_random *random, int length, int frame)
{
    const double u = fa_random_double(random);

    return frame >= length ? (int)(u * (frame - length + 1)) : -(int)(u * (length - frame + 1));
}

static void draw_place(struct fa_random *random, const struct fa_augment *augment, struct fa_image_plan *plan)
{
    const double factor = draw_factor(random, augment->random_scale);

    plan->resized_w = scale_side(plan->resized_w, factor);
    plan->resized_h = scale_side(plan->resized_h, factor);
    plan->x = draw_offset(random, plan->resized_w, plan->frame_w);
    plan->y = draw_offset(random, plan->resized_h, plan->frame_h);
}

static float draw_color_factor(struct fa_random *random, double probability, const float range[2])
{
    const bool changes = draw_chance(random, probability);
    const float factor = (float)draw_factor(random, range);

    return changes ? factor : 1;
}

static float draw_color_shift(struct fa_random *random, double probability, double most)
{
    const bool changes = draw_chance(random, probability);
    const float shift = (float)draw_within(random, -most, most);

    return changes ? shift : 0;
}

static void swap(uint8_t *a, uint8_t *b)
{
    const uint8_t kept = *a;

    *a = *b;
    *b = kept;
}

static void draw_order(struct fa_random *random, double probability, uint8_t order[3])
{
    const bool swaps = draw_chance(random, probability);
    const uint32_t first = fa_random_below(random, 3), second = fa_random_below(random, 2);

    if (!swaps)
        return;
    swap(&order[0], &order[first]);
    swap(&order[1], &order[1 + second]);
}

static void draw_colors(struct fa_random *random, const struct fa_augment *augment, struct fa_colors *colors)
{
    const double probability = augment->color_probability;

    colors->brightness = draw_color_shift(random, probability, augment->brightness);
    colors->contrast = draw_color_factor(random, probability, augment->contrast);
    colors->contrast_last = draw_chance(random, 0.5);
    colors->saturation = draw_color_factor(random, probability, augment->saturation);
    colors->hue = draw_color_shift(random, probability, augment->hue);
    draw_order(random, augment->channel_swap, colors->order);
}

static bool draw_horizontal_flip(const struct fa_transform *transform, uint64_t seed, int64_t epoch,
                                 size_t position)
{
    struct fa_random random;

    fa_random_init(&random, seed, FA_RANDOM_FLIP, (uint64_t)epoch, (uint32_t)position);
    return draw_chance(&random, transform->flip_probability);
}

/* Everything is drawn, whatever is on, and always in the same order. */
void fa_image_plan_draw(const struct fa_transform *transform, int w, int h, const struct fa_objects *objects,
                        uint64_t seed, int64_t epoch, size_t position, struct fa_image_plan *plan)
{
    const struct fa_augment *augment = &transform->augment;
    struct fa_random random;
    int scale[2];

    draw_scale(transform, seed, epoch, position, scale);
    fill_frame(scale, w, h, plan);
    plan->flip.horizontal = draw_horizontal_flip(transform, seed, epoch, position);
    fa_random_init(&random, seed, FA_RANDOM_AUGMENT, (uint64_t)epoch, (uint32_t)position);
    plan->flip.vertical = draw_chance(&random, augment->vertical_flip);
    draw_canvas(&random, augment, plan);
    draw_crop(&augment->crops, objects, seed, epoch, position, plan);
    fit_part(plan);
    draw_place(&random, augment, plan);
    draw_colors(&random, augment, &plan->colors);
}
