/*
 * statistics.h - what a dataset holds, in numbers: how many objects, how large, of which shape, and how well
 * the anchors fit them at the recipe's scale. From the index alone; no image is read.
 */
#ifndef FA_CLI_BROWSE_STATISTICS_H
#define FA_CLI_BROWSE_STATISTICS_H

#include "fa/augment.h"
#include "fa/census.h"
#include "fa/pyramid.h"
#include "fa/shard.h"
#include "fa/status.h"

/* An object whose best anchor has less IoU than this is learned badly, if at all. */
#define FA_POOR_IOU 0.4

/* Of values in rising order, linear between them: the shares below, and the largest value. All 0 of none. */
enum { FA_QUANTILES = 6 };
extern const double fa_quantile_shares[FA_QUANTILES];

struct fa_quantiles {
    double at[FA_QUANTILES];
};

/* Why no anchor fits. */
enum fa_misfit {
    FA_MISFIT_SMALL,  /* smaller than the smallest anchors, or between them */
    FA_MISFIT_LARGE,  /* larger than the largest */
    FA_MISFIT_NARROW, /* so long that no anchor's shape could fit */
    FA_MISFITS
};

/* The best IoU with an anchor, of some objects. */
struct fa_fit {
    size_t n;
    double sum;
    size_t n_poor, of[FA_MISFITS]; /* below FA_POOR_IOU */
};

struct fa_class_statistics {
    const char *name; /* of the dataset */
    int64_t id;
    size_t n_images, of_size[FA_SIZE_CLASSES];
    struct fa_fit fit; /* of all its objects */
};

/* Objects are what is trained on, see census.h, and in sight; the rest is only counted. */
struct fa_data_statistics {
    size_t n_images, n_empty; /* without an object */
    int least_w, least_h, most_w, most_h;
    size_t of_kind[FA_OBJECT_KINDS];
    struct fa_fit fit, fit_of_size[FA_SIZE_CLASSES];
    struct fa_quantiles per_image; /* objects of an image that has some */
    struct fa_quantiles side;      /* the root of a box's area, in pixels of the image */
    struct fa_quantiles seen_side; /* and in those that the network sees */
    struct fa_quantiles aspect;    /* width by height */
    struct fa_quantiles best_iou;
    size_t n_classes;
    struct fa_class_statistics *classes;
};

/* How a recipe looks at data. */
struct fa_outlook {
    const struct fa_transform *transform; /* whose scale counts; nothing is drawn at random */
    struct fa_anchor_design anchors;
};

/* Freed with fa_data_statistics_clear. */
fa_status fa_data_statistics_take(const struct fa_dataset *dataset, const struct fa_outlook *outlook,
                                  struct fa_data_statistics *out) FA_CHECK_RESULT;
void fa_data_statistics_clear(struct fa_data_statistics *statistics);

#endif
