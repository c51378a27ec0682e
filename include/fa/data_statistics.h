/*
 * data_statistics.h - what a dataset holds, in numbers: how many objects, how large, of which shape, and how
 * well the anchors fit them at the recipe's scale. From the index alone; no image is read. Callable from any
 * thread.
 */
#ifndef FA_DATA_STATISTICS_H
#define FA_DATA_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/augment.h"
#include "fa/census.h"
#include "fa/declarations.h"
#include "fa/pyramid.h"
#include "fa/shard.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* An object whose best anchor has less IoU than this is learned badly, if at all. */
#define FA_POOR_IOU 0.4

/* From this share of such objects on a class is poor. */
#define FA_POOR_SHARE 0.05

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

double fa_fit_mean(const struct fa_fit *fit);       /* 0 of none, as is the next */
double fa_fit_poor_share(const struct fa_fit *fit); /* of objects without a good anchor */
bool fa_fit_is_poor(const struct fa_fit *fit);      /* so many that it is worth saying */

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

/* How a recipe looks at data. Anchors that are zeroed are those of the reference. */
struct fa_outlook {
    const struct fa_transform *transform; /* whose scale counts; nothing is drawn at random */
    struct fa_anchor_design anchors;
};

/* Freed with fa_data_statistics_clear. */
fa_status fa_data_statistics_take(const struct fa_dataset *dataset, const struct fa_outlook *outlook,
                                  struct fa_data_statistics *out) FA_CHECK_RESULT;
void fa_data_statistics_clear(struct fa_data_statistics *statistics);

/* The worst of the poor classes that come after one of them, or of all after NULL; NULL: there is no more. */
const struct fa_class_statistics *fa_data_statistics_next_poor(const struct fa_data_statistics *statistics,
                                                               const struct fa_class_statistics *after);

/* Whether there are poor classes; then also a sentence that names the worst, else "". */
bool fa_data_statistics_print_missed(const struct fa_data_statistics *statistics, char *text, size_t size);

FA_END_DECLARATIONS

#endif
