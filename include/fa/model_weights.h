/*
 * model_weights.h - between a model's parameters and named tensors in files.
 */
#ifndef FA_MODEL_WEIGHTS_H
#define FA_MODEL_WEIGHTS_H

#include <stddef.h>

#include "fa/declarations.h"
#include "fa/model.h"
#include "fa/status.h"
#include "fa/tensor.h"
#include "fa/weights.h"

FA_BEGIN_DECLARATIONS

/* Reads weights in whatever form they come, a weights file of any format, a checkpoint directory, a file that
   names one ("latest") or a work directory (its best, else its latest checkpoint), and gives them our names.
   Numbers that are not finite and negative variances are FA_EFORMAT. translation may be NULL. */
fa_status fa_model_weights_read(const char *path, struct fa_weights_file **out,
                                struct fa_weights_translation *translation) FA_CHECK_RESULT;

/* The same of whatever numbers, to show them. */
fa_status fa_model_weights_look(const char *path, struct fa_weights_file **out,
                                struct fa_weights_translation *translation) FA_CHECK_RESULT;

/* Every parameter and statistic as a view into values, the elements of params->value while that is open
   (NULL: data are NULL), in the order of params. *tensors is freed with fa_free; names belong to params. */
fa_status fa_params_tensors(const struct fa_params *params, fa_real *values,
                            struct fa_tensor **tensors) FA_CHECK_RESULT;

/* The weights file of these parameters; meta as in fa_weights_write. */
fa_status fa_params_write(const struct fa_params *params, const char *path,
                          const struct fa_weights_meta *meta) FA_CHECK_RESULT;

/* What a file may lack as a whole: "neck.", "bbox_head.", "bbox_head.retina_cls."; NULL at the end. */
extern const char *const fa_detector_parts[];

/* As fa_params_tensors, without the parts that the file lacks as a whole; n is their number. */
fa_status fa_params_tensors_for(const struct fa_params *params, fa_real *values,
                                const struct fa_weights_file *file, struct fa_tensor **tensors,
                                size_t *n) FA_CHECK_RESULT;

/* How the file fits the network of config, without the parts that the file lacks as a whole. Makes no model:
   what a file says of classes costs nothing until it is known to be true. */
fa_status fa_model_weights_match(const struct fa_model_config *config, const struct fa_weights_file *file,
                                 struct fa_weights_match *out) FA_CHECK_RESULT;

/* The anchors that weights were trained with: those of their recipe, or of the reference where it does not
   speak of anchors; tensors tell the finest level (architecture.h), which is the reference's here. FA_EFORMAT
   for what no anchors can be. */
fa_status fa_model_weights_anchors(const struct fa_weights_meta *meta,
                                   struct fa_anchor_design *out) FA_CHECK_RESULT;

/* Gives the model the file's weights by name and shape: all that the model has, and nothing else may be in
   the file. The model is untouched on failure. */
fa_status fa_model_load(struct fa_model *model, const struct fa_weights_file *file) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
