/*
 * class_names.h - the names of the classes of a weights file: one block of memory, in files a JSON array.
 */
#ifndef FA_WEIGHTS_CLASS_NAMES_H
#define FA_WEIGHTS_CLASS_NAMES_H

#include "fa/weights.h"

/* "["person", "car"]"; free with fa_free. */
fa_status fa_class_names_print(size_t n, char *const *classes, char **text) FA_CHECK_RESULT;

/* The reverse, into meta->classes and n_classes. FA_EFORMAT, beginning with path, for anything else. */
fa_status fa_class_names_parse(const char *path, const char *text,
                               struct fa_weights_meta *meta) FA_CHECK_RESULT;

/* Copies n names into meta. */
fa_status fa_class_names_copy(size_t n, const char *const *names,
                              struct fa_weights_meta *meta) FA_CHECK_RESULT;

#endif
