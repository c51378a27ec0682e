#include "nearest.h"

#include <string.h>

#include "fa/memory.h"

#define LONGEST 96

/* Levenshtein's distance, row by row. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1], n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t replaced = diagonal + (a[i] != b[j]);

            diagonal = row[j + 1];
            row[j + 1] = fa_size_smaller(replaced, fa_size_smaller(row[j], row[j + 1]) + 1);
        }
    }
    return row[n];
}

void fa_nearest_init(struct fa_nearest *nearest, const char *word)
{
    const size_t length = strlen(word);
    const size_t slips = length < 4 ? 1 : length < 9 ? 2 : length / 3; /* that may lie between */

    *nearest = (struct fa_nearest){.word = word, .distance = 1 + slips};
}

void fa_nearest_offer(struct fa_nearest *nearest, const char *name)
{
    size_t distance;

    if (strlen(name) > LONGEST)
        return;
    distance = edit_distance(nearest->word, name);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = name;
    }
}
