/*
 * test_flat.c - flat memory of every backend against plain loops and hand arithmetic, bit for bit.
 */
#include "fa/flat.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "activation.h"
#include "backends.h"
#include "fa/crc32c.h"
#include "fa/memory.h"
#include "flats.h"

/* More than what one thread folds alone, and no whole number of any block. */
enum { LENGTH = 40009, BEGIN = 1003, END = 39001 };

static struct fa_flat *noisy(struct fa_backend *backend, uint64_t seed)
{
    fa_real *values = noise(LENGTH, seed);
    struct fa_flat *flat = flat_of(backend, values, LENGTH);

    fa_free(values);
    return flat;
}

/* ---- in the host's memory ---- */

static void check_transport(struct fa_backend *backend)
{
    fa_real *want = zeros(LENGTH), *some = noise(100, 1);
    struct fa_flat *flat;

    assert_ok(fa_flat_create(backend, LENGTH, &flat));
    assert_int_equal(fa_flat_length(flat), LENGTH);
    assert_ptr_equal(fa_flat_backend(flat), backend);
    assert_flat_holds(flat, 0, LENGTH, want);
    assert_ok(fa_flat_write(flat, 7, 100, some));
    memcpy(want + 7, some, 100 * sizeof *some);
    assert_flat_holds(flat, 0, LENGTH, want);
    assert_flat_holds(flat, 7, 100, some);
    assert_ok(fa_flat_write(flat, LENGTH, 0, some));
    fa_flat_destroy(flat);
    fa_free(want);
    fa_free(some);
}

static void a_row_begins_as_zeros_and_holds_what_was_written(void **state)
{
    (void)state;
    for_each_backend(check_transport);
    fa_flat_destroy(NULL);
}

static void check_opened(struct fa_backend *backend)
{
    struct fa_flat *flat = noisy(backend, 1);
    fa_real *want = noise(LENGTH, 1), *elements, *again;

    assert_ok(fa_flat_open(flat, FA_FLAT_WRITE, &elements));
    assert_memory_equal(elements, want, LENGTH * sizeof *want);
    elements[0] = want[0] = 5;
    elements[LENGTH - 1] = want[LENGTH - 1] = (fa_real)-0.0;
    assert_ok(fa_flat_open(flat, FA_FLAT_READ, &again));
    assert_memory_equal(again, want, LENGTH * sizeof *want);
    assert_ok(fa_flat_close(flat));
    elements[1] = want[1] = 6;
    assert_ok(fa_flat_close(flat));
    assert_flat_holds(flat, 0, LENGTH, want);
    assert_ok(fa_flat_open(flat, FA_FLAT_READ, &elements));
    assert_memory_equal(elements, want, LENGTH * sizeof *want);
    assert_ok(fa_flat_close(flat));
    fa_flat_destroy(flat);
    fa_free(want);
}

static void an_opened_row_is_what_its_elements_were_when_it_was_closed(void **state)
{
    (void)state;
    for_each_backend(check_opened);
}

static void check_finish(struct fa_backend *backend)
{
    struct fa_flat *flat = noisy(backend, 1);
    fa_real *elements;

    assert_ok(fa_flat_open(flat, FA_FLAT_READ, &elements));
    assert_ok(fa_flat_finish(flat, FA_OK));
    assert_ok(fa_flat_open(flat, FA_FLAT_READ, &elements));
    assert_fails_saying(fa_flat_finish(flat, fa_fail(FA_EIO, "the disk is full")), FA_EIO,
                        "the disk is full");
    fa_flat_destroy(flat); /* so it was closed */
}

static void finishing_closes_and_keeps_the_failure_that_there_was(void **state)
{
    (void)state;
    for_each_backend(check_finish);
}

static fa_status create_and_open(struct fa_backend *backend)
{
    struct fa_flat *flat;
    fa_real *elements;
    fa_status status;

    FA_TRY(fa_flat_create(backend, LENGTH, &flat));
    status = fa_flat_open(flat, FA_FLAT_WRITE, &elements);
    if (status == FA_OK)
        status = fa_flat_close(flat);
    fa_flat_destroy(flat);
    return status;
}

static void check_shortage(struct fa_backend *backend)
{
    assert_survives_shortage(create_and_open(backend));
}

