/*
 * test_image.c - the door for images against the host's float CHW tensor: the same bits.
 */
#include <string.h>

#include "fa/frame.h"
#include "image.h"
#include "on_device.h"

struct door {
    int w, h, padded_w, padded_h, channels;
    struct fa_flip flip;
    struct fa_normalize normalize;
};

static uint8_t *pixels_of(int w, int h)
{
    uint8_t *rgb;

    assert_ok(fa_alloc(3 * (size_t)w * (size_t)h, 1, &rgb));
    for (size_t i = 0; i < 3 * (size_t)w * (size_t)h; i++)
        rgb[i] = (uint8_t)(i * 2654435761u >> 13);
    return rgb;
}

/* Value c of a position: of the host's tensor, or zero. */
static void check_values(enum fa_cuda_type type, const struct door *door, const float *chw, const float *got)
{
    const size_t plane = (size_t)door->padded_h * (size_t)door->padded_w;

    for (size_t p = 0; p < plane; p++)
        for (int c = 0; c < door->channels; c++) {
            const float want = c < 3 ? rounded(type, chw[(size_t)c * plane + p]) : 0;

            assert_all_same(&got[p * (size_t)door->channels + (size_t)c], &want, 1);
        }
}

static void check_door(enum fa_cuda_type type, const struct door *door)
{
    const struct fa_cuda_frame frame = {door->w, door->h, door->flip.horizontal, door->flip.vertical};
    const size_t plane = (size_t)door->padded_h * (size_t)door->padded_w, n = plane * (size_t)door->channels;
    uint8_t *pixels = pixels_of(door->w, door->h);
    const struct fa_frame given = {pixels, door->w, door->h, door->flip, door->normalize};
    struct fa_cuda_normalize normalize = {.to_rgb = door->normalize.to_rgb};
    void *rgb = device_copy(pixels, 3 * (size_t)door->w * (size_t)door->h);
    void *at = device_copy(&frame, sizeof frame), *image = device_new(n * fa_cuda_type_bytes(type));
    float *chw = zeros(3 * plane), *got;

    memcpy(normalize.mean, door->normalize.mean, sizeof normalize.mean);
    memcpy(normalize.std, door->normalize.std, sizeof normalize.std);
    fa_frame_to_chw(&given, door->padded_h, door->padded_w, chw);
    assert_runs(fa_cuda_image(NULL, type, rgb, at, &normalize, door->padded_h, door->padded_w, door->channels,
                              image));
    got = device_read(type, image, n);
    check_values(type, door, chw, got);
    device_free(rgb);
    device_free(at);
    device_free(image);
    fa_free(chw);
    fa_free(got);
    fa_free(pixels);
}

static void check_type(enum fa_cuda_type type)
{
    const struct fa_normalize bgr = {
        .mean = {102.9801f, 115.9465f, 122.7717f}, .std = {1, 1, 1}, .to_rgb = false};
    const struct door doors[] = {
        {1, 1, 32, 32, 8, {false, false}, fa_normalize_default},
        {37, 21, 64, 32, 8, {true, false}, fa_normalize_default},
        {300, 5, 320, 5, 16, {false, true}, bgr},
        {32, 32, 32, 32, 8, {true, true}, bgr},
    };

    for (size_t i = 0; i < (is_slow() ? 1 : sizeof doors / sizeof doors[0]); i++)
        check_door(type, &doors[i]);
}

static void bytes_become_the_bits_of_the_hosts_tensor(void **state)
{
    (void)state;
    for_each_type(check_type);
}

/* Four channels fill a pack of floats. */
static void floats_may_have_four_channels(void **state)
{
    const struct door door = {7, 3, 32, 32, 4, {false, false}, fa_normalize_default};

    (void)state;
    check_door(FA_CUDA_F32, &door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_the_bits_of_the_hosts_tensor),
        cmocka_unit_test(floats_may_have_four_channels),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
