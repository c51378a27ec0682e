/*
 * safetensors_meta.h - preprocessing, class names and model as the texts of a safetensors header.
 */
#ifndef FA_SAFETENSORS_META_H
#define FA_SAFETENSORS_META_H

#include "fa/json.h"
#include "fa/weights.h"

/* The member __metadata__ of a header; meta may be NULL. Everything is text, as the format demands:
   "format": "pt", and what fa_weights_meta_print makes of the attributes of HDF5 weights files. */
fa_status fa_safetensors_meta_write(struct fa_json *header,
                                    const struct fa_weights_meta *meta) FA_CHECK_RESULT;

/* has_meta is set where mean, std and to_rgb are all there. */
fa_status fa_safetensors_meta_read(const char *path, const struct fa_json *metadata,
                                   struct fa_weights_file *file) FA_CHECK_RESULT;

#endif
