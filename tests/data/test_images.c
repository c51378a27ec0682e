/* TIFF, WebP and BMP against what Pillow and OpenCV made of the same files (golden/make_images.py), and
 * damage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/image.h"
#include "fa/memory.h"
#include "golden_file.h"
#include "pattern.h"
#include "support.h"

struct golden_image {
    const char *name;
    uint32_t crc;
};

#include "golden/images.h"

#define N_GOLDEN (sizeof golden_images / sizeof golden_images[0])

enum { W = 23, H = 17 };

/* Whether this build reads files of that kind; if not, it says what is missing. */
static bool is_read(const char *name, const struct bytes *bytes)
{
    struct fa_image_info info;

    if (fa_image_inspect(name, bytes->data, bytes->n, &info) == FA_OK)
        return true;
    if (strstr(fa_message(), "install lib") == NULL)
        fail_msg("%s", fa_message());
    printf("not tested: %s\n", fa_message());
    return false;
}

static void every_kind_decodes_to_the_pixels_of_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDEN; i++) {
        const struct golden_image *want = &golden_images[i];
        const struct bytes bytes = golden_file(want->name);
        struct fa_picture picture;

        if (!is_read(want->name, &bytes))
            continue;
        assert_ok(fa_image_decode(want->name, bytes.data, bytes.n, 1, &picture));
        assert_int_equal(picture.w, W);
        assert_int_equal(picture.h, H);
        assert_int_equal(picture.held, 3 * W * H);
        if (pattern_crc(&picture) != want->crc)
            fail_msg("%s: CRC %08x, expected %08x", want->name, pattern_crc(&picture), want->crc);
        fa_picture_free(&picture);
    }
}

static void try_bytes(const char *name, const struct bytes *bytes, size_t n, size_t *n_refused)
{
    struct fa_picture picture;
    uint8_t *exact; /* so that the sanitizer sees what is read beyond it */

    assert_ok(fa_alloc(n, 1, &exact));
    memcpy(exact, bytes->data, n);
    if (fa_image_decode(name, exact, n, 1, &picture) == FA_OK)
        fa_picture_free(&picture);
    else
        ++*n_refused;
    fa_free(exact);
}

/* Whatever byte is lost or changed, it is refused, or decodes; and nothing is left behind. */
static void damage_does_no_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDEN; i++) {
        const char *name = golden_images[i].name;
        const struct bytes good = golden_file(name);
        size_t n_cut = 0, n_flipped = 0;

        if (!is_read(name, &good))
            continue;
        for (size_t n = 0; n + 2 < good.n; n++)
            try_bytes(name, &good, n, &n_cut);
        if (n_cut < good.n * 9 / 10)
            fail_msg("%s: %zu of %zu lengths are refused", name, n_cut, good.n);
        for (size_t at = 0; at < good.n; at += at < 200 ? 1 : 7) {
            struct bytes bad = good;

            bad.data[at] ^= 0x40;
            try_bytes(name, &bad, bad.n, &n_flipped);
        }
        assert_true(n_flipped > 2);
        assert_int_equal(fa_memory_balance(), 0);
    }
}

static void put(struct bytes *bytes, size_t at, uint32_t value, int n)
{
    for (int i = 0; i < n; i++)
        bytes->data[at + (size_t)i] = (uint8_t)(value >> 8 * i);
}

/* Sets the value of a tag in the first directory of a little-endian TIFF. */
static void set_tag(struct bytes *tiff, uint16_t tag, uint32_t value)
{
    size_t at = tiff->data[4] | (size_t)tiff->data[5] << 8;
    const size_t n = tiff->data[at] | (size_t)tiff->data[at + 1] << 8;

    at += 2;
    for (size_t i = 0; i < n; i++, at += 12)
        if ((tiff->data[at] | tiff->data[at + 1] << 8) == tag) {
            put(tiff, at + 2, 4, 2); /* of 32 bits */
            put(tiff, at + 8, value, 4);
            return;
        }
    fail_msg("there is no tag %u", tag);
}

/* Nothing of the size that is claimed is taken: what is refused is refused by its header. */
static void claims_that_bytes_cannot_hold_are_refused(void **state)
{
    enum { WIDTH = 256, HEIGHT = 257, COMPRESSION = 259, ROWS_PER_STRIP = 278 };
    struct bytes bmp = golden_file("plain.bmp"), tiff = golden_file("lzw.tif");
    struct fa_image_info info;

    (void)state;
    put(&bmp, 18, 60000, 4);
    assert_fails_saying(fa_image_inspect("huge", bmp.data, bmp.n, &info), FA_EFORMAT, "claims");
    put(&bmp, 22, 0x80000000u, 4);
    assert_fails(fa_image_inspect("huge", bmp.data, bmp.n, &info), FA_EFORMAT);
    put(&bmp, 18, 0, 4);
    assert_fails(fa_image_inspect("none", bmp.data, bmp.n, &info), FA_EFORMAT);
    if (!is_read("lzw.tif", &tiff))
        return;
    set_tag(&tiff, HEIGHT, 60000);
    set_tag(&tiff, WIDTH, 1000);
    assert_fails_saying(fa_image_inspect("huge", tiff.data, tiff.n, &info), FA_EFORMAT, "cannot hold");
    tiff = golden_file("lzw.tif");
    set_tag(&tiff, COMPRESSION, 50000);
    assert_fails_saying(fa_image_inspect("odd", tiff.data, tiff.n, &info), FA_EFORMAT, "compression 50000");
}

static void want_of_memory_is_survived(void **state)
{
    static const char *const names[] = {"alpha.tif", "alpha.webp", "palette.bmp"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct bytes bytes = golden_file(names[i]);
        struct fa_picture picture;

        if (!is_read(names[i], &bytes))
            continue;
        assert_survives_shortage(fa_image_decode(names[i], bytes.data, bytes.n, 6, &picture));
        assert_int_equal(picture.w, H);
        fa_picture_free(&picture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_decodes_to_the_pixels_of_others),
        cmocka_unit_test(damage_does_no_harm),
        cmocka_unit_test(claims_that_bytes_cannot_hold_are_refused),
        cmocka_unit_test(want_of_memory_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
