/* Pictures as blocks of memory, and turning them upright. */
#include "picture.h"

#include <assert.h>
#include <string.h>

#include "decode_budget.h"
#include "fa/memory.h"

fa_status fa_picture_alloc(int w, int h, struct fa_picture *out)
{
    assert(w > 0 && h > 0);
    *out = (struct fa_picture){0};
    FA_TRY(fa_alloc((size_t)w * (size_t)h, 3, &out->rgb));
    out->w = w;
    out->h = h;
    return FA_OK;
}

void fa_picture_free(struct fa_picture *picture)
{
    fa_free(picture->rgb);
    if (picture->held > 0)
        fa_decode_budget_give(picture->held);
    *picture = (struct fa_picture){0};
}

/* How the upright picture is read out of the stored one: mirrored or not along each of its own axes, and
   whether its rows are the stored columns. */
struct turn {
    bool transposed, mirror_x, mirror_y;
};

static const struct turn turns[9] = {
    [1] = {false, false, false}, [2] = {false, true, false}, [3] = {false, true, true},
    [4] = {false, false, true},  [5] = {true, false, false}, [6] = {true, true, false},
    [7] = {true, true, true},    [8] = {true, false, true},
};

static void turn_pixels(const struct fa_picture *stored, struct turn turn, struct fa_picture *upright)
{
    uint8_t *out = upright->rgb;

    for (int y = 0; y < upright->h; y++) {
        int v = turn.mirror_y ? upright->h - 1 - y : y;

        for (int x = 0; x < upright->w; x++) {
            int u = turn.mirror_x ? upright->w - 1 - x : x;
            const uint8_t *in = turn.transposed ? fa_picture_row(stored, u) + 3 * (size_t)v
                                                : fa_picture_row(stored, v) + 3 * (size_t)u;

            memcpy(out, in, 3);
            out += 3;
        }
    }
}

fa_status fa_picture_orient(struct fa_picture *picture, int orientation)
{
    struct fa_picture upright;

    if (orientation < 1 || orientation > 8)
        return fa_fail(FA_EINVAL, "orientation %d is not one of EXIF's 1 to 8", orientation);
    if (orientation == 1)
        return FA_OK;
    if (turns[orientation].transposed)
        FA_TRY(fa_picture_alloc(picture->h, picture->w, &upright));
    else
        FA_TRY(fa_picture_alloc(picture->w, picture->h, &upright));
    turn_pixels(picture, turns[orientation], &upright);
    upright.held = picture->held;
    picture->held = 0;
    fa_picture_free(picture);
    *picture = upright;
    return FA_OK;
}
