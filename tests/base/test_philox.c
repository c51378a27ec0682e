/* Philox against the published vectors; the streams against Philox. */
#include <math.h>
#include <string.h>

#include "fa/philox.h"
#include "support.h"

/* The three lines "philox4x32 10" of kat_vectors, which comes with the paper's Random123 library. */
static void ten_rounds_match_the_published_vectors(void **state)
{
    static const uint32_t counter[3][4] = {{0, 0, 0, 0},
                                           {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                                           {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}};
    static const uint32_t key[3][2] = {{0, 0}, {0xffffffff, 0xffffffff}, {0xa4093822, 0x299f31d0}};
    static const uint32_t want[3][4] = {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                        {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                        {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t got[4];

        fa_philox4x32(counter[i], key[i], got);
        assert_memory_equal(got, want[i], sizeof got);
    }
}

static void a_stream_is_philox_over_a_counter_of_blocks(void **state)
{
    const uint32_t key[2] = {0x9abcdef0, 0x12345678};
    struct fa_random random;

    (void)state;
    fa_random_init(&random, 0x123456789abcdef0, FA_RANDOM_FLIP, 0x0A00000007, 9);
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = {block, 9, 7, 0x0A ^ (uint32_t)FA_RANDOM_FLIP << 24};
        uint32_t want[4];

        fa_philox4x32(counter, key, want);
        for (int i = 0; i < 4; i++)
            assert_int_equal(fa_random_u32(&random), want[i]);
    }
}

static void a_copy_of_a_stream_draws_the_same(void **state)
{
    struct fa_random random, copy;

    (void)state;
    fa_random_init(&random, 1, FA_RANDOM_TEST, 2, 3);
    (void)fa_random_u32(&random);
    copy = random;
    for (int i = 0; i < 9; i++)
        assert_int_equal(fa_random_u32(&random), fa_random_u32(&copy));
}

static void streams_of_other_arguments_differ(void **state)
{
    static const struct {
        uint64_t seed, a;
        uint32_t purpose, b;
    } arguments[] = {
        {1, 1, FA_RANDOM_FLIP, 1}, {2, 1, FA_RANDOM_FLIP, 1},          {1ull << 32, 1, FA_RANDOM_FLIP, 1},
        {1, 2, FA_RANDOM_FLIP, 1}, {1, 1ull << 39, FA_RANDOM_FLIP, 1}, {1, 1, FA_RANDOM_SCENE, 1},
        {1, 1, FA_RANDOM_FLIP, 2},
    };
    enum { N = sizeof arguments / sizeof arguments[0] };
    uint32_t first[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        struct fa_random random;

        fa_random_init(&random, arguments[i].seed, arguments[i].purpose, arguments[i].a, arguments[i].b);
        first[i] = fa_random_u32(&random);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(first[i], first[j]);
    }
}

/* Mean and variance of n draws lie within five standard errors; a uniform's are 1/2 and 1/12. */
static void uniform_draws_are_uniform(void **state)
{
    enum { N = 100000 };
    double sum = 0, squares = 0, float_sum = 0;
    struct fa_random random;

    (void)state;
    fa_random_init(&random, 7, FA_RANDOM_TEST, 0, 0);
    for (int i = 0; i < N; i++) {
        double wide = fa_random_double(&random);
        float narrow = fa_random_float(&random);

        assert_true(wide >= 0 && wide < 1 && narrow >= 0 && narrow < 1);
        sum += wide;
        squares += (wide - 0.5) * (wide - 0.5);
        float_sum += narrow;
    }
    assert_near(sum / N, 0.5, 5 * sqrt(1. / 12 / N));
    assert_near(squares / N, 1. / 12, 5 * sqrt(1. / 180 / N));
    assert_near(float_sum / N, 0.5, 5 * sqrt(1. / 12 / N));
}

static void below_n_every_value_is_equally_likely(void **state)
{
    enum { N = 70000, K = 7 };
    int count[K] = {0};
    struct fa_random random;

    (void)state;
    fa_random_init(&random, 7, FA_RANDOM_TEST, 1, 0);
    for (int i = 0; i < N; i++) {
        uint32_t draw = fa_random_below(&random, K);

        assert_true(draw < K);
        count[draw]++;
    }
    for (int i = 0; i < K; i++)
        assert_near(count[i], N / K, 5 * sqrt((double)N / K));
    assert_int_equal(fa_random_below(&random, 1), 0);
}

/* n is 3/4 of 2^32: without rejection one value in three, a multiple of 3, would come twice as often. */
static void below_a_large_n_has_no_bias(void **state)
{
    enum { N = 40000 };
    const uint32_t n = 3u << 30;
    int low = 0;
    struct fa_random random;

    (void)state;
    fa_random_init(&random, 7, FA_RANDOM_TEST, 2, 0);
    for (int i = 0; i < N; i++)
        low += fa_random_below(&random, n) % 3 == 0;
    assert_near(low, N / 3., 5 * sqrt(N / 3. * 2 / 3));
}

static void normal_draws_have_the_moments_of_a_normal(void **state)
{
    enum { N = 100000 };
    double sum = 0, squares = 0, fourth = 0;
    struct fa_random random;

    (void)state;
    fa_random_init(&random, 7, FA_RANDOM_TEST, 3, 0);
    for (int i = 0; i < N; i++) {
        double x = fa_random_normal(&random);

        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
    }
    assert_near(sum / N, 0, 5 / sqrt(N));
    assert_near(squares / N, 1, 5 * sqrt(2. / N));
    assert_near(fourth / N, 3, 5 * sqrt(96. / N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_rounds_match_the_published_vectors),
        cmocka_unit_test(a_stream_is_philox_over_a_counter_of_blocks),
        cmocka_unit_test(a_copy_of_a_stream_draws_the_same),
        cmocka_unit_test(streams_of_other_arguments_differ),
        cmocka_unit_test(uniform_draws_are_uniform),
        cmocka_unit_test(below_n_every_value_is_equally_likely),
        cmocka_unit_test(below_a_large_n_has_no_bias),
        cmocka_unit_test(normal_draws_have_the_moments_of_a_normal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
