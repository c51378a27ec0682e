/*
 * crop.h - a part of a canvas, drawn as SSD draws it (mmdetection's MinIoURandomCrop, doc/method.md 6.5).
 */
#ifndef FA_DATA_CROP_H
#define FA_DATA_CROP_H

#include "fa/augment.h"
#include "fa/objects.h"
#include "fa/philox.h"

/* Makes of the plan's canvas a part of it, or leaves it alone. objects lie in the image. */
void fa_crop_draw(const struct fa_crops *crops, const struct fa_objects *objects, struct fa_random *random,
                  struct fa_image_plan *plan);

#endif
