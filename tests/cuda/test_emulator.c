/*
 * test_emulator.c - the emulator does what CUDA's guide says of the words that kernels use.
 */
#include <math.h>

#include "bits.h"
#include "on_device.h"
#include "words.h"

static void every_thread_of_every_block_runs_once_at_its_place(void **state)
{
    enum { N = 30 * 24 };
    int *to = device_new(N * sizeof *to);

    (void)state;
    assert_runs(words_places(to));
    for (int i = 0; i < N; i++)
        assert_int_equal(to[i], 1000 * (i / 24) + i % 24);
    device_free(to);
}

static void warps_of_a_block_may_shuffle_without_the_others(void **state)
{
    enum { WARPS = 5 };
    float from[WARPS * 32], to[WARPS] = {-1, -1, -1, -1, -1};

    (void)state;
    for (int i = 0; i < WARPS * 32; i++)
        from[i] = (float)i;
    assert_runs(words_even_warps(from, WARPS, to));
    for (int w = 0; w < WARPS; w++)
        assert_true(to[w] == (w % 2 == 0 ? (float)(32 * 32 * w + 31 * 16) : -1));
}

static void halves_of_a_warp_may_shuffle_apart(void **state)
{
    int from[32], to[32];

    (void)state;
    for (int i = 0; i < 32; i++)
        from[i] = i * 7 % 32;
    assert_runs(words_halves(from, to));
    for (int i = 0; i < 32; i++) {
        int most = 0;

        for (int k = i / 16 * 16; k < i / 16 * 16 + 16; k++)
            most = from[k] > most ? from[k] : most;
        assert_int_equal(to[i], most);
    }
}

static void votes_and_atomics_count_every_thread(void **state)
{
    int from[64];
    unsigned to[3] = {0, 0, 0}, ballot = 0, count = 0;

    (void)state;
    for (int i = 0; i < 64; i++) {
        from[i] = i * 5 % 7 - 3;
        ballot |= i < 32 && from[i] > 0 ? 1u << i : 0;
        count += from[i] > 0;
    }
    assert_runs(words_votes(from, to));
    assert_int_equal(to[0], ballot);
    assert_int_equal(to[1], count);
    assert_int_equal(to[2], 64);
}

static void shared_memory_of_each_block_begins_as_nan(void **state)
{
    float to[3 * 4];

    (void)state;
    assert_runs(words_fresh(3, to));
    for (int i = 0; i < 12; i++)
        assert_true(isnan(to[i]));
}

static void bfloat16_rounds_to_nearest_even(void **state)
{
    static const float from[] = {0,          -0.0f,       1,           1.00390625f, 1.01171875f,
                                 1.0039063f, -1.0117188f, 3.3e38f,     3.4e38f,     -3.4e38f,
                                 INFINITY,   -INFINITY,   1e-40f,      0x1p-133f,   0x1p-134f,
                                 3.1415f,    -2.71828f,   0x1.02p-10f, 0x1.03p-10f, 0x1.01p-10f};
    enum { N = sizeof from / sizeof from[0] };
    float to[N], nan = NAN;

    (void)state;
    assert_runs(words_round(from, N, to));
    for (int i = 0; i < N; i++) {
        const float want = bits_to_float(bits_of_bfloat16(from[i]));

        assert_all_same(&to[i], &want, 1);
    }
    assert_runs(words_round(&nan, 1, to));
    assert_true(isnan(to[0]));
}

static void a_launch_that_no_device_takes_is_refused(void **state)
{
    (void)state;
    assert_int_equal(words_launch(1, is_slow() ? 64 : 1024, 48 * 1024), 0);
    assert_int_equal(words_launch(1, 1025, 0), 9); /* cudaErrorInvalidConfiguration */
    assert_int_equal(words_launch(65536, 1, 0), 9);
    assert_int_equal(words_launch(0, 1, 0), 9);
    assert_int_equal(words_launch(1, 1, 48 * 1024 + 1), 1); /* cudaErrorInvalidValue */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_of_every_block_runs_once_at_its_place),
        cmocka_unit_test(warps_of_a_block_may_shuffle_without_the_others),
        cmocka_unit_test(halves_of_a_warp_may_shuffle_apart),
        cmocka_unit_test(votes_and_atomics_count_every_thread),
        cmocka_unit_test(shared_memory_of_each_block_begins_as_nan),
        cmocka_unit_test(bfloat16_rounds_to_nearest_even),
        cmocka_unit_test(a_launch_that_no_device_takes_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
