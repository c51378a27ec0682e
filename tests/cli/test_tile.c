/* Pictures in tiles: every pixel is looked at, and every object is found once, wherever it lies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/tile.h"
#include "fa/detections.h"
#include "fa/memory.h"
#include "support.h"

/* ---- the grid ---- */

/* Along one axis tiles follow each other, of one size, overlapping enough, from end to end. */
static void check_grid(const struct fa_tiling *tiling, int w, int h)
{
    struct fa_tile first, tile, next;
    size_t across = 1;

    fa_tiling_tile(tiling, w, h, 0, &first);
    tile = first;
    assert_int_equal(tile.x, 0);
    assert_int_equal(tile.y, 0);
    for (; tile.x + tile.w < w; across++, tile = next) {
        fa_tiling_tile(tiling, w, h, across, &next);
        assert_true(next.x > tile.x && next.x + tiling->overlap <= tile.x + tile.w);
        assert_int_equal(next.w, tile.w);
    }
    assert_int_equal(tile.x + tile.w, w);
    assert_int_equal(fa_tiling_count(tiling, w, h) % across, 0);
    fa_tiling_tile(tiling, w, h, fa_tiling_count(tiling, w, h) - 1, &tile);
    assert_int_equal(tile.x + tile.w, w);
    assert_int_equal(tile.y + tile.h, h);
}

static void tiles_cover_the_picture(void **state)
{
    const struct fa_tiling tilings[] = {{64, 48, 16}, {100, 32, 16}, {33, 57, 16}, {640, 640, 320}};

    (void)state;
    for (size_t t = 0; t < 4; t++)
        for (int side = 1; side < 1500; side += 7) {
            check_grid(&tilings[t], side, 2000 - side);
            check_grid(&tilings[t], tilings[t].w, side);
        }
    assert_int_equal(fa_tiling_count(&tilings[0], 64, 48), 1);
    assert_int_equal(fa_tiling_count(&tilings[0], 65, 48), 2);
    assert_int_equal(fa_tiling_count(&tilings[0], 1, 1), 1);
}

/* ---- a scene of 12,000 x 9,000 pixels ---- */

enum { WIDTH = 12000, HEIGHT = 9000, OBJECTS = 6000, CLASSES = 3 };

static double uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* Objects of 8 pixels to the overlap. Cells of twice the overlap keep them apart, so that none is suppressed
   by its neighbour. */
static struct fa_detection object_of(const struct fa_tiling *tiling, size_t i, uint64_t *seed)
{
    const int cell = tiling->overlap + 8, across = WIDTH / cell;
    const double w = 8 + uniform(seed) * (tiling->overlap - 8), h = 8 + uniform(seed) * (tiling->overlap - 8);
    const double x = (double)((int)i % across * cell) + uniform(seed) * (cell - w),
                 y = (double)((int)i / across * cell) + uniform(seed) * (cell - h);

    return (struct fa_detection){.box = {(float)x, (float)y, (float)(x + w), (float)(y + h)},
                                 .score = (float)(0.5 + uniform(seed) / 2),
                                 .label = (int32_t)(i % CLASSES)};
}

/* What a tile shows of an object, off by up to jitter of its side; false: nothing. */
static bool see(const struct fa_tile *tile, const struct fa_detection *object, double jitter, uint64_t *seed,
                struct fa_detection *seen)
{
    const float limit[4] = {(float)tile->x, (float)tile->y, (float)(tile->x + tile->w),
                            (float)(tile->y + tile->h)};
    const double sides[2] = {object->box[2] - object->box[0], object->box[3] - object->box[1]};

    *seen = *object;
    seen->score *= (float)(0.9 + 0.1 * uniform(seed));
    for (int k = 0; k < 4; k++) {
        seen->box[k] += (float)((uniform(seed) - 0.5) * 2 * jitter * sides[k % 2]);
        seen->box[k] = k < 2 ? fmaxf(seen->box[k], limit[k]) : fminf(seen->box[k], limit[k]);
    }
    return seen->box[2] > seen->box[0] && seen->box[3] > seen->box[1];
}

static double iou_of(const float a[4], const float b[4])
{
    const double w = fmin(a[2], b[2]) - fmax(a[0], b[0]), h = fmin(a[3], b[3]) - fmax(a[1], b[1]);
    const double inter = w > 0 && h > 0 ? w * h : 0;

    return inter / ((double)(a[2] - a[0]) * (a[3] - a[1]) + (double)(b[2] - b[0]) * (b[3] - b[1]) - inter);
}

/* Every tile sees what it shows of the objects; after the merge each is there once, about where it is. */
static void check_found_once(const struct fa_tiling *tiling, const struct fa_detection *truth, size_t n,
                             double jitter)
{
    const size_t n_tiles = fa_tiling_count(tiling, WIDTH, HEIGHT);
    struct fa_detection *found;
    size_t n_found = 0, n_cut = 0;
    uint64_t seed = 2;

    assert_ok(fa_alloc(16 * n, sizeof *found, &found));
    for (size_t t = 0; t < n_tiles; t++) {
        struct fa_tile tile;

        fa_tiling_tile(tiling, WIDTH, HEIGHT, t, &tile);
        for (size_t i = 0; i < n; i++) {
            struct fa_detection seen;

            if (!see(&tile, &truth[i], jitter, &seed, &seen))
                continue;
            n_cut += iou_of(seen.box, truth[i].box) < 0.5;
            if (fa_tile_owns(&tile, seen.box))
                found[n_found++] = seen;
        }
    }
    assert_true(n_cut > n / 50); /* of which each would be a false detection */
    assert_ok(fa_detections_merge(0.5f, found, &n_found));
    assert_int_equal(n_found, n);
    for (size_t i = 0; i < n; i++) {
        size_t hits = 0;

        for (size_t f = 0; f < n; f++)
            hits += found[f].label == truth[i].label && iou_of(found[f].box, truth[i].box) > 0.6;
        assert_int_equal(hits, 1);
    }
    fa_free(found);
}

