#include "advice.h"

#include <stdio.h>
#include <string.h>

#include "fa/log.h"
#include "fa/printable.h"

enum { MOST_ADVICE = 5, NAME_ROOM = 256 };

/* By which the mean IoU of a class falls where it fits worse. */
#define WORSE_IOU 0.02

/* What a recipe may do otherwise. */
enum other {
    LARGER_IMAGES,
    SMALLER_IMAGES,
    SMALLER_ANCHORS,
    LARGER_ANCHORS,
    FINER_LEVELS,
    LONGER_ANCHORS,
    OTHERS
};

struct advice {
    const struct fa_dataset *dataset;
    const struct fa_outlook *outlook;
    const struct fa_data_statistics *now;
    struct {
        bool is_taken;
        struct fa_transform transform;
        struct fa_anchor_design anchors;
        struct fa_data_statistics statistics;
    } other[OTHERS];
};

static enum fa_misfit main_misfit(const struct fa_fit *fit)
{
    enum fa_misfit most = FA_MISFIT_SMALL;

    for (int m = 1; m < FA_MISFITS; m++)
        if (fit->of[m] > fit->of[most])
            most = (enum fa_misfit)m;
    return most;
}

/* ---- what another recipe would make of it ---- */

static void double_scale(struct fa_transform *transform)
{
    for (int k = 0; k < 2; k++)
        transform->scale[k] *= 2;
}

static void halve_scale(struct fa_transform *transform)
{
    for (int k = 0; k < 2; k++)
        transform->scale[k] = (transform->scale[k] + 1) / 2;
}

/* The longest one becomes twice as long, to both sides, and one stays in the middle. */
static void lengthen(struct fa_anchor_design *anchors)
{
    float longest = 1;

    for (int r = 0; r < 3; r++) {
        const float ratio = anchors->ratio[r], length = ratio > 1 ? ratio : 1 / ratio;

        longest = length > longest ? length : longest;
    }
    anchors->ratio[0] = 0.5f / longest;
    anchors->ratio[1] = 1;
    anchors->ratio[2] = 2 * longest;
}

static void choose(enum other which, struct fa_transform *transform, struct fa_anchor_design *anchors)
{
    switch (which) {
    case LARGER_IMAGES:
        double_scale(transform);
        break;
    case SMALLER_IMAGES:
        halve_scale(transform);
        break;
    case SMALLER_ANCHORS:
        anchors->scale /= 2;
        break;
    case LARGER_ANCHORS:
        anchors->scale *= 2;
        break;
    case FINER_LEVELS:
        anchors->finest_level = 2;
        break;
    default:
        lengthen(anchors);
    }
}

/* Looked at when it is first asked for; a second at a hundred thousand images. */
static fa_status look(struct advice *advice, enum other which)
{
    struct fa_outlook outlook = {.transform = &advice->other[which].transform};

    if (advice->other[which].is_taken)
        return FA_OK;
    advice->other[which].transform = *advice->outlook->transform;
    advice->other[which].anchors = advice->outlook->anchors;
    choose(which, &advice->other[which].transform, &advice->other[which].anchors);
    outlook.anchors = advice->other[which].anchors;
    FA_TRY(fa_data_statistics_take(advice->dataset, &outlook, &advice->other[which].statistics));
    advice->other[which].is_taken = true;
    return FA_OK;
}

static double then(const struct advice *advice, enum other which, size_t class)
{
    return 100 * fa_fit_poor_share(&advice->other[which].statistics.classes[class].fit);
}

/* ---- what it would cost ---- */

static bool is_worse(const struct fa_fit *now, const struct fa_fit *then)
{
    return fa_fit_mean(now) - fa_fit_mean(then) >= WORSE_IOU ||
           fa_fit_poor_share(then) - fa_fit_poor_share(now) >= FA_POOR_SHARE;
}

/* The class of most objects that anchors fit worse then; n_classes: there is none. */
static size_t find_loser(const struct advice *advice, enum other which)
{
    const struct fa_data_statistics *now = advice->now, *then = &advice->other[which].statistics;
    size_t loser = now->n_classes;

    for (size_t k = 0; k < now->n_classes; k++)
        if (is_worse(&now->classes[k].fit, &then->classes[k].fit) &&
            (loser == now->n_classes || now->classes[k].fit.n > now->classes[loser].fit.n))
            loser = k;
    return loser;
}

static const char *print_name(const struct fa_class_statistics *class, char name[NAME_ROOM])
{
    return fa_printable(class->name, strlen(class->name), name, NAME_ROOM);
}

static void print_loser(const struct advice *advice, enum other which)
{
    const struct fa_data_statistics *now = advice->now, *then = &advice->other[which].statistics;
    const size_t loser = find_loser(advice, which);
    char name[NAME_ROOM];

    if (loser == now->n_classes) {
        printf("no class fits worse");
        return;
    }
    printf("but `%s`, %zu object%s, would fit worse: IoU of the best anchor %.2f, now %.2f",
           print_name(&now->classes[loser], name), now->classes[loser].fit.n,
           fa_plural(now->classes[loser].fit.n), fa_fit_mean(&then->classes[loser].fit),
           fa_fit_mean(&now->classes[loser].fit));
}

