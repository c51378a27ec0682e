/*
 * test_backend.c - opening a backend, and what does not depend on how many threads it has.
 */
#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "activation.h"
#include "fa/memory.h"
#include "flats.h"
#include "op_cases.h"

static void the_first_name_is_the_default(void **state)
{
    struct fa_backend *backend;

    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.n_threads = 1}, &backend));
    assert_string_equal(fa_backend_name(backend), fa_backend_known(0));
    fa_backend_close(backend);
}

static void every_name_opens_and_describes_itself(void **state)
{
    (void)state;
    for (size_t b = 0; fa_backend_known(b) != NULL; b++) {
        struct fa_backend *backend;

        assert_ok(fa_backend_open(&(struct fa_backend_config){.name = fa_backend_known(b), .n_threads = 2},
                                  &backend));
        assert_string_equal(fa_backend_name(backend), fa_backend_known(b));
        assert_int_equal(fa_backend_threads(backend), 2);
        assert_non_null(strchr(fa_backend_description(backend), ' '));
        assert_ok(fa_backend_synchronize(backend));
        fa_backend_close(backend);
    }
    fa_backend_close(NULL);
}

static void blas_names_its_library_version_and_core(void **state)
{
    struct fa_backend *backend;
    int major, minor;
    char core[64];

    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    assert_int_equal(
        sscanf(fa_backend_description(backend), "OpenBLAS %d.%d.%*[0-9], %63s", &major, &minor, core), 3);
    fa_backend_close(backend);
}

static void an_unknown_name_is_refused_with_the_known_ones(void **state)
{
    struct fa_backend *backend;

    (void)state;
    assert_fails_saying(
        fa_backend_open(&(struct fa_backend_config){.name = "blsa", .n_threads = 1}, &backend), FA_EINVAL,
        "`blsa`");
    assert_fails_saying(
        fa_backend_open(&(struct fa_backend_config){.name = "blsa", .n_threads = 1}, &backend), FA_EINVAL,
        "blas");
    assert_null(backend);
}

static void no_threads_are_refused(void **state)
{
    struct fa_backend *backend;

    (void)state;
    assert_fails_saying(
        fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 0}, &backend), FA_EINVAL,
        "threads");
}

static void without_memory_opening_fails_cleanly(void **state)
{
    (void)state;
    for (size_t b = 0; fa_backend_known(b) != NULL; b++) {
        struct fa_backend *backend;

        fa_memory_fail_after(1);
        assert_fails(fa_backend_open(&(struct fa_backend_config){.name = fa_backend_known(b), .n_threads = 1},
                                     &backend),
                     FA_ENOMEM);
        fa_memory_fail_after(0);
        assert_null(backend);
    }
}

/* ---- memory and queues ---- */

static void wait_for(struct fa_ticket ticket)
{
    bool reached = false;

    while (!reached)
        assert_ok(fa_ticket_reached(ticket, &reached));
}

static void check_ticket(struct fa_backend *backend)
{
    enum { N = 1000 };
    fa_real *want = noise(N, 1), *got = zeros(N), *memory = backend_copy(backend, got, N);

    fa_backend_put(backend, memory, want, N * sizeof *want);
    fa_backend_get(backend, got, memory, N * sizeof *want);
    wait_for(fa_backend_mark(backend));
    assert_memory_equal(got, want, N * sizeof *want);
    fa_backend_free(backend, memory);
    fa_free(want);
    fa_free(got);
}

static void what_was_put_is_got_once_the_ticket_is_reached(void **state)
{
    (void)state;
    wait_for((struct fa_ticket){0});
    for_each_backend(check_ticket);
}

/* Work that goes from queue to queue, each time behind the last one's ticket. */
static void check_fork(struct fa_backend *backend)
{
    enum { N = 100000, TURNS = 20 };
    fa_real *ones = zeros(N), *got;
    struct fa_backend *queue[2] = {backend, NULL};
    struct fa_flat *sum, *one;

    for (size_t i = 0; i < N; i++)
        ones[i] = 1;
    assert_ok(fa_backend_fork(backend, &queue[1]));
    assert_ok(fa_flat_create(queue[0], N, &sum));
    one = flat_of(queue[1], ones, N);
    for (int i = 0; i < TURNS; i++) {
        fa_backend_follow(queue[0], fa_backend_mark(queue[1]));
        fa_flat_fold(sum, &one, 1, NULL, 0, N); /* asks queue 0 */
        fa_backend_follow(queue[1], fa_backend_mark(queue[0]));
        fa_flat_copy(one, sum, N); /* asks queue 1 */
    }
    got = flat_copy(one, 0, N);
    for (size_t i = 0; i < N; i++)
        assert_true(got[i] == 1 << (TURNS - 1));
    fa_flat_destroy(one);
    fa_flat_destroy(sum);
    fa_backend_close(queue[1]);
    fa_free(ones);
    fa_free(got);
}

