#include "codec.h"

#include "decode_budget.h"
#include "picture.h"

#define MAX_PIXELS ((size_t)1 << 28)

fa_status fa_codec_check_claim(const char *name, size_t w, size_t h, size_t n_bytes, size_t pixels_per_byte)
{
    if (w == 0 || h == 0)
        return fa_fail(FA_EFORMAT, "%s: claims %zu x %zu pixels, so it has none", name, w, h);
    if (w > FA_CODEC_MAX_SIDE || h > FA_CODEC_MAX_SIDE || w * h > MAX_PIXELS)
        return fa_fail(FA_EFORMAT, "%s: claims %zu x %zu pixels; the limit is %zu in all, and %d a side",
                       name, w, h, MAX_PIXELS, FA_CODEC_MAX_SIDE);
    if (w * h / pixels_per_byte > n_bytes)
        return fa_fail(FA_EFORMAT, "%s: claims %zu x %zu pixels, which %zu bytes cannot hold", name, w, h,
                       n_bytes);
    return FA_OK;
}

fa_status fa_codec_alloc(int w, int h, size_t decode_bytes, struct fa_picture *out)
{
    fa_status status;

    fa_decode_budget_take(decode_bytes);
    status = fa_picture_alloc(w, h, out);
    if (status == FA_OK)
        out->held = decode_bytes;
    else
        fa_decode_budget_give(decode_bytes);
    return status;
}

void fa_codec_settle(fa_status status, struct fa_picture *out)
{
    const size_t own = fa_picture_row_bytes(out) * (size_t)out->h;

    if (status != FA_OK) {
        fa_picture_free(out);
        return;
    }
    fa_decode_budget_give(out->held - own);
    out->held = own;
}
