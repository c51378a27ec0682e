/*
 * blas_conv.c - convolution, where it is not Winograd's (blas_winograd.c), as matrix products, one per group
 * and tile of output rows:
 *
 *     dst          += filters    * columns        columns = im2col(src)
 *     columns       = filters^T  * diff_dst       diff_src += col2im(columns)
 *     diff_filters += diff_dst   * columns^T
 *
 * Per group, filters has (out / groups) rows and (in / groups) * kernel^2 columns. A 1x1 convolution of
 * stride 1 is one tile whose columns are the activation itself.
 */
#include <limits.h>
#include <string.h>

#include "blas.h"
#include "fa/memory.h"
#include "gemm.h"
#include "im2col.h"

/* Elements of columns that a tile may take if it has more than one row: 8 MiB of floats keep the product
   efficient, and the memory of the whole image's columns (150 MiB in the head) is never needed. */
#define TILE_ELEMENTS ((size_t)2 << 20)

struct blas_conv {
    struct fa_conv base;
    bool pointwise;                                 /* columns are the activation */
    int tile_rows;                                  /* output rows of a tile; the last may have fewer */
    bool is_winograd[FA_CONV_BACKWARD_WEIGHTS + 1]; /* in each direction */
};

/* Output rows y0 .. y1 - 1; n positions, the first of them at offset in every output plane. */
struct tile {
    int y0, y1, n;
    size_t offset;
};

static struct tile tile_at(const struct fa_conv *conv, int y0)
{
    int rows = ((const struct blas_conv *)conv)->tile_rows;
    int y1 = y0 + rows < conv->out.h ? y0 + rows : conv->out.h;

    return (struct tile){y0, y1, (y1 - y0) * conv->out.w, (size_t)y0 * (size_t)conv->out.w};
}

/* The extents of the product of one group, and the distances between the groups' operands. */
struct product {
    int rows, depth;     /* filters: rows x depth */
    int plane;           /* elements between channels of an output activation */
    size_t filters, dst; /* elements between groups */
};

static struct product product_of(const struct fa_conv *conv)
{
    const struct fa_conv_desc *d = &conv->desc;
    int rows = d->out_channels / d->groups, depth = d->in.c / d->groups * d->kernel * d->kernel;
    int plane = conv->out.h * conv->out.w;

    return (struct product){rows, depth, plane, (size_t)rows * (size_t)depth, (size_t)rows * (size_t)plane};
}

static size_t columns_of_group(const struct product *product, struct tile tile)
{
    return (size_t)product->depth * (size_t)tile.n;
}

/* Rows of a tile whose columns, of row elements each, fit the limit; at least one. */
static int tile_rows(size_t row, int height)
{
    size_t rows = row < TILE_ELEMENTS ? TILE_ELEMENTS / row : 1;

    return rows < (size_t)height ? (int)rows : height;
}

static bool is_asked_for(const struct fa_conv_desc *desc, enum fa_conv_direction direction)
{
    return direction == FA_CONV_FORWARD || (direction == FA_CONV_BACKWARD_DATA && desc->backward_data) ||
           (direction == FA_CONV_BACKWARD_WEIGHTS && desc->backward_weights);
}

/* Of the tiles' columns. */
static size_t columns_elements(const struct blas_conv *conv)
{
    const struct fa_conv_desc *desc = &conv->base.desc;

    return (size_t)desc->in.c * (size_t)(desc->kernel * desc->kernel) * (size_t)conv->base.out.w *
           (size_t)conv->tile_rows;
}

/* Chooses the algorithm and reserves what it needs. */
static fa_status choose(struct blas_conv *conv, enum fa_conv_direction direction)
{
    conv->is_winograd[direction] = fa_blas_wants_winograd(&conv->base, direction);
    if (conv->is_winograd[direction])
        return fa_blas_reserve_columns(conv->base.backend,
                                       fa_blas_winograd_bytes(&conv->base, direction) / sizeof(fa_real));
    return conv->pointwise ? FA_OK : fa_blas_reserve_columns(conv->base.backend, columns_elements(conv));
}

