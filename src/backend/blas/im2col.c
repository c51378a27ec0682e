#include "im2col.h"

#include <string.h>

/* One filter tap over one output row: output x in [begin, end) meets input first + (x - begin) * stride of
   its row; the other x, perhaps all, meet padding. */
struct span {
    int begin, end, first;
};

static struct span tap_span(const struct fa_conv *conv, int kx)
{
    int stride = conv->desc.stride, offset = kx - conv->desc.pad;
    int begin = offset < 0 ? (-offset + stride - 1) / stride : 0;
    int last = conv->desc.in.w - 1 - offset;
    int end = last < 0 ? 0 : last / stride + 1;

    if (end > conv->out.w)
        end = conv->out.w;
    if (begin >= end)
        return (struct span){0, 0, 0};
    return (struct span){begin, end, begin * stride + offset};
}

static bool input_row(const struct fa_conv *conv, int y, int ky, size_t *row)
{
    int input = y * conv->desc.stride + ky - conv->desc.pad;

    *row = (size_t)input;
    return input >= 0 && input < conv->desc.in.h;
}

/* The output row of one tap, gathered from the input row src. */
static void gather_row(struct span span, int stride, int width, const fa_real *src, fa_real *row)
{
    const fa_real *from = src + span.first;

    for (int x = 0; x < span.begin; x++)
        row[x] = 0;
    if (stride == 1)
        memcpy(row + span.begin, from, (size_t)(span.end - span.begin) * sizeof *row);
    else
        for (int x = span.begin; x < span.end; x++)
            row[x] = from[(x - span.begin) * stride];
    for (int x = span.end; x < width; x++)
        row[x] = 0;
}

static void scatter_row(struct span span, int stride, const fa_real *row, fa_real *diff_src)
{
    fa_real *to = diff_src + span.first;

    for (int x = span.begin; x < span.end; x++)
        to[(x - span.begin) * stride] += row[x];
}

void fa_im2col(const struct fa_conv *conv, int y0, int y1, const fa_real *src, fa_real *columns)
{
    int kernel = conv->desc.kernel, stride = conv->desc.stride, width = conv->out.w;
    size_t in_w = (size_t)conv->desc.in.w, plane = (size_t)conv->desc.in.h * in_w;

#pragma omp parallel for num_threads(conv->backend->n_threads) schedule(static)
    for (int c = 0; c < conv->desc.in.c; c++) {
        fa_real *row = columns + (size_t)c * (size_t)(kernel * kernel) * (size_t)(y1 - y0) * (size_t)width;

        for (int tap = 0; tap < kernel * kernel; tap++) {
            struct span span = tap_span(conv, tap % kernel);

            for (int y = y0; y < y1; y++, row += width) {
                size_t input;

                if (input_row(conv, y, tap / kernel, &input))
                    gather_row(span, stride, width, src + (size_t)c * plane + input * in_w, row);
                else
                    memset(row, 0, (size_t)width * sizeof *row);
            }
        }
    }
}

void fa_col2im(const struct fa_conv *conv, int y0, int y1, const fa_real *columns, fa_real *diff_src)
{
    int kernel = conv->desc.kernel, stride = conv->desc.stride, width = conv->out.w;
    size_t in_w = (size_t)conv->desc.in.w, plane = (size_t)conv->desc.in.h * in_w;

#pragma omp parallel for num_threads(conv->backend->n_threads) schedule(static)
    for (int c = 0; c < conv->desc.in.c; c++) {
        const fa_real *row =
            columns + (size_t)c * (size_t)(kernel * kernel) * (size_t)(y1 - y0) * (size_t)width;

        for (int tap = 0; tap < kernel * kernel; tap++) {
            struct span span = tap_span(conv, tap % kernel);

            for (int y = y0; y < y1; y++, row += width) {
                size_t input;

                if (input_row(conv, y, tap / kernel, &input))
                    scatter_row(span, stride, row, diff_src + (size_t)c * plane + input * in_w);
            }
        }
    }
}
