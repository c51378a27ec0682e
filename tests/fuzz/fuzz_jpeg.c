/* JPEGs with what EXIF says of their orientation. Large ones are only looked at. */
#include "fa/image.h"
#include "fuzz.h"

enum { MOST_PIXELS = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_picture picture = {0};
    struct fa_image_info info;
    fa_status status = fa_jpeg_inspect("x.jpg", bytes, n_bytes, &info);

    fuzz_read(status);
    if (status == FA_OK) {
        fuzz_require(info.orientation >= 1 && info.orientation <= 8, "an orientation that does not exist");
        if ((int64_t)info.w * info.h <= MOST_PIXELS)
            fuzz_read(fa_jpeg_decode("x.jpg", bytes, n_bytes, info.orientation, &picture));
    }
    fa_picture_free(&picture);
    fuzz_freed();
    return 0;
}
