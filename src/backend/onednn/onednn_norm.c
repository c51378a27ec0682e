/*
 * onednn_norm.c - group norm on blocked activations.
 *
 * The work is cut into cells: one block of channels, PART positions. Sums are made cell by cell and added up
 * in the order of the cells, so that threads do not matter. A span is the shortest run of blocks that ends
 * where a group ends: two passes over it (sums, then values) follow each other on one thread, so that a map
 * that fits into its cache is read from memory once. Where there are too few spans for the threads, all
 * threads share the first pass over everything, then the second; the bits are the same. So they always do
 * where the channels of a position lie side by side (bf16), part after part with all blocks of each.
 */
#include "../blas/blas.h"
#include "fa/memory.h"
#include "onednn.h"

enum { PART = 1024 };

struct onednn_norm {
    struct fa_norm base;
    struct fa_norm *plain; /* up to three channels, which lie in planes, go the plain backend's way */
    const struct onednn_norm_loops *loops;
    int block, n_blocks; /* of channels */
    bool is_blocked;     /* blocks lie one after the other, not position by position */
    int span_blocks, n_spans;
    size_t n_positions, n_parts;
};

/* In the working memory, while a call lasts. */
static struct onednn_norm_lanes *lanes_of(const struct onednn_norm *norm, int block)
{
    return (struct onednn_norm_lanes *)onednn_of(norm->base.backend)->work.memory + block;
}

/* Of one cell, parts of one block side by side. */
static struct onednn_norm_sums *sums_of(const struct onednn_norm *norm, int block, size_t part)
{
    return (struct onednn_norm_sums *)(void *)lanes_of(norm, norm->n_blocks) + (size_t)block * norm->n_parts +
           part;
}

/* Where the caller keeps none. */
static struct fa_group *groups_of(const struct onednn_norm *norm)
{
    return (struct fa_group *)(void *)sums_of(norm, norm->n_blocks, 0);
}

static size_t working_bytes(const struct onednn_norm *norm, const struct fa_norm_desc *desc)
{
    const size_t n_blocks = (size_t)norm->n_blocks;

    return n_blocks * sizeof(struct onednn_norm_lanes) +
           n_blocks * norm->n_parts * sizeof(struct onednn_norm_sums) +
           (size_t)desc->groups * sizeof(struct fa_group);
}

/* ---- made once ---- */

static int greatest_common_divisor(int a, int b)
{
    return b == 0 ? a : greatest_common_divisor(b, a % b);
}

static void cut(struct onednn_norm *norm, const struct fa_norm_desc *desc)
{
    const int group = desc->shape.c / desc->groups;

    norm->span_blocks = group / greatest_common_divisor(group, norm->block);
    if (norm->span_blocks > norm->n_blocks)
        norm->span_blocks = norm->n_blocks;
    norm->n_spans = (norm->n_blocks + norm->span_blocks - 1) / norm->span_blocks;
    norm->n_positions = (size_t)desc->shape.h * (size_t)desc->shape.w;
    norm->n_parts = (norm->n_positions + PART - 1) / PART;
}

static void lay_out(struct onednn_norm *norm, const struct onednn *onednn, const struct fa_norm_desc *desc)
{
    norm->is_blocked = !onednn->is_bf16;
    norm->loops = onednn->is_bf16 ? &onednn_bf16_norm_loops : &onednn_norm_loops;
    norm->block = onednn->is_bf16 ? ONEDNN_MAX_BLOCK : onednn_layout_of(&onednn->base, desc->shape).block;
    norm->n_blocks = (desc->shape.c + norm->block - 1) / norm->block;
}

static fa_status create_plain(struct onednn_norm *norm, struct fa_backend *backend,
                              const struct fa_norm_desc *desc, struct fa_affine *affine)
{
    FA_TRY(fa_blas_norm_create(backend, desc, affine, &norm->plain));
    norm->plain->backend = backend;
    norm->plain->affine = affine;
    norm->plain->desc = *desc;
    return FA_OK;
}

