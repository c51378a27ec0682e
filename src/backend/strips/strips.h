/*
 * strips.h - gradients of filters in bf16, a strip of a map at a time.
 *
 * The gradient of a tap is a product of two matrices over positions (doc/method.md 2.9),
 *
 *     dW[i][o] = sum over p of  x[i][p + shift] dy[p][o]
 *
 * for which instructions want x with the positions of a channel side by side, and dy in pairs of positions.
 * So a strip of some rows of the map at a time is turned into both, in memory that stays in a core's cache,
 * and all taps and channels are multiplied from there:
 *
 *   strip.c         a strip of a map, turned
 *   gradient.c      all taps and channels of a strip, and the sum over strips
 *   product.h       the product of four blocks: amx.c, avx512_bf16.c
 *   strips.c        which of them this processor has
 *
 * Every number is computed by one thread in one order, so results do not depend on how many there are.
 */
#ifndef FA_STRIPS_H
#define FA_STRIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strips_product;

/* The products by the tiles of AMX, and by vectors of AVX512-BF16; NULL if this program, the processor or the
   system has none. Linux is asked to keep tiles for this process. */
const struct strips_product *strips_by_tiles(void);
const struct strips_product *strips_by_vectors(void);

/* "amx", "avx512_bf16" */
const char *strips_name(const struct strips_product *product);

/* A convolution whose maps are HWC, of bf16. */
struct strips_conv {
    const struct strips_product *product;
    int n_threads;
    int in_channels, out_channels;
    int in_height, in_width, out_height, out_width;
    int kernel, stride, pad;
};

/* Writes the gradient of filters, or adds it, in blocks of 16 input channels by 16 output channels,
   [out block][in block][tap][in lane][out lane], and that of the bias, of whole blocks; lanes beyond the last
   channel become zero, or stay. `work` begins at a multiple of 64 bytes. */
size_t strips_gradient_bytes(const struct strips_conv *conv);
void strips_gradient(const struct strips_conv *conv, const uint16_t *src, const uint16_t *diff_dst, bool add,
                     float *filters, float *bias, void *work);

#endif
