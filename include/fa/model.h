/*
 * model.h - the detector: backbone, FPN and head as one network over one image at a time.
 *
 * A static graph of convolutions, pooling and upsampling is made once; for each padded image size a plan
 * (shapes, chosen algorithms, one arena laid out by lifetime) is built at its first use and cached. A step
 * over a known size allocates nothing. Batch norm is folded into the convolutions before forward and unfolded
 * after backward, exactly; group norm is a node of its own. Formulas: doc/method.md 2.
 *
 * A model has what all images share: the graph, the parameters, packed filters. What one image changes is a
 * workspace: plans, arena, the head's rows, sums of gradients. A model may have several, for images that are
 * on their way at the same time. One thread drives a model and its workspaces. Nothing here communicates.
 */
#ifndef FA_MODEL_H
#define FA_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/backend.h"
#include "fa/declarations.h"
#include "fa/params.h"
#include "fa/pyramid.h"
#include "fa/real.h"
#include "fa/status.h"
#include "fa/widths.h"

FA_BEGIN_DECLARATIONS

/* What follows a convolution: in the backbone batch norm with fixed statistics, elsewhere a bias (the
   reference); or everywhere but in the head's last layers group norm, whose statistics are those of the image
   at hand. */
enum fa_model_norm { FA_NORM_FROZEN_BATCH, FA_NORM_GROUP };

/* How the filters of the head's towers start: normal with deviation 0.01 (doc/method.md 2.4), or Kaiming's.
 */
enum fa_head_init { FA_HEAD_GAUSSIAN, FA_HEAD_KAIMING };

struct fa_model_config {
    int depth;         /* 18, 34, 50, 101 */
    int groups;        /* 1, or 32 / 64 for ResNeXt */
    int base_width;    /* 64, or 4 for ResNeXt */
    int base_channels; /* of the stem and the first stage's 3x3, 64; each stage doubles them */
    int frozen_stages; /* -1: none; 0: stem; k: stem and layer1..layerk */
    int neck_channels; /* of the feature pyramid, 256 */
    int head_channels; /* of the head's towers, 256 */
    int head_convs;    /* of each tower, 4 */
    int num_classes;
    struct fa_anchor_design anchors; /* that the head speaks of */
    enum fa_head_init head_init;
    double prior_probability; /* of an object at initialisation, 0.01 */
    bool zero_init_residual;  /* gamma of a residual block's last norm starts at 0 */
    enum fa_model_norm norm;
    int norm_groups; /* of a group norm, 32; a layer with fewer channels has a quarter as many groups */
};

struct fa_model;

/* Builds the graph and the parameters, all zero; backend must outlive the model. */
fa_status fa_model_create(const struct fa_model_config *config, struct fa_backend *backend,
                          struct fa_model **out) FA_CHECK_RESULT;
void fa_model_destroy(struct fa_model *model);

/* The names, kinds and shapes of the parameters that such a model has; *params is freed with
   fa_params_destroy. */
fa_status fa_model_list_params(const struct fa_model_config *config,
                               struct fa_params *params) FA_CHECK_RESULT;

const struct fa_model_config *fa_model_config(const struct fa_model *model);
struct fa_params *fa_model_params(struct fa_model *model);
struct fa_backend *fa_model_backend(const struct fa_model *model);

/* To be called after anybody changed parameter values: the next forward folds and packs them anew, and no
   backward can follow an earlier one. */
void fa_model_params_changed(struct fa_model *model);

/* The same after a change of trainable parameters alone, which costs less. */
void fa_model_params_stepped(struct fa_model *model);

/* Random weights (doc/method.md 2.1, 2.2, 2.4), a pure function of (seed, parameter name); BN gamma 1, beta
   0, mean 0, variance 1. */
fa_status fa_model_init(struct fa_model *model, uint64_t seed) FA_CHECK_RESULT;

/* The same for those layers alone whose names begin so ("neck."). */
fa_status fa_model_init_part(struct fa_model *model, uint64_t seed, const char *prefix) FA_CHECK_RESULT;

/* ---- forward and backward ---- */

struct fa_workspace;

/* A queue of its own (backend.h). grad has n_trainable elements and outlives the workspace; NULL: the model's
   own, params->grad. Ends before its model. */
fa_status fa_workspace_create(struct fa_model *model, struct fa_flat *grad,
                              struct fa_workspace **out) FA_CHECK_RESULT;
void fa_workspace_destroy(struct fa_workspace *workspace); /* NULL is fine */
struct fa_backend *fa_workspace_queue(const struct fa_workspace *workspace);
struct fa_flat *fa_workspace_grad(const struct fa_workspace *workspace);

/* What the head says of one image. Row j is anchor j: level, then y, then x, then anchor of the cell
 * (doc/method.md 3). The arrays of a workspace's lie in the backend's memory, those of other heads in the
 * host's. */
