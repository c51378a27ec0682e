#include "thumbnail.h"

#include "fa/image.h"
#include "fa/memory.h"

enum { QUALITY = 80 };

/* By halves, each the mean of four pixels, and the rest linearly: a linear step alone would skip pixels. */
static fa_status shrink(struct fa_picture *picture, int side)
{
    int w, h;

    fa_keep_ratio_size(picture->w, picture->h, side, side, &w, &h);
    if (w >= picture->w || h >= picture->h || w < 1 || h < 1)
        return FA_OK;
    while (picture->w > w) {
        const bool halves =
            picture->w >= 2 * w && picture->h >= 2 * h && picture->w % 2 == 0 && picture->h % 2 == 0;
        struct fa_picture smaller;

        FA_TRY(
            fa_picture_resize(picture, halves ? picture->w / 2 : w, halves ? picture->h / 2 : h, &smaller));
        fa_picture_free(picture);
        *picture = smaller;
    }
    return FA_OK;
}

fa_status fa_thumbnail_make(const struct fa_dataset *dataset, size_t record,
                            const struct fa_rendering *rendering, int side, uint8_t **jpeg, size_t *n_bytes)
{
    const struct fa_record *of = &dataset->records[record];
    struct fa_picture picture = {0};
    void *data;
    fa_status status;

    FA_TRY(fa_alloc(of->n_bytes, 1, &data));
    status = fa_dataset_fetch(dataset, record, data);
    if (status == FA_OK)
        status = fa_image_render(of->file_name, data, of->n_bytes, of->orientation, rendering, &picture);
    fa_free(data);
    if (status == FA_OK)
        status = shrink(&picture, side);
    if (status == FA_OK)
        status = fa_jpeg_encode(&picture, QUALITY, false, NULL, jpeg, n_bytes);
    fa_picture_free(&picture);
    return status;
}