fa_status onednn_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                             struct fa_affine *affine, struct fa_norm **out)
{
    struct onednn_norm *norm;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *norm, &norm));
    lay_out(norm, onednn_of(backend), desc);
    cut(norm, desc);
    status = norm->block == 1 ? create_plain(norm, backend, desc, affine)
                              : onednn_work_reserve(&onednn_of(backend)->work, working_bytes(norm, desc));
    if (status != FA_OK) {
        onednn_norm_destroy(&norm->base);
        return status;
    }
    *out = &norm->base;
    return FA_OK;
}

void onednn_norm_destroy(struct fa_norm *base)
{
    struct onednn_norm *norm = (struct onednn_norm *)base;

    if (norm->plain != NULL)
        fa_blas_norm_destroy(norm->plain);
    fa_free(norm);
}

/* ---- the two passes, whatever they do ---- */

struct pass {
    const struct onednn_norm *norm;
    const void *src, *residual, *diff_dst;
    void *dst;
    struct fa_group *groups;
    struct fa_affine_sum *learned; /* of backward */

    void (*first)(const struct pass *pass, int block, size_t part); /* NULL: nothing to sum */
    void (*between)(const struct pass *pass, int group);
    void (*second)(const struct pass *pass, int block, size_t part);
};

static int last_block(const struct onednn_norm *norm, int span)
{
    const int end = (span + 1) * norm->span_blocks;

    return (end < norm->n_blocks ? end : norm->n_blocks) - 1;
}

/* The groups of the blocks from first to last, which begin and end with a group. */
static void between(const struct pass *pass, int first, int last)
{
    const struct onednn_norm *norm = pass->norm;
    const int n_channels = fa_group_channels(&norm->base), block = norm->block;
    const int end =
        (last + 1) * block < norm->base.desc.shape.c ? (last + 1) * block : norm->base.desc.shape.c;

    for (int k = first * block / n_channels; k < end / n_channels; k++)
        pass->between(pass, k);
}

static void do_span(const struct pass *pass, int span)
{
    const struct onednn_norm *norm = pass->norm;
    const int first = span * norm->span_blocks, last = last_block(norm, span);

    for (int b = first; b <= last && pass->first != NULL; b++)
        for (size_t part = 0; part < norm->n_parts; part++)
            pass->first(pass, b, part);
    between(pass, first, last);
    for (int b = last; b >= first; b--) /* what was read last is most likely still in cache */
        for (size_t part = norm->n_parts; part-- > 0;)
            pass->second(pass, b, part);
}

static void do_cells(const struct pass *pass, void (*cell)(const struct pass *pass, int block, size_t part))
{
    const struct onednn_norm *norm = pass->norm;

    if (!norm->is_blocked) {
#pragma omp parallel for collapse(2) schedule(static) num_threads(norm->base.backend->n_threads)
        for (size_t part = 0; part < norm->n_parts; part++)
            for (int b = 0; b < norm->n_blocks; b++)
                cell(pass, b, part);
        return;
    }
#pragma omp parallel for collapse(2) schedule(static) num_threads(norm->base.backend->n_threads)
    for (int b = 0; b < norm->n_blocks; b++)
        for (size_t part = 0; part < norm->n_parts; part++)
            cell(pass, b, part);
}

static void do_all_together(const struct pass *pass)
{
    if (pass->first != NULL)
        do_cells(pass, pass->first);
    between(pass, 0, pass->norm->n_blocks - 1);
    do_cells(pass, pass->second);
}

/* Do the spans keep all threads busy, or nearly? */
static bool has_enough_spans(const struct onednn_norm *norm)
{
    const int n_threads = norm->base.backend->n_threads;
    const int rounds = (norm->n_spans + n_threads - 1) / n_threads;

    return 4 * rounds * n_threads <= 5 * norm->n_spans;
}

