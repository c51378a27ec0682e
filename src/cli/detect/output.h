/*
 * output.h - what freeanchor detect leaves behind: a picture with boxes per image, and one JSON for
 * all.
 */
#ifndef FA_CLI_DETECT_OUTPUT_H
#define FA_CLI_DETECT_OUTPUT_H

#include "command.h"
#include "fa/detections.h"
#include "fa/image.h"
#include "fa/weights.h"
#include "format.h"
#include "image_list.h"

struct fa_detect_output;

/* The images and what is kept from which score on are borrowed. FA_EINVAL where a file would be lost, see
   guard.h; so no rank may draw before all have opened. */
fa_status fa_detect_output_open(const char *directory, const struct fa_image_list *images,
                                const struct fa_weights_meta *meta, const struct fa_thresholds *least,
                                const struct fa_detect_formats *formats,
                                struct fa_detect_output **out) FA_CHECK_RESULT;

/* Draws into the picture, which was read from that file, and writes it as <directory>/<name of the image>. */
fa_status fa_detect_output_add(struct fa_detect_output *output, size_t image,
                               const struct fa_fingerprint *file, struct fa_picture *picture,
                               const struct fa_detection *detections, size_t n) FA_CHECK_RESULT;

/* Notes that the image cannot be used, and why. */
fa_status fa_detect_output_reject(struct fa_detect_output *output, size_t image,
                                  const char *message) FA_CHECK_RESULT;

/* Collective. Rank 0 writes <directory>/detections.json: per image in the order given file, detections with
   label, class, score, score_threshold (that of its class) and bbox [x, y, w, h], and error for one that was
   rejected; and beside it the other formats. FA_EIO, after all is written and each rejected image was told,
   if there is one. */
fa_status fa_detect_output_finish(struct fa_detect_output *output,
                                  struct fa_invocation *invocation) FA_CHECK_RESULT;
void fa_detect_output_close(struct fa_detect_output *output);

#endif
