#include "picture.h"

#include <string.h>

#include "fa/evaluate.h"
#include "fa/memory.h"

void fa_found_free(struct fa_found *found)
{
    fa_free(found->items);
    *found = (struct fa_found){.n = 0};
}

/* How many are left, in their order. */
static size_t keep_certain(struct fa_detection *items, size_t n, const struct fa_thresholds *least)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (items[i].score >= fa_thresholds_of(least, (size_t)items[i].label))
            items[kept++] = items[i];
    return kept;
}

/* Adds the detections of a picture, or of a tile as if it were one. */
static fa_status look(struct fa_session *session, const struct fa_picture *picture,
                      const struct fa_thresholds *least, struct fa_found *found)
{
    const struct fa_evaluate_config *eval = &session->settings.train.eval;
    struct fa_sample sample = {0};
    struct fa_image_plan plan;
    struct fa_detection *items;
    size_t n = 0;
    fa_status status;

    FA_TRY(fa_reserve(&found->items, found->n + (size_t)eval->detect.max_per_image, sizeof *found->items,
                      &found->room));
    items = found->items + found->n;
    fa_image_plan_still(&eval->transform, picture->w, picture->h, &plan);
    status = fa_sample_from_picture(picture, &eval->transform, &plan, &sample);
    if (status == FA_OK)
        status = fa_detect_sample(&eval->detect, session->lane, &sample, items, &n);
    fa_sample_clear(&sample);
    FA_TRY(status);
    found->n += keep_certain(items, n, least);
    return FA_OK;
}

/* ---- tiles ---- */

static void cut(const struct fa_picture *picture, const struct fa_tile *tile, struct fa_picture *out)
{
    const size_t row = 3 * (size_t)tile->w;

    for (int y = 0; y < tile->h; y++)
        memcpy(out->rgb + (size_t)y * row,
               picture->rgb + 3 * ((size_t)(tile->y + y) * (size_t)picture->w + (size_t)tile->x), row);
}

/* Of those from first on: into the picture, if they belong to the tile. */
static void keep_own(const struct fa_tile *tile, struct fa_found *found, size_t first)
{
    size_t kept = first;

    for (size_t i = first; i < found->n; i++) {
        struct fa_detection moved = found->items[i];

        for (int k = 0; k < 4; k++)
            moved.box[k] += (float)(k % 2 == 0 ? tile->x : tile->y);
        if (fa_tile_owns(tile, moved.box))
            found->items[kept++] = moved;
    }
    found->n = kept;
}

static fa_status look_at_tiles(struct fa_session *session, const struct fa_picture *picture,
                               const struct fa_tiling *tiling, const struct fa_thresholds *least,
                               struct fa_found *found)
{
    const size_t n = fa_tiling_count(tiling, picture->w, picture->h);
    struct fa_picture piece = {.held = 0};
    struct fa_tile tile;
    fa_status status = FA_OK;

    fa_tiling_tile(tiling, picture->w, picture->h, 0, &tile);
    piece.w = tile.w;
    piece.h = tile.h;
    FA_TRY(fa_alloc(3 * (size_t)tile.w * (size_t)tile.h, 1, &piece.rgb));
    for (size_t i = 0; i < n && status == FA_OK; i++) {
        const size_t first = found->n;

        fa_tiling_tile(tiling, picture->w, picture->h, i, &tile);
        cut(picture, &tile, &piece);
        status = look(session, &piece, least, found);
        if (status == FA_OK)
            keep_own(&tile, found, first);
    }
    fa_free(piece.rgb);
    return status;
}

fa_status fa_detect_picture(struct fa_session *session, const struct fa_picture *picture,
                            const struct fa_tiling *tiling, const struct fa_thresholds *least,
                            struct fa_found *found)
{
    found->n = 0;
    if (tiling->w == 0)
        return look(session, picture, least, found);
    FA_TRY(look_at_tiles(session, picture, tiling, least, found));
    return fa_detections_merge((float)session->settings.train.eval.detect.nms_iou, found->items, &found->n);
}
