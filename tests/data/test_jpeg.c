/* JPEG against what OpenCV made of the same files (golden/make_jpegs.py). */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fa/memory.h"
#include "golden_file.h"
#include "images/decode_budget.h"
#include "pattern.h"
#include "support.h"

struct golden_jpeg {
    const char *name;
    int w, h, components;
    bool progressive;
    int orientation;
    uint32_t crc;
};

#include "golden/jpegs.h"

#define N_GOLDEN (sizeof golden_jpegs / sizeof golden_jpegs[0])

static struct bytes load(const char *name)
{
    char file[64];

    snprintf(file, sizeof file, "%s.jpg", name);
    return golden_file(file);
}

/* ---- what can be read ---- */

static void every_kind_of_jpeg_decodes_to_the_bits_of_opencv(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDEN; i++) {
        const struct golden_jpeg *want = &golden_jpegs[i];
        struct bytes jpeg = load(want->name);
        struct fa_picture picture;
        bool turned = want->orientation >= 5;

        assert_ok(fa_jpeg_decode(want->name, jpeg.data, jpeg.n, want->orientation, &picture));
        assert_int_equal(picture.w, turned ? want->h : want->w);
        assert_int_equal(picture.h, turned ? want->w : want->h);
        if (pattern_crc(&picture) != want->crc)
            fail_msg("%s: pixels differ from OpenCV's", want->name);
        fa_picture_free(&picture);
    }
}

static void inspection_tells_what_the_header_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDEN; i++) {
        const struct golden_jpeg *want = &golden_jpegs[i];
        struct bytes jpeg = load(want->name);
        struct fa_image_info info;

        assert_ok(fa_jpeg_inspect(want->name, jpeg.data, jpeg.n, &info));
        assert_int_equal(info.w, want->w);
        assert_int_equal(info.h, want->h);
        assert_int_equal(info.components, want->components);
        assert_int_equal(info.progressive, want->progressive);
        assert_int_equal(info.orientation, want->orientation);
    }
}

static void a_damaged_exif_segment_means_upright(void **state)
{
    struct bytes jpeg = load("exif_6");
    const size_t tiff = 12, n_tiff = 38; /* after SOI, APP1, length, "Exif\0\0" */
    struct fa_image_info info;

    (void)state;
    for (size_t at = 0; at < n_tiff; at++)
        for (int bit = 0; bit < 8; bit++) {
            jpeg.data[tiff + at] ^= (uint8_t)(1 << bit);
            assert_ok(fa_jpeg_inspect("exif", jpeg.data, jpeg.n, &info));
            assert_in_range(info.orientation, 1, 8);
            jpeg.data[tiff + at] ^= (uint8_t)(1 << bit);
        }
    memset(jpeg.data + tiff + 4, 0xFF, 4); /* the directory's offset */
    assert_ok(fa_jpeg_inspect("exif", jpeg.data, jpeg.n, &info));
    assert_int_equal(info.orientation, 1);
}

/* ---- what is refused ---- */

static void assert_refused(const char *name, const struct bytes *jpeg, const char *message)
{
    struct fa_picture picture;

    assert_fails_saying(fa_jpeg_decode(name, jpeg->data, jpeg->n, 1, &picture), FA_EFORMAT, message);
    assert_null(picture.rgb);
    assert_non_null(strstr(fa_message(), name));
}

static void damaged_files_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"bad_truncated", "Premature end"},   {"bad_no_end", "Premature end"},
        {"bad_header", "no image"},           {"bad_data", "Corrupt JPEG data"},
        {"bad_scans", "more than 100 scans"}, {"bad_components", "2 components"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes jpeg = load(cases[i].name);

        assert_refused(cases[i].name, &jpeg, cases[i].message);
    }
}

static void what_is_no_jpeg_is_refused(void **state)
{
    static const struct {
        const char *data, *says;
    } others[] = {
        {"\x89PNG\r\n\x1a\n12345", "is a PNG image; JPEG, PNG, TIFF, WebP and BMP are read"},
        {"RIFF1234WEBPVP8 ", "is a WebP image"},
        {"GIF89a, or anything else", "is a GIF image"},
        {"<html><body>404", "is a text with markup"},
        {"RIFF1234WAVE", "Not a JPEG"},
        {"anything else", "Not a JPEG"},
    };
    struct bytes empty = {.n = 0};
    struct fa_image_info info;

    (void)state;
    assert_refused("empty", &empty, "Empty input");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct bytes other = {.n = strlen(others[i].data)};

        memcpy(other.data, others[i].data, other.n);
        assert_refused("other", &other, others[i].says);
        assert_fails_saying(fa_jpeg_inspect("other", other.data, other.n, &info), FA_EFORMAT, others[i].says);
    }
}

