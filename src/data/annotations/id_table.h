/*
 * id_table.h - from a COCO id to its place in a list: filled in any order, sorted once, then searched.
 */
#ifndef FA_DATA_ID_TABLE_H
#define FA_DATA_ID_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/status.h"

struct fa_id_place {
    int64_t id;
    size_t place;
};

struct fa_id_table {
    size_t n;
    struct fa_id_place *rows; /* the caller fills all n, then sorts */
};

fa_status fa_id_table_create(size_t n, struct fa_id_table *out) FA_CHECK_RESULT;
void fa_id_table_free(struct fa_id_table *table);

void fa_id_table_sort(struct fa_id_table *table);

/* On a sorted table: the first two places that share an id; false if all ids are distinct. */
bool fa_id_table_duplicate(const struct fa_id_table *table, struct fa_id_place *first,
                           struct fa_id_place *second);

/* On a sorted table: false, and *place untouched, if no row has this id. */
bool fa_id_table_find(const struct fa_id_table *table, int64_t id, size_t *place);

#endif
