/*
 * product.h - what a thread multiplies at once, and by which instructions.
 */
#ifndef FA_STRIPS_PRODUCT_H
#define FA_STRIPS_PRODUCT_H

#include "strip.h"

/* One tap of two blocks of input by two of output channels. */
struct strips_block {
    const uint16_t *x[2], *dy[2]; /* a block of x begins at a position of a lane, one of dy at its pairs */
    size_t x_row;                 /* bytes from lane to lane */
    size_t depth;                 /* positions, whole tiles */
    float *result[2][2];          /* [in block][out block], [in lane][out lane] */
    bool add;                     /* to what it holds */
};

/* Each thread that multiplies begins and ends. */
struct strips_product {
    const char *name;
    size_t most_bytes; /* of a strip, turned: what is fastest */
    void (*begin)(void);
    void (*multiply)(const struct strips_block *block);
    void (*end)(void);
};

extern const struct strips_product strips_amx, strips_avx512_bf16;

#endif
