/* PNG against what OpenCV made of the same files (golden/make_pngs.py), and what cannot be read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "fa/image.h"
#include "fa/memory.h"
#include "golden_file.h"
#include "images/picture.h"
#include "pattern.h"
#include "support.h"

struct golden_png {
    const char *name;
    int components;
    uint32_t crc;
};

#include "golden/pngs.h"

#define N_GOLDEN (sizeof golden_pngs / sizeof golden_pngs[0])

enum { W = 23, H = 17 };

static struct bytes load(const char *name)
{
    char file[64];

    snprintf(file, sizeof file, "%s.png", name);
    return golden_file(file);
}

static void every_kind_of_png_decodes_to_the_bits_of_opencv(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDEN; i++) {
        const struct golden_png *want = &golden_pngs[i];
        struct bytes png = load(want->name);
        struct fa_image_info info;
        struct fa_picture picture;

        assert_ok(fa_image_inspect(want->name, png.data, png.n, &info));
        assert_int_equal(info.codec, FA_CODEC_PNG);
        assert_int_equal(info.components, want->components);
        assert_int_equal(info.n_decode, 3 * W * H);
        assert_ok(fa_image_decode(want->name, png.data, png.n, 1, &picture));
        assert_int_equal(picture.w, W);
        assert_int_equal(picture.h, H);
        if (pattern_crc(&picture) != want->crc)
            fail_msg("%s.png: CRC %08x, expected %08x", want->name, pattern_crc(&picture), want->crc);
        fa_picture_free(&picture);
    }
}

static void an_orientation_that_is_asked_for_is_applied(void **state)
{
    struct bytes png = load("rgb");
    struct fa_picture upright, turned;

    (void)state;
    assert_ok(fa_image_decode("rgb", png.data, png.n, 1, &upright));
    assert_ok(fa_image_decode("rgb", png.data, png.n, 6, &turned));
    assert_int_equal(turned.w, H);
    assert_int_equal(turned.h, W);
    assert_memory_equal(turned.rgb, fa_picture_row(&upright, H - 1), 3);
    fa_picture_free(&upright);
    fa_picture_free(&turned);
}

/* Whatever byte is lost or changed, it is refused, or decodes; and nothing is left behind. */
static void damage_is_refused(void **state)
{
    const struct bytes good = load("rgb");
    struct fa_picture picture;
    int n_refused = 0;

    (void)state;
    for (size_t n = 8; n < good.n; n++)
        assert_fails(fa_image_decode("cut", good.data, n, 1, &picture), FA_EFORMAT);
    for (size_t i = 8; i < good.n; i++) {
        struct bytes bad = good;
        fa_status status;

        bad.data[i] ^= 0x40;
        status = fa_image_decode("flipped", bad.data, bad.n, 1, &picture);
        if (status == FA_OK)
            fa_picture_free(&picture);
        else
            n_refused++;
    }
    assert_true(n_refused > (int)good.n / 2);
}

/* The header's checksum is right; the file has no room for its claim. */
static void a_claim_that_its_bytes_cannot_hold_is_refused(void **state)
{
    static const uint8_t huge[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,    0, 0,    13,
                                   'I',  'H', 'D', 'R', 0,    0,    0x20, 0,    0,    0, 0x20, 0,
                                   8,    2,   0,   0,   0,    0xfd, 0xc8, 0x5d, 0x0e, 0, 0,    0,
                                   0,    'I', 'D', 'A', 'T',  0x35, 0xaf, 0x06, 0x1e};
    struct fa_image_info info;

    (void)state;
    assert_fails(fa_image_inspect("huge", huge, sizeof huge, &info), FA_EFORMAT);
}

enum { TEXT = 7 << 20, N_TEXTS = 100, HEADER = 33 /* signature and IHDR */ };

/* A chunk zTXt with a text of zeros; its bytes. */
static size_t put_text(uint8_t *chunk, size_t size)
{
    const uint8_t head[8] = {0, 0, 0, 0, 'z', 'T', 'X', 't'};
    uLongf n = size - 24;
    uint8_t *text;
    uLong crc;

    assert_ok(fa_alloc_zero(TEXT, 1, &text));
    memcpy(chunk, head, sizeof head);
    memcpy(chunk + 8, "key\0", 5);
    assert_int_equal(compress2(chunk + 13, &n, text, TEXT, 9), Z_OK);
    fa_free(text);
    n += 5;
    crc = crc32(0, chunk + 4, (uInt)(n + 4));
    for (int i = 0; i < 4; i++) {
        chunk[i] = (uint8_t)(n >> (24 - 8 * i));
        chunk[8 + n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    }
    return n + 12;
}

/* Which would take seconds. */
static void texts_are_not_unpacked(void **state)
{
    struct bytes png = load("rgb");
    static uint8_t chunk[1 << 16];
    const size_t n = put_text(chunk, sizeof chunk), all = png.n + N_TEXTS * n;
    struct fa_picture picture;
    uint8_t *data;
    clock_t begun;

    (void)state;
    assert_ok(fa_alloc(all, 1, &data));
    memcpy(data, png.data, HEADER);
    for (size_t i = 0; i < N_TEXTS; i++)
        memcpy(data + HEADER + i * n, chunk, n);
    memcpy(data + HEADER + N_TEXTS * n, png.data + HEADER, png.n - HEADER);
    begun = clock();
    assert_ok(fa_image_decode("texts", data, all, 1, &picture));
    assert_true((double)(clock() - begun) / CLOCKS_PER_SEC < 0.5);
    fa_picture_free(&picture);
    fa_free(data);
}

static void want_of_memory_is_survived(void **state)
{
    struct bytes png = load("interlaced");
    struct fa_picture picture;

    (void)state;
    assert_survives_shortage(fa_image_decode("interlaced", png.data, png.n, 6, &picture));
    fa_picture_free(&picture);
    assert_int_equal(fa_memory_balance(), 0);
}

static int require_png(void **state)
{
    struct bytes png = load("rgb");
    struct fa_image_info info;

    (void)state;
    if (fa_image_inspect("rgb", png.data, png.n, &info) == FA_OK)
        return 0;
    printf("skipped: this build has no libpng\n");
    exit(77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_png_decodes_to_the_bits_of_opencv),
        cmocka_unit_test(an_orientation_that_is_asked_for_is_applied),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(a_claim_that_its_bytes_cannot_hold_is_refused),
        cmocka_unit_test(texts_are_not_unpacked),
        cmocka_unit_test(want_of_memory_is_survived),
    };

    return cmocka_run_group_tests(tests, require_png, NULL);
}
