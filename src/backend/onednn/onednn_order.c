/*
 * onednn_order.c - filters between PyTorch's order and the blocked layouts in which oneDNN wants them.
 *
 * oneDNN's own reorders of filters run at a third of the speed of memory, and could not be had for a few
 * output channels at a time.
 */
#include <string.h>

#include "onednn.h"

#define INLINE static inline __attribute__((always_inline))

enum { MAX_AREA = 49 }; /* the largest kernel is 7x7 */

/* ---- the order of a layout ---- */

static bool read_inner_blocks(const struct onednn_blocks *blocks, int out_dim, struct onednn_order *order)
{
    size_t stride = 1;

    for (int b = blocks->n_inner - 1; b >= 0; b--) {
        const bool is_out = blocks->dim[b] == out_dim;
        struct onednn_axis *axis = is_out ? &order->out : &order->in;

        if (!is_out && blocks->dim[b] != out_dim + 1)
            return false;
        if (axis->block != 1)
            return false;
        axis->block = (int)blocks->size[b];
        axis->lane = stride;
        stride *= (size_t)blocks->size[b];
    }
    return true;
}

static bool read_order(const struct onednn_blocks *blocks, struct onednn_order *order)
{
    const int out_dim = blocks->n_dims - 4; /* a dimension of groups may come first */
    const dnnl_dim_t *stride = blocks->strides + out_dim, *dims = blocks->dims + out_dim;

    if (dims[2] * dims[3] > MAX_AREA)
        return false;
    *order = (struct onednn_order){.group = out_dim > 0 ? (size_t)blocks->strides[0] : 0,
                                   .out = {.block = 1, .stride = (size_t)stride[0]},
                                   .in = {.block = 1, .stride = (size_t)stride[1]},
                                   .width = (int)dims[3],
                                   .row = (size_t)stride[2],
                                   .column = (size_t)stride[3]};
    return read_inner_blocks(blocks, out_dim, order);
}

bool onednn_order_of(onednn_md md, struct onednn_order *order)
{
    struct onednn_blocks blocks;

    return onednn_md_blocks(md, &blocks) && read_order(&blocks, order);
}

/* ---- one output channel's lanes of one block of input channels ---- */

/* How an element of the kernel and an input channel move on from where a channel's filters begin. */
struct lanes {
    const size_t *place; /* of each element of the kernel */
    size_t n, step;      /* input channels, and from one to the next */
};

INLINE void pack_lanes(size_t area, struct lanes lanes, const float *restrict from, float factor,
                       float *restrict to)
{
    for (size_t k = 0; k < area; k++)
        for (size_t i = 0; i < lanes.n; i++)
            to[lanes.place[k] + i * lanes.step] = from[i * area + k] * factor;
}

INLINE void unpack_lanes(size_t area, struct lanes lanes, const float *from, float *to)
{
    for (size_t i = 0; i < lanes.n; i++)
        for (size_t k = 0; k < area; k++)
            to[i * area + k] = from[i * lanes.step + lanes.place[k]];
}

/* ---- some output channels ---- */

/* An output channel has filters for n_own of the n_in input channels of its merged group. */
struct walk {
    const struct onednn_order *order;
    size_t n_out, n_in, n_own; /* n_out: of a merged group */
    size_t area;
    size_t n_lanes, step; /* input channels that lie at even steps */
    size_t place[MAX_AREA];
    size_t square_place[ONEDNN_TRANSPOSE * MAX_AREA]; /* of one in a square, in the order of OIHW */
};

static struct walk walk_of(const struct onednn_weights *weights, const struct onednn_order *order)
{
    const struct fa_weights_desc *desc = &weights->base.desc;
    struct walk walk = {.order = order,
                        .n_out = (size_t)(desc->out_channels / weights->groups),
                        .n_in = (size_t)(desc->in_channels / weights->groups),
                        .n_own = (size_t)(desc->in_channels / desc->groups),
                        .area = (size_t)desc->kernel * (size_t)desc->kernel};
    const bool is_blocked = order->in.block > 1;

    walk.n_lanes = is_blocked ? (size_t)order->in.block : walk.n_in;
    walk.step = is_blocked ? order->in.lane : order->in.stride;
    for (size_t k = 0; k < walk.area; k++)
        walk.place[k] = k / (size_t)order->width * order->row + k % (size_t)order->width * order->column;
    for (size_t v = 0; v < ONEDNN_TRANSPOSE * walk.area; v++)
        walk.square_place[v] = v / walk.area * walk.step + walk.place[v % walk.area];
    return walk;
}

/* Filters that lie together: of one output channel, for input channels of one block. */
struct run {
    struct lanes lanes;
    size_t packed, oihw; /* where they begin; oihw: within the output channel */
};

static size_t packed_channel(const struct walk *walk, size_t o)
{
    const size_t i = o - walk->order->first;

    return i / walk->n_out * walk->order->group + onednn_along(&walk->order->out, i % walk->n_out);
}

