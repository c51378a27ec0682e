/*
 * learn.c - a detector that has nothing of freeanchor but its loss: five strided convolutions, of which the
 * last three are levels, and a head of two 1x1 convolutions learn to find bright and dark boxes in noise.
 *
 *     cc -O2 -std=c11 learn.c $(pkg-config --cflags --libs freeanchor) -lm && ./a.out
 */
#include <fa/loss.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE 0.001f

enum {
    SIDE = 64,
    WIDE = 16,
    CLASSES = 2,
    DEPTH = 5,
    LEVELS = 3,
    ANCHORS = 64 + 16 + 4,
    STEPS = 800,
    TRIALS = 100
};

struct conv { /* images are (side, side, channels) */
    int in, out, kernel, stride, relu;
    float weight[9 * WIDE * WIDE], bias[WIDE], by_weight[9 * WIDE * WIDE], by_bias[WIDE];
};

static struct conv body[DEPTH], to_cls = {.in = WIDE, .out = CLASSES, .kernel = 1, .stride = 1},
                                to_reg = {.in = WIDE, .out = 4, .kernel = 1, .stride = 1};
static float image[SIDE * SIDE], by_image[SIDE * SIDE], feature[DEPTH][SIDE * SIDE / 4 * WIDE],
    by_feature[DEPTH][SIDE * SIDE / 4 * WIDE];
static float anchors[ANCHORS][4], cls[ANCHORS][CLASSES], reg[ANCHORS][4], by_cls[ANCHORS][CLASSES],
    by_reg[ANCHORS][4];

static float uniform(float low, float high)
{
    return low + (high - low) * (float)rand() / (float)RAND_MAX;
}

/* The part of a sum that n inputs give; or with g, the slope by it, their gradients. */
static float taps(int n, const float *x, float *by_x, const float *w, float *by_w, float g)
{
    float sum = 0;

    if (g == 0)
        for (int i = 0; i < n; i++)
            sum += w[i] * x[i];
    else
        for (int i = 0; i < n; i++) {
            by_w[i] += g * x[i];
            by_x[i] += g * w[i];
        }
    return sum;
}

/* y of x; or with by_y the gradients by weights and by x. */
static void run(struct conv *c, int side, const float *x, float *y, float *by_x, const float *by_y)
{
    const int out_side = side / c->stride;

    for (int p = 0; p < out_side * out_side * c->out; p++) {
        const int o = p % c->out, px = p / c->out % out_side * c->stride,
                  py = p / c->out / out_side * c->stride;
        const float g = by_y != NULL && (!c->relu || y[p] > 0) ? by_y[p] : 0;
        float sum = c->bias[o];

        if (by_y != NULL && g == 0)
            continue;
        for (int tap = 0; tap < c->kernel * c->kernel; tap++) {
            const int ix = px + tap % c->kernel - c->kernel / 2, iy = py + tap / c->kernel - c->kernel / 2;
            const int at = (iy * side + ix) * c->in, w = (o * c->kernel * c->kernel + tap) * c->in;

            if (ix >= 0 && iy >= 0 && ix < side && iy < side)
                sum += taps(c->in, x + at, by_x + at, c->weight + w, c->by_weight + w, g);
        }
        c->by_bias[o] += g;
        if (by_y == NULL)
            y[p] = c->relu && sum < 0 ? 0 : sum;
    }
}

/* A step downhill; what is kept of the gradients is momentum. */
static void descend(int n, float *value, float *gradient)
{
    for (int i = 0; i < n; i++) {
        value[i] -= RATE * gradient[i];
        gradient[i] *= 0.9f;
    }
}

static void update(struct conv *c)
{
    descend(9 * WIDE * WIDE, c->weight, c->by_weight);
    descend(WIDE, c->bias, c->by_bias);
}

static void prepare(struct conv *c)
{
    const float limit = sqrtf(6.0f / (float)(c->kernel * c->kernel * c->in)) * (c->relu ? 1 : 0.1f);

    for (int i = 0; i < 9 * WIDE * WIDE; i++)
        c->weight[i] = uniform(-limit, limit);
}

