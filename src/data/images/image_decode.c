/* An image's format, by how it begins, and who decodes it. */
#include "fa/image.h"
#include "picture.h"
#include "png_decode.h"

fa_status fa_image_inspect(const char *name, const void *data, size_t n_bytes, struct fa_image_info *info)
{
    return fa_is_png(data, n_bytes) ? fa_png_inspect(name, data, n_bytes, info)
                                    : fa_jpeg_inspect(name, data, n_bytes, info);
}

static fa_status decode_png(const char *name, const void *data, size_t n_bytes, int orientation,
                            struct fa_picture *out)
{
    fa_status status;

    FA_TRY(fa_png_decode(name, data, n_bytes, out));
    status = fa_picture_orient(out, orientation);
    if (status != FA_OK)
        fa_picture_free(out);
    return status;
}

fa_status fa_image_decode(const char *name, const void *data, size_t n_bytes, int orientation,
                          struct fa_picture *out)
{
    return fa_is_png(data, n_bytes) ? decode_png(name, data, n_bytes, orientation, out)
                                    : fa_jpeg_decode(name, data, n_bytes, orientation, out);
}
