/*
 * weights.h - weights files: named float32 tensors with what is needed to use them (design: "Weights file").
 *
 * An HDF5 file with one dataset a parameter, named and shaped as in an mmdetection checkpoint; attributes
 * carry preprocessing, class names and the recipe. h5py reads it in three lines. Callable from any thread; in
 * a parallel run one rank writes.
 */
#ifndef FA_WEIGHTS_H
#define FA_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/json.h"
#include "fa/status.h"
#include "fa/tensor.h"
#include "fa/thresholds.h"

FA_BEGIN_DECLARATIONS

struct fa_weights_meta {
    float mean[3], std[3];
    bool to_rgb;
    float coder_std[4];              /* of the box coder (fa/box.h); 0s: unknown */
    struct fa_thresholds thresholds; /* from which score on detections are best kept: by class (n_classes), or
                                        n 0 */
    size_t n_classes;
    char **classes; /* may be NULL with n_classes 0: unknown */
    char *model;    /* "r50", ...; may be NULL */
    char *recipe;   /* the configuration, or what of it travels with weights, as JSON; may be NULL */
};

struct fa_weights_file {
    size_t n;
    struct fa_tensor *tensors; /* sorted by name; data owned by the file */
    struct fa_weights_meta meta;
    bool has_meta;     /* preprocessing is known; class names may be there without it */
    size_t n_left_out; /* integer tensors of the file, such as num_batches_tracked */
};

/* The file is complete under path, or path is what it was. meta may be NULL. */
fa_status fa_weights_write(const char *path, const struct fa_tensor *tensors, size_t n,
                           const struct fa_weights_meta *meta) FA_CHECK_RESULT;

/* The same as safetensors. The attributes are texts under __metadata__, with the names and values that they
   have in HDF5. FA_EINVAL for two tensors of one name. */
fa_status fa_safetensors_write(const char *path, const struct fa_tensor *tensors, size_t n,
                               const struct fa_weights_meta *meta) FA_CHECK_RESULT;

/* meta as members of object, each a text: "mean": "[1, 2, 3]", "to_rgb": "true", "classes": "[\"a\"]";
   "model" is the name itself. What is not known is not there. */
fa_status fa_weights_meta_print(const struct fa_weights_meta *meta, struct fa_json *object) FA_CHECK_RESULT;

/* HDF5, safetensors, or a state dict of torch.save in either of its formats (bare, or under "state_dict" or
   "model"), told apart by content; FA_EFORMAT, naming file and place, for anything else. Tensors
   keep the names that they have in the file; float16, bfloat16 and float64 become float32 (HDF5 has only
   that), integer tensors are counted and left out. What a file says of its own content must be true: the
   checksums of a zip archive, and the hash in the name of a published file, "resnet50-0676ba61.pth". */
fa_status fa_weights_read(const char *path, struct fa_weights_file **out) FA_CHECK_RESULT;
void fa_weights_free(struct fa_weights_file *file);

/* NULL if there is none of that name. */
const struct fa_tensor *fa_weights_find(const struct fa_weights_file *file, const char *name);

/* FA_EFORMAT, naming the first tensor at fault, unless every number is finite and no variance negative.
   Readers leave that to those who use the weights: a file that is at fault can still be looked at. */
fa_status fa_weights_check_values(const struct fa_tensor *tensors, size_t n) FA_CHECK_RESULT;
bool fa_tensor_is_variance(const struct fa_tensor *tensor); /* by its name */

/* ---- names: from those of a file to those of our network (doc/method.md 2.5), which are mmdetection's ----
 */

/* What is told of a translation. */
struct fa_weights_translation {
    size_t n_renamed, n_left_out;
    char left_out[160]; /* the first names of those left out, as the file has them */
};

/* Gives the tensors our names, in place: wrappers ("module.", "_orig_mod.") go, torchvision's ResNets and
   backbone files of mmdetection get "backbone." before their names, and the towers of mmdetection up to 0.5.3
   their ".conv". Left out is what no detector uses: counters of batches, the classifier "fc", copies named
   "ema_...", the data preprocessor's buffers. Names that are not known stay as they are. FA_EFORMAT if two
   tensors get one name. */
fa_status fa_weights_translate(struct fa_weights_file *file,
                               struct fa_weights_translation *out) FA_CHECK_RESULT;

bool fa_weights_has(const struct fa_weights_file *file, const char *prefix);

/* Frees every tensor whose name begins so; gives their number. */
size_t fa_weights_drop(struct fa_weights_file *file, const char *prefix);

/* ---- strict matching with the tensors of a network ---- */

/* How the tensors of a file fit targets (name and shape given). The texts hold the first few names, with
   shapes: "neck.a.weight 256x512x1x1 in the file, 256x2048x1x1 in the network". */
struct fa_weights_match {
    size_t n_matched;
    size_t n_missing, n_unexpected, n_mismatched; /* in the file; in the targets; of another shape */
    char missing[256], unexpected[256], mismatched[384];
};

void fa_weights_match(const struct fa_weights_file *file, const struct fa_tensor *targets, size_t n,
                      struct fa_weights_match *out);

/* FA_EFORMAT, telling the counts and first names, unless every tensor of the file has its target and every
   target its tensor. */
fa_status fa_weights_match_check(const struct fa_weights_match *match) FA_CHECK_RESULT;

/* Copies all tensors into the targets (data given too), which they must fit as fa_weights_match_check says.
   Nothing is copied on failure. */
fa_status fa_weights_copy(const struct fa_weights_file *file, const struct fa_tensor *targets,
                          size_t n) FA_CHECK_RESULT;

/* ---- for people ---- */

/* Of the finite elements; all 0 if there are none. */
struct fa_tensor_summary {
    double min, max, mean, norm; /* norm: the root of the sum of squares */
    size_t n_nan, n_infinite;
};
void fa_tensor_summarize(const struct fa_tensor *tensor, struct fa_tensor_summary *out);

/* First and largest difference of two sets of tensors by bits; equal if neither is set. Text is for people.
 */
struct fa_weights_difference {
    bool equal;
    size_t n_compared, n_only_a, n_only_b, n_different;
    char first[192], largest[192];
};
void fa_weights_diff(const struct fa_weights_file *a, const struct fa_weights_file *b,
                     struct fa_weights_difference *out);

FA_END_DECLARATIONS

#endif