static void a_shortage_of_memory_is_survived(void **state)
{
    (void)state;
    for_each_backend(check_shortage);
}

/* ---- moving ---- */

static void check_moves(struct fa_backend *backend)
{
    struct fa_flat *a = noisy(backend, 1), *b = noisy(backend, 2);
    fa_real *was_a = noise(LENGTH, 1), *was_b = noise(LENGTH, 2), *none = zeros(LENGTH);

    flat_set(a, 1, was_a[1] = (fa_real)-0.0);
    fa_flat_swap(a, b, END);
    assert_flat_holds(a, 0, END, was_b);
    assert_flat_holds(b, 0, END, was_a);
    assert_flat_holds(a, END, LENGTH - END, was_a + END);
    assert_flat_holds(b, END, LENGTH - END, was_b + END);
    fa_flat_swap(a, b, END);
    fa_flat_copy(b, a, END);
    assert_flat_holds(b, 0, END, was_a);
    assert_flat_holds(b, END, LENGTH - END, was_b + END);
    assert_flat_holds(a, 0, LENGTH, was_a);
    fa_flat_clear(a);
    assert_flat_holds(a, 0, LENGTH, none);
    fa_flat_destroy(a);
    fa_flat_destroy(b);
    fa_free(was_a);
    fa_free(was_b);
    fa_free(none);
}

static void swap_copy_and_clear_move_every_bit_and_no_others(void **state)
{
    (void)state;
    for_each_backend(check_moves);
}

/* ---- folding ---- */

enum { MOST_LEFT = FA_FLAT_MOST_LEFT };

struct fold_case {
    const char *name;
    size_t n_left, begin, end;
    enum { IN_SUM, IN_STORE, IN_LAST_LEFT } place;
};

static const struct fold_case fold_cases[] = {
    {"nothing", 0, 0, LENGTH, IN_SUM},
    {"moved", 0, BEGIN, END, IN_STORE},
    {"one", 1, 0, LENGTH, IN_SUM},
    {"one, and moved to where it was", 1, BEGIN, END, IN_LAST_LEFT},
    {"one, and moved", 1, 0, LENGTH, IN_STORE},
    {"three", 3, BEGIN, END, IN_SUM},
    {"three, and moved to the last", 3, 0, LENGTH, IN_LAST_LEFT},
    {"three of a few", 3, 17, 23, IN_STORE},
    {"three of none", 3, 17, 17, IN_STORE},
    {"as many as can be", MOST_LEFT, BEGIN, BEGIN + 5000, IN_STORE},
};

/* Elements of every kind among many magnitudes: additions in another order have other bits. */
static fa_real *wild(uint64_t seed)
{
    static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN};
    fa_real *values = noise(LENGTH, seed);

    for (size_t i = 0; i < LENGTH; i++)
        values[i] = (fa_real)ldexp((double)values[i], (int)pick(30, seed + 100, i));
    for (size_t i = 0; i < LENGTH; i += 1 + pick(20, seed + 200, i))
        values[i] = (fa_real)special[pick(5, seed + 300, i)];
    return values;
}

struct fold_bench {
    const struct fold_case *test;
    struct fa_flat *sum, *store, *left[MOST_LEFT];
    fa_real *want_sum, *want_store, *want_left[MOST_LEFT];
};

static void fold_bench_open(struct fold_bench *b, struct fa_backend *backend, const struct fold_case *test)
{
    *b = (struct fold_bench){.test = test, .want_sum = wild(1), .want_store = wild(2)};
    b->sum = flat_of(backend, b->want_sum, LENGTH);
    b->store = flat_of(backend, b->want_store, LENGTH);
    for (size_t k = 0; k < test->n_left; k++) {
        b->want_left[k] = wild(3 + k);
        b->left[k] = flat_of(backend, b->want_left[k], LENGTH);
    }
}

static void fold_bench_close(struct fold_bench *b)
{
    for (size_t k = 0; k < b->test->n_left; k++) {
        fa_flat_destroy(b->left[k]);
        fa_free(b->want_left[k]);
    }
    fa_flat_destroy(b->sum);
    fa_flat_destroy(b->store);
    fa_free(b->want_sum);
    fa_free(b->want_store);
}

