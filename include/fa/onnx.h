/*
 * onnx.h - a trained detector as an ONNX model (operator set 13), for the programs that run those.
 *
 * Input `image`: float32 [1, 3, height, width], R G B from 0 to 255, of any size, resized as the recipe has
 * it; normalising and padding are in the model. Outputs, a row for each anchor: `boxes` [1, anchors, 4], x1
 * y1 x2 y2 within the image, and `scores` [1, anchors, classes]. What remains to be done is doc/method.md 8
 * from its threshold on. Recipe, class names and the like are the model's metadata.
 */
#ifndef FA_ONNX_H
#define FA_ONNX_H

#include "fa/declarations.h"
#include "fa/model.h"
#include "fa/status.h"
#include "fa/weights.h"

FA_BEGIN_DECLARATIONS

/* The weights are those of config's network, under our names, and usable. FA_EINVAL where they do not say how
   pixels are prepared or boxes coded, and for a model above the 2 GiB that a protocol buffer may have. The
   file is complete under path, or path is what it was. */
fa_status fa_onnx_write(const char *path, const struct fa_model_config *config,
                        const struct fa_weights_file *weights) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
