#include <string.h>

#include "evaluate_private.h"

fa_status fa_detect_with_anchors(const struct fa_detect_config *config, struct fa_model *model,
                                 const struct fa_sample *sample, struct fa_anchor_cache *cache,
                                 struct fa_detection *out, size_t *n)
{
    struct fa_detect_image image = {.clip_w = (float)sample->image_w, .clip_h = (float)sample->image_h};
    const struct fa_anchor_set *set;
    struct fa_head_view view;
    struct fa_head head;

    memcpy(image.scale_factor, sample->scale_factor, sizeof image.scale_factor);
    FA_TRY(fa_anchor_cache_get(cache, sample->h, sample->w, &set));
    FA_TRY(fa_model_forward(model, FA_INFERENCE, sample->chw, sample->h, sample->w, &head));
    view = (struct fa_head_view){.n_anchors = head.n_anchors,
                                 .num_classes = head.num_classes,
                                 .anchors = set->anchors,
                                 .cls = head.cls,
                                 .reg = head.reg};
    return fa_detections_make(config, &set->pyramid, &view, &image, out, n);
}

fa_status fa_detect_sample(const struct fa_detect_config *config, struct fa_model *model,
                           const struct fa_sample *sample, struct fa_detection *out, size_t *n)
{
    struct fa_anchor_cache *cache;
    fa_status status;

    FA_TRY(fa_anchor_cache_create(&cache));
    status = fa_detect_with_anchors(config, model, sample, cache, out, n);
    fa_anchor_cache_destroy(cache);
    return status;
}