fa_status fa_blas_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                              struct fa_weights *weights, struct fa_conv **out)
{
    struct fa_shape shape = fa_conv_output_shape(desc);
    size_t column = (size_t)desc->in.c * (size_t)desc->kernel * (size_t)desc->kernel;
    struct blas_conv conv = {.base = {backend, weights, *desc, shape}, .tile_rows = shape.h}, *self;

    if (column > INT_MAX || (size_t)shape.h * (size_t)shape.w > INT_MAX)
        return fa_fail(FA_EINVAL,
                       "blas: a convolution of %d channels to %dx%d has matrices too large for "
                       "OpenBLAS; use a smaller image",
                       desc->in.c, shape.w, shape.h);
    conv.pointwise = desc->kernel == 1 && desc->stride == 1 && desc->pad == 0;
    if (!conv.pointwise)
        conv.tile_rows = tile_rows(column * (size_t)shape.w, shape.h);
    for (int direction = FA_CONV_FORWARD; direction <= FA_CONV_BACKWARD_WEIGHTS; direction++)
        if (is_asked_for(desc, (enum fa_conv_direction)direction))
            FA_TRY(choose(&conv, (enum fa_conv_direction)direction));
    FA_TRY(fa_alloc(1, sizeof *self, &self));
    *self = conv;
    *out = &self->base;
    return FA_OK;
}

void fa_blas_conv_destroy(struct fa_conv *conv)
{
    fa_free(conv);
}

size_t fa_blas_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                               enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX])
{
    (void)backend, (void)direction;
    strcpy(names[0], "direct");
    strcpy(names[1], "winograd");
    return fa_blas_may_be_winograd(desc) ? 2 : 1;
}

static bool is_winograd(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    return ((const struct blas_conv *)conv)->is_winograd[direction];
}

const char *fa_blas_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    return is_winograd(conv, direction) ? "winograd" : "direct";
}

static bool is_pointwise(const struct fa_conv *conv)
{
    return ((const struct blas_conv *)conv)->pointwise;
}

static fa_real *workspace(const struct fa_conv *conv)
{
    return ((struct fa_blas_backend *)conv->backend)->columns;
}

static struct fa_blas_weights *weights_of(const struct fa_conv *conv)
{
    return (struct fa_blas_weights *)conv->weights;
}

static const fa_real *columns_of(const struct fa_conv *conv, struct tile tile, const fa_real *src)
{
    if (is_pointwise(conv))
        return src;
    fa_im2col(conv, tile.y0, tile.y1, src, workspace(conv));
    return workspace(conv);
}

/* ---- forward ---- */

/* What the products are added to. */
static void start_with_bias(const struct fa_conv *conv, const fa_real *residual, fa_real *dst)
{
    const fa_real *bias = weights_of(conv)->bias;
    size_t plane = (size_t)conv->out.h * (size_t)conv->out.w;

#pragma omp parallel for num_threads(conv->backend->n_threads) schedule(static)
    for (int c = 0; c < conv->out.c; c++) {
        size_t begin = (size_t)c * plane;

        for (size_t i = begin; i < begin + plane; i++)
            dst[i] = residual != NULL ? residual[i] + bias[c] : bias[c];
    }
}

/* NaN passes, so that a broken step is noticed by its loss. */
static void apply_relu(const struct fa_conv *conv, fa_real *dst)
{
    size_t n = fa_shape_elements(conv->out);

#pragma omp parallel for num_threads(conv->backend->n_threads) schedule(static)
    for (size_t i = 0; i < n; i++)
        dst[i] = dst[i] < 0 ? 0 : dst[i];
}

fa_status fa_blas_conv_forward(struct fa_conv *conv, const void *src, const void *residual, void *dst)
{
    const fa_real *filters = weights_of(conv)->filters;
    struct product p = product_of(conv);
    struct tile tile;
    fa_real *sums = dst;

    if (is_winograd(conv, FA_CONV_FORWARD))
        return fa_blas_winograd_forward(conv, src, residual, dst);
    start_with_bias(conv, residual, sums);
    for (int y = 0; y < conv->out.h; y = tile.y1) {
        tile = tile_at(conv, y);
        const fa_real *columns = columns_of(conv, tile, src);

        fa_gemm(&(struct fa_products){.groups = conv->desc.groups,
                                      .m = p.rows,
                                      .n = tile.n,
                                      .k = p.depth,
                                      .a = {filters, p.depth, false, p.filters},
                                      .b = {columns, tile.n, false, columns_of_group(&p, tile)},
                                      .beta = 1,
                                      .c = sums + tile.offset,
                                      .c_stride = p.plane,
                                      .c_group = p.dst},
                conv->backend->n_threads);
    }
    if (conv->desc.relu)
        apply_relu(conv, sums);
    return FA_OK;
}