static void check_scattered(const struct fa_tiling *tiling, double jitter)
{
    const int cell = tiling->overlap + 8, cells = (WIDTH / cell) * (HEIGHT / cell);
    const size_t n = cells < OBJECTS ? (size_t)cells : OBJECTS;
    struct fa_detection *truth;
    uint64_t seed = 1;

    assert_ok(fa_alloc(n, sizeof *truth, &truth));
    for (size_t i = 0; i < n; i++)
        truth[i] = object_of(tiling, i, &seed);
    check_found_once(tiling, truth, n, jitter);
    fa_free(truth);
}

static void every_object_is_found_once(void **state)
{
    const struct fa_tiling narrow = {1333, 800, 96}, wide = {640, 512, 256};

    (void)state;
    check_scattered(&narrow, 0);
    check_scattered(&narrow, 0.02);
    check_scattered(&wide, 0.02);
}

/* Up to as large as the overlap, its centre up to that from x, y, and all of it in the picture. */
static struct fa_detection object_near(const struct fa_tiling *tiling, double x, double y, uint64_t *seed)
{
    const double reach = tiling->overlap, w = reach * (0.1 + 0.9 * uniform(seed)),
                 h = reach * (0.1 + 0.9 * uniform(seed));
    const double left = fmin(fmax(x + (uniform(seed) - 0.5) * 2 * reach - w / 2, 0), WIDTH - w),
                 top = fmin(fmax(y + (uniform(seed) - 0.5) * 2 * reach - h / 2, 0), HEIGHT - h);

    return (struct fa_detection){.box = {(float)left, (float)top, (float)(left + w), (float)(top + h)},
                                 .score = (float)(0.5 + uniform(seed) / 2),
                                 .label = (int32_t)(uniform(seed) * CLASSES)};
}

/* In the middle of each seam, and where they cross: 3 objects a tile at most. */
static size_t put_at_seams(const struct fa_tiling *tiling, uint64_t *seed, struct fa_detection *truth)
{
    const size_t n_tiles = fa_tiling_count(tiling, WIDTH, HEIGHT);
    struct fa_tile tile, last;
    size_t n = 0;

    fa_tiling_tile(tiling, WIDTH, HEIGHT, n_tiles - 1, &last);
    for (size_t t = 0; t < n_tiles; t++) {
        double right, bottom;

        fa_tiling_tile(tiling, WIDTH, HEIGHT, t, &tile);
        right = tile.own[2] - tiling->overlap / 16.0;
        bottom = tile.own[3] - tiling->overlap / 16.0;
        if (tile.x < last.x)
            truth[n++] = object_near(tiling, right, tile.y + tile.h / 2.0, seed);
        if (tile.y < last.y)
            truth[n++] = object_near(tiling, tile.x + tile.w / 2.0, bottom, seed);
        if (tile.x < last.x && tile.y < last.y)
            truth[n++] = object_near(tiling, right, bottom, seed);
    }
    return n;
}

static void what_lies_at_every_seam_and_crossing_is_found_once(void **state)
{
    const struct fa_tiling tilings[3] = {{1333, 800, 96}, {800, 800, 96}, {1000, 1000, 120}};
    struct fa_detection *truth;

    (void)state;
    for (int t = 0; t < 3; t++)
        for (uint64_t seed = 1; seed <= 4; seed++) {
            uint64_t state_of = seed;
            size_t n;

            assert_ok(fa_alloc(3 * fa_tiling_count(&tilings[t], WIDTH, HEIGHT), sizeof *truth, &truth));
            n = put_at_seams(&tilings[t], &state_of, truth);
            check_found_once(&tilings[t], truth, n, 0.03);
            fa_free(truth);
        }
}

static void what_is_no_tiling_is_refused(void **state)
{
    static const char *const texts[] = {
        "",        "1333",        "1333x800", "1333+200x800", "31x800+16", "1333x800+",  "1333x800+15",
        "x800+16", "9000x800+16", "64x64+33", "64x64+16px",   "64 x64+16", "64x64x64+16"};
    struct fa_tiling tiling;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_fails_saying(fa_tiling_parse(texts[i], &tiling), FA_EINVAL, "--tile");
    assert_ok(fa_tiling_parse("1333x800+200", &tiling));
    assert_int_equal(tiling.w, 1333);
    assert_int_equal(tiling.h, 800);
    assert_int_equal(tiling.overlap, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_cover_the_picture),
        cmocka_unit_test(every_object_is_found_once),
        cmocka_unit_test(what_lies_at_every_seam_and_crossing_is_found_once),
        cmocka_unit_test(what_is_no_tiling_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
