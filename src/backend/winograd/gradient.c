/*
 * gradient.c - the gradient of filters.
 */
#include "turn.h"

/* Of the points of tiles that are taken at once, whose sums are read and written each time; and of the sums
   of outputs that are taken at once. */
enum { GRADIENT_BYTES = 16 << 20, SUMS_BYTES = 28 << 20, LEAST_GRADIENT_TILES = 32 };

/* Some outputs of a convolution, as one of its own; of which block of the whole its first one is. */
struct share {
    const struct winograd_conv *whole;
    struct winograd_conv conv;
    int first;
};

/* Blocks of outputs of a share, in whole panels: as few shares as there can be, of nearly the same size. */
static int share_blocks(const struct winograd_conv *conv)
{
    const size_t panel = points_of(conv) * in_lanes(conv) * 2 * lanes_of(conv) * sizeof(float);
    const int most = SUMS_BYTES / panel > 1 ? (int)(SUMS_BYTES / panel) : 1, all = (int)panels_of(conv);
    const int n_shares = (all + most - 1) / most;

    return (all + n_shares - 1) / n_shares * 2;
}

static struct share share_at(const struct winograd_conv *conv, int first)
{
    const int left = conv->out_channels - first * conv->kernels->lanes;
    const int most = share_blocks(conv) * conv->kernels->lanes;
    struct share share = {conv, *conv, first};

    share.conv.out_channels = left < most ? left : most;
    return share;
}

/* As many for all shares as for the first one, which is the largest: no other needs more memory. */
static int gradient_tiles(const struct winograd_conv *whole)
{
    const struct share largest = share_at(whole, 0);
    const int fit = tiles_in(&largest.conv, GRADIENT_BYTES);
    const int most = fit > LEAST_GRADIENT_TILES ? fit : LEAST_GRADIENT_TILES;
    const int all = winograd_tiles(whole), turns = (all + most - 1) / most;

    return (all + turns - 1) / turns;
}

/* A turn, and behind it the sums. */
size_t winograd_gradient_bytes(const struct winograd_conv *conv)
{
    const struct share largest = share_at(conv, 0);

    return turn_floats(&largest.conv, gradient_tiles(conv)) * sizeof(float) +
           winograd_filters_bytes(&largest.conv);
}

static void spread_outputs(const struct share *share, const void *diff_dst, const struct turn *turn, int item)
{
    const struct winograd_conv *conv = &share->conv;
    const struct side side = {conv->kernels->spread_outputs, diff_dst, share->whole->out_channels, 0};
    struct part part = part_of(item, turn->n);
    const struct winograd_points to = output_points(conv, turn->outputs, turn->room, part.block);

    part.block += share->first;
    winograd_spread(conv, &side, turn->first, part, to);
}

/* The sums of one point and panel. */
static void multiply_panel(const struct winograd_conv *conv, const struct turn *turn, float *sums, int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), room = (size_t)turn->room;
    const size_t p = (size_t)item / panels_of(conv);
    const int panel = item % (int)panels_of(conv);

    for (size_t b = 0; b < (size_t)in_blocks(conv); b++)
        conv->kernels->multiply_lanes(&(struct winograd_product){
            .factor = turn->outputs + p * panel_point(conv, room) + within_panels(conv, room, 2 * panel),
            .numbers = turn->inputs + p * input_point(conv, turn->room) + b * room * lanes,
            .result = sums + p * panel_point(conv, n_in) + within_panels(conv, n_in, 2 * panel) +
                      b * lanes * 2 * lanes,
            .n_vectors = vectors_of_panel(conv, panel),
            .depth = turn->n,
            .add = turn->first > 0});
}

