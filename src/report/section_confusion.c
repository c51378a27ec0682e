/*
 * section_confusion.c - which class is taken for which, and which for nothing.
 */
#include <stdlib.h>

#include "fa/memory.h"
#include "section.h"

enum { TABLE_CLASSES = 12, MAP_CELLS = 120, PAIRS = 20 };

static size_t cell(const struct fa_found *found, size_t object, size_t detection)
{
    return found->analysis.confusion[object * (found->analysis.n_classes + 1) + detection];
}

static const char *class_or(const struct fa_found *found, size_t label, const char *nothing)
{
    return label < found->analysis.n_classes ? fa_found_class(found, label) : nothing;
}

/* Of a row, by how much each cell is coloured. */
static size_t row_sum(const struct fa_found *found, size_t object)
{
    size_t sum = 0;

    for (size_t k = 0; k <= found->analysis.n_classes; k++)
        sum += cell(found, object, k);
    return sum;
}

/* ---- few classes: a table ---- */

static void put_cell(struct fa_page *page, size_t n, double share)
{
    const char *class = n == 0 ? "none" : share > 0.55 ? "strong" : "";

    fa_page_add(page, "<td class=\"%s\" style=\"--v:%.0f%%\">", class, 90 * share);
    fa_page_count(page, (double)n);
    fa_page_put(page, "</td>");
}

static void put_table(struct fa_page *page, const struct fa_found *found)
{
    const size_t n = found->analysis.n_classes;

    fa_page_put(page, "<div class=scroll><table class=matrix><tr><th></th>");
    for (size_t k = 0; k <= n; k++) {
        fa_page_put(page, "<th>");
        fa_page_text(page, class_or(found, k, "not found"));
        fa_page_put(page, "</th>");
    }
    fa_page_put(page, "</tr>\n");
    for (size_t object = 0; object <= n; object++) {
        const size_t sum = row_sum(found, object);

        fa_page_put(page, "<tr><th>");
        fa_page_text(page, class_or(found, object, "no object"));
        fa_page_put(page, "</th>");
        for (size_t k = 0; k <= n; k++)
            if (object == n && k == n)
                fa_page_put(page, "<td class=none></td>");
            else
                put_cell(page, cell(found, object, k),
                         (double)cell(found, object, k) / (double)(sum + (sum == 0)));
        fa_page_put(page, "</tr>\n");
    }
    fa_page_put(page, "</table></div>\n");
}

/* ---- many classes: the map and its most frequent confusions ---- */

/* Rows and columns are of one class each, or of as many neighbours as leave MAP_CELLS; the last of both is of
   nothing alone. */
struct map {
    const struct fa_found *found;
    size_t n, block; /* classes of a row */
    double side;
};

static struct map plan_map(const struct fa_found *found)
{
    const size_t n = found->analysis.n_classes, block = (n - 1) / MAP_CELLS + 1, rows = (n - 1) / block + 2;

    return (struct map){found, rows, block, 340.0 / (double)rows};
}

static size_t first_of(const struct map *map, size_t row)
{
    const size_t n = map->found->analysis.n_classes;

    return row < map->n - 1 ? row * map->block : n + (row - (map->n - 1));
}

static size_t sum_of_row(const struct map *map, size_t row)
{
    size_t sum = 0;

    for (size_t object = first_of(map, row); object < first_of(map, row + 1); object++)
        sum += row_sum(map->found, object);
    return sum;
}

static size_t sum_of_cell(const struct map *map, size_t row, size_t column)
{
    size_t sum = 0;

    for (size_t object = first_of(map, row); object < first_of(map, row + 1); object++)
        for (size_t k = first_of(map, column); k < first_of(map, column + 1); k++)
            sum += cell(map->found, object, k);
    return sum;
}

static void draw_row(struct fa_page *page, const struct map *map, size_t row)
{
    const double sum = (double)sum_of_row(map, row), side = map->side;

    for (size_t column = 0; column < map->n; column++) {
        const size_t n = sum_of_cell(map, row, column);

        if (n > 0)
            fa_page_add(page, "<rect x=%.2f y=%.2f width=%.2f height=%.2f fill=\"var(--s0)\" opacity=%.2f />",
                        (double)column * side, 14 + (double)row * side * 330 / 340, side, side * 330 / 340,
                        0.08 + 0.92 * (double)n / sum);
    }
}

