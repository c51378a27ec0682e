/*
 * layers.h - the convolutions of a model at one size, and the names of what is done with them.
 */
#ifndef FA_BENCH_LAYERS_H
#define FA_BENCH_LAYERS_H

#include "fa/model.h"

enum { FA_DIRECTIONS = 3 }; /* enum fa_conv_direction */

extern const char *const fa_conv_spans[FA_DIRECTIONS]; /* what their spans are called */

struct fa_layers {
    size_t n, capacity;
    struct fa_layer_info *rows;
    fa_status status; /* of collecting */
};

/* In forward order, with what is chosen for training at this size. */
fa_status fa_layers_collect(struct fa_model *model, int h, int w, struct fa_layers *layers) FA_CHECK_RESULT;
void fa_layers_free(struct fa_layers *layers);

/* "3x3/2 256->512", "/2" only where there is a stride, " x32" for groups. */
void fa_conv_print(const struct fa_conv_desc *conv, char *text, size_t size);

/* Operations of one direction a second, counted as direct convolution; 0 for no time. */
double fa_conv_gflops(const struct fa_conv_desc *conv, double seconds);

#endif
