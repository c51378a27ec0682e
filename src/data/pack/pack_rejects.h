/*
 * pack_rejects.h - the list of what a packing could not use: a line each, in "<out>.rejected.txt" beside the
 * dataset, whose first hundred are also logged.
 */
#ifndef FA_DATA_PACK_REJECTS_H
#define FA_DATA_PACK_REJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fa/new_file.h"
#include "fa/status.h"

struct fa_rejects {
    char *path;
    bool is_silent;             /* another process writes and logs the same list */
    struct fa_new_file *target; /* NULL until the first line */
    FILE *stream;
    size_t n;
    char first[FA_MESSAGE_MAX / 2];
};

/* A list that an earlier packing left is removed. A silent one only counts, and knows its path and first
 * line.
 */
fa_status fa_rejects_open(const char *out_directory, bool is_silent, struct fa_rejects *out) FA_CHECK_RESULT;

fa_status fa_rejects_add(struct fa_rejects *rejects, const char *format, ...) FA_PRINTF(2, 3) FA_CHECK_RESULT;

/* Gives the list its final name. */
fa_status fa_rejects_commit(struct fa_rejects *rejects) FA_CHECK_RESULT;
void fa_rejects_close(struct fa_rejects *rejects);

#endif