/* As flat.h says it, one element after another. */
static void fold_plainly(struct fold_bench *b)
{
    const struct fold_case *test = b->test;
    fa_real *store =
        test->place == IN_STORE ? b->want_store : b->want_left[test->n_left > 0 ? test->n_left - 1 : 0];

    for (size_t i = test->begin; i < test->end; i++) {
        for (size_t k = 0; k < test->n_left; k++)
            b->want_sum[i] = b->want_left[k][i] + b->want_sum[i];
        if (test->place == IN_SUM)
            continue;
        store[i] = b->want_sum[i];
        b->want_sum[i] = 0;
    }
}

/* Which NaN comes of an addition is the processor's choice. */
static void assert_folded(const struct fold_case *test, const struct fa_flat *flat, const fa_real *want)
{
    fa_real *got = flat_copy(flat, 0, LENGTH);

    for (size_t i = 0; i < LENGTH; i++)
        if (memcmp(&got[i], &want[i], sizeof *want) != 0 && !(isnan(got[i]) && isnan(want[i])))
            fail_msg("%s: element %zu is %.9g, not %.9g", test->name, i, (double)got[i], (double)want[i]);
    fa_free(got);
}

static void check_fold(struct fa_backend *backend, const struct fold_case *test)
{
    struct fold_bench b;
    struct fa_flat *store;

    fold_bench_open(&b, backend, test);
    store = test->place == IN_SUM ? NULL : test->place == IN_STORE ? b.store : b.left[test->n_left - 1];
    fold_plainly(&b);
    fa_flat_fold(b.sum, b.left, test->n_left, store, test->begin, test->end);
    assert_folded(test, b.sum, b.want_sum);
    assert_folded(test, b.store, b.want_store);
    for (size_t k = 0; k < test->n_left; k++)
        assert_folded(test, b.left[k], b.want_left[k]);
    fold_bench_close(&b);
}

static void check_folds(struct fa_backend *backend)
{
    for (size_t i = 0; i < sizeof fold_cases / sizeof fold_cases[0]; i++)
        check_fold(backend, &fold_cases[i]);
}

static void a_fold_adds_from_the_left_in_turn_and_moves_the_sum(void **state)
{
    (void)state;
    for_each_backend(check_folds);
}

/* ---- norms and checksums ---- */

static double norm_of(struct fa_backend *backend, const fa_real *values, size_t n)
{
    struct fa_flat *flat = flat_of(backend, values, n);
    double norm, same = fa_host_norm(values, n);

    assert_ok(fa_flat_norm(flat, 0, n, &norm));
    assert_memory_equal(&norm, &same, sizeof same);
    fa_flat_destroy(flat);
    return norm;
}

static void check_small_norms(struct fa_backend *backend)
{
    fa_real values[3] = {3, -4, 0};

    assert_near(norm_of(backend, values, 2), 5, 0);
    assert_near(norm_of(backend, values, 0), 0, 0);
    values[0] = (fa_real)1e20; /* its square overflows float but not double */
    assert_near(norm_of(backend, values, 1) / 1e20, 1, 1e-7);
    values[1] = NAN;
    assert_false(isfinite(norm_of(backend, values, 3)));
    values[1] = INFINITY;
    assert_false(isfinite(norm_of(backend, values, 3)));
}

static void the_norm_of_3_and_4_is_5_and_is_taken_in_double(void **state)
{
    (void)state;
    for_each_backend(check_small_norms);
}

/* Twos have an exact sum; what lies behind the first n does not count. */
static void check_norm_lengths(struct fa_backend *backend)
{
    enum { MOST = 5000 };
    fa_real *twos = zeros(MOST);
    struct fa_flat *flat;
    double norm;

    for (size_t i = 0; i < MOST; i++)
        twos[i] = 2;
    flat = flat_of(backend, twos, MOST);
    for (size_t n = 0; n <= MOST; n += n < 600 ? 1 : 733) {
        assert_ok(fa_flat_norm(flat, 0, n, &norm));
        assert_near(norm, sqrt(4.0 * (double)n), 0);
    }
    fa_flat_destroy(flat);
    fa_free(twos);
}

static void the_norm_counts_every_element_once_at_any_length(void **state)
{
    (void)state;
    for_each_backend(check_norm_lengths);
}

