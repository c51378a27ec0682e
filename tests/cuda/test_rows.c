/*
 * test_rows.c - the head's rows leave an activation and their gradients come back, element by element.
 */
#include "on_device.h"
#include "rows.h"

static void check_rows(enum fa_cuda_type type, size_t positions, int channels, int columns)
{
    const size_t n = positions * (size_t)channels, n_rows = positions * (size_t)columns;
    float *values = noise(n, 1), *rows, *back;
    void *activation = device_values(type, values, n), *target = device_new(n * fa_cuda_type_bytes(type));

    rows = device_new(n_rows * sizeof *rows);
    assert_runs(fa_cuda_rows_out(NULL, type, positions, channels, columns, activation, rows));
    assert_runs(fa_cuda_rows_in(NULL, type, positions, channels, columns, rows, target));
    back = device_read(type, target, n);
    for (size_t p = 0; p < positions; p++)
        for (size_t c = 0; c < (size_t)channels; c++) {
            const float want = c < (size_t)columns ? values[p * (size_t)channels + c] : 0;

            assert_all_same(&back[p * (size_t)channels + c], &want, 1);
            if (c < (size_t)columns)
                assert_all_same(&rows[p * (size_t)columns + c], &want, 1);
        }
    device_free(activation);
    device_free(target);
    device_free(rows);
    fa_free(values);
    fa_free(back);
}

/* Rows of whole fours, rows that end within a pack, rows that no four divides. */
static void check_type(enum fa_cuda_type type)
{
    check_rows(type, 55, 40, 36);
    check_rows(type, 9, 32, 27);
    check_rows(type, 1, 8, 8);
    check_rows(type, 77, 720, 720);
}

static void rows_leave_and_come_back_with_padding_zero(void **state)
{
    (void)state;
    for_each_type(check_type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_leave_and_come_back_with_padding_zero),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
