#include "label_place.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>

#include "fa/memory.h"

/* What covering a cell weighs that an object or a label has. */
enum { OBJECT = 1, LABEL = 8 };

fa_status fa_label_map_create(int w, int h, int cell, struct fa_label_map *out)
{
    assert(w > 0 && h > 0 && cell > 0);
    *out = (struct fa_label_map){.w = w, .h = h, .cell = cell};
    out->columns = (w - 1) / cell + 1;
    out->rows = (h - 1) / cell + 1;
    return fa_alloc_zero((size_t)out->columns * (size_t)out->rows, 1, &out->taken);
}

void fa_label_map_clear(struct fa_label_map *map)
{
    fa_free(map->taken);
    *map = (struct fa_label_map){0};
}

/* ---- cells ---- */

/* Those that a window in the picture touches: columns x0 .. x1 - 1 of rows y0 .. y1 - 1. */
struct cells {
    int x0, y0, x1, y1;
};

static struct cells cells_of(const struct fa_label_map *map, const struct fa_window *window)
{
    return (struct cells){window->x / map->cell, window->y / map->cell,
                          (window->x + window->w - 1) / map->cell + 1,
                          (window->y + window->h - 1) / map->cell + 1};
}

static int weigh(const struct fa_label_map *map, const struct fa_window *window)
{
    const struct cells cells = cells_of(map, window);
    int weight = 0;

    for (int y = cells.y0; y < cells.y1; y++)
        for (int x = cells.x0; x < cells.x1; x++)
            weight += map->taken[(size_t)y * (size_t)map->columns + (size_t)x];
    return weight;
}

/* Where a label lies nothing else counts. */
static void take(struct fa_label_map *map, const struct fa_window *window, uint8_t weight)
{
    const struct cells cells = cells_of(map, window);

    for (int y = cells.y0; y < cells.y1; y++)
        for (int x = cells.x0; x < cells.x1; x++)
            if (map->taken[(size_t)y * (size_t)map->columns + (size_t)x] < weight)
                map->taken[(size_t)y * (size_t)map->columns + (size_t)x] = weight;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

void fa_label_map_avoid(struct fa_label_map *map, const int box[4])
{
    const int x = clamp(box[0], 0, map->w), y = clamp(box[1], 0, map->h);
    const struct fa_window window = {x, y, clamp(box[2], 0, map->w) - x, clamp(box[3], 0, map->h) - y};

    if (window.w > 0 && window.h > 0)
        take(map, &window, OBJECT);
}

/* ---- places ---- */

struct search {
    const struct fa_label_map *map;
    int x0, y0, x1, y1; /* of the box, as far as it is in the picture */
    int w, h;           /* of the label */
    struct fa_window best;
    int covered; /* what the best place covers weighs so much */
};

/* True if the label covers nothing there; a place beyond the upper or lower border is none. */
static bool offer(struct search *search, int x, int y)
{
    const struct fa_label_map *map = search->map;
    const struct fa_window window = {clamp(x, 0, map->w - search->w), y, search->w, search->h};
    int covered;

    if (y < 0 || y > map->h - search->h)
        return false;
    covered = weigh(map, &window);
    if (covered < search->covered) {
        search->best = window;
        search->covered = covered;
    }
    return covered == 0;
}

/* Inside only where the label leaves most of the object in sight. */
static bool is_roomy(const struct search *search)
{
    return search->y1 - search->y0 >= 3 * search->h && 2 * (search->x1 - search->x0) >= search->w;
}

static bool offer_rows(struct search *search, int x)
{
    return offer(search, x, search->y0 - search->h) || (is_roomy(search) && offer(search, x, search->y0)) ||
           offer(search, x, search->y1);
}

/* Along the upper and lower edge, first by little, both ways, as long as the label touches the box. */
static bool slide_along(struct search *search)
{
    const int step = search->w / 8 + 1, reach = search->x1 - search->x0;

    for (int d = step; d <= reach || d <= search->w; d += step)
        if ((d <= reach && offer_rows(search, search->x0 + d)) ||
            (d <= search->w && offer_rows(search, search->x0 - d)))
            return true;
    return false;
}

/* Beside the box, and inside it, from top to bottom. */
static bool slide_down(struct search *search)
{
    const int step = search->h / 4 + 1;

    for (int y = search->y0 - search->h + step; y < search->y1; y += step)
        if (offer(search, search->x1, y) || offer(search, search->x0 - search->w, y) ||
            (is_roomy(search) && y >= search->y0 && offer(search, search->x0, y)))
            return true;
    return false;
}

struct fa_window fa_label_place(struct fa_label_map *map, const int box[4], int w, int h)
{
    struct search search = {.map = map,
                            .x0 = clamp(box[0], 0, map->w),
                            .y0 = clamp(box[1], 0, map->h),
                            .x1 = clamp(box[2], 0, map->w),
                            .y1 = clamp(box[3], 0, map->h),
                            .w = w,
                            .h = h,
                            .covered = INT_MAX};

    assert(w > 0 && h > 0 && w <= map->w && h <= map->h);
    if (!offer_rows(&search, search.x0) && !slide_along(&search) && !slide_down(&search) &&
        search.covered == INT_MAX)
        offer(&search, search.x0, clamp(search.y0, 0, map->h - h));
    take(map, &search.best, LABEL);
    return search.best;
}