/* Rounded once for each addition on the way of an element, of which there are about 300. */
static void check_norm(struct fa_backend *backend)
{
    fa_real *values = noise(LENGTH, 1);
    long double squares = 0;

    for (size_t i = 0; i < LENGTH; i++)
        squares += (long double)values[i] * (long double)values[i];
    assert_near(norm_of(backend, values, LENGTH) / (double)sqrtl(squares), 1, 2e-14);
    fa_free(values);
}

static void the_norm_is_that_of_long_double(void **state)
{
    (void)state;
    for_each_backend(check_norm);
}

static void check_checksum(struct fa_backend *backend)
{
    enum { PIECE = 1 << 18, N = 2 * PIECE + 5 };
    static const size_t places[] = {0, PIECE - 1, PIECE, N - 1};
    fa_real *values = noise(N + 1, 1);
    struct fa_flat *flat = flat_of(backend, values, N + 1);
    const uint32_t pieces[3] = {fa_crc32c(0, values, PIECE * sizeof *values),
                                fa_crc32c(0, values + PIECE, PIECE * sizeof *values),
                                fa_crc32c(0, values + 2 * PIECE, 5 * sizeof *values)};
    uint32_t checksum, other;

    assert_ok(fa_flat_checksum(flat, N, &checksum));
    assert_int_equal(checksum, fa_crc32c(0, pieces, sizeof pieces));
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        fa_real flipped = values[places[i]];

        *(unsigned char *)&flipped ^= 1;
        flat_set(flat, places[i], flipped);
        assert_ok(fa_flat_checksum(flat, N, &other));
        assert_int_not_equal(other, checksum);
        flat_set(flat, places[i], values[places[i]]);
    }
    flat_set(flat, N, 7); /* behind them */
    assert_ok(fa_flat_checksum(flat, N, &other));
    assert_int_equal(other, checksum);
    fa_flat_destroy(flat);
    fa_free(values);
}

static void a_checksum_sees_one_bit_of_one_element(void **state)
{
    (void)state;
    for_each_backend(check_checksum);
}

/* ---- the update ---- */

/* g = 0.5 * 4 + 0.25 * 8 = 4; momentum 0.5 * 2 + 4 = 5; value 8 - 0.125 * 5. */
static void check_hand_arithmetic(struct fa_backend *backend)
{
    const struct fa_flat_sgd sgd = {0.5, 0.125, 0.5, 0.25};
    struct fa_flat *value = flat_of(backend, (const fa_real[]){8}, 1);
    struct fa_flat *momentum = flat_of(backend, (const fa_real[]){2}, 1);
    struct fa_flat *grad = flat_of(backend, (const fa_real[]){4}, 1);

    fa_flat_sgd(value, momentum, grad, 0, 1, &sgd);
    assert_near(flat_at(momentum, 0), 5, 0);
    assert_near(flat_at(value, 0), 7.375, 0);
    assert_near(flat_at(grad, 0), 4, 0);
    fa_flat_destroy(value);
    fa_flat_destroy(momentum);
    fa_flat_destroy(grad);
}

static void one_update_is_hand_arithmetic(void **state)
{
    (void)state;
    for_each_backend(check_hand_arithmetic);
}

/* With factors that float must round. */
static void check_updates(struct fa_backend *backend)
{
    const struct fa_flat_sgd sgd = {0.3, 0.01, 0.9, 1e-4};
    const fa_real scale = (fa_real)0.3, lr = (fa_real)0.01, keep = (fa_real)0.9, decay = (fa_real)1e-4;
    struct fa_flat *value = noisy(backend, 1), *momentum = noisy(backend, 2), *grad = noisy(backend, 3);
    fa_real *want_value = noise(LENGTH, 1), *want_momentum = noise(LENGTH, 2), *want_grad = noise(LENGTH, 3);

    for (size_t i = BEGIN; i < END; i++) {
        const fa_real scaled = scale * want_grad[i], decayed = decay * want_value[i], g = scaled + decayed;
        const fa_real kept = keep * want_momentum[i];

        want_momentum[i] = kept + g;
        want_value[i] = want_value[i] - (fa_real)(lr * want_momentum[i]);
    }
    fa_flat_sgd(value, momentum, grad, BEGIN, END, &sgd);
    assert_flat_holds(value, 0, LENGTH, want_value);
    assert_flat_holds(momentum, 0, LENGTH, want_momentum);
    assert_flat_holds(grad, 0, LENGTH, want_grad);
    fa_flat_destroy(value);
    fa_flat_destroy(momentum);
    fa_flat_destroy(grad);
    fa_free(want_value);
    fa_free(want_momentum);
    fa_free(want_grad);
}

