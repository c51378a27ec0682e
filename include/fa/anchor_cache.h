/*
 * anchor_cache.h - the anchors of the image sizes used last, since making them anew for every image is
 * wasted.
 *
 * For one thread.
 */
#ifndef FA_ANCHOR_CACHE_H
#define FA_ANCHOR_CACHE_H

#include "fa/anchors.h"
#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_anchor_cache;

fa_status fa_anchor_cache_create(const struct fa_anchor_design *design,
                                 struct fa_anchor_cache **out) FA_CHECK_RESULT;
void fa_anchor_cache_destroy(struct fa_anchor_cache *cache); /* NULL is fine */

struct fa_anchor_set {
    int h, w; /* of the padded image */
    struct fa_pyramid pyramid;
    float *anchors; /* pyramid.n_anchors rows */
};

/* *out belongs to the cache and holds until the next get. */
fa_status fa_anchor_cache_get(struct fa_anchor_cache *cache, int h, int w,
                              const struct fa_anchor_set **out) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
