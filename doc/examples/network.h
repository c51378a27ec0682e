/*
 * network.h - of learn.c: five strided 3x3 convolutions, of which the last three are levels of 8x8, 4x4 and
 * 2x2 positions, and two 1x1 convolutions from each level to its anchors' logits and deltas. Plain loops; it
 * knows no loss.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 64, WIDE = 16, CLASSES = 2, DEPTH = 5, LEVELS = 3, ANCHORS = 64 + 16 + 4 };

struct conv { /* images are (side, side, channels) */
    int in, out, kernel, stride, relu;
    float weight[9 * WIDE * WIDE], bias[WIDE], by_weight[9 * WIDE * WIDE], by_bias[WIDE];
};

static struct conv body[DEPTH], to_cls = {.in = WIDE, .out = CLASSES, .kernel = 1, .stride = 1},
                                to_reg = {.in = WIDE, .out = 4, .kernel = 1, .stride = 1};

/* What goes in, and what comes out of each layer; by_x is the gradient by x. */
static float image[SIDE * SIDE], feature[DEPTH][SIDE * SIDE / 4 * WIDE];
static float cls[ANCHORS][CLASSES], reg[ANCHORS][4], by_cls[ANCHORS][CLASSES], by_reg[ANCHORS][4];
static float by_image[SIDE * SIDE], by_feature[DEPTH][SIDE * SIDE / 4 * WIDE];

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
static void descend(int n, float rate, float *value, float *gradient)
{
    for (int i = 0; i < n; i++) {
        value[i] -= rate * gradient[i];
        gradient[i] *= 0.9f;
    }
}

static void update(struct conv *c, float rate)
{
    descend(9 * WIDE * WIDE, rate, c->weight, c->by_weight);
    descend(WIDE, rate, c->bias, c->by_bias);
}

static void prepare(struct conv *c)
{
    const float limit = sqrtf(6.0f / (float)(c->kernel * c->kernel * c->in)) * (c->relu ? 1 : 0.1f);

    for (int i = 0; i < 9 * WIDE * WIDE; i++)
        c->weight[i] = uniform(-limit, limit);
}

/* The whole network, or with `back` its gradient, deepest level first. */
static void pass(int back)
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

/* Random weights, and a prior of 0.05. */
static void network_begin(void)
{
    for (int d = 0; d < DEPTH; d++) {
        body[d] = (struct conv){.in = d > 0 ? WIDE : 1, .out = WIDE, .kernel = 3, .stride = 2, .relu = 1};
        prepare(&body[d]);
    }
    prepare(&to_cls), prepare(&to_reg);
    to_cls.bias[0] = to_cls.bias[1] = -3;
}

/* cls and reg of image. */
static void network_forward(void)
{
    pass(0);
}

/* One step downhill by by_cls and by_reg. */
static void network_learn(float rate)
{
    memset(by_feature, 0, sizeof by_feature);
    pass(1);
    for (int d = 0; d < DEPTH; d++)
        update(&body[d], rate);
    update(&to_cls, rate), update(&to_reg, rate);
}