/* Rewrites the size in the frame header. */
static struct bytes claiming(const char *name, unsigned w, unsigned h)
{
    struct bytes jpeg = load(name);

    for (size_t i = 2; i + 9 < jpeg.n; i += 2 + (size_t)(jpeg.data[i + 2] << 8 | jpeg.data[i + 3]))
        if (jpeg.data[i + 1] == 0xC0) {
            const uint8_t size[4] = {(uint8_t)(h >> 8), (uint8_t)h, (uint8_t)(w >> 8), (uint8_t)w};

            memcpy(jpeg.data + i + 5, size, sizeof size);
            return jpeg;
        }
    fail_msg("%s has no baseline frame", name);
    return jpeg;
}

static void a_header_that_claims_too_much_is_refused_before_decoding(void **state)
{
    struct bytes huge = claiming("rgb_420", 65500, 65500), hollow = claiming("rgb_420", 16000, 16000);
    struct bytes flat = claiming("rgb_420", 100, 0);
    long balance = fa_memory_balance();
    struct fa_image_info info;

    (void)state;
    assert_refused("huge", &huge, "the limit is 268435456");
    assert_refused("hollow", &hollow, "cannot hold");
    assert_refused("flat", &flat, "not a usable JPEG");
    assert_fails(fa_jpeg_inspect("huge", huge.data, huge.n, &info), FA_EFORMAT);
    assert_int_equal(fa_memory_balance(), balance);
}

static void every_cut_and_flipped_bit_is_survived(void **state)
{
    static const char *const names[] = {"rgb_420", "progressive_gray", "ycck"};

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct bytes jpeg = load(names[k]);
        struct fa_picture picture;

        for (size_t n = 0; n < jpeg.n; n++)
            assert_fails(fa_jpeg_decode("cut", jpeg.data, n, 1, &picture), FA_EFORMAT);
        for (size_t bit = 0; bit < 8 * jpeg.n; bit += 5) {
            fa_status status;

            jpeg.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            status = fa_jpeg_decode("flipped", jpeg.data, jpeg.n, 1, &picture);
            assert_true(status == FA_OK || status == FA_EFORMAT);
            fa_picture_free(&picture);
            jpeg.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void exhausted_memory_is_reported_and_nothing_leaks(void **state)
{
    struct bytes jpeg = load("ycck");
    struct fa_picture picture, source = pattern_picture(400, 400);
    uint8_t *data;
    size_t n_bytes;

    (void)state;
    for (long n = 1; n <= 3; n++) { /* pixels, the row of inks, the turned pixels */
        fa_memory_fail_after(n);
        assert_fails(fa_jpeg_decode("ycck", jpeg.data, jpeg.n, 6, &picture), FA_ENOMEM);
        assert_null(picture.rgb);
    }
    for (long n = 1; n <= 3; n++) { /* the gray row, the first buffer, its double */
        fa_memory_fail_after(n);
        assert_fails(fa_jpeg_encode(&source, 100, true, NULL, &data, &n_bytes), FA_ENOMEM);
        assert_null(data);
    }
    fa_memory_fail_after(0);
    fa_picture_free(&source);
}

/* ---- writing ---- */

static double psnr(const struct fa_picture *a, const struct fa_picture *b)
{
    double sum = 0;
    size_t n = (size_t)a->w * (size_t)a->h * 3;

    for (size_t i = 0; i < n; i++)
        sum += (a->rgb[i] - b->rgb[i]) * (a->rgb[i] - b->rgb[i]);
    return 10 * log10(255.0 * 255.0 * (double)n / sum);
}

/* A slow ramp in each channel, the same in all if gray. */
static struct fa_picture ramp(int w, int h, bool gray)
{
    struct fa_picture picture = pattern_picture(w, h);

    for (int i = 0; i < w * h; i++)
        for (int c = 0; c < 3; c++)
            picture.rgb[3 * i + c] = (uint8_t)((i % w + (gray ? 0 : c) * (i / w)) * 255 / (w + 2 * h));
    return picture;
}

static void what_is_written_reads_back_alike(void **state)
{
    (void)state;
    for (int gray = 0; gray < 2; gray++) {
        struct fa_picture source = ramp(301, 203, gray), back;
        struct fa_image_info info;
        uint8_t *data;
        size_t n_bytes;

        assert_ok(fa_jpeg_encode(&source, 95, gray, NULL, &data, &n_bytes));
        assert_ok(fa_jpeg_inspect("written", data, n_bytes, &info));
        assert_int_equal(info.components, gray ? 1 : 3);
        assert_ok(fa_jpeg_decode("written", data, n_bytes, 1, &back));
        assert_int_equal(back.w, 301);
        assert_int_equal(back.h, 203);
        assert_true(psnr(&source, &back) > 40);
        fa_free(data);
        fa_picture_free(&source);
        fa_picture_free(&back);
    }
}

static void a_file_larger_than_the_first_buffer_is_whole(void **state)
{
    struct fa_picture source = pattern_picture(640, 480), back;
    uint8_t *data;
    size_t n_bytes;

    (void)state;
    assert_ok(fa_jpeg_encode(&source, 100, false, NULL, &data, &n_bytes));
    assert_true(n_bytes > 200000);
    assert_ok(fa_jpeg_decode("large", data, n_bytes, 1, &back));
    fa_free(data);
    fa_picture_free(&source);
    fa_picture_free(&back);
}

/* ---- memory ---- */

/* 41x31 pixels 4:2:0, or whatever the sampling: at least a picture and, where progressive, a coefficient of
   two bytes for each sample, in whole blocks. */
static void a_header_tells_what_decoding_takes(void **state)
{
    struct bytes progressive = load("progressive"), baseline = load("rgb_420"),
                 gray = load("progressive_gray");
    struct fa_image_info info;

    (void)state;
    assert_ok(fa_jpeg_inspect("baseline", baseline.data, baseline.n, &info));
    assert_int_equal(info.n_decode, 3 * info.w * info.h);
    assert_ok(fa_jpeg_inspect("gray", gray.data, gray.n, &info)); /* 26x27: 4x4 blocks of 64 coefficients */
    assert_int_equal(info.n_decode, 3 * 26 * 27 + 16 * 128);
    assert_ok(fa_jpeg_inspect("progressive", progressive.data, progressive.n, &info));
    assert_true(info.n_decode >= 3 * 41 * 31 + (6 * 4 + 2 * 3 * 2) * 128);
}

static void *take_a_byte(void *context)
{
    fa_decode_budget_take(1);
    atomic_store((atomic_bool *)context, true);
    return NULL;
}

static void decodings_share_one_budget_and_wait_for_it(void **state)
{
    const struct timespec moment = {.tv_nsec = 30000000};
    atomic_bool taken = false;
    pthread_t thread;

    (void)state;
    fa_decode_budget_take(4 * FA_DECODE_BUDGET); /* alone, it is more than all and goes on */
    assert_int_equal(pthread_create(&thread, NULL, take_a_byte, &taken), 0);
    nanosleep(&moment, NULL);
    assert_false(atomic_load(&taken));
    fa_decode_budget_give(4 * FA_DECODE_BUDGET);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&taken));
    fa_decode_budget_give(1);
}

