#include "synthetic.h"

#include <math.h>

#include "fa/memory.h"
#include "fa/philox.h"

/* Which stream of random numbers feeds what. */
enum { OBJECTS = 1, LOGITS, DELTAS, PICTURE };

static struct fa_random stream(uint64_t which)
{
    struct fa_random random;

    fa_random_init(&random, 0, FA_RANDOM_BENCH, which, 0);
    return random;
}

static void fill_normal(uint64_t which, double mean, double deviation, size_t n, float *out)
{
    struct fa_random random = stream(which);

    for (size_t i = 0; i < n; i++)
        out[i] = (float)(mean + deviation * fa_random_normal(&random));
}

/* From 16 pixels to the whole side, small ones more often. */
static float random_side(struct fa_random *random, int limit)
{
    const double share = fa_random_double(random);

    return (float)(16 * pow(limit / 16.0, share * share));
}

void fa_synthetic_objects(int h, int w, int num_classes, size_t n, float *boxes, int32_t *labels)
{
    struct fa_random random = stream(OBJECTS);

    for (size_t i = 0; i < n; i++) {
        const float box_w = random_side(&random, w), box_h = random_side(&random, h);
        float *box = boxes + 4 * i;

        box[0] = fa_random_float(&random) * ((float)w - box_w);
        box[1] = fa_random_float(&random) * ((float)h - box_h);
        box[2] = box[0] + box_w;
        box[3] = box[1] + box_h;
        labels[i] = (int32_t)fa_random_below(&random, (uint32_t)num_classes);
    }
}

static fa_status make_head(struct fa_synthetic_head *out)
{
    const size_t n = out->head.n_anchors, n_logits = n * (size_t)out->head.num_classes;

    FA_TRY(fa_alloc(n_logits, sizeof *out->head.cls, &out->head.cls));
    FA_TRY(fa_alloc(4 * n, sizeof *out->reg, &out->reg));
    fill_normal(LOGITS, -4.6, 0.6, n_logits, out->head.cls);
    fill_normal(DELTAS, 0, 0.5, 4 * n, out->reg);
    out->head.reg = out->reg;
    return FA_OK;
}

fa_status fa_synthetic_head_open(int h, int w, int num_classes, struct fa_synthetic_head *out)
{
    struct fa_pyramid pyramid;

    fa_pyramid_make(fa_anchors_of_reference.finest_level, h, w, &pyramid);
    *out = (struct fa_synthetic_head){.head = {.n_anchors = pyramid.n_anchors, .num_classes = num_classes}};
    return make_head(out);
}

void fa_synthetic_head_close(struct fa_synthetic_head *head)
{
    fa_free(head->reg);
    fa_free(head->head.cls);
    *head = (struct fa_synthetic_head){0};
}

/* Waves of several lengths, the grain of a sensor on top. */
static void paint(struct fa_random *random, struct fa_picture *picture)
{
    for (int y = 0; y < picture->h; y++)
        for (int x = 0; x < picture->w; x++) {
            const double wave = 40 * sin(x / 37.0 + y / 61.0) + 30 * sin(x / 11.0 - y / 7.0) +
                                20 * sin((double)x * y / 9000.0);
            uint8_t *pixel = picture->rgb + 3 * ((size_t)y * (size_t)picture->w + (size_t)x);

            for (int c = 0; c < 3; c++) {
                const double value = 128 + wave + 15 * c * sin(y / 90.0) + 8 * fa_random_normal(random);

                pixel[c] = (uint8_t)fmin(255, fmax(0, value));
            }
        }
}

fa_status fa_synthetic_picture(int w, int h, struct fa_picture *out)
{
    struct fa_random random = stream(PICTURE);

    *out = (struct fa_picture){.w = w, .h = h};
    FA_TRY(fa_alloc((size_t)w * (size_t)h, 3, &out->rgb));
    paint(&random, out);
    return FA_OK;
}