static void draw_map(struct fa_page *page, const struct fa_found *found)
{
    const struct map map = plan_map(found);

    fa_page_put(page,
                "<figure class=chart><svg viewBox=\"0 0 360 362\" role=img aria-label=\"confusion matrix\">"
                "<text x=0 y=10>");
    if (map.block == 1)
        fa_page_put(page, "object, a row each");
    else
        fa_page_add(page, "objects, a row for %zu classes", map.block);
    fa_page_put(page, "</text><text x=340 y=360 class=end>detection, a column each; the last of both: nothing"
                      "</text>");
    for (size_t row = 0; row < map.n; row++)
        draw_row(page, &map, row);
    fa_page_put(page, "</svg></figure>\n");
}

struct pair {
    size_t object, detection, n;
};

static int more_first(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;

    if (a->n != b->n)
        return a->n > b->n ? -1 : 1;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return a->detection < b->detection ? -1 : 1;
}

/* The classes that are taken for another most often. */
static fa_status rank_pairs(const struct fa_found *found, struct pair **out, size_t *n)
{
    const size_t n_classes = found->analysis.n_classes;

    *n = 0;
    for (size_t i = 0; i < n_classes; i++)
        for (size_t k = 0; k < n_classes; k++)
            *n += i != k && cell(found, i, k) > 0;
    FA_TRY(fa_alloc(*n, sizeof **out, out));
    *n = 0;
    for (size_t i = 0; i < n_classes; i++)
        for (size_t k = 0; k < n_classes; k++)
            if (i != k && cell(found, i, k) > 0)
                (*out)[(*n)++] = (struct pair){i, k, cell(found, i, k)};
    qsort(*out, *n, sizeof **out, more_first);
    return FA_OK;
}

static void put_pairs(struct fa_page *page, const struct fa_found *found)
{
    struct pair *pairs = NULL;
    size_t n;

    if (page->status == FA_OK)
        page->status = rank_pairs(found, &pairs, &n);
    if (page->status != FA_OK)
        return;
    fa_page_put(page,
                "<div><h3>Taken for another most often</h3><table><tr><th>object</th><th class=words>found as"
                "</th><th>times</th><th>of all</th></tr>\n");
    for (size_t i = 0; i < n && i < PAIRS; i++) {
        fa_page_put(page, "<tr><td>");
        fa_page_text(page, fa_found_class(found, pairs[i].object));
        fa_page_put(page, "</td><td class=words>");
        fa_page_text(page, fa_found_class(found, pairs[i].detection));
        fa_page_put(page, "</td><td>");
        fa_page_count(page, (double)pairs[i].n);
        fa_page_add(page, "</td><td>%.1f%%</td></tr>\n",
                    100 * (double)pairs[i].n / (double)row_sum(found, pairs[i].object));
    }
    fa_page_put(page, "</table></div>\n");
    fa_free(pairs);
}

/* ---- the whole ---- */

void fa_section_confusion(struct fa_page *page, const struct fa_found *found)
{
    if (found->dataset == NULL)
        return;
    if (found->analysis.confusion == NULL) {
        fa_page_add(
            page,
            "<h2>Confusion</h2><p class=soft>A table of %zu classes is too large for a page; of up to "
            "%d there is one.</p>\n",
            found->analysis.n_classes, FA_CONFUSION_CLASSES);
        return;
    }
    fa_page_put(
        page,
        "<h2>Confusion</h2><p class=soft>What became of the objects of each class (rows): found as which "
        "class (columns), or not found; the last row counts detections where there is no object. Only "
        "detections count that score at least the threshold of their class, as in the table above, and that "
        "overlap an object by IoU 0.5. First every class takes its own; what is left takes objects of other "
        "classes. Colour is the share of the row.</p>\n");
    if (found->analysis.n_classes <= TABLE_CLASSES) {
        put_table(page, found);
        return;
    }
    fa_page_put(page, "<div class=two>");
    draw_map(page, found);
    put_pairs(page, found);
    fa_page_put(page, "</div>\n");
}
