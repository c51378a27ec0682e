/*
 * category_titles.c - what classes are called where each must be told from all others.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/shard.h"

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const struct fa_category *const *)a)->name,
                  (*(const struct fa_category *const *)b)->name);
}

static fa_status make_title(const struct fa_category *class, bool shares_its_name, char **title)
{
    if (shares_its_name)
        return fa_asprintf(title, "%s (id %" PRId64 ")", class->name, class->id);
    return fa_strdup(class->name, title);
}

/* sorted: the n classes by name, each pointing into classes. */
static fa_status make_titles(const struct fa_category *classes, const struct fa_category *const *sorted,
                             size_t n, char **titles)
{
    for (size_t i = 0; i < n; i++) {
        const bool shares = (i > 0 && compare_names(&sorted[i - 1], &sorted[i]) == 0) ||
                            (i + 1 < n && compare_names(&sorted[i], &sorted[i + 1]) == 0);

        FA_TRY(make_title(sorted[i], shares, &titles[sorted[i] - classes]));
    }
    return FA_OK;
}

fa_status fa_category_titles(const struct fa_category *classes, size_t n, char ***titles)
{
    const struct fa_category **sorted = NULL;
    fa_status status;

    FA_TRY(fa_alloc_zero(n, sizeof **titles, titles));
    status = fa_alloc(n, sizeof *sorted, &sorted);
    for (size_t i = 0; status == FA_OK && i < n; i++)
        sorted[i] = &classes[i];
    if (status == FA_OK) {
        qsort(sorted, n, sizeof *sorted, compare_names);
        status = make_titles(classes, sorted, n, *titles);
    }
    fa_free(sorted);
    if (status != FA_OK) {
        fa_category_titles_free(*titles, n);
        *titles = NULL;
    }
    return status;
}

void fa_category_titles_free(char **titles, size_t n)
{
    for (size_t i = 0; titles != NULL && i < n; i++)
        fa_free(titles[i]);
    fa_free(titles);
}
