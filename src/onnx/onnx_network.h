/*
 * onnx_network.h - the network's nodes as operators of ONNX.
 */
#ifndef FA_ONNX_NETWORK_H
#define FA_ONNX_NETWORK_H

#include "fa/graph.h"
#include "fa/status.h"
#include "fa/weights.h"
#include "onnx_graph.h"

#define FA_ONNX_IMAGE       "image"
#define FA_ONNX_IMAGE_SHAPE "image.shape"

/* What node i's value is called. */
void fa_onnx_value_name(const struct fa_graph *graph, int i, char name[FA_ONNX_NAME_MAX]);

/* Adds normalising and padding of the input, and every node after it; batch norm is folded into the filters
   before it (doc/method.md 2.6). */
fa_status fa_onnx_network(struct fa_onnx *onnx, const struct fa_graph *graph,
                          const struct fa_weights_file *weights) FA_CHECK_RESULT;

#endif
