/* Samples of 16 bits through a range, and what is transparent over a ground: TIFFs made here by hand, in
 * strips and tiles, against the formula in double precision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fa/image.h"
#include "fa/memory.h"
#include "golden_file.h"
#include "support.h"

enum { W = 19, H = 21, TILE = 16, MOST = 1 << 14 };

struct kind {
    int n_samples, photometric, alpha; /* alpha: ExtraSamples, 0: none */
    bool tiled;
};

struct file {
    uint8_t bytes[MOST];
    size_t n;
};

static void put(struct file *file, size_t at, uint32_t value, int n)
{
    for (int i = 0; i < n; i++)
        file->bytes[at + (size_t)i] = (uint8_t)(value >> 8 * i);
}

static void tag(struct file *file, int number, int type, uint32_t count, uint32_t value)
{
    put(file, file->n, (uint32_t)number, 2);
    put(file, file->n + 2, (uint32_t)type, 2);
    put(file, file->n + 4, count, 4);
    put(file, file->n + 8, value, type == 3 && count == 1 ? 2 : 4);
    file->n += 12;
}

static uint16_t sample_at(int x, int y, int c)
{
    return (uint16_t)(x * 2711 + y * 911 + c * 20011);
}

static void write_samples(struct file *file, int left, int top, int w, int h, const struct kind *kind)
{
    for (int y = top; y < top + h; y++)
        for (int x = left; x < left + w; x++)
            for (int c = 0; c < kind->n_samples; c++, file->n += 2)
                put(file, file->n, x < W && y < H ? sample_at(x, y, c) : 0, 2);
}

/* Little-endian and uncompressed: header, lists of offsets and sizes, tags, samples. */
static void make(const struct kind *kind, struct file *file)
{
    const int rows = 8, n_pieces = kind->tiled ? 4 : 3;
    const int depth_at = 8, offsets_at = 16, sizes_at = 32, tags_at = 48;

    memset(file, 0, sizeof *file);
    memcpy(file->bytes, "II*\0", 4);
    put(file, 4, (uint32_t)tags_at, 4);
    for (int c = 0; c < 4; c++)
        put(file, (size_t)(depth_at + 2 * c), 16, 2);
    file->n = (size_t)tags_at + 2;
    tag(file, 256, 3, 1, W);
    tag(file, 257, 3, 1, H);
    tag(file, 258, 3, (uint32_t)kind->n_samples, kind->n_samples > 2 ? (uint32_t)depth_at : 16 | 16 << 16);
    tag(file, 259, 3, 1, 1);
    tag(file, 262, 3, 1, (uint32_t)kind->photometric);
    if (!kind->tiled)
        tag(file, 273, 4, (uint32_t)n_pieces, (uint32_t)offsets_at);
    tag(file, 277, 3, 1, (uint32_t)kind->n_samples);
    if (!kind->tiled) {
        tag(file, 278, 3, 1, (uint32_t)rows);
        tag(file, 279, 4, (uint32_t)n_pieces, (uint32_t)sizes_at);
    } else {
        tag(file, 322, 3, 1, TILE);
        tag(file, 323, 3, 1, TILE);
        tag(file, 324, 4, (uint32_t)n_pieces, (uint32_t)offsets_at);
        tag(file, 325, 4, (uint32_t)n_pieces, (uint32_t)sizes_at);
    }
    if (kind->alpha != 0)
        tag(file, 338, 3, 1, (uint32_t)kind->alpha);
    put(file, (size_t)tags_at, (uint32_t)((file->n - (size_t)tags_at - 2) / 12), 2);
    file->n += 4;
    for (int p = 0; p < n_pieces; p++) {
        const size_t begin = file->n;

        put(file, (size_t)(offsets_at + 4 * p), (uint32_t)begin, 4);
        if (kind->tiled)
            write_samples(file, p % 2 * TILE, p / 2 * TILE, TILE, TILE, kind);
        else
            write_samples(file, 0, p * rows, W, p < 2 ? rows : H - 2 * rows, kind);
        put(file, (size_t)(sizes_at + 4 * p), (uint32_t)(file->n - begin), 4);
    }
    assert_true(file->n <= MOST);
}

