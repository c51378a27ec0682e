#include "tile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/number.h"

#define LEAST_OVERLAP 16

static fa_status read_part(const char *text, const char *begin, size_t n, const struct fa_range *range,
                           int *out)
{
    char digits[16], what[64];
    int64_t value;

    snprintf(digits, sizeof digits, "%.*s", (int)(n < sizeof digits ? n : sizeof digits - 1), begin);
    snprintf(what, sizeof what, "--tile %.40s:", text);
    FA_TRY(fa_number_whole(what, digits, range, &value));
    *out = (int)value;
    return FA_OK;
}

fa_status fa_tiling_parse(const char *text, struct fa_tiling *out)
{
    const struct fa_range side = FA_WHOLE(32, 8192);
    struct fa_range overlap = FA_WHOLE(LEAST_OVERLAP, 8192);
    const char *x = strchr(text, 'x'), *plus = strchr(text, '+');

    if (x == NULL || plus == NULL || plus < x)
        return fa_fail(FA_EINVAL, "--tile %s: expected width, height and overlap, such as 1333x800+200",
                       text);
    FA_TRY(read_part(text, text, (size_t)(x - text), &side, &out->w));
    FA_TRY(read_part(text, x + 1, (size_t)(plus - x) - 1, &side, &out->h));
    overlap.max = (out->w < out->h ? out->w : out->h) / 2;
    return read_part(text, plus + 1, strlen(plus + 1), &overlap, &out->overlap);
}

/* ---- along one axis ---- */

static size_t count_along(int tile, int overlap, int side)
{
    return side <= tile ? 1 : 1 + (size_t)((side - tile + tile - overlap - 1) / (tile - overlap));
}

static int begin_along(size_t n, int tile, int side, size_t k)
{
    return n == 1 ? 0 : (int)((long long)k * (side - tile) / (long long)(n - 1));
}

/* The border between tiles k and k + 1. */
static float border_after(size_t n, int tile, int side, size_t k)
{
    return 0.5f * (float)(begin_along(n, tile, side, k + 1) + begin_along(n, tile, side, k) + tile);
}

static void own_along(size_t n, int tile, int overlap, int side, size_t k, float *first, float *last)
{
    const float tolerance = (float)overlap / LEAST_OVERLAP;

    *first = k > 0 ? border_after(n, tile, side, k - 1) - tolerance : -INFINITY;
    *last = k + 1 < n ? border_after(n, tile, side, k) + tolerance : INFINITY;
}

/* ---- both ---- */

size_t fa_tiling_count(const struct fa_tiling *tiling, int w, int h)
{
    return count_along(tiling->w, tiling->overlap, w) * count_along(tiling->h, tiling->overlap, h);
}

void fa_tiling_tile(const struct fa_tiling *tiling, int w, int h, size_t i, struct fa_tile *out)
{
    const size_t across = count_along(tiling->w, tiling->overlap, w),
                 down = count_along(tiling->h, tiling->overlap, h), column = i % across, row = i / across;

    *out = (struct fa_tile){.x = begin_along(across, tiling->w, w, column),
                            .y = begin_along(down, tiling->h, h, row),
                            .w = w < tiling->w ? w : tiling->w,
                            .h = h < tiling->h ? h : tiling->h};
    own_along(across, tiling->w, tiling->overlap, w, column, &out->own[0], &out->own[2]);
    own_along(down, tiling->h, tiling->overlap, h, row, &out->own[1], &out->own[3]);
}

bool fa_tile_owns(const struct fa_tile *tile, const float box[4])
{
    const float x = 0.5f * (box[0] + box[2]), y = 0.5f * (box[1] + box[3]);

    return x >= tile->own[0] && x <= tile->own[2] && y >= tile->own[1] && y <= tile->own[3];
}
