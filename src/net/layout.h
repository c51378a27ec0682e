/*
 * layout.h - makes the flat parameter buffers of a graph.
 */
#ifndef FA_NET_LAYOUT_H
#define FA_NET_LAYOUT_H

#include "fa/params.h"
#include "graph.h"

/* Fills params (all values zero) and points each layer to its parameters. */
fa_status fa_params_create(struct fa_graph *graph, struct fa_params *params) FA_CHECK_RESULT;

/* Frees what params points to. */
void fa_params_destroy(struct fa_params *params);

/* One past the last element of the layer's trainable parameters: gradients below are final when it is. */
size_t fa_layer_end(const struct fa_layer *layer);

#endif
