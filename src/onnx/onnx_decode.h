/*
 * onnx_decode.h - from the head's outputs to boxes and scores (doc/method.md 3, 4), as operators of ONNX.
 */
#ifndef FA_ONNX_DECODE_H
#define FA_ONNX_DECODE_H

#include "fa/box.h"
#include "fa/graph.h"
#include "fa/status.h"
#include "onnx_graph.h"

#define FA_ONNX_BOXES  "boxes"
#define FA_ONNX_SCORES "scores"

/* Of a graph whose nodes are there. */
fa_status fa_onnx_decode(struct fa_onnx *onnx, const struct fa_graph *graph,
                         const struct fa_model_config *config,
                         const struct fa_box_coder *coder) FA_CHECK_RESULT;

#endif