static void run(const struct pass *pass)
{
    const struct onednn_norm *norm = pass->norm;

    if (!norm->is_blocked || !has_enough_spans(norm)) {
        do_all_together(pass);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(norm->base.backend->n_threads)
    for (int span = 0; span < norm->n_spans; span++)
        do_span(pass, span);
}

/* ---- one cell, one group ---- */

static struct onednn_stretch stretch_of(const struct onednn_norm *norm, int block, size_t part)
{
    const size_t rest = norm->n_positions - part * PART;
    const int channels = norm->base.desc.shape.c, left = channels - block * norm->block;

    return (struct onednn_stretch){.n_positions = rest < PART ? rest : PART,
                                   .step = (size_t)(norm->is_blocked ? norm->block : channels),
                                   .n_lanes = left < norm->block ? left : norm->block};
}

/* Bytes before a cell. */
static size_t offset_of(const struct onednn_norm *norm, int block, size_t part)
{
    const size_t n_lanes = (size_t)norm->block, channels = (size_t)norm->base.desc.shape.c;
    const size_t before = norm->is_blocked ? ((size_t)block * norm->n_positions + part * PART) * n_lanes
                                           : part * PART * channels + (size_t)block * n_lanes;

    return before * onednn_element_bytes(onednn_of(norm->base.backend));
}

static const void *from(const void *activation, size_t offset)
{
    return activation != NULL ? (const char *)activation + offset : NULL;
}

static void *to(void *activation, size_t offset)
{
    return (char *)activation + offset;
}

/* The sums of channel c over all parts. */
static void add_parts(const struct onednn_norm *norm, int c, double *first, double *second)
{
    const int block = norm->block;

    *first = *second = 0;
    for (size_t part = 0; part < norm->n_parts; part++)
        for (int lane = c % block; lane < ONEDNN_MAX_BLOCK; lane += block) {
            *first += sums_of(norm, c / block, part)->first[lane];
            *second += sums_of(norm, c / block, part)->second[lane];
        }
}

static void clear_padding(const struct onednn_norm *norm)
{
    *lanes_of(norm, norm->n_blocks - 1) = (struct onednn_norm_lanes){0};
}

static void set_lanes(const struct pass *pass, int k)
{
    const struct onednn_norm *norm = pass->norm;
    const int n_channels = fa_group_channels(&norm->base), block = norm->block;

    for (int c = k * n_channels; c < (k + 1) * n_channels; c++) {
        const struct fa_norm_channel channel = fa_norm_channel_of(&norm->base, &pass->groups[k], c);
        struct onednn_norm_lanes *lanes = lanes_of(norm, c / block);

        for (int lane = c % block; lane < ONEDNN_MAX_BLOCK; lane += block) {
            lanes->mean[lane] = channel.mean;
            lanes->slope[lane] = channel.slope;
            lanes->beta[lane] = channel.beta;
        }
    }
}

/* ---- forward ---- */

static void measure_cell(const struct pass *pass, int block, size_t part)
{
    const struct onednn_norm *norm = pass->norm;
    const struct onednn_stretch stretch = stretch_of(norm, block, part);

    norm->loops->measure(&stretch, from(pass->src, offset_of(norm, block, part)), sums_of(norm, block, part));
}

static void measure_group(const struct pass *pass, int k)
{
    const struct fa_norm *norm = &pass->norm->base;
    const int n_channels = fa_group_channels(norm);
    const double n = fa_group_elements(norm);
    double sum = 0, squares = 0;

    for (int c = k * n_channels; c < (k + 1) * n_channels; c++) {
        double first, second;

        add_parts(pass->norm, c, &first, &second);
        sum += first;
        squares += second;
    }
    const double mean = sum / n, variance = squares / n - mean * mean;

    pass->groups[k] = fa_group_of(mean, variance < 0 ? 0 : variance);
    set_lanes(pass, k);
}

static void apply_cell(const struct pass *pass, int block, size_t part)
{
    const struct onednn_norm *norm = pass->norm;
    const struct onednn_stretch stretch = stretch_of(norm, block, part);
    const size_t offset = offset_of(norm, block, part);

    norm->loops->apply(&stretch, lanes_of(norm, block), norm->base.desc.relu, from(pass->src, offset),
                       from(pass->residual, offset), to(pass->dst, offset));
}

fa_status onednn_norm_forward(struct fa_norm *base, const void *src, const void *residual, void *dst,
                              void *statistics)
{
    const struct onednn_norm *norm = (const struct onednn_norm *)base;
    const struct pass pass = {.norm = norm,
                              .src = src,
                              .residual = residual,
                              .dst = dst,
                              .groups = statistics != NULL ? statistics : groups_of(norm),
                              .first = measure_cell,
                              .between = measure_group,
                              .second = apply_cell};

    if (norm->plain != NULL)
        return fa_blas_norm_forward(norm->plain, src, residual, dst, statistics);
    clear_padding(norm);
    run(&pass);
    return FA_OK;
}

fa_status onednn_norm_repeat(struct fa_norm *base, const void *src, const void *residual,
                             const void *statistics, void *dst)
{
    const struct onednn_norm *norm = (const struct onednn_norm *)base;
    const struct pass pass = {.norm = norm,
                              .src = src,
                              .residual = residual,
                              .dst = dst,
                              .groups = (struct fa_group *)statistics,
                              .between = set_lanes,
                              .second = apply_cell};

    if (norm->plain != NULL)
        return fa_blas_norm_repeat(norm->plain, src, residual, statistics, dst);
    clear_padding(norm);
    run(&pass);
    return FA_OK;
}

/* ---- backward ---- */

static bool masks(const struct onednn_norm *norm)
{
    return norm->base.desc.relu && !norm->base.desc.residual;
}

static void multiply_cell(const struct pass *pass, int block, size_t part)
{
    const struct onednn_norm *norm = pass->norm;
    const struct onednn_stretch stretch = stretch_of(norm, block, part);
    const size_t offset = offset_of(norm, block, part);

    norm->loops->multiply(&stretch, lanes_of(norm, block), masks(norm), from(pass->src, offset),
                          from(pass->diff_dst, offset), sums_of(norm, block, part));
}

static void learn_group(const struct pass *pass, int k)
{
    const struct onednn_norm *norm = pass->norm;
    const int block = norm->block, first = k * fa_group_channels(&norm->base);
    const int end = first + fa_group_channels(&norm->base);
    struct fa_norm_sums sums = {0, 0};

    for (int c = first; c < end; c++) {
        double sum, product;

        add_parts(norm, c, &sum, &product);
        fa_norm_learn(&norm->base, &pass->groups[k], c, sum, product, pass->learned, &sums);
    }
    const struct fa_norm_slope slope = fa_norm_slope_of(&norm->base, &pass->groups[k], &sums);

    for (int c = first; c < end; c++)
        for (int lane = c % block; lane < ONEDNN_MAX_BLOCK; lane += block) {
            lanes_of(norm, c / block)->tilt[lane] = slope.tilt;
            lanes_of(norm, c / block)->shift[lane] = slope.shift;
        }
}

static void differentiate_cell(const struct pass *pass, int block, size_t part)
{
    const struct onednn_norm *norm = pass->norm;
    const struct onednn_stretch stretch = stretch_of(norm, block, part);
    const size_t offset = offset_of(norm, block, part);

    norm->loops->differentiate(&stretch, lanes_of(norm, block), masks(norm), from(pass->src, offset),
                               from(pass->diff_dst, offset), to(pass->dst, offset));
}

fa_status onednn_norm_backward(struct fa_norm *base, const void *src, const void *statistics,
                               const void *diff_dst, void *diff_src, struct fa_affine_sum *sum)
{
    const struct onednn_norm *norm = (const struct onednn_norm *)base;
    const struct pass pass = {.norm = norm,
                              .src = src,
                              .diff_dst = diff_dst,
                              .dst = diff_src,
                              .learned = sum,
                              .groups = (struct fa_group *)statistics,
                              .first = multiply_cell,
                              .between = learn_group,
                              .second = differentiate_cell};

    if (norm->plain != NULL)
        return fa_blas_norm_backward(norm->plain, src, statistics, diff_dst, diff_src, sum);
    clear_padding(norm);
    for (int k = 0; k < base->desc.groups; k++)
        set_lanes(&pass, k);
    run(&pass);
    return FA_OK;
}