/* Those of output channel o and input channels [begin, begin + n_lanes); lanes.n is 0 if there are none. */
static struct run run_of(const struct onednn_weights *weights, const struct walk *walk, size_t o,
                         size_t begin)
{
    const struct fa_weights_desc *desc = &weights->base.desc;
    const size_t group = o / (size_t)(desc->out_channels / desc->groups);
    const size_t first = group % (size_t)weights->merged * walk->n_own, last = first + walk->n_own;
    const size_t from = begin > first ? begin : first;
    const size_t to = begin + walk->n_lanes < last ? begin + walk->n_lanes : last;

    if (from >= to)
        return (struct run){.lanes = {.n = 0}};
    return (struct run){.lanes = {.place = walk->place, .n = to - from, .step = walk->step},
                        .packed = packed_channel(walk, o) + onednn_along(&walk->order->in, from),
                        .oihw = (from - first) * walk->area};
}

/* ---- squares: sixteen output channels and a block of as many input channels, which is nearly all ---- */

static bool is_square(const struct walk *walk, size_t first, size_t n, size_t begin)
{
    const struct onednn_order *order = walk->order;

    return order->out.block == ONEDNN_TRANSPOSE && order->in.block == ONEDNN_TRANSPOSE &&
           n == ONEDNN_TRANSPOSE && first % n == 0 && walk->n_own == walk->n_in &&
           begin + ONEDNN_TRANSPOSE <= walk->n_in;
}

/* Where input channels lie side by side, an output channel's row is a few vectors. */
FA_VECTOR_CLONES static void pack_rows(const struct walk *walk, const float *oihw, const float *factor,
                                       float *packed)
{
    const struct lanes lanes = {walk->place, ONEDNN_TRANSPOSE, 1};

    for (size_t o = 0; o < ONEDNN_TRANSPOSE; o++) {
        const float *from = oihw + o * walk->n_own * walk->area;
        float *to = packed + o * walk->order->out.lane;

        if (walk->area == 1)
            pack_lanes(1, lanes, from, factor[o], to);
        else if (walk->area == 9)
            pack_lanes(9, lanes, from, factor[o], to);
        else
            pack_lanes(walk->area, lanes, from, factor[o], to);
    }
}

/* Where output channels do, rows of OIHW turn into vectors of the packed form. */
static void pack_columns(const struct walk *walk, const float *oihw, const float *factor, float *packed)
{
    const float *from[ONEDNN_TRANSPOSE];
    float *to[ONEDNN_TRANSPOSE];

    for (size_t v = 0; v < ONEDNN_TRANSPOSE * walk->area; v += ONEDNN_TRANSPOSE) {
        for (size_t i = 0; i < ONEDNN_TRANSPOSE; i++) {
            from[i] = oihw + i * walk->n_own * walk->area + v;
            to[i] = packed + walk->square_place[v + i];
        }
        onednn_transpose(from, factor, to);
    }
}

static void pack_square(const struct walk *walk, const float *oihw, const float *factor, float *packed)
{
    if (walk->step == 1)
        pack_rows(walk, oihw, factor, packed);
    else
        pack_columns(walk, oihw, factor, packed);
}

/* Gradients have their output channels side by side. */
static void unpack_square(const struct walk *walk, const float *packed, float *oihw)
{
    const float *from[ONEDNN_TRANSPOSE];
    float *to[ONEDNN_TRANSPOSE];

    for (size_t v = 0; v < ONEDNN_TRANSPOSE * walk->area; v += ONEDNN_TRANSPOSE) {
        for (size_t i = 0; i < ONEDNN_TRANSPOSE; i++) {
            from[i] = packed + walk->square_place[v + i];
            to[i] = oihw + i * walk->n_own * walk->area + v;
        }
        onednn_transpose(from, NULL, to);
    }
}

/* ---- all of it ---- */

void onednn_order_pack(const struct onednn_weights *weights, const struct onednn_order *order, size_t first,
                       size_t n, float *packed)
{
    const struct walk walk = walk_of(weights, order);
    const size_t row = walk.n_own * walk.area;

    for (size_t i = 0; i < walk.n_in; i += walk.n_lanes) {
        if (is_square(&walk, first, n, i)) {
            pack_square(&walk, weights->oihw + first * row + i * walk.area, weights->scale + first,
                        packed + run_of(weights, &walk, first, i).packed);
            continue;
        }
        for (size_t o = first; o < first + n; o++) {
            const struct run run = run_of(weights, &walk, o, i);

            pack_lanes(walk.area, run.lanes, weights->oihw + o * row + run.oihw, weights->scale[o],
                       packed + run.packed);
        }
    }
}

void onednn_order_unpack(const struct onednn_weights *weights, const struct onednn_order *order, size_t first,
                         size_t n, const float *packed, float *oihw)
{
    const struct walk walk = walk_of(weights, order);
    const size_t row = walk.n_own * walk.area;

    for (size_t i = 0; i < walk.n_in; i += walk.n_lanes) {
        if (walk.step != 1 && is_square(&walk, first, n, i)) {
            unpack_square(&walk, packed + run_of(weights, &walk, first, i).packed, oihw + i * walk.area);
            continue;
        }
        for (size_t o = first; o < first + n; o++) {
            const struct run run = run_of(weights, &walk, o, i);

            unpack_lanes(walk.area, run.lanes, packed + run.packed, oihw + (o - first) * row + run.oihw);
        }
    }
}
