/*
 * picture.h - the detections of a picture: by one look, or tile by tile.
 */
#ifndef FA_CLI_DETECT_PICTURE_H
#define FA_CLI_DETECT_PICTURE_H

#include "fa/detections.h"
#include "fa/image.h"
#include "fa/thresholds.h"
#include "session.h"
#include "tile.h"

/* Zeroed: empty. It grows, and is kept from picture to picture. */
struct fa_found {
    struct fa_detection *items; /* best first */
    size_t n, room;
};
void fa_found_free(struct fa_found *found);

/* What scores at least as much as its class must. At most eval.max_per_image in a picture, or in each tile of
   it. Beside the picture itself it takes the memory of one tile. */
fa_status fa_detect_picture(struct fa_session *session, const struct fa_picture *picture,
                            const struct fa_tiling *tiling, const struct fa_thresholds *least,
                            struct fa_found *found) FA_CHECK_RESULT;

#endif
