#include "class_table.h"

#include <stdlib.h>

#include "fa/log.h"
#include "fa/memory.h"
#include "fa/text.h"

enum { IN_A_LINE = 5 };

struct row {
    const char *title;
    double ap;
    size_t label;
};

/* The best first, of equal ones in the order of the classes. */
static int by_ap(const void *left, const void *right)
{
    const struct row *a = left, *b = right;

    if (a->ap != b->ap)
        return a->ap > b->ap ? -1 : 1;
    return a->label < b->label ? -1 : 1;
}

static void tell_line(const char *head, const struct row *rows, size_t n)
{
    char text[FA_MESSAGE_MAX] = "";

    for (size_t i = 0; i < n; i++)
        if (rows[i].ap < 0)
            fa_text_add(text, sizeof text, "%s%.80s -", i > 0 ? ", " : "", rows[i].title);
        else
            fa_text_add(text, sizeof text, "%s%.80s %.4f", i > 0 ? ", " : "", rows[i].title, rows[i].ap);
    fa_info("%s: %s", head, text);
}

/* What has no ground truth has no rank. */
static void tell_ends(struct row *rows, size_t n)
{
    size_t n_known = 0, n_told;

    qsort(rows, n, sizeof *rows, by_ap);
    while (n_known < n && rows[n_known].ap >= 0)
        n_known++;
    n_told = n_known < FA_CLASS_TABLE_ENDS ? n_known : FA_CLASS_TABLE_ENDS;
    if (n_told == 0)
        return;
    tell_line("class_AP, best", rows, n_told);
    tell_line("class_AP, worst", rows + n_known - n_told, n_told);
}

fa_status fa_class_table_tell(char *const *titles, const double *ap, size_t n)
{
    struct row *rows;

    FA_TRY(fa_alloc(n, sizeof *rows, &rows));
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct row){titles[i], ap[i], i};
    if (n > FA_CLASS_TABLE_ALL)
        tell_ends(rows, n);
    else
        for (size_t i = 0; i < n; i += IN_A_LINE)
            tell_line("class_AP", rows + i, n - i < IN_A_LINE ? n - i : IN_A_LINE);
    fa_free(rows);
    return FA_OK;
}
