/*
 * lanes.h - how many images of a rank run side by side on its device, where the configuration leaves it open.
 */
#ifndef FA_TRAIN_LANES_H
#define FA_TRAIN_LANES_H

#include <stddef.h>

/* At least 1, at most n_images: as many as there is room for, each of so many bytes, with some left over. */
size_t fa_lanes_that_fit(size_t n_images, size_t free_bytes, size_t lane_bytes);

#endif
