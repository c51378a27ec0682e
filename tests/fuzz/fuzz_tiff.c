/* TIFFs. Large ones are only looked at. */
#include "fa/image.h"
#include "fuzz.h"

enum { MOST_PIXELS = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const struct fa_rendering renderings[] = {{.ground = {255, 255, 255}}, {{300, 9000}, {1, 2, 3}}};
    struct fa_picture picture = {0};
    struct fa_image_info info;
    fa_status status = fa_image_inspect("x.tiff", bytes, n_bytes, &info);

    fuzz_read(status);
    if (status == FA_OK && (int64_t)info.w * info.h <= MOST_PIXELS)
        for (size_t i = 0; i < sizeof renderings / sizeof *renderings; i++) {
            fuzz_read(fa_image_render("x.tiff", bytes, n_bytes, info.orientation, &renderings[i], &picture));
            fa_picture_free(&picture);
        }
    fuzz_freed();
    return 0;
}
