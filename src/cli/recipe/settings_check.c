#include "settings_check.h"

#include "fa/pyramid.h"

static fa_status check_groups(const struct fa_settings *settings)
{
    const struct fa_model_config *model = &settings->model;

    if (model->depth < 50 && model->groups > 1)
        return fa_fail(FA_EINVAL,
                       "model.backbone.groups: ResNeXt needs model.backbone.depth 50 or 101, not %d",
                       model->depth);
    return FA_OK;
}

static fa_status check_schedule(const struct fa_settings *settings)
{
    const struct fa_schedule *schedule = &settings->train.schedule;

    if (schedule->kind != FA_SCHEDULE_STEP && schedule->lr_min > schedule->lr)
        return fa_fail(FA_EINVAL, "train.lr_min: %g is above train.lr, %g; the rate can only fall",
                       schedule->lr_min, schedule->lr);
    return FA_OK;
}

/* In steps, epochs or samples: what a recipe gives may have to be taken back. */
static fa_status check_warmup(const struct fa_settings *settings)
{
    const struct fa_schedule *schedule = &settings->train.schedule;
    const bool in_steps = schedule->warmup_steps != FA_SCHEDULE_FOLLOWS;

    if (in_steps && (schedule->warmup_epochs > 0 || schedule->warmup_samples > 0))
        return fa_fail(FA_EINVAL,
                       "train.warmup_steps is %lld and train.warmup_%s is given too; give one of them: "
                       "set train.warmup_steps=-1 to use the other",
                       (long long)schedule->warmup_steps, schedule->warmup_epochs > 0 ? "epochs" : "samples");
    if (schedule->warmup_epochs > 0 && schedule->warmup_samples > 0)
        return fa_fail(FA_EINVAL,
                       "train.warmup_epochs is %g and train.warmup_samples %lld; give one of them, and "
                       "set the other to 0",
                       schedule->warmup_epochs, (long long)schedule->warmup_samples);
    return FA_OK;
}

static fa_status check_focal(const struct fa_settings *settings)
{
    const struct fa_focal *focal = &settings->train.loss.focal;

    if (focal->negative_iou > focal->positive_iou)
        return fa_fail(FA_EINVAL, "loss.negative_iou: %g is above loss.positive_iou, %g", focal->negative_iou,
                       focal->positive_iou);
    return FA_OK;
}

static fa_status check_range(const char *key, const float range[2])
{
    if (range[0] > range[1])
        return fa_fail(FA_EINVAL, "%s: %g is above %g; the smaller factor comes first", key, (double)range[0],
                       (double)range[1]);
    return FA_OK;
}

static fa_status check_random_scale(const struct fa_settings *settings)
{
    return check_range("data.random_scale", settings->train.transform.augment.random_scale);
}

static fa_status check_expand(const struct fa_settings *settings)
{
    return check_range("data.expand", settings->train.transform.augment.expand);
}

static fa_status check_contrast(const struct fa_settings *settings)
{
    return check_range("data.contrast", settings->train.transform.augment.contrast);
}

static fa_status check_saturation(const struct fa_settings *settings)
{
    return check_range("data.saturation", settings->train.transform.augment.saturation);
}

static fa_status check_scale_range(const struct fa_settings *settings)
{
    const struct fa_scales *scales = &settings->train.transform.scales;

    if (!scales->range)
        return FA_OK;
    if (scales->n == 2 && scales->pair[0][0] <= scales->pair[1][0] &&
        scales->pair[0][1] <= scales->pair[1][1])
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "data.scale_mode \"range\" needs two pairs in data.scale, the smaller first, such as "
                   "[[1333, 640], [1333, 800]]");
}

static int least_side(const struct fa_scales *scales)
{
    int least = scales->pair[0][0];

    for (int i = 0; i < scales->n; i++)
        for (int k = 0; k < 2; k++)
            least = scales->pair[i][k] < least ? scales->pair[i][k] : least;
    return least;
}

/* Of the smaller side, to which random_scale and expand may shrink an image that fills its frame. */
static fa_status check_least_side(const struct fa_settings *settings)
{
    const struct fa_transform *transform = &settings->train.transform;
    const struct fa_augment *a = &transform->augment;
    const int side = least_side(&transform->scales);
    const double least = side * (double)a->random_scale[0] / (double)a->expand[1];

    if (least < FA_SIZE_DIVISOR / 2)
        return fa_fail(FA_EINVAL,
                       "data.random_scale from %g and data.expand to %g shrink images of %d pixels to %.2g, "
                       "where no object can be seen; shrink them less",
                       (double)a->random_scale[0], (double)a->expand[1], side, least);
    return FA_OK;
}

/* An object as large as the image must stay one at some scale. */
static fa_status check_visible(const struct fa_settings *settings)
{
    const struct fa_augment *a = &settings->train.transform.augment;
    const double scale = (double)a->random_scale[0];

    if (scale > 1 && 1 / (scale * scale) < a->min_visible)
        return fa_fail(FA_EINVAL,
                       "data.random_scale from %g always cuts away so much of a large object that less than "
                       "data.min_visible, %g, is left of it; set one of them lower",
                       scale, a->min_visible);
    return FA_OK;
}

static fa_status check_deep_range(const struct fa_settings *settings)
{
    const int *range = settings->train.transform.rendering.range;

    if (range[0] < range[1])
        return FA_OK;
    return fa_fail(FA_EINVAL, "data.range [%d, %d] is empty; the first must be below the second", range[0],
                   range[1]);
}

fa_status fa_settings_check(const struct fa_settings *settings, const char *keys[2])
{
    static const struct {
        fa_status (*check)(const struct fa_settings *settings);
        const char *keys[2];
    } checks[] = {{check_groups, {"model.backbone.groups", "model.backbone.depth"}},
                  {check_schedule, {"train.lr_min", "train.lr"}},
                  {check_warmup, {"train.warmup_epochs", "train.warmup_samples"}},
                  {check_deep_range, {"data.range", NULL}},
                  {check_scale_range, {"data.scale_mode", "data.scale"}},
                  {check_random_scale, {"data.random_scale", NULL}},
                  {check_expand, {"data.expand", NULL}},
                  {check_contrast, {"data.contrast", NULL}},
                  {check_saturation, {"data.saturation", NULL}},
                  {check_least_side, {"data.random_scale", "data.expand"}},
                  {check_visible, {"data.random_scale", "data.min_visible"}},
                  {check_focal, {"loss.negative_iou", "loss.positive_iou"}}};

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        keys[0] = checks[i].keys[0];
        keys[1] = checks[i].keys[1];
        FA_TRY(checks[i].check(settings));
    }
    return FA_OK;
}
