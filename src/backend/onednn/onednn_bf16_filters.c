/*
 * onednn_bf16_filters.c - filters rounded to bf16, in the layouts in which oneDNN multiplies them.
 *
 * Nearly all of these have two input channels (forward) or two output channels (backward) of a filter side by
 * side, as processors multiply them, and sixteen such pairs of the other channels in a row. So sixteen output
 * channels are first packed as floats, as onednn_order.c does that fastest, with one of a pair in each of two
 * rows; then two rows become one of pairs. Other layouts are filled number by number.
 */
#include <omp.h>

#include "fa/memory.h"
#include "onednn_bf16.h"

enum { MAX_AREA = 49, LANES = ONEDNN_TRANSPOSE };

/* Where the filters of a group lie: of output channel o, input channel i and element k of the kernel, at
 * out[o] + in[i] + kernel[k]. */
struct onednn_places {
    enum onednn_pairs { NO_PAIRS, PAIRS_OF_IN, PAIRS_OF_OUT } pairs;
    size_t n_out, n_in, area, group; /* group: from one group to the next */
    size_t kernel[MAX_AREA];
    size_t *out, *in;
};

/* ---- what a layout means ---- */

/* The place of an index of a dimension: its inner blocks from the innermost, then what is left. */
static size_t place_of(const struct onednn_blocks *blocks, int dim, size_t index)
{
    size_t place = 0, stride = 1;

    for (int b = blocks->n_inner - 1; b >= 0; b--) {
        const size_t size = (size_t)blocks->size[b];

        if (blocks->dim[b] == dim) {
            place += index % size * stride;
            index /= size;
        }
        stride *= size;
    }
    return place + index * (size_t)blocks->strides[dim];
}

/* Do n channels, sixteen at a time, lie two apart? */
static bool is_row(const size_t *place, size_t n)
{
    for (size_t c = 0; c < n; c++)
        if (place[c] != place[c / LANES * LANES] + c % LANES * 2)
            return false;
    return true;
}

static bool is_paired(const size_t *place, size_t n)
{
    for (size_t c = 1; c < n; c += 2)
        if (place[c] != place[c - 1] + 1)
            return false;
    return true;
}

/* Rows are written whole, so the layout must have room for whole ones. */
static enum onednn_pairs pairs_of(const struct onednn_places *places, const size_t *padded)
{
    if (is_row(places->out, padded[0]) && is_paired(places->in, padded[1]) && padded[0] % LANES == 0 &&
        padded[1] % 2 == 0)
        return PAIRS_OF_IN;
    if (is_row(places->in, padded[1]) && is_paired(places->out, padded[0]) && padded[1] % LANES == 0 &&
        padded[0] % 2 == 0)
        return PAIRS_OF_OUT;
    return NO_PAIRS;
}

/* A dimension that whole blocks fill. */
static size_t padded_size(const struct onednn_blocks *blocks, int dim)
{
    const size_t n = (size_t)blocks->dims[dim];
    size_t block = 1;

    for (int b = 0; b < blocks->n_inner; b++)
        block *= blocks->dim[b] == dim ? (size_t)blocks->size[b] : 1;
    return (n + block - 1) / block * block;
}

static fa_status read_places(const struct onednn_blocks *blocks, struct onednn_places *places)
{
    const int out_dim = blocks->n_dims - 4; /* a dimension of groups may come first */
    const size_t padded[] = {padded_size(blocks, out_dim), padded_size(blocks, out_dim + 1)};
    const size_t width = (size_t)blocks->dims[out_dim + 3];

    places->n_out = (size_t)blocks->dims[out_dim];
    places->n_in = (size_t)blocks->dims[out_dim + 1];
    places->area = (size_t)blocks->dims[out_dim + 2] * width;
    places->group = out_dim > 0 ? (size_t)blocks->strides[0] : 0;
    if (places->area > MAX_AREA)
        return fa_fail(FA_EINVAL, "oneDNN: a kernel of %zu elements in bf16; set train.precision=fp32",
                       places->area);
    FA_TRY(fa_alloc(padded[0], sizeof *places->out, &places->out));
    FA_TRY(fa_alloc(padded[1], sizeof *places->in, &places->in));
    for (size_t o = 0; o < padded[0]; o++)
        places->out[o] = place_of(blocks, out_dim, o);
    for (size_t i = 0; i < padded[1]; i++)
        places->in[i] = place_of(blocks, out_dim + 1, i);
    for (size_t k = 0; k < places->area; k++)
        places->kernel[k] =
            place_of(blocks, out_dim + 2, k / width) + place_of(blocks, out_dim + 3, k % width);
    places->pairs = pairs_of(places, padded);
    return FA_OK;
}

fa_status onednn_places_create(onednn_md md, struct onednn_places **out)
{
    struct onednn_blocks blocks;

    if (!onednn_md_blocks(md, &blocks))
        return onednn_check(dnnl_unimplemented, "packing filters");
    FA_TRY(fa_alloc_zero(1, sizeof **out, out));
    return read_places(&blocks, *out);
}

void onednn_places_destroy(struct onednn_places *places)
{
    if (places == NULL)
        return;
    fa_free(places->out);
    fa_free(places->in);
    fa_free(places);
}

