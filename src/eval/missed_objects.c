/*
 * missed_objects.c - which classes have objects that no anchor fits, in a sentence.
 */
#include <string.h>

#include "fa/data_statistics.h"
#include "fa/printable.h"
#include "fa/text.h"

enum { MOST_CLASSES = 4, NAME_ROOM = 64 };

static bool comes_before(const struct fa_class_statistics *a, const struct fa_class_statistics *b)
{
    const double of_a = fa_fit_poor_share(&a->fit), of_b = fa_fit_poor_share(&b->fit);

    return of_a != of_b ? of_a > of_b : a < b;
}

const struct fa_class_statistics *fa_data_statistics_next_poor(const struct fa_data_statistics *statistics,
                                                               const struct fa_class_statistics *after)
{
    const struct fa_class_statistics *worst = NULL;

    for (size_t k = 0; k < statistics->n_classes; k++) {
        const struct fa_class_statistics *class = &statistics->classes[k];

        if (fa_fit_is_poor(&class->fit) && (after == NULL || comes_before(after, class)) &&
            (worst == NULL || comes_before(class, worst)))
            worst = class;
    }
    return worst;
}

static size_t count_poor(const struct fa_data_statistics *statistics)
{
    size_t n = 0;

    for (size_t k = 0; k < statistics->n_classes; k++)
        n += fa_fit_is_poor(&statistics->classes[k].fit);
    return n;
}

bool fa_data_statistics_print_missed(const struct fa_data_statistics *statistics, char *text, size_t size)
{
    const struct fa_class_statistics *class = NULL;
    const size_t n = count_poor(statistics);
    char name[NAME_ROOM];

    text[0] = '\0';
    if (n > 0)
        fa_text_add(text, size, "of the objects to train on, ");
    for (size_t i = 0; i < n && i < MOST_CLASSES; i++) {
        class = fa_data_statistics_next_poor(statistics, class);
        fa_text_add(text, size, "%s%.0f %% of `%s`", i == 0 ? "" : ", ", 100 * fa_fit_poor_share(&class->fit),
                    fa_printable(class->name, strlen(class->name), name, sizeof name));
    }
    if (n > MOST_CLASSES)
        fa_text_add(text, size, " and objects of %zu more class%s", n - MOST_CLASSES,
                    n - MOST_CLASSES == 1 ? "" : "es");
    if (n > 0)
        fa_text_add(text, size,
                    " have no anchor above IoU %.1f, which makes them hard to learn; `freeanchor browse "
                    "SHARDDIR --config C.json` with these data and this recipe says what would fit",
                    FA_POOR_IOU);
    return n > 0;
}