static void queues_that_follow_each_other_do_their_work_in_turn(void **state)
{
    (void)state;
    for_each_backend(check_fork);
}

/* ---- threads ---- */

/* Forward and backward of a case on blas with so many threads. */
static struct op_result result_with_threads(const struct op_case *op, const struct op_data *data,
                                            int n_threads)
{
    struct op_result result = op_result_new(data);
    struct fa_backend *backend;

    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = n_threads}, &backend));
    struct op_run run = op_run_open(backend, op);
    op_run_forward(&run, data, result.dst);
    op_run_backward(&run, data, &result);
    op_run_close(&run);
    fa_backend_close(backend);
    return result;
}

static void blas_repeats_itself_bit_for_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_op_cases; i += 3) {
        struct op_data data = op_data_new(&op_cases[i]);
        struct op_result once = result_with_threads(&op_cases[i], &data, 2);
        struct op_result again = result_with_threads(&op_cases[i], &data, 2);

        assert_memory_equal(once.dst, again.dst, data.n_dst * sizeof(fa_real));
        assert_memory_equal(once.diff_src, again.diff_src, data.n_src * sizeof(fa_real));
        assert_memory_equal(once.diff_filters, again.diff_filters, data.n_filters * sizeof(fa_real));
        assert_memory_equal(once.diff_bias, again.diff_bias, data.n_bias * sizeof(fa_real));
        op_result_free(&once);
        op_result_free(&again);
        op_data_free(&data);
    }
}

/* Relative to the largest. */
#define ROUNDING 2e-6

static void products_are_shared_by_any_number_of_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_op_cases; i++) {
        const int n_threads = 2 + (int)(i % 4);
        struct op_data data = op_data_new(&op_cases[i]);
        struct op_result one = result_with_threads(&op_cases[i], &data, 1);
        struct op_result some = result_with_threads(&op_cases[i], &data, n_threads);

        assert_true(worst_real(some.dst, one.dst, data.n_dst) < ROUNDING);
        assert_true(worst_real(some.diff_src, one.diff_src, data.n_src) < ROUNDING);
        assert_true(worst_real(some.diff_filters, one.diff_filters, data.n_filters) < ROUNDING);
        op_result_free(&one);
        op_result_free(&some);
        op_data_free(&data);
    }
}

/* Its own threads would fight with OpenMP's for the cores. */
static void openblas_computes_on_the_threads_that_call_it(void **state)
{
    const int n_threads = omp_get_max_threads();
    struct fa_backend *backend;

    (void)state;
    omp_set_num_threads(3);
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 4}, &backend));
    assert_int_equal(openblas_get_num_threads(), 1);
    assert_int_equal(omp_get_max_threads(), 3);
    omp_set_num_threads(n_threads);
    fa_backend_close(backend);
}

static void sums_over_positions_do_not_depend_on_the_number_of_threads(void **state)
{
    const struct op_case *op = &op_cases[0];
    struct op_data data = op_data_new(op);
    struct op_result one = result_with_threads(op, &data, 1), three = result_with_threads(op, &data, 3);

    (void)state;
    assert_memory_equal(one.diff_bias, three.diff_bias, data.n_bias * sizeof(fa_real));
    op_result_free(&one);
    op_result_free(&three);
    op_data_free(&data);
}

static void all_memory_was_given_back(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_name_is_the_default),
        cmocka_unit_test(every_name_opens_and_describes_itself),
        cmocka_unit_test(blas_names_its_library_version_and_core),
        cmocka_unit_test(an_unknown_name_is_refused_with_the_known_ones),
        cmocka_unit_test(no_threads_are_refused),
        cmocka_unit_test(without_memory_opening_fails_cleanly),
        cmocka_unit_test(what_was_put_is_got_once_the_ticket_is_reached),
        cmocka_unit_test(queues_that_follow_each_other_do_their_work_in_turn),
        cmocka_unit_test(blas_repeats_itself_bit_for_bit),
        cmocka_unit_test(products_are_shared_by_any_number_of_threads),
        cmocka_unit_test(openblas_computes_on_the_threads_that_call_it),
        cmocka_unit_test(sums_over_positions_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(all_memory_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
