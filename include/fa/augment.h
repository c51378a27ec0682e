/*
 * augment.h - what is done to an image on its way to the network, and what of that is drawn at random.
 *
 * A plan says everything that happens to one image. It is a pure function of (configuration, the image's
 * size and objects, seed, epoch, position in the epoch), so whoever prepares the sample, on any rank, at any
 * time, does the same. The size that the network sees is drawn only where there are several scales; else one
 * shape of image keeps one size, whatever its plan.
 *
 *   expand    the image lies on a larger canvas of the mean colour
 *   crop      of the canvas, a part
 *   resize    of the canvas or its part, to about the frame's size
 *   colours   of all that was resized
 *   place     somewhere on the frame: what sticks out is cut, what stays free has the mean colour
 *   flip      of the frame
 *
 * All of it happens to 8-bit pictures; each step rounds to a level once.
 */
#ifndef FA_AUGMENT_H
#define FA_AUGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/frame.h"
#include "fa/image.h"
#include "fa/objects.h"

FA_BEGIN_DECLARATIONS

enum { FA_CROPS_MAX = 16 };

/* Parts of an image that have at least one of these IoU with each of its objects, all of them as likely, as a
   part that has any, and as the whole: mmdetection's MinIoURandomCrop. */
struct fa_crops {
    int n; /* 0: no crops */
    float min_iou[FA_CROPS_MAX];
    double least_side; /* of a part, along each side of the canvas */
};

/* What may be drawn; zeroed is nothing. A range is from the first to the second factor, both > 0, uniformly;
   0, 0 is off. Colours are mmdetection's PhotoMetricDistortion, whose probability of each of brightness,
   contrast, saturation and hue is 0.5; expand is its Expand. */
struct fa_augment {
    double vertical_flip;  /* probability */
    float random_scale[2]; /* the resized image as a part of its frame, along each side */
    double min_visible;    /* an object of which less of the area is left on the frame is none */
    double expand_probability;
    float expand[2]; /* the canvas as a multiple of the image, along each side, >= 1 */
    struct fa_crops crops;
    double color_probability; /* of each of the four below */
    double brightness;        /* levels, of 255, that are added or taken at most */
    float contrast[2], saturation[2];
    double hue;          /* degrees that are added or taken at most */
    double channel_swap; /* probability of a random order of the channels */
};

enum { FA_SCALES_MAX = 32 };

/* Pairs of limits, each as fa_transform.scale is one. */
struct fa_scales {
    int n;
    int pair[FA_SCALES_MAX][2];
    bool range; /* n is 2: each limit is drawn from that of the first to that of the second; else a pair is */
};

struct fa_transform {
    struct fa_rendering rendering;
    int scale[2];            /* long and short side limits, 1333 800; kept aspect ratio */
    struct fa_scales scales; /* where there are several, what is drawn of them is scale in training; an
                                evaluation looks at an image at each of them */
    bool mirrors;            /* and, in an evaluation, at its mirror image too */
    double flip_probability; /* 0.5 in training, 0 in evaluation */
    struct fa_augment augment;
    struct fa_normalize normalize;
};

/* Brightness is added, then contrast multiplied, saturation multiplied and hue added, or contrast after
   these; at last channel c is what channel order[c] was. */
struct fa_colors {
    float brightness, contrast, saturation, hue; /* 0, 1, 1, 0: no change */
    bool contrast_last;
    uint8_t order[3];
};

struct fa_image_plan {
    int canvas_w, canvas_h, left, top; /* the image lies at (left, top) of the canvas or the part that was
                                          cut of it, which may be outside */
    bool cropped;                      /* objects whose centre is not on the canvas are none */
    int resized_w, resized_h;
    struct fa_colors colors;
    int frame_w, frame_h, x, y; /* the resized image begins at (x, y) of the frame, which may be outside */
    struct fa_flip flip;
};

/* Of an image of w by h, in evaluation: it fills its frame, nothing else happens. */
void fa_image_plan_still(const struct fa_transform *transform, int w, int h, struct fa_image_plan *plan);

/* The ways in which an evaluation looks at an image, at least 1: scale by scale, each as it is and then,
   where it mirrors, mirrored. */
int fa_transform_views(const struct fa_transform *transform);
void fa_image_plan_view(const struct fa_transform *transform, int view, int w, int h,
                        struct fa_image_plan *plan);

/* In training. objects, in the image's pixels, are what crops go by; NULL: there are none. What is drawn for
   one step does not depend on which others are on, but that a crop is one of the expanded canvas. */
void fa_image_plan_draw(const struct fa_transform *transform, int w, int h, const struct fa_objects *objects,
                        uint64_t seed, int64_t epoch, size_t position, struct fa_image_plan *plan);

/* bbox: x, y, w, h in the image; box: corners on the frame. false if nothing is left of it, a crop has no
   place for its centre, or less is left than min_visible of the area that it had before the frame cut it. */
bool fa_box_place(const double bbox[4], const struct fa_image_plan *plan, double min_visible, float box[4]);

/* Everything but the flip: the picture, of the size that the plan was made for, becomes its frame, in rgb,
   which has room for frame_h rows of frame_w pixels. fill is the mean colour. */
fa_status fa_picture_compose(const struct fa_picture *picture, const struct fa_image_plan *plan,
                             const uint8_t fill[3], uint8_t *rgb) FA_CHECK_RESULT;

/* And back: the pixels of a frame as the network sees them, flipped. */
fa_status fa_picture_of_frame(const struct fa_frame *frame, struct fa_picture *out) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
