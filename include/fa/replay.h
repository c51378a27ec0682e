/*
 * replay.h - one image through forward, loss, backward and post-processing, with everything that comes of it
 * written down (page: data/FORMAT.md, "Case files").
 */
#ifndef FA_REPLAY_H
#define FA_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/case.h"
#include "fa/declarations.h"
#include "fa/detections.h"
#include "fa/loss.h"
#include "fa/model.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_replay_config {
    struct fa_loss_config loss;
    struct fa_detect_config detect;
    struct fa_anchor_design anchors; /* of a case without its model; the levels are those of its head */
};

struct fa_replay_result {
    struct fa_loss loss;
    double normalizer;     /* that the loss was divided by */
    double head_grad_norm; /* of the gradient of the head's outputs */
    double grad_norm;      /* of that of all parameters; 0 where no network was run */
    size_t n_detections;
    bool is_finite; /* the losses and both norms */
};

/* The normalizer of a batch of this image alone. */
fa_status fa_replay_normalizer(const struct fa_replay_config *config, const struct fa_case *given,
                               double *normalizer) FA_CHECK_RESULT;

/* model is not needed, and not touched, for a case with the head's outputs; it is run as in training, and its
   gradient is that of this image afterwards. What is not finite is written like everything else: it is in
   result, and no failure. The file is complete under out_path, or that is what it was. */
fa_status fa_replay(const struct fa_replay_config *config, struct fa_model *model,
                    const struct fa_case *given, const char *out_path,
                    struct fa_replay_result *result) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
