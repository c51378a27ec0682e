#include "pattern.h"

#include "fa/crc32c.h"
#include "images/picture.h"
#include "support.h"

struct fa_picture pattern_picture(int w, int h)
{
    struct fa_picture picture;
    uint8_t *out;

    assert_ok(fa_picture_alloc(w, h, &picture));
    out = picture.rgb;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++)
                *out++ = (uint8_t)((x * 73 + y * 151 + c * 199) ^ (x * y * 29 >> 2));
    return picture;
}

uint32_t pattern_crc(const struct fa_picture *picture)
{
    return fa_crc32c(0, picture->rgb, fa_picture_row_bytes(picture) * (size_t)picture->h);
}
