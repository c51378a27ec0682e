#include "id_table.h"

#include <stdlib.h>

#include "fa/memory.h"

fa_status fa_id_table_create(size_t n, struct fa_id_table *out)
{
    *out = (struct fa_id_table){.n = n};
    return fa_alloc_zero(n, sizeof *out->rows, &out->rows);
}

void fa_id_table_free(struct fa_id_table *table)
{
    fa_free(table->rows);
    *table = (struct fa_id_table){0};
}

/* By id; equal ids by place, so that the duplicate reported is the first in the file. */
static int compare_rows(const void *a, const void *b)
{
    const struct fa_id_place *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

void fa_id_table_sort(struct fa_id_table *table)
{
    qsort(table->rows, table->n, sizeof *table->rows, compare_rows);
}

bool fa_id_table_duplicate(const struct fa_id_table *table, struct fa_id_place *first,
                           struct fa_id_place *second)
{
    bool found = false;

    for (size_t i = 1; i < table->n; i++) {
        if (table->rows[i].id != table->rows[i - 1].id)
            continue;
        if (found && table->rows[i].place > second->place)
            continue;
        *first = table->rows[i - 1];
        *second = table->rows[i];
        found = true;
    }
    return found;
}

bool fa_id_table_find(const struct fa_id_table *table, int64_t id, size_t *place)
{
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->rows[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == table->n || table->rows[low].id != id)
        return false;
    *place = table->rows[low].place;
    return true;
}
