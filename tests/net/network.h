/*
 * network.h - small models with pseudo-random parameters, for the tests of the network.
 */
#ifndef FA_TESTS_NETWORK_H
#define FA_TESTS_NETWORK_H

#include "fa/model.h"

#define N_CLASSES 3

/* A ResNet of this depth, 1 group of width 64, 3 classes, without zero_init_residual; neck and head narrow, or as
   the recipes of COCO have them. */
struct fa_model_config network_config(int depth, int frozen_stages);
struct fa_model_config network_config_of_recipes(int depth, int frozen_stages);

/* Model and backend (NULL: the default), one thread, direct convolutions. */
struct fa_model *network_create(const struct fa_model_config *config, const char *backend_name);
void network_destroy(struct fa_model *model);

/* The one workspace of a model that network_create made; destroyed with it. */
struct fa_workspace *network_workspace(struct fa_model *model);

/* n values in [low, high), a function of name and index: the one of golden/make_golden.py. */
void uniform(const char *name, fa_real *value, size_t n, double low, double high);

/* Every parameter of the model, in the ranges of golden/make_golden.py. */
void network_fill(struct fa_model *model);

/* Freed by fa_free. */
float *network_image(const char *name, int h, int w);

/* cls and reg of a head together. */
size_t network_head_elements(const struct fa_head *head);

/* fa_workspace_forward of a float image. */
fa_status network_ask(struct fa_workspace *workspace, enum fa_pass pass, const float *chw, int h, int w,
                      struct fa_head *head);

/* Forward in the model's one workspace. The rows in the host's memory, cls and behind it reg, in one block
   that begins with head->cls and is freed by fa_free. */
struct fa_head network_forward(struct fa_model *model, enum fa_pass pass, const float *image, int h, int w);

/* A head's gradient: cls and reg in one block of the host's memory, freed by fa_free. */
fa_real *network_head_gradient(const struct fa_head *head);

/* Backward from such a block, put where the workspace wants it. */
fa_status network_backward(struct fa_workspace *workspace, const struct fa_head *head,
                           const fa_real *gradient, fa_grad_ready_fn ready, void *context);

/* Training forward, then backward from network_head_gradient into a cleared params->grad; waits for its end.
 */
void network_step(struct fa_model *model, const float *image, int h, int w);

/* params->grad after a network_step; freed by fa_free. */
fa_real *network_gradient(struct fa_model *model, const float *image, int h, int w);

/* The arena of the model's one workspace is NaN from now on. */
void network_spoil_arena(struct fa_model *model);

/* What a backward has called final so far. */
struct network_progress {
    struct fa_backend *queue;
    const struct fa_params *params;
    fa_real *seen; /* params->grad as it was when it was called final; n_trainable elements, the test's own */
    size_t n, pieces;
};

/* A ready function whose context is a progress. */
void network_take_ready(void *progress, size_t n);

#endif
