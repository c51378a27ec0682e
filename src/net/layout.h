/*
 * layout.h - makes the flat parameter buffers of a graph.
 */
#ifndef FA_NET_LAYOUT_H
#define FA_NET_LAYOUT_H

#include "fa/params.h"
#include "graph.h"

/* Fills params, without values, and points each layer to its parameters. */
fa_status fa_params_list(struct fa_graph *graph, struct fa_params *params) FA_CHECK_RESULT;

/* The same, with all values zero. */
fa_status fa_params_create(struct fa_graph *graph, struct fa_backend *backend,
                           struct fa_params *params) FA_CHECK_RESULT;

/* One past the last element of the layer's trainable parameters: gradients below are final when it is. */
size_t fa_layer_end(const struct fa_layer *layer);

#endif
