/*
 * weights.h - weights files: named float32 tensors with what is needed to use them (design: "Weights file").
 *
 * An HDF5 file with one dataset a parameter, named and shaped as in an mmdetection checkpoint; attributes
 * carry preprocessing and class names. h5py reads it in three lines. Callable from any thread; in a parallel
 * run one rank writes.
 */
#ifndef FA_WEIGHTS_H
#define FA_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/status.h"
#include "fa/tensor.h"

struct fa_weights_meta {
    float mean[3], std[3];
    bool to_rgb;
    size_t n_classes;
    char **classes; /* may be NULL with n_classes 0: unknown */
    char *model;    /* "r50", ...; may be NULL */
};

struct fa_weights_file {
    size_t n;
    struct fa_tensor *tensors; /* sorted by name; data owned by the file */
    struct fa_weights_meta meta;
    bool has_meta;
};

/* The file is complete under path, or path is what it was. meta may be NULL. */
fa_status fa_weights_write(const char *path, const struct fa_tensor *tensors, size_t n,
                           const struct fa_weights_meta *meta) FA_CHECK_RESULT;
/* FA_EFORMAT, naming file and dataset, for what is no weights file. */
fa_status fa_weights_read(const char *path, struct fa_weights_file **out) FA_CHECK_RESULT;
void fa_weights_free(struct fa_weights_file *file);

/* NULL if there is none of that name. */
const struct fa_tensor *fa_weights_find(const struct fa_weights_file *file, const char *name);

/* Copies tensors into targets (name, shape and data given) by name. Strict: every target must be found with
   its shape, or the message lists the first missing and mismatched with shapes. skip_prefix (NULL: none)
   names targets that may be left as they are if missing or of another shape ("bbox_head.retina_cls"). Surplus
   tensors are counted in *n_unused. Nothing is copied on failure. */
fa_status fa_weights_copy(const struct fa_weights_file *file, const struct fa_tensor *targets, size_t n,
                          const char *skip_prefix, size_t *n_unused) FA_CHECK_RESULT;

/* First and largest difference of two sets of tensors by bits; equal if neither is set. Text is for people.
 */
struct fa_weights_difference {
    bool equal;
    size_t n_compared, n_only_a, n_only_b, n_different;
    char first[192], largest[192];
};
void fa_weights_diff(const struct fa_weights_file *a, const struct fa_weights_file *b,
                     struct fa_weights_difference *out);

#endif