/* ---- number by number ---- */

static void pack_channel(const struct onednn_weights *weights, const struct onednn_places *places, size_t o,
                         bf16 *packed)
{
    const struct fa_weights_desc *desc = &weights->base.desc;
    const size_t n_own = (size_t)(desc->in_channels / desc->groups);
    const size_t group = o / (size_t)(desc->out_channels / desc->groups);
    const size_t *in = places->in + group % (size_t)weights->merged * n_own;
    const float *from = weights->oihw + o * n_own * places->area;
    bf16 *to = packed + o / places->n_out * places->group + places->out[o % places->n_out];

    for (size_t i = 0; i < n_own; i++)
        for (size_t k = 0; k < places->area; k++)
            to[in[i] + places->kernel[k]] = bf16_narrow(*from++ * weights->scale[o]);
}

/* ---- rows of pairs ---- */

/* Blocks of sixteen input channels: whole ones. */
static size_t row_floats(const struct onednn_places *places)
{
    return (places->n_in + LANES - 1) / LANES * LANES * LANES * places->area;
}

/* Sixteen output channels from `first` as floats: for each block of input channels and each element of the
   kernel a square, in which the channels of a pair are rows. */
static struct onednn_order square_order(const struct onednn_weights *weights,
                                        const struct onednn_places *places, size_t first)
{
    const size_t square = (size_t)LANES * LANES, width = (size_t)weights->base.desc.kernel;
    const bool of_in = places->pairs == PAIRS_OF_IN;

    return (struct onednn_order){
        .first = first,
        .out = {.block = LANES, .lane = of_in ? 1 : LANES},
        .in = {.block = LANES, .stride = square * places->area, .lane = of_in ? LANES : 1},
        .width = (int)width,
        .row = width * square,
        .column = square};
}

FA_VECTOR_CLONES static void pair_rows(const float *restrict even, const float *restrict odd,
                                       bf16 *restrict to)
{
#pragma omp simd
    for (size_t lane = 0; lane < LANES; lane++) {
        to[2 * lane] = bf16_narrow(even[lane]);
        to[2 * lane + 1] = bf16_narrow(odd[lane]);
    }
}

/* One square, whose first channels are o of its group and i. */
static void pair_square(const struct onednn_places *places, size_t o, size_t i, const float *square, bf16 *to)
{
    const bool of_in = places->pairs == PAIRS_OF_IN;
    const size_t *place = of_in ? places->in + i : places->out + o;
    const size_t n = bf16_smaller(LANES, of_in ? places->n_in - i : places->n_out - o);

    to += of_in ? places->out[o] : places->in[i];
    for (size_t row = 0; row < n; row += 2)
        pair_rows(square + row * LANES, square + (row + 1) * LANES, to + place[row]);
}

/* Output channels first to first + n, at most sixteen. */
static void pack_rows(const struct onednn_weights *weights, const struct onednn_places *places, size_t first,
                      size_t n, float *floats, bf16 *packed)
{
    const struct onednn_order order = square_order(weights, places, first);
    const size_t square = (size_t)LANES * LANES;
    bf16 *group = packed + first / places->n_out * places->group;

    if (n < LANES || places->n_in % LANES != 0 || weights->merged > 1)
        memset(floats, 0, row_floats(places) * sizeof *floats);
    onednn_order_pack(weights, &order, first, n, floats);
    for (size_t i = 0; i < places->n_in; i += LANES)
        for (size_t k = 0; k < places->area; k++)
            pair_square(places, first % places->n_out, i, floats + (i / LANES * places->area + k) * square,
                        group + places->kernel[k]);
}

/* ---- all of it ---- */

/* Of one thread; 0 where none are needed. */
static size_t floats_needed(const struct onednn_places *places)
{
    return places->pairs == NO_PAIRS ? 0 : row_floats(places);
}

static void pack_part(const struct onednn_weights *weights, const struct onednn_places *places, size_t first,
                      size_t n, float *floats, bf16 *packed)
{
    if (places->pairs != NO_PAIRS) {
        pack_rows(weights, places, first, n, floats + (size_t)omp_get_thread_num() * floats_needed(places),
                  packed);
        return;
    }
    for (size_t o = first; o < first + n; o++)
        pack_channel(weights, places, o, packed);
}

fa_status onednn_bf16_pack(struct fa_store *store, const struct onednn_weights *weights,
                           const struct onednn_filters *filters)
{
    const struct onednn_places *places = filters->places;
    const size_t n_out = (size_t)weights->base.desc.out_channels,
                 n_threads = (size_t)weights->base.backend->n_threads;
    float *floats;

    FA_TRY(fa_store_take(store, n_threads * floats_needed(places) * sizeof *floats, &floats));
    if (weights->merged > 1 || filters->n_bytes > dnnl_memory_desc_get_size(filters->plain))
        memset(filters->data, 0, filters->n_bytes);
#pragma omp parallel for schedule(static) num_threads(weights->base.backend->n_threads)
    for (size_t o = 0; o < n_out; o += LANES)
        pack_part(weights, places, o, bf16_smaller(n_out - o, LANES), floats, filters->data);
    fa_store_give_back(store, &floats);
    return FA_OK;
}
