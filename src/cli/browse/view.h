/*
 * view.h - an image of a dataset with its ground truth: as it is stored, or as the network sees it in
 * training.
 */
#ifndef FA_CLI_BROWSE_VIEW_H
#define FA_CLI_BROWSE_VIEW_H

#include <stdbool.h>

#include "fa/augment.h"
#include "fa/image.h"
#include "fa/shard.h"
#include "fa/status.h"
#include "pick.h"

/* A training sample is a function of these, and the stored image is rendered as the transform says. */
struct fa_view_recipe {
    const struct fa_transform *transform;
    uint64_t seed;
};

/* How it is drawn. */
struct fa_view_style {
    bool training; /* else as it is stored */
    bool is_named; /* boxes have labels; else only those that are no objects to train on, which say why */
    int w, h;      /* made to fit into these; 0: as large as it is */
};

/* The picture with boxes drawn into it, and a caption below it. FA_EFORMAT or FA_EIO if the record is
   damaged. */
fa_status fa_view_make(const struct fa_dataset *dataset, const struct fa_picked *picked,
                       const struct fa_view_recipe *recipe, const struct fa_view_style *style,
                       struct fa_picture *out) FA_CHECK_RESULT;

#endif
