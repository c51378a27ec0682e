/*
 * class_names.h - lists of the names of classes, in their order.
 */
#ifndef FA_DATA_ANNOTATIONS_CLASS_NAMES_H
#define FA_DATA_ANNOTATIONS_CLASS_NAMES_H

#include "builder.h"

/* "cat,dog", or a file with a name a line. */
fa_status fa_classes_given(const char *list, struct fa_builder *builder) FA_CHECK_RESULT;

/* A file with a name a line; empty lines at its end do not count. */
fa_status fa_classes_of_lines(const char *path, struct fa_builder *builder) FA_CHECK_RESULT;

/* The entry `names` of a YAML file as YOLO's tools write it: [a, b], or a line each, "- a" or "0: a". */
fa_status fa_classes_of_yaml(const char *path, struct fa_builder *builder) FA_CHECK_RESULT;

#endif