struct fa_head {
    size_t n_anchors;
    int num_classes;
    fa_real *cls;       /* (n_anchors, num_classes) logits; the caller may overwrite them by their gradient */
    const fa_real *reg; /* (n_anchors, 4) deltas */
};

/* One of chw and frame is given, the other NULL. h and w are positive multiples of FA_SIZE_DIVISOR, at most
   16384. */
struct fa_image {
    const float *chw;             /* (3, h, w), normalised */
    const struct fa_frame *frame; /* pixels, to be padded to h x w */
    int h, w;
};

enum fa_pass { FA_INFERENCE, FA_TRAINING };

/* FA_EINVAL unless the image has such a size. Its pixels stay as they are until a later ticket of the
   workspace's queue is reached, which also says that head's arrays are there; these belong to the workspace
   and hold until its next forward. A training pass keeps what backward needs. */
fa_status fa_workspace_forward(struct fa_workspace *workspace, enum fa_pass pass,
                               const struct fa_image *image, struct fa_head *head) FA_CHECK_RESULT;

/* Its two parts. To take an image makes whatever its size needs and brings it in: head's arrays are known,
   but not there. To run, which follows, asks for the same work for every image of a size, and so does the
   backward after it: a recording (backend.h) can stand for both. *plan is a number that says for how long: it
   changes once the size is planned anew. */
fa_status fa_workspace_take(struct fa_workspace *workspace, enum fa_pass pass, const struct fa_image *image,
                            struct fa_head *head, uint64_t *plan) FA_CHECK_RESULT;
fa_status fa_workspace_run(struct fa_workspace *workspace) FA_CHECK_RESULT;

/* Adds the gradient of every trainable parameter to the workspace's, each element by one addition, for the
   image of its last training forward.
   grad_cls and grad_reg are dLoss/dHead in the head's shapes, before any scaling, in the backend's memory. A
   training forward serves one backward; FA_EINVAL if none came before, or if another forward, describe,
   changed parameters or a failure came between. ready, unless NULL, is called after every node with an n that
   never falls: once what was asked for until then is done, grad[0, n) is final for this image. */
typedef void (*fa_grad_ready_fn)(void *context, size_t n);
fa_status fa_workspace_backward(struct fa_workspace *workspace, const fa_real *grad_cls,
                                const fa_real *grad_reg, fa_grad_ready_fn ready,
                                void *context) FA_CHECK_RESULT;

/* Measures which algorithms suit the convolutions of a training pass at this size, where the backend's table
   (algorithms.h) does not list them; plans that are built from now on follow it. */
fa_status fa_model_autotune(struct fa_model *model, int h, int w) FA_CHECK_RESULT;

/* ---- statistics from data ---- */

/* Adds up n doubles over all who calibrate together and leaves the totals everywhere. An element is non-zero
   at one caller only (each fills the slots of its own images), so the totals do not depend on the order of
   the sum. */
typedef fa_status (*fa_sum_fn)(void *context, double *values, size_t n);

/* Sets every BN's running mean and (biased) variance to those of its input over the n given images (and those
   of other callers, through sum; NULL: alone), layer by layer from the stem, so that frozen statistics fit
   random weights. Images may have different sizes. Collective if sum is. position[i] is image i's place among
   the n_total of all callers. */
fa_status fa_model_calibrate(struct fa_model *model, const struct fa_image *images, const size_t *position,
                             size_t n, size_t n_total, fa_sum_fn sum, void *context) FA_CHECK_RESULT;

/* ---- for people ---- */

struct fa_layer_info {
    int node;         /* its place in the graph; the `item` of its spans (trace.h) */
    const char *name; /* "backbone.layer1.0.conv1", "bbox_head.retina_cls" (once per level) */
    struct fa_conv_desc conv;
    struct fa_shape out;
    int norm_groups; /* of the group norm that follows; 0: none */
    size_t n_params; /* with those of its norm; 0 where the layer was listed before */
    double macs;
    const char *algorithm[3]; /* by fa_conv_direction; NULL if that gradient is not needed */
};

/* Every convolution of a training pass at this size, in forward order. Builds the plan. */
typedef void (*fa_layer_fn)(void *context, const struct fa_layer_info *layer);
fa_status fa_workspace_describe(struct fa_workspace *workspace, int h, int w, fa_layer_fn visit,
                                void *context) FA_CHECK_RESULT;

/* Of the model and this workspace. */
struct fa_model_memory {
    size_t parameters, gradients; /* bytes */
    size_t packed_weights;        /* the backend's filters and their gradients, one form of each */
    size_t arena;                 /* of the largest plan so far */
    int n_plans;
};
void fa_workspace_memory(const struct fa_workspace *workspace, struct fa_model_memory *out);

FA_END_DECLARATIONS

#endif
