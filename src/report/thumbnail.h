/*
 * thumbnail.h - a dataset's image, small enough for a page.
 */
#ifndef FA_REPORT_THUMBNAIL_H
#define FA_REPORT_THUMBNAIL_H

#include <stddef.h>
#include <stdint.h>

#include "fa/image.h"
#include "fa/shard.h"
#include "fa/status.h"

/* A JPEG whose longer side is at most side pixels; *jpeg is freed with fa_free. */
fa_status fa_thumbnail_make(const struct fa_dataset *dataset, size_t record,
                            const struct fa_rendering *rendering, int side, uint8_t **jpeg,
                            size_t *n_bytes) FA_CHECK_RESULT;

#endif