static void an_update_rounds_after_each_operation_and_reaches_its_elements_alone(void **state)
{
    (void)state;
    for_each_backend(check_updates);
}

/* 0.5 * 8 + 0.5 * 4; and 1 - 0.75 is what is taken of the new. */
static void check_average_by_hand(struct fa_backend *backend)
{
    struct fa_flat *average = flat_of(backend, (const fa_real[]){8, -2}, 2);
    struct fa_flat *value = flat_of(backend, (const fa_real[]){4, 6}, 2);

    fa_flat_average(average, value, 1, 0.5);
    assert_near(flat_at(average, 0), 6, 0);
    assert_near(flat_at(average, 1), -2, 0);
    fa_flat_average(average, value, 2, 0.75);
    assert_near(flat_at(average, 0), 5.5, 0);
    assert_near(flat_at(average, 1), 0, 0);
    assert_near(flat_at(value, 1), 6, 0);
    fa_flat_destroy(average);
    fa_flat_destroy(value);
}

static void one_step_of_the_average_is_hand_arithmetic(void **state)
{
    (void)state;
    for_each_backend(check_average_by_hand);
}

/* After n steps the value of step k weighs (1 - d) * d^(n - 1 - k), and the first d^n. */
static void check_average_of_many(struct fa_backend *backend)
{
    struct fa_flat *average = flat_of(backend, (const fa_real[]){3}, 1), *value;
    double want = 3 * pow(0.9, 40);

    assert_ok(fa_flat_create(backend, 1, &value));
    for (int k = 0; k < 40; k++) {
        const fa_real now = (fa_real)sin(k);

        flat_set(value, 0, now);
        fa_flat_average(average, value, 1, 0.9);
        want += 0.1 * pow(0.9, 39 - k) * (double)now;
    }
    assert_near(flat_at(average, 0), want, 1e-6);
    fa_flat_destroy(average);
    fa_flat_destroy(value);
}

static void an_average_weighs_values_by_their_age(void **state)
{
    (void)state;
    for_each_backend(check_average_of_many);
}

static void check_averages(struct fa_backend *backend)
{
    const fa_real keep = (fa_real)0.999, take = (fa_real)(1 - 0.999);
    struct fa_flat *average = noisy(backend, 1), *value = noisy(backend, 2);
    fa_real *want = noise(LENGTH, 1), *values = noise(LENGTH, 2);

    for (size_t i = 0; i < END; i++) {
        const fa_real kept = keep * want[i], taken = take * values[i];

        want[i] = kept + taken;
    }
    fa_flat_average(average, value, END, 0.999);
    assert_flat_holds(average, 0, LENGTH, want);
    assert_flat_holds(value, 0, LENGTH, values);
    fa_flat_destroy(average);
    fa_flat_destroy(value);
    fa_free(want);
    fa_free(values);
}

static void an_average_rounds_after_each_operation_and_reaches_the_first_elements_alone(void **state)
{
    (void)state;
    for_each_backend(check_averages);
}

/* ---- threads ---- */

struct outcome {
    double norm;
    uint32_t checksum;
    fa_real *value; /* after a fold, an update and an average */
};

static struct outcome outcome_with_threads(const char *name, int n_threads)
{
    const struct fa_flat_sgd sgd = {0.3, 0.01, 0.9, 1e-4};
    struct fa_flat *value, *momentum, *grad;
    struct fa_backend *backend;
    struct outcome outcome;

    omp_set_num_threads(n_threads);
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = name, .n_threads = n_threads}, &backend));
    value = noisy(backend, 1);
    momentum = noisy(backend, 2);
    grad = noisy(backend, 3);
    fa_flat_fold(grad, &momentum, 1, NULL, 0, LENGTH);
    fa_flat_sgd(value, momentum, grad, 0, LENGTH, &sgd);
    fa_flat_average(value, grad, LENGTH, 0.9);
    assert_ok(fa_flat_norm(value, 0, LENGTH, &outcome.norm));
    assert_ok(fa_flat_checksum(value, LENGTH, &outcome.checksum));
    outcome.value = flat_copy(value, 0, LENGTH);
    fa_flat_destroy(value);
    fa_flat_destroy(momentum);
    fa_flat_destroy(grad);
    fa_backend_close(backend);
    return outcome;
}

