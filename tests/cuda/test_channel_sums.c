/*
 * test_channel_sums.c - sums over positions against sums in double.
 */
#include <math.h>

#include "channel_sums.h"
#include "on_device.h"

/* One position; fewer than a slice; several slices; more than the most slices. Columns in part and in number.
 */
static const struct {
    size_t positions;
    int channels;
} shapes[] = {{1, 8}, {130, 40}, {300, 64}, {1000, 256}, {9000, 24}};

enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

/* What one channel should give, and the sum of magnitudes, of which rounding is a part. */
static double sum_of(const float *values, size_t positions, int channels, int c, double *magnitude)
{
    double sum = 0;

    *magnitude = 0;
    for (size_t p = 0; p < positions; p++) {
        const double value = (double)values[p * (size_t)channels + (size_t)c];

        sum += value;
        *magnitude += fabs(value);
    }
    return sum;
}

static void check_shape(enum fa_cuda_type type, size_t positions, int channels)
{
    const size_t n = positions * (size_t)channels;
    float *values = noise(n, n), *sum = device_zero((size_t)channels * sizeof *sum);
    void *activation = device_values(type, values, n);
    void *scratch = device_zero(fa_cuda_channel_sums_scratch_bytes(type, positions, channels));

    sum[0] = 1000; /* is overwritten first, then added to */
    for (int times = 1; times <= 2; times++) {
        assert_runs(
            fa_cuda_channel_sums(NULL, type, positions, channels, activation, times > 1, scratch, sum));
        for (int c = 0; c < channels; c++) {
            double magnitude;
            const double want = times * sum_of(values, positions, channels, c, &magnitude);

            /* no element goes through more than 150 additions */
            assert_near((double)sum[c], want, times * 150 * 0x1p-24 * magnitude);
        }
    }
    device_free(activation);
    device_free(scratch);
    device_free(sum);
    fa_free(values);
}

static void check_type(enum fa_cuda_type type)
{
    for (int i = 0; i < (is_slow() ? 2 : N_SHAPES); i++)
        check_shape(type, shapes[i].positions, shapes[i].channels);
}

static void each_channel_is_added_up_over_all_positions(void **state)
{
    (void)state;
    for_each_type(check_type);
}

static void check_moments(enum fa_cuda_type type, size_t positions, int channels)
{
    const size_t n = positions * (size_t)channels;
    float *values = noise(n, n);
    void *activation = device_values(type, values, n);
    double *sum = device_new((size_t)channels * sizeof *sum),
           *squares = device_new((size_t)channels * sizeof *sum);
    void *scratch = device_zero(fa_cuda_moments_scratch_bytes(type, positions, channels));

    for (int times = 0; times < 2; times++) /* the scratch is left as it was found */
        assert_runs(fa_cuda_moments(NULL, type, positions, channels, activation, scratch, sum, squares));
    for (int c = 0; c < channels; c++) {
        double magnitude, want = sum_of(values, positions, channels, c, &magnitude), want_squares = 0;

        for (size_t p = 0; p < positions; p++)
            want_squares += pow((double)values[p * (size_t)channels + (size_t)c], 2);
        assert_near(sum[c], want, 1e-13 * magnitude);
        assert_near(squares[c], want_squares, 1e-13 * want_squares);
    }
    device_free(activation);
    device_free(scratch);
    device_free(sum);
    device_free(squares);
    fa_free(values);
}

static void check_moments_of_type(enum fa_cuda_type type)
{
    for (int i = 0; i < (is_slow() ? 2 : 3); i++)
        check_moments(type, shapes[i].positions, shapes[i].channels);
}

static void moments_are_those_of_every_channel(void **state)
{
    (void)state;
    for_each_type(check_moments_of_type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_channel_is_added_up_over_all_positions),
        cmocka_unit_test(moments_are_those_of_every_channel),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
