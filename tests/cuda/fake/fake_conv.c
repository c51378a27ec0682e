#include "fake_conv.h"

#include <stdlib.h>
#include <string.h>

#include "cuda/cudnn/abi.h"

size_t fake_tensor_extent(const struct fake_tensor *tensor)
{
    int64_t last = 0;

    for (int d = 0; d < 4; d++)
        last += (tensor->size[d] - 1) * tensor->stride[d];
    return (size_t)last + 1;
}

/* ---- numbers ---- */

static float from_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* To the nearest float whose last n bits are zero, a tie to the even one. */
static float round_bits(float value, int n)
{
    const uint32_t bits = to_bits(value), half = (1u << (n - 1)) - 1 + ((bits >> n) & 1);

    return value == value ? from_bits((bits + half) >> n << n) : value;
}

static float load(const struct fake_tensor *tensor, int64_t at)
{
    if (tensor->type == FA_CUDNN_DATA_BFLOAT16)
        return from_bits((uint32_t)((const uint16_t *)tensor->data)[at] << 16);
    return ((const float *)tensor->data)[at];
}

static void store(const struct fake_tensor *tensor, int64_t at, float value)
{
    if (tensor->type == FA_CUDNN_DATA_BFLOAT16)
        ((uint16_t *)tensor->data)[at] = (uint16_t)(to_bits(round_bits(value, 16)) >> 16);
    else
        ((float *)tensor->data)[at] = value;
}

/* ---- dense copies, (n, h, w, c) ---- */

static int64_t offset(const struct fake_tensor *t, int64_t n, int64_t c, int64_t h, int64_t w)
{
    return n * t->stride[0] + c * t->stride[1] + h * t->stride[2] + w * t->stride[3];
}

static void each(const struct fake_tensor *t, float *dense, bool to_tensor)
{
    for (int64_t n = 0; n < t->size[0]; n++)
        for (int64_t h = 0; h < t->size[2]; h++)
            for (int64_t w = 0; w < t->size[3]; w++)
                for (int64_t c = 0; c < t->size[1]; c++, dense++)
                    if (to_tensor)
                        store(t, offset(t, n, c, h, w), *dense);
                    else
                        *dense = load(t, offset(t, n, c, h, w));
}

static size_t elements(const struct fake_tensor *t)
{
    return (size_t)(t->size[0] * t->size[1] * t->size[2] * t->size[3]);
}

static float *zeros(const struct fake_tensor *t)
{
    float *dense = calloc(elements(t), sizeof *dense);

    if (dense == NULL)
        abort();
    return dense;
}

/* A factor of the products. */
static float *copy(const struct fake_tensor *t, bool tf32)
{
    float *dense = zeros(t);

    each(t, dense, false);
    for (size_t i = 0; tf32 && i < elements(t); i++)
        dense[i] = round_bits(dense[i], 13);
    return dense;
}

/* ---- the convolution ---- */

/* Adds up, for one output channel k at one position and one tap: forward y += x . w, backward data x += y w,
 * backward weights w += y x; over the c channels of its group. */
static void tap(enum fake_direction direction, int64_t c, float *x, float *w, float *y)
{
    float sum = 0;

    switch (direction) {
    case FAKE_FORWARD:
        for (int64_t i = 0; i < c; i++)
            sum += x[i] * w[i];
        *y += sum;
        break;
    case FAKE_BACKWARD_DATA:
        for (int64_t i = 0; i < c; i++)
            x[i] += *y * w[i];
        break;
    case FAKE_BACKWARD_WEIGHTS:
        for (int64_t i = 0; i < c; i++)
            w[i] += *y * x[i];
        break;
    }
}

static void convolve(const struct fake_conv *conv, float *x, float *w, float *y)
{
    const int64_t *xs = conv->x.size, *ws = conv->w.size, *ys = conv->y.size;

    for (int64_t k = 0; k < ys[1]; k++) {
        const int64_t first = k / (ys[1] / conv->groups) * ws[1];

        for (int64_t p = 0; p < ys[2] * ys[3]; p++)
            for (int64_t t = 0; t < ws[2] * ws[3]; t++) {
                const int64_t h = p / ys[3] * conv->stride - conv->pad + t / ws[3];
                const int64_t v = p % ys[3] * conv->stride - conv->pad + t % ws[3];

                if (h >= 0 && h < xs[2] && v >= 0 && v < xs[3])
                    tap(conv->direction, ws[1], x + (h * xs[3] + v) * xs[1] + first,
                        w + (k * ws[2] * ws[3] + t) * ws[1], y + p * ys[1] + k);
            }
    }
}

static void finish_forward(const struct fake_conv *conv, float *y)
{
    float *z = conv->z.data != NULL ? copy(&conv->z, false) : NULL;
    float *b = conv->b.data != NULL ? copy(&conv->b, false) : NULL;

    for (size_t i = 0; i < elements(&conv->y); i++) {
        y[i] += z != NULL ? z[i] : 0;
        y[i] += b != NULL ? b[i % (size_t)conv->y.size[1]] : 0;
        if (conv->relu && y[i] < 0)
            y[i] = 0;
    }
    free(z);
    free(b);
}

void fake_conv_run(void *argument)
{
    const struct fake_conv *conv = argument;
    const enum fake_direction direction = conv->direction;
    float *x = direction == FAKE_BACKWARD_DATA ? zeros(&conv->x) : copy(&conv->x, conv->tf32);
    float *w = direction == FAKE_BACKWARD_WEIGHTS ? zeros(&conv->w) : copy(&conv->w, conv->tf32);
    float *y = direction == FAKE_FORWARD ? zeros(&conv->y) : copy(&conv->y, conv->tf32);

    if (conv->workspace_bytes > 0)
        memset(conv->workspace, 0xff, conv->workspace_bytes);
    convolve(conv, x, w, y);
    if (direction == FAKE_FORWARD)
        finish_forward(conv, y);
    each(direction == FAKE_FORWARD         ? &conv->y
         : direction == FAKE_BACKWARD_DATA ? &conv->x
                                           : &conv->w,
         direction == FAKE_FORWARD         ? y
         : direction == FAKE_BACKWARD_DATA ? x
                                           : w,
         true);
    free(x);
    free(w);
    free(y);
}
