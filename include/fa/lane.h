/*
 * lane.h - the way of one image: through the network, and on to its loss and gradient or to its detections.
 *
 * A lane drives a model and owns what lies between the head and the result: the anchors of the image sizes
 * used last, the scratch of the loss, the gradient of the head's outputs. It alone knows how the head's rows
 * reach loss and detections; whoever trains, evaluates, replays or measures an image goes through here.
 *
 * Images are padded: h and w are multiples of FA_SIZE_DIVISOR. Several lanes may drive a model, each on a
 * queue of its own (backend.h), so that their images run side by side where the backend can; one thread
 * drives them all. Nothing here communicates. The memory of a lane grows to that of its largest image.
 */
#ifndef FA_LANE_H
#define FA_LANE_H

#include "fa/declarations.h"
#include "fa/detections.h"
#include "fa/loss.h"
#include "fa/model.h"
#include "fa/nms_recall.h"

FA_BEGIN_DECLARATIONS

struct fa_lane;

/* model must outlive the lane. grad: where its images add their gradients (fa_workspace_create). The loss
   runs on as many threads as OpenMP has when this is called. */
fa_status fa_lane_create(struct fa_model *model, struct fa_flat *grad, struct fa_lane **out) FA_CHECK_RESULT;

/* Without a model: it takes heads alone, and can neither learn nor look. */
fa_status fa_lane_create_for_heads(const struct fa_anchor_design *anchors,
                                   struct fa_lane **out) FA_CHECK_RESULT;
void fa_lane_destroy(struct fa_lane *lane); /* NULL is fine */

/* What its images run in; NULL without a model. */
struct fa_workspace *fa_lane_workspace(struct fa_lane *lane);

/* Where they add their gradients. */
struct fa_flat *fa_lane_grad(struct fa_lane *lane);

/* ---- an image ---- */

enum fa_lane_phase { FA_LANE_FORWARD, FA_LANE_LOSS, FA_LANE_BACKWARD, FA_LANE_DETECTIONS };

/* The gradient of grad[0, n) is final for this image once the ticket is reached; n never falls. */
typedef void (*fa_lane_ready_fn)(void *context, size_t n, struct fa_ticket ticket);

/* How a caller follows an image on its way. Any function may be NULL. */
struct fa_lane_observer {
    void (*ended)(void *context, enum fa_lane_phase phase);
    /* Before the loss: the head's outputs, which hold during the call, in the host's memory. */
    fa_status (*saw)(void *context, const struct fa_head *head);
    fa_lane_ready_fn ready;
    void (*waits)(void *context); /* again and again while fa_lane_learned does */
    void *context;
};

/* What the image adds to the normalizer of its batch (fa_loss_share); needs no forward. */
fa_status fa_lane_share(struct fa_lane *lane, const struct fa_loss_config *config, int h, int w,
                        const struct fa_objects *objects, double *share) FA_CHECK_RESULT;

/* Asks for forward, loss and backward, which adds the image's gradient (fa_workspace_backward). observer,
   which may be NULL, is called until fa_lane_learned, and until then the image's pixels stay as they are;
   objects are no longer needed on return. */
fa_status fa_lane_learn(struct fa_lane *lane, const struct fa_loss_config *config,
                        const struct fa_image *image, const struct fa_objects *objects, double normalizer,
                        const struct fa_lane_observer *observer) FA_CHECK_RESULT;

/* Waits until that is done: *loss is the image's (fa_loss_compute). A loss that is not finite is no failure.
   Once after each fa_lane_learn, before the next, also after one that failed. */
fa_status fa_lane_learned(struct fa_lane *lane, struct fa_loss *loss) FA_CHECK_RESULT;

/* Forward and detections (fa_detections_make). out has room for config->max_per_image. */
fa_status fa_lane_look(struct fa_lane *lane, const struct fa_detect_config *config,
                       const struct fa_image *image, const struct fa_detect_image *frame,
                       const struct fa_lane_observer *observer, struct fa_detection *out,
                       size_t *n) FA_CHECK_RESULT;

/* Forward, and what the image offers to NMS (fa_candidates_add), in the host's memory. */
fa_status fa_lane_collect(struct fa_lane *lane, const struct fa_detect_config *config,
                          const struct fa_image *image, const struct fa_detect_image *frame,
                          const struct fa_lane_observer *observer,
                          struct fa_candidates *candidates) FA_CHECK_RESULT;

/* ---- a head whose outputs are given, as that of an image of h x w; all of the host's memory ---- */

/* grad_cls and grad_reg have the shapes of the head's outputs. */
fa_status fa_lane_head_loss(struct fa_lane *lane, const struct fa_loss_config *config, int h, int w,
                            const struct fa_head *head, const struct fa_objects *objects, double normalizer,
                            struct fa_loss *loss, fa_real *grad_cls, fa_real *grad_reg) FA_CHECK_RESULT;

fa_status fa_lane_head_detections(struct fa_lane *lane, const struct fa_detect_config *config, int h, int w,
                                  const struct fa_head *head, const struct fa_detect_image *frame,
                                  struct fa_detection *out, size_t *n) FA_CHECK_RESULT;

fa_status fa_lane_head_candidates(struct fa_lane *lane, const struct fa_detect_config *config, int h, int w,
                                  const struct fa_head *head, const struct fa_detect_image *frame,
                                  struct fa_candidates *candidates) FA_CHECK_RESULT;

/* fa_nms_recall_add. */
fa_status fa_lane_head_nms_recall(struct fa_lane *lane, const struct fa_detect_config *config, int h, int w,
                                  const struct fa_head *head, const struct fa_detect_image *frame,
                                  const struct fa_objects *objects,
                                  struct fa_nms_recall *recall) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
