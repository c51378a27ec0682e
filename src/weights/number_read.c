/*
 * number_read.c - numbers out of a file: whole runs straight, views in the order in which they lie there, so
 * that the file is read forward once and never whole.
 */
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "number_format.h"

enum { PIECE_BYTES = 1 << 18, WINDOW_BYTES = 1 << 14 };

static fa_status read_pieces(const struct fa_weights_input *input, enum fa_number type, uint64_t position,
                             size_t n, char *piece, float *out)
{
    const size_t size = fa_number_size(type), n_piece = PIECE_BYTES / size;

    for (size_t done = 0; done < n; done += n_piece) {
        const size_t part = n - done < n_piece ? n - done : n_piece;

        FA_TRY(fa_file_read_at(input->fd, input->path, position + done * size, part * size, piece));
        fa_numbers_convert(type, piece, part, out + done);
    }
    return FA_OK;
}

fa_status fa_numbers_read(const struct fa_weights_input *input, enum fa_number type, uint64_t position,
                          size_t n, float *out)
{
    char *piece;
    fa_status status;

    if (type == FA_NUMBER_F32)
        return fa_file_read_at(input->fd, input->path, position, n * sizeof *out, out);
    FA_TRY(fa_alloc(PIECE_BYTES, 1, &piece));
    status = read_pieces(input, type, position, n, piece, out);
    fa_free(piece);
    return status;
}

/* One dimension of a view, in the file and in the dense tensor. */
struct axis {
    int64_t n, stride, out_stride;
};

/* Some bytes of the file. */
struct window {
    const struct fa_weights_input *input;
    uint64_t begin, end;
    char bytes[WINDOW_BYTES];
};

static fa_status number_at(struct window *window, enum fa_number type, uint64_t position, float *out)
{
    const size_t size = fa_number_size(type);

    if (position < window->begin || position + size > window->end) {
        const uint64_t left = window->input->n_bytes > position ? window->input->n_bytes - position : 0;
        const size_t n_bytes = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;

        window->begin = window->end = 0;
        FA_TRY(fa_file_read_at(window->input->fd, window->input->path, position,
                               n_bytes < size ? size : n_bytes, window->bytes));
        window->begin = position;
        window->end = position + n_bytes;
    }
    fa_numbers_convert(type, window->bytes + (position - window->begin), 1, out);
    return FA_OK;
}

/* The axes with the largest step in the file first; one of a single index is left out. */
static int order_axes(int n_dims, const int64_t *dims, const int64_t *strides, struct axis *axes)
{
    int64_t out_stride = 1;
    int n = 0;

    for (int i = n_dims - 1; i >= 0; i--) {
        const struct axis axis = {dims[i], strides[i], out_stride};
        int at = n;

        out_stride *= dims[i];
        if (axis.n == 1)
            continue;
        for (; at > 0 && axes[at - 1].stride < axis.stride; at--)
            axes[at] = axes[at - 1];
        axes[at] = axis;
        n++;
    }
    return n;
}

static fa_status walk(struct window *window, enum fa_number type, uint64_t position, int n_axes,
                      const struct axis *axes, float *out)
{
    const uint64_t size = fa_number_size(type);
    int64_t index[FA_TENSOR_MAX_DIMS] = {0}, at = 0; /* at: in out */

    for (;;) {
        int i = n_axes - 1;

        FA_TRY(number_at(window, type, position, &out[at]));
        for (; i >= 0; i--) { /* the next index, as an odometer turns */
            position += (uint64_t)axes[i].stride * size;
            at += axes[i].out_stride;
            if (++index[i] < axes[i].n)
                break;
            index[i] = 0;
            position -= (uint64_t)(axes[i].stride * axes[i].n) * size;
            at -= axes[i].out_stride * axes[i].n;
        }
        if (i < 0)
            return FA_OK;
    }
}

fa_status fa_numbers_gather(const struct fa_weights_input *input, enum fa_number type, uint64_t position,
                            int n_dims, const int64_t *dims, const int64_t *strides, float *out)
{
    struct axis axes[FA_TENSOR_MAX_DIMS];
    const int n_axes = order_axes(n_dims, dims, strides, axes);
    struct window *window;
    fa_status status;

    FA_TRY(fa_alloc(1, sizeof *window, &window));
    window->input = input;
    window->begin = window->end = 0;
    status = walk(window, type, position, n_axes, axes, out);
    fa_free(window);
    return status;
}