/* In the real numbers. */
static double level(const struct kind *kind, const struct fa_rendering *rendering, int x, int y, int c)
{
    const bool is_gray = kind->photometric < 2;
    const double low = rendering->range[0], span = rendering->range[1] - low;
    const double alpha = sample_at(x, y, is_gray ? 1 : 3) / 65535.0;
    double sample = sample_at(x, y, is_gray ? 0 : c);

    if (kind->photometric == 0)
        sample = 65535 - sample;
    if (kind->alpha != 0)
        sample = fmin((kind->alpha == 1 ? sample : sample * alpha) +
                          (1 - alpha) * (low + rendering->ground[c] / 255.0 * span),
                      65535);
    return fmin(fmax((sample - low) / span * 255, 0), 255);
}

/* Whether this build has the library for it; all else that stops it is a failure. */
static bool is_built(const void *data, size_t n_bytes)
{
    struct fa_image_info info;

    if (fa_image_inspect("image", data, n_bytes, &info) == FA_OK)
        return true;
    if (strstr(fa_message(), "install lib") == NULL)
        fail_msg("%s", fa_message());
    return false;
}

static void samples_are_spread_by_the_range(void **state)
{
    static const struct kind kinds[] = {{1, 1, 0, false}, {1, 0, 0, true}, {3, 2, 0, false}, {3, 2, 0, true},
                                        {2, 1, 2, false}, {4, 2, 2, true}, {4, 2, 1, false}};
    const struct fa_rendering rendering = {.range = {1000, 41000}, .ground = {10, 128, 250}};
    static struct file file;

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct fa_picture picture;

        make(&kinds[k], &file);
        if (!is_built(file.bytes, file.n))
            skip();
        assert_ok(fa_image_render("hand", file.bytes, file.n, 1, &rendering, &picture));
        for (int i = 0; i < W * H * 3; i++) {
            const double want = level(&kinds[k], &rendering, i / 3 % W, i / 3 / W, i % 3);

            if (!(fabs(picture.rgb[i] - want) <= 0.5 + 255.0 / 40000))
                fail_msg("kind %zu, value %d: %d, expected %g", k, i, picture.rgb[i], want);
        }
        fa_picture_free(&picture);
        fa_memory_fail_after(1);
        assert_fails(fa_image_render("hand", file.bytes, file.n, 1, &rendering, &picture), FA_ENOMEM);
        fa_memory_fail_after(0);
    }
}

static void a_deep_tiff_that_is_cut_or_odd_is_refused(void **state)
{
    const struct kind gray = {1, 1, 0, false}, inks = {4, 5, 0, false};
    const struct fa_rendering rendering = {.range = {0, 1000}};
    static struct file file;
    struct fa_picture picture;

    (void)state;
    make(&gray, &file);
    if (!is_built(file.bytes, file.n))
        skip();
    assert_ok(fa_image_render("hand", file.bytes, file.n, 1, &rendering, &picture));
    fa_picture_free(&picture);
    for (size_t n = 0; n < file.n; n += 7)
        assert_fails(fa_image_render("hand", file.bytes, n, 1, &rendering, &picture), FA_EFORMAT);
    make(&inks, &file);
    assert_fails(fa_image_render("hand", file.bytes, file.n, 1, &rendering, &picture), FA_EFORMAT);
}

/* The middle of a transparent picture is the ground, whatever the format. */
static void what_is_transparent_shows_the_ground(void **state)
{
    static const char *const names[] = {"rgb_alpha.png", "gray_alpha.png", "alpha.tif", "alpha.webp",
                                        "alpha.bmp"};
    const struct fa_rendering white = {.ground = {255, 255, 255}}, color = {.ground = {255, 0, 255}};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct bytes bytes = golden_file(names[i]);
        struct fa_picture on_white, on_color;
        size_t n_changed = 0;

        if (!is_built(bytes.data, bytes.n))
            continue;
        assert_ok(fa_image_render(names[i], bytes.data, bytes.n, 1, &white, &on_white));
        assert_ok(fa_image_render(names[i], bytes.data, bytes.n, 1, &color, &on_color));
        for (int p = 0; p < on_white.w * on_white.h; p++) {
            assert_int_equal(on_white.rgb[3 * p], on_color.rgb[3 * p]);
            assert_int_equal(on_white.rgb[3 * p + 2], on_color.rgb[3 * p + 2]);
            assert_true(on_white.rgb[3 * p + 1] >= on_color.rgb[3 * p + 1]);
            n_changed += on_white.rgb[3 * p + 1] != on_color.rgb[3 * p + 1];
        }
        assert_true(n_changed > 0);
        fa_picture_free(&on_white);
        fa_picture_free(&on_color);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_spread_by_the_range),
        cmocka_unit_test(a_deep_tiff_that_is_cut_or_odd_is_refused),
        cmocka_unit_test(what_is_transparent_shows_the_ground),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