static void any_number_of_threads_on_any_backend_gives_the_same_bits(void **state)
{
    const int threads = omp_get_max_threads();
    struct outcome want = outcome_with_threads("blas", 1);

    (void)state;
    for (size_t b = 0; fa_test_backend(b) != NULL; b++)
        for (int n_threads = 1; n_threads <= 4; n_threads++) {
            struct outcome got = outcome_with_threads(fa_test_backend(b), n_threads);

            assert_memory_equal(&got.norm, &want.norm, sizeof got.norm);
            assert_int_equal(got.checksum, want.checksum);
            assert_memory_equal(got.value, want.value, LENGTH * sizeof *got.value);
            fa_free(got.value);
        }
    omp_set_num_threads(threads);
    fa_free(want.value);
}

/* ---- windows ---- */

static fa_real *wait_for_elements(struct fa_flat_window *window)
{
    bool ready = false;

    while (!ready)
        assert_ok(fa_flat_window_ready(window, &ready));
    return fa_flat_window_elements(window);
}

/* Two stretches after each other in one window, and what was asked of the row before. */
static void check_window(struct fa_backend *backend)
{
    enum { N = 3000 };
    struct fa_flat *flat = noisy(backend, 1), *from = noisy(backend, 2);
    fa_real *want = noise(LENGTH, 2), *elements;
    struct fa_flat_window *window;

    assert_ok(fa_flat_window_create(backend, N, &window));
    fa_flat_copy(flat, from, LENGTH);
    for (size_t begin = BEGIN; begin <= BEGIN + N; begin += N) {
        fa_flat_window_open(window, flat, begin, begin + N);
        elements = wait_for_elements(window);
        assert_memory_equal(elements, want + begin, N * sizeof *want);
        for (size_t i = 0; i < N; i++)
            elements[i] = want[begin + i] = (fa_real)i;
        fa_flat_window_write(window);
    }
    assert_flat_holds(flat, 0, LENGTH, want);
    fa_flat_window_open(window, flat, LENGTH, LENGTH);
    wait_for_elements(window);
    fa_flat_window_write(window);
    assert_flat_holds(flat, 0, LENGTH, want);
    fa_flat_window_destroy(window);
    fa_flat_destroy(flat);
    fa_flat_destroy(from);
    fa_free(want);
}

static void a_window_shows_its_stretch_and_brings_back_what_is_left_there(void **state)
{
    (void)state;
    for_each_backend(check_window);
    fa_flat_window_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_begins_as_zeros_and_holds_what_was_written),
        cmocka_unit_test(an_opened_row_is_what_its_elements_were_when_it_was_closed),
        cmocka_unit_test(finishing_closes_and_keeps_the_failure_that_there_was),
        cmocka_unit_test(a_shortage_of_memory_is_survived),
        cmocka_unit_test(swap_copy_and_clear_move_every_bit_and_no_others),
        cmocka_unit_test(a_fold_adds_from_the_left_in_turn_and_moves_the_sum),
        cmocka_unit_test(the_norm_of_3_and_4_is_5_and_is_taken_in_double),
        cmocka_unit_test(the_norm_counts_every_element_once_at_any_length),
        cmocka_unit_test(the_norm_is_that_of_long_double),
        cmocka_unit_test(a_checksum_sees_one_bit_of_one_element),
        cmocka_unit_test(one_update_is_hand_arithmetic),
        cmocka_unit_test(an_update_rounds_after_each_operation_and_reaches_its_elements_alone),
        cmocka_unit_test(one_step_of_the_average_is_hand_arithmetic),
        cmocka_unit_test(an_average_weighs_values_by_their_age),
        cmocka_unit_test(an_average_rounds_after_each_operation_and_reaches_the_first_elements_alone),
        cmocka_unit_test(any_number_of_threads_on_any_backend_gives_the_same_bits),
        cmocka_unit_test(a_window_shows_its_stretch_and_brings_back_what_is_left_there),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
