/*
 * color.h - brightness, contrast, saturation, hue and the order of the channels, changed in a picture.
 */
#ifndef FA_DATA_COLOR_H
#define FA_DATA_COLOR_H

#include "fa/augment.h"

/* In place, as mmdetection 3.x's PhotoMetricDistortion does it in float32 on levels of 0 to 255; the result
   is cut to that range and rounded. */
void fa_picture_recolor(struct fa_picture *picture, const struct fa_colors *colors);

#endif
