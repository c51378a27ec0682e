#include "census_counts.h"

#include <stdlib.h>

#include "fa/log.h"
#include "fa/memory.h"
#include "fa/text.h"

enum { TOLD = 12 };

static int more_objects_first(const void *a, const void *b)
{
    const struct fa_census_class *x = *(const struct fa_census_class *const *)a;
    const struct fa_census_class *y = *(const struct fa_census_class *const *)b;

    if (x->n_trained != y->n_trained)
        return x->n_trained > y->n_trained ? -1 : 1;
    return (x > y) - (x < y);
}

static fa_status sort_classes(const struct fa_census *census, const struct fa_census_class ***out)
{
    FA_TRY(fa_alloc(census->n_classes, sizeof **out, out));
    for (size_t k = 0; k < census->n_classes; k++)
        (*out)[k] = &census->classes[k];
    qsort(*out, census->n_classes, sizeof **out, more_objects_first);
    return FA_OK;
}

static void print_sizes(const struct fa_census *census, char *text, size_t size)
{
    for (int k = 0; k < FA_SIZE_CLASSES; k++)
        fa_text_add(text, size, "%s%s %zu", k > 0 ? ", " : "", fa_size_names[k], census->of_size[k]);
}

static void print_classes(const struct fa_census_class *const *sorted, size_t n, char *text, size_t size)
{
    for (size_t k = 0; k < n && k < TOLD && sorted[k]->n_trained > 0; k++)
        fa_text_add(text, size, "%s%.40s %zu", k > 0 ? ", " : "; ", sorted[k]->name, sorted[k]->n_trained);
    if (n > TOLD && sorted[TOLD]->n_trained > 0)
        fa_text_add(text, size, ", and fewer of the others");
}

fa_status fa_census_tell_counts(const struct fa_census *census, const char *name)
{
    const struct fa_census_class **sorted;
    char text[FA_MESSAGE_MAX / 2] = "";

    if (census->of[FA_OBJECT_TRAINED] == 0)
        return FA_OK;
    FA_TRY(sort_classes(census, &sorted));
    print_sizes(census, text, sizeof text);
    print_classes(sorted, census->n_classes, text, sizeof text);
    fa_free(sorted);
    fa_info("%s: %s", name, text);
    return FA_OK;
}