/* The whole network, or with `back` its gradient, deepest level first. */
static void run_all(int back)
{
    static const int first[] = {0, 64, 80}; /* anchors of the levels */

    for (int k = 0; k < DEPTH; k++) {
        const int d = back ? DEPTH - 1 - k : k, side = SIDE >> d, level = d - (DEPTH - LEVELS);
        const float *x = d > 0 ? feature[d - 1] : image;
        float *by_x = d > 0 ? by_feature[d - 1] : by_image;

        if (!back)
            run(&body[d], side, x, feature[d], by_x, NULL);
        if (level >= 0) {
            run(&to_cls, side / 2, feature[d], cls[first[level]], by_feature[d],
                back ? by_cls[first[level]] : NULL);
            run(&to_reg, side / 2, feature[d], reg[first[level]], by_feature[d],
                back ? by_reg[first[level]] : NULL);
        }
        if (back)
            run(&body[d], side, x, feature[d], by_x, by_feature[d]);
    }
}

/* Noise and a box, bright or dark. */
static void draw(float box[4], int32_t *label)
{
    const int w = (int)uniform(10, 40), h = (int)uniform(10, 40), x = rand() % (SIDE - w),
              y = rand() % (SIDE - h);

    *label = rand() % 2;
    for (int i = 0; i < SIDE * SIDE; i++)
        image[i] = uniform(-0.3f, 0.3f);
    for (int i = 0; i < w * h; i++)
        image[(y + i / w) * SIDE + x + i % w] += *label == 0 ? 1 : -1;
    memcpy(box, (float[4]){(float)x, (float)y, (float)(x + w), (float)(y + h)}, 4 * sizeof *box);
}

static void place_anchors(void)
{
    for (int level = 0, j = 0; level < LEVELS; level++)
        for (int p = 0, side = 8 >> level, stride = 8 << level; p < side * side; p++, j++)
            for (int k = 0; k < 4; k++)
                anchors[j][k] =
                    ((float)(k % 2 == 0 ? p % side : p / side) + (k < 2 ? -0.5f : 1.5f)) * (float)stride;
}

/* Whether the surest anchor of all predicts the box. */
static int finds(const struct fa_box_coder *coder, const float box[4], int32_t label)
{
    const float *logits = cls[0];
    float predicted[4];
    int best = 0;

    for (int i = 1; i < ANCHORS * CLASSES; i++)
        best = logits[i] > logits[best] ? i : best;
    fa_box_decode(coder, anchors[best / CLASSES], reg[best / CLASSES], predicted);
    return best % CLASSES == label && fa_box_iou(predicted, box) > 0.5f;
}

/* Of boxes that it has not seen. */
static int count_found(const struct fa_box_coder *coder)
{
    float box[4];
    int32_t label;
    int n = 0;

    for (int trial = 0; trial < TRIALS; trial++) {
        draw(box, &label);
        run_all(0);
        n += finds(coder, box, label);
    }
    return n;
}

/* One image a step, and one object an image: the share of FreeAnchor is 1. */
static fa_status learn(const struct fa_loss_config *config, struct fa_loss_workspace *workspace)
{
    const struct fa_head_view head = {
        .n_anchors = ANCHORS, .num_classes = CLASSES, .anchors = anchors[0], .cls = cls[0], .reg = reg[0]};
    float box[4];
    int32_t label;
    const struct fa_objects objects = {1, box, &label};
    struct fa_loss loss;

    for (int step = 0; step < STEPS; step++) {
        draw(box, &label);
        run_all(0);
        FA_TRY(fa_loss_compute(config, &head, &objects, 1, workspace, &loss, by_cls[0], by_reg[0]));
        memset(by_feature, 0, sizeof by_feature);
        run_all(1);
        for (int d = 0; d < DEPTH; d++)
            update(&body[d]);
        update(&to_cls), update(&to_reg);
    }
    return FA_OK;
}

int main(void)
{
    struct fa_loss_config config = fa_loss_default;
    struct fa_loss_workspace *workspace;
    int before, after;

    config.freeanchor.bag_size = 8; /* of 84 anchors */
    for (int d = 0; d < DEPTH; d++) {
        body[d] = (struct conv){.in = d > 0 ? WIDE : 1, .out = WIDE, .kernel = 3, .stride = 2, .relu = 1};
        prepare(&body[d]);
    }
    prepare(&to_cls), prepare(&to_reg);
    to_cls.bias[0] = to_cls.bias[1] = -3; /* a prior of 0.05 */
    place_anchors();
    before = count_found(&config.coder);
    if (fa_loss_workspace_create(1, &workspace) != FA_OK || learn(&config, workspace) != FA_OK) {
        fprintf(stderr, "%s\n", fa_message());
        return 1;
    }
    fa_loss_workspace_destroy(workspace);
    after = count_found(&config.coder);
    printf("of %d boxes, found before learning: %d, after: %d\n", TRIALS, before, after);
    return after < 40 || after < 2 * before;
}