/* ---- backward data ---- */

/* columns = filters^T * diff_dst + beta * columns, for one tile. */
static void backward_columns(const struct fa_conv *conv, struct tile tile, const fa_real *diff_dst,
                             fa_real beta, fa_real *columns)
{
    const fa_real *filters = weights_of(conv)->filters;
    struct product p = product_of(conv);

    fa_gemm(&(struct fa_products){.groups = conv->desc.groups,
                                  .m = p.depth,
                                  .n = tile.n,
                                  .k = p.rows,
                                  .a = {filters, p.depth, true, p.filters},
                                  .b = {diff_dst + tile.offset, p.plane, false, p.dst},
                                  .beta = beta,
                                  .c = columns,
                                  .c_stride = tile.n,
                                  .c_group = columns_of_group(&p, tile)},
            conv->backend->n_threads);
}

fa_status fa_blas_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                     const void *relu_output, void *diff_src)
{
    if (is_winograd(conv, FA_CONV_BACKWARD_DATA))
        return fa_blas_winograd_backward_data(conv, diff_dst, accumulate, relu_output, diff_src);
    if (is_pointwise(conv)) {
        backward_columns(conv, tile_at(conv, 0), diff_dst, accumulate ? 1 : 0, diff_src);
    } else {
        struct tile tile;

        if (!accumulate)
            memset(diff_src, 0, fa_shape_elements(conv->desc.in) * sizeof(fa_real));
        for (int y = 0; y < conv->out.h; y = tile.y1) {
            tile = tile_at(conv, y);
            backward_columns(conv, tile, diff_dst, 0, workspace(conv));
            fa_col2im(conv, tile.y0, tile.y1, workspace(conv), diff_src);
        }
    }
    if (relu_output != NULL)
        fa_backend_add_masked(conv->backend, conv->desc.in, NULL, relu_output, diff_src);
    return FA_OK;
}

/* ---- backward weights ---- */

/* In double: a plane has up to a million summands. Several sums at a time, as processors like it. */
static double sum_of(const fa_real *values, size_t n)
{
    enum { SUMS = 16 };
    double sums[SUMS] = {0}, sum = 0;
    size_t i = 0;

    for (; i + SUMS <= n; i += SUMS)
        for (size_t k = 0; k < SUMS; k++)
            sums[k] += values[i + k];
    for (; i < n; i++)
        sum += values[i];
    for (size_t k = 0; k < SUMS; k++)
        sum += sums[k];
    return sum;
}

static void add_diff_bias(const struct fa_conv *conv, const fa_real *diff_dst, fa_real *diff_bias)
{
    size_t plane = (size_t)conv->out.h * (size_t)conv->out.w;

#pragma omp parallel for num_threads(conv->backend->n_threads) schedule(static)
    for (int c = 0; c < conv->out.c; c++)
        diff_bias[c] += (fa_real)sum_of(diff_dst + (size_t)c * plane, plane);
}

static void add_diff_filters(const struct fa_conv *conv, const fa_real *src, const fa_real *diff_dst,
                             fa_real *diff_filters)
{
    struct product p = product_of(conv);
    struct tile tile;

    for (int y = 0; y < conv->out.h; y = tile.y1) {
        tile = tile_at(conv, y);
        const fa_real *columns = columns_of(conv, tile, src);

        fa_gemm(&(struct fa_products){.groups = conv->desc.groups,
                                      .m = p.rows,
                                      .n = p.depth,
                                      .k = tile.n,
                                      .a = {diff_dst + tile.offset, p.plane, false, p.dst},
                                      .b = {columns, tile.n, true, columns_of_group(&p, tile)},
                                      .beta = 1,
                                      .c = diff_filters,
                                      .c_stride = p.depth,
                                      .c_group = p.filters},
                conv->backend->n_threads);
    }
}

fa_status fa_blas_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                        struct fa_weights_sum *sum)
{
    struct fa_blas_weights_sum *diff = (struct fa_blas_weights_sum *)sum;

    if (is_winograd(conv, FA_CONV_BACKWARD_WEIGHTS))
        fa_blas_winograd_backward_weights(conv, src, diff_dst, diff->filters);
    else
        add_diff_filters(conv, src, diff_dst, diff->filters);
    add_diff_bias(conv, diff_dst, diff->bias);
    return FA_OK;
}
