/*
 * torch_classes.h - the class names that mmdetection leaves in its checkpoints.
 */
#ifndef FA_TORCH_CLASSES_H
#define FA_TORCH_CLASSES_H

#include "pickle/pickle.h"

/* From meta["CLASSES"] (2.x), meta["dataset_meta"]["classes"] or ["CLASSES"] (3.x); where those are absent or
   no lists of names, meta is as it was. */
fa_status fa_torch_classes_read(const struct fa_pickle_value *root,
                                struct fa_weights_meta *meta) FA_CHECK_RESULT;

#endif