/* A block of inputs by one of outputs, [tap][in lane][out lane], into OIHW. */
static void write_oihw(const struct winograd_conv *conv, const float *block, size_t first_out,
                       size_t first_in, bool add, float *oihw)
{
    const size_t lanes = lanes_of(conv), n_in = (size_t)conv->in_channels;
    const size_t n_out = (size_t)conv->out_channels;

    for (size_t o = 0; o < lanes && first_out + o < n_out; o++)
        for (size_t i = 0; i < lanes && first_in + i < n_in; i++) {
            float *to = oihw + ((first_out + o) * n_in + first_in + i) * WINOGRAD_TAPS;

            for (size_t k = 0; k < WINOGRAD_TAPS; k++)
                to[k] = (add ? to[k] : 0) + block[(k * lanes + i) * lanes + o];
        }
}

/* One block of inputs by one of outputs. */
static void unpack_block(const struct winograd_conv *conv, const float *sums, bool add, float *filters,
                         int item)
{
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv), in = (size_t)(item % in_blocks(conv)) * lanes;
    const size_t out = (size_t)(item / in_blocks(conv)) * lanes;
    const float *from = sums + within_panels(conv, n_in, item / in_blocks(conv)) + in * 2 * lanes;
    const bool is_turned = conv->layout == WINOGRAD_PLANES;
    float own[WINOGRAD_TAPS * MOST_LANES * MOST_LANES];
    float *to = is_turned ? own : filters + (size_t)item * WINOGRAD_TAPS * lanes * lanes;

    for (size_t lane = 0; lane < lanes; lane++)
        conv->kernels->unpack(from + lane * 2 * lanes, panel_point(conv, n_in), add && !is_turned,
                              to + lane * lanes, lanes * lanes);
    if (is_turned)
        write_oihw(conv, own, out, in, add, filters);
}

/* Where a share's gradient begins. */
static float *filters_of(const struct share *share, float *filters)
{
    const struct winograd_conv *conv = &share->conv;
    const size_t n_in = conv->layout == WINOGRAD_PLANES ? (size_t)conv->in_channels : in_lanes(conv);

    return filters + (size_t)share->first * lanes_of(conv) * n_in * WINOGRAD_TAPS;
}

/* Each thread of a parallel region calls it, and does a part. */
static void take_share(const struct share *share, const void *src, const void *diff_dst, bool add,
                       float *filters, float *work)
{
    const struct winograd_conv *conv = &share->conv;
    const int all = winograd_tiles(conv), at_once = gradient_tiles(share->whole);
    float *sums = work + turn_floats(conv, at_once);

    for (int first = 0; first < all; first += at_once) {
        const struct turn turn = turn_of(conv, first, at_once, work);

#pragma omp for schedule(static) nowait
        for (int item = 0; item < PARTS * in_blocks(conv); item++)
            winograd_spread_inputs(conv, src, &turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < PARTS * out_blocks(conv); item++)
            spread_outputs(share, diff_dst, &turn, item);
#pragma omp for schedule(static)
        for (int item = 0; item < (int)(points_of(conv) * panels_of(conv)); item++)
            multiply_panel(conv, &turn, sums, item);
    }
#pragma omp for schedule(static)
    for (int item = 0; item < in_blocks(conv) * out_blocks(conv); item++)
        unpack_block(conv, sums, add, filters_of(share, filters), item);
}

static void sum_bias(const struct winograd_conv *conv, const void *diff_dst, bool add, float *bias)
{
#pragma omp for schedule(static)
    for (int b = 0; b < out_blocks(conv); b++) {
        const struct winograd_channels channels = channels_of(conv, diff_dst, conv->out_channels, b);

        conv->kernels->sum(&channels, add, bias + (size_t)b * lanes_of(conv));
    }
}

void winograd_gradient(const struct winograd_conv *conv, const void *src, const void *diff_dst, bool add,
                       float *filters, float *bias, void *work)
{
#pragma omp parallel num_threads(conv->n_threads)
    {
        for (int first = 0; first < out_blocks(conv); first += share_blocks(conv)) {
            const struct share share = share_at(conv, first);

            take_share(&share, src, diff_dst, add, filters, work);
        }
        if (bias != NULL)
            sum_bias(conv, diff_dst, add, bias);
    }
}
