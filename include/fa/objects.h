/*
 * objects.h - the objects of one image, as training sees them.
 */
#ifndef FA_OBJECTS_H
#define FA_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

struct fa_objects {
    size_t n; /* may be 0 */
    const float
        *boxes; /* (n, 4) x1 y1 x2 y2, pixels of the padded image, each of positive width and height */
    const int32_t *labels; /* (n), 0 .. num_classes - 1 */
};

#endif