/* ---- sentences ---- */

static void print_finding(const struct fa_class_statistics *class)
{
    char name[NAME_ROOM];

    printf("%.0f %% of `%s` have no anchor above %.1f: ", 100 * fa_fit_poor_share(&class->fit),
           print_name(class, name), FA_POOR_IOU);
}

/* What it costs besides; doc/training.md has the measurement of the smaller anchors. */
static const char *const costs[OTHERS] = {
    [LARGER_IMAGES] = "; a step takes about four times as long",
    [SMALLER_IMAGES] = "; a step takes about a quarter of the time",
    [SMALLER_ANCHORS] =
        "; larger objects then have a quarter as many anchors each, and short runs find them worse",
    [LARGER_ANCHORS] = "",
    [FINER_LEVELS] = "; the head costs four times as much",
    [LONGER_ANCHORS] = ""};

static void print_way(const struct advice *advice, enum other which, size_t class, const char *setting)
{
    printf("  --set %-36s leaves %.0f %%; ", setting, then(advice, which, class));
    print_loser(advice, which);
    printf("%s\n", costs[which]);
}

static fa_status advise_on_size(struct advice *advice, size_t class, bool is_small)
{
    const enum other images = is_small ? LARGER_IMAGES : SMALLER_IMAGES,
                     anchors = is_small ? SMALLER_ANCHORS : LARGER_ANCHORS;
    const int *was = advice->outlook->transform->scale, *is = advice->other[images].transform.scale;
    char setting[64];

    FA_TRY(look(advice, images));
    FA_TRY(look(advice, anchors));
    print_finding(&advice->now->classes[class]);
    printf("most are too %s for the anchors at data.scale [%d, %d]. What would fit:\n",
           is_small ? "small" : "large", was[0], was[1]);
    snprintf(setting, sizeof setting, "data.scale=[%d,%d]", is[0], is[1]);
    print_way(advice, images, class, setting);
    snprintf(setting, sizeof setting, "model.anchor_scale=%g", advice->other[anchors].anchors.scale);
    print_way(advice, anchors, class, setting);
    if (!is_small || advice->outlook->anchors.finest_level == 2)
        return FA_OK;
    FA_TRY(look(advice, FINER_LEVELS));
    print_way(advice, FINER_LEVELS, class, "model.finest_level=2");
    return FA_OK;
}

static fa_status advise_on_shape(struct advice *advice, size_t class)
{
    const float *was = advice->outlook->anchors.ratio, *is = advice->other[LONGER_ANCHORS].anchors.ratio;
    char setting[96];

    FA_TRY(look(advice, LONGER_ANCHORS));
    print_finding(&advice->now->classes[class]);
    printf("most are longer than model.anchor_ratios [%g, %g, %g] can cover. What would fit:\n",
           (double)was[0], (double)was[1], (double)was[2]);
    snprintf(setting, sizeof setting, "model.anchor_ratios=[%g,%g,%g]", (double)is[0], (double)is[1],
             (double)is[2]);
    print_way(advice, LONGER_ANCHORS, class, setting);
    return FA_OK;
}

static fa_status advise_on(struct advice *advice, size_t class)
{
    const enum fa_misfit misfit = main_misfit(&advice->now->classes[class].fit);

    return misfit == FA_MISFIT_NARROW ? advise_on_shape(advice, class)
                                      : advise_on_size(advice, class, misfit == FA_MISFIT_SMALL);
}

/* ---- the whole ---- */

static fa_status advise(struct advice *advice)
{
    const struct fa_data_statistics *now = advice->now;
    const struct fa_class_statistics *poor = fa_data_statistics_next_poor(now, NULL);

    if (poor == NULL && now->fit.n > 0)
        printf("anchors fit: of every class, fewer than %.0f %% have none above %.1f\n", 100 * FA_POOR_SHARE,
               FA_POOR_IOU);
    for (int n = 0; n < MOST_ADVICE && poor != NULL; n++) {
        FA_TRY(advise_on(advice, (size_t)(poor - now->classes)));
        poor = fa_data_statistics_next_poor(now, poor);
    }
    if (poor != NULL)
        printf("and so it is with more classes, see the table\n");
    return FA_OK;
}

fa_status fa_data_advice_print(const struct fa_dataset *dataset, const struct fa_outlook *outlook,
                               const struct fa_data_statistics *statistics)
{
    struct advice advice = {.dataset = dataset, .outlook = outlook, .now = statistics};
    const fa_status status = advise(&advice);

    for (int other = 0; other < OTHERS; other++)
        fa_data_statistics_clear(&advice.other[other].statistics);
    return status;
}
