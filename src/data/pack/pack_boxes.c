#include "pack_boxes.h"

#include <math.h>
#include <string.h>

#define TOLERANCE 1e-3 /* pixels; what a writer that rounds to three digits may be off by */

static struct fa_box_check keep(enum fa_box_verdict verdict, const char *complaint, const double bbox[4])
{
    struct fa_box_check check = {.verdict = verdict, .complaint = complaint};

    memcpy(check.bbox, bbox, sizeof check.bbox);
    return check;
}

static struct fa_box_check leave_out(enum fa_pack_fix fix, const char *complaint)
{
    return (struct fa_box_check){
        .verdict = fix == FA_PACK_ERROR ? FA_BOX_REFUSED : FA_BOX_DROPPED,
        .complaint = complaint,
    };
}

struct fa_box_check fa_check_box(const double bbox[4], int w, int h, enum fa_pack_fix fix)
{
    const double x1 = bbox[0], y1 = bbox[1], x2 = x1 + bbox[2], y2 = y1 + bbox[3];
    double inside[4];

    if (!isfinite(x1) || !isfinite(y1) || !isfinite(x2) || !isfinite(y2))
        return leave_out(fix, "is not finite");
    if (!(bbox[2] > 0) || !(bbox[3] > 0))
        return leave_out(fix, "is empty");
    if (x1 >= -TOLERANCE && y1 >= -TOLERANCE && x2 <= w + TOLERANCE && y2 <= h + TOLERANCE)
        return keep(FA_BOX_KEPT, NULL, bbox);
    if (fix != FA_PACK_CLIP)
        return leave_out(fix, "reaches outside the image");
    inside[0] = fmax(x1, 0);
    inside[1] = fmax(y1, 0);
    inside[2] = fmin(x2, w) - inside[0];
    inside[3] = fmin(y2, h) - inside[1];
    if (!(inside[2] > 0) || !(inside[3] > 0))
        return leave_out(fix, "lies outside the image");
    return keep(FA_BOX_CLIPPED, "reaches outside the image", inside);
}
