/*
 * amx.h - gradients of filters in bf16 by the tiles of AMX: registers of 16 rows by 64 bytes, of which one
 * instruction multiplies two, 16 by 32 and 32 by 16 numbers of bf16, and adds to 16 by 16 floats.
 *
 * The gradient of a tap is a product of two matrices over positions,
 *
 *     dW[i][o] = sum over p of  x[i][p + shift] dy[p][o]
 *
 * for which AMX wants x with the positions of a channel side by side, and dy in pairs of positions. So a
 * strip of some rows of the map at a time is turned into both, in memory that stays in a core's cache, and
 * all taps and channels are multiplied from there:
 *
 *   amx.c           is there AMX?
 *   strip.c         a strip of a map, turned
 *   gradient.c      the products
 *
 * Every number is computed by one thread in one order, so results do not depend on how many there are.
 */
#ifndef FA_AMX_H
#define FA_AMX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does this program have the code, the processor the tiles, and will the system keep them for us? It is asked
   for that here: whoever has not called this, or got no, calls nothing of what follows. */
bool amx_is_there(void);

/* A convolution whose maps are HWC, of bf16. */
struct amx_conv {
    int n_threads;
    int in_channels, out_channels;
    int in_height, in_width, out_height, out_width;
    int kernel, stride, pad;
};

/* Writes the gradient of filters, or adds it, in blocks of 16 input channels by 16 output channels,
   [out block][in block][tap][in lane][out lane], and that of the bias, of whole blocks; lanes beyond the last
   channel become zero, or stay. `work` begins at a multiple of 64 bytes. */
size_t amx_gradient_bytes(const struct amx_conv *conv);
void amx_gradient(const struct amx_conv *conv, const uint16_t *src, const uint16_t *diff_dst, bool add,
                  float *filters, float *bias, void *work);

#endif