/* The budget is free again after a picture is freed, a decoding failed, or a picture was turned. */
static void the_budget_is_given_back(void **state)
{
    struct bytes good = load("progressive"), bad = load("bad_truncated");
    struct fa_picture picture;
    atomic_bool taken = false;

    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        assert_ok(fa_jpeg_decode("good", good.data, good.n, orientation, &picture));
        assert_int_equal(picture.held, 3 * 41 * 31);
        fa_picture_free(&picture);
    }
    assert_fails(fa_jpeg_decode("bad", bad.data, bad.n, 6, &picture), FA_EFORMAT);
    fa_decode_budget_take(FA_DECODE_BUDGET - 1);
    take_a_byte(&taken); /* would wait for ever if a byte were missing */
    fa_decode_budget_give(FA_DECODE_BUDGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_tells_what_decoding_takes),
        cmocka_unit_test(decodings_share_one_budget_and_wait_for_it),
        cmocka_unit_test(the_budget_is_given_back),
        cmocka_unit_test(every_kind_of_jpeg_decodes_to_the_bits_of_opencv),
        cmocka_unit_test(inspection_tells_what_the_header_says),
        cmocka_unit_test(a_damaged_exif_segment_means_upright),
        cmocka_unit_test(damaged_files_are_refused_with_the_reason),
        cmocka_unit_test(what_is_no_jpeg_is_refused),
        cmocka_unit_test(a_header_that_claims_too_much_is_refused_before_decoding),
        cmocka_unit_test(every_cut_and_flipped_bit_is_survived),
        cmocka_unit_test(exhausted_memory_is_reported_and_nothing_leaks),
        cmocka_unit_test(what_is_written_reads_back_alike),
        cmocka_unit_test(a_file_larger_than_the_first_buffer_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
