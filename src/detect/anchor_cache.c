#include "fa/anchor_cache.h"

#include <stdint.h>

#include "fa/memory.h"

enum { N_SETS = 8 }; /* of at most 4 MiB each at the usual sizes */

struct fa_anchor_cache {
    struct fa_anchor_design design;
    struct fa_anchor_set sets[N_SETS]; /* anchors NULL: free */
    uint64_t used_at[N_SETS];
    uint64_t now;
};

fa_status fa_anchor_cache_create(const struct fa_anchor_design *design, struct fa_anchor_cache **out)
{
    FA_TRY(fa_alloc_zero(1, sizeof **out, out));
    (*out)->design = *design;
    return FA_OK;
}

void fa_anchor_cache_destroy(struct fa_anchor_cache *cache)
{
    if (cache == NULL)
        return;
    for (int i = 0; i < N_SETS; i++)
        fa_free(cache->sets[i].anchors);
    fa_free(cache);
}

/* The set of this size; if there is none, the one used longest ago, free ones first. */
static int choose(const struct fa_anchor_cache *cache, int h, int w)
{
    int oldest = 0;

    for (int i = 0; i < N_SETS; i++) {
        if (cache->sets[i].anchors != NULL && cache->sets[i].h == h && cache->sets[i].w == w)
            return i;
        if (cache->used_at[i] < cache->used_at[oldest])
            oldest = i;
    }
    return oldest;
}

static fa_status make(const struct fa_anchor_design *design, struct fa_anchor_set *set, int h, int w)
{
    fa_free(set->anchors);
    *set = (struct fa_anchor_set){.h = h, .w = w};
    fa_pyramid_make(fa_anchors_meant(design)->finest_level, h, w, &set->pyramid);
    FA_TRY(fa_alloc(set->pyramid.n_anchors, 4 * sizeof *set->anchors, &set->anchors));
    fa_anchors_make(&set->pyramid, design, set->anchors);
    return FA_OK;
}

fa_status fa_anchor_cache_get(struct fa_anchor_cache *cache, int h, int w, const struct fa_anchor_set **out)
{
    int i = choose(cache, h, w);
    struct fa_anchor_set *set = &cache->sets[i];

    if (set->anchors == NULL || set->h != h || set->w != w)
        FA_TRY(make(&cache->design, set, h, w));
    cache->used_at[i] = ++cache->now;
    *out = set;
    return FA_OK;
}
