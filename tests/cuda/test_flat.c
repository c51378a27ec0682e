/*
 * test_flat.c - loops over flat memory against the host's: the same bits, but for the order of the sum of
 * squares.
 */
#include <math.h>
#include <string.h>

#include "fa/crc32c.h"
#include "fa/sgd.h"
#include "flat.h"
#include "host.h"
#include "on_device.h"

/* Buffers begin this far into sixteen bytes, and end anywhere. */
static const struct {
    size_t offset, n;
} cuts[] = {{3, 1030}, {1, 1}, {2, 2}, {0, 4096}, {1, 3000}, {0, 3}};

enum { N_CUTS = sizeof cuts / sizeof cuts[0], LENGTH = 4200 };

static float *device_noise(uint64_t seed)
{
    float *values = noise(LENGTH, seed), *copy = device_copy(values, LENGTH * sizeof *values);

    fa_free(values);
    return copy;
}

/* Elements outside the cut are as in `before`. */
static void assert_untouched(const float *got, const float *before, size_t offset, size_t n)
{
    assert_all_same(got, before, offset);
    assert_all_same(got + offset + n, before + offset + n, LENGTH - offset - n);
}

static void check_sums(size_t offset, size_t n)
{
    float *a = device_noise(1), *b = device_noise(2), *c = device_noise(3), *grad = device_noise(4);
    float *before = noise(LENGTH, 4), *store_before = noise(LENGTH, 1), *want = zeros(n), *zero = zeros(n);
    const float *const left[] = {c + offset, b + offset, a + offset};

    for (size_t i = 0; i < n; i++) {
        const size_t k = offset + i;

        want[i] = a[k] + (b[k] + (c[k] + before[k]));
    }
    assert_runs(fa_cuda_flat_fold(NULL, n, left, 3, grad + offset, NULL));
    assert_all_same(grad + offset, want, n);
    assert_untouched(grad, before, offset, n);
    for (size_t i = 0; i < n; i++)
        want[i] = a[offset + i] + grad[offset + i];
    assert_runs(fa_cuda_flat_fold(NULL, n, left + 2, 1, grad + offset, a + offset));
    assert_all_same(a + offset, want, n);
    assert_all_same(grad + offset, zero, n);
    assert_untouched(a, store_before, offset, n);

    for (size_t i = 0; i < n; i++)
        want[i] = b[offset + i] + c[offset + i];
    assert_runs(fa_cuda_flat_add(NULL, n, b + offset, c + offset, c + offset));
    assert_all_same(c + offset, want, n);
    assert_runs(fa_cuda_flat_clear(NULL, n, c + offset));
    assert_all_same(c + offset, zero, n);
    device_free(a), device_free(b), device_free(c), device_free(grad);
    fa_free(before), fa_free(store_before), fa_free(want), fa_free(zero);
}

static void gradients_merge_in_the_stacks_order(void **state)
{
    (void)state;
    for (int i = 0; i < (is_slow() ? 2 : N_CUTS); i++)
        check_sums(cuts[i].offset, cuts[i].n);
    assert_runs(fa_cuda_flat_clear(NULL, 0, NULL));
}

/* Of all but the first `offset` elements, which need not begin at a multiple of 16 bytes. */
static void check_squares(size_t offset, size_t n)
{
    float *values = noise(offset + n, n), *on_device = device_copy(values, (offset + n) * sizeof *values);
    void *scratch = device_zero(fa_cuda_flat_squares_scratch_bytes(n));
    const double norm = fa_host_norm(values + offset, n);
    double sum;

    for (int times = 0; times < 2; times++) {
        assert_runs(fa_cuda_flat_squares(NULL, n, on_device + offset, scratch, &sum));
        assert_near(sqrt(sum), norm, 1e-12 * norm);
    }
    device_free(on_device);
    device_free(scratch);
    fa_free(values);
}

static void the_norm_is_the_hosts(void **state)
{
    static const size_t lengths[] = {1, 4095, 20001, 300000};

    (void)state;
    for (int i = 0; i < (is_slow() ? 2 : 4); i++)
        for (size_t offset = 0; offset < 4; offset++)
            check_squares(offset, lengths[i]);
}

/* ---- the update ---- */

enum { N_ENTRIES = 5 };

/* Runs of entries that decay and that do not, all of which end within sixteen bytes. */
static struct fa_params params_of(struct fa_param entry[N_ENTRIES], struct fa_flat *value,
                                  struct fa_flat *grad)
{
    static const size_t n[N_ENTRIES] = {1001, 2, 1, 2049, 37};
    static const bool of_norm[N_ENTRIES] = {false, true, true, false, true};
    struct fa_params params = {.n = N_ENTRIES, .entry = entry, .value = value, .grad = grad};

    for (size_t i = 0; i < N_ENTRIES; i++) {
        entry[i] = (struct fa_param){
            .kind = FA_PARAM_TRAINABLE, .n_elem = n[i], .offset = params.n_elem, .of_norm = of_norm[i]};
        params.n_elem += n[i];
    }
    params.n_trainable = params.n_elem;
    return params;
}

struct update_bench {
    struct fa_param entry[N_ENTRIES];
    struct fa_params params;
    struct fa_backend *host;
    struct fa_flat *value, *grad, *momentum, *average; /* the host's */
    float *on_value, *on_grad, *on_momentum, *on_average;
    struct fa_cuda_decay decay[N_ENTRIES];
};

static struct fa_flat *host_noise(struct fa_backend *host, uint64_t seed)
{
    float *values = noise(LENGTH, seed);
    struct fa_flat *flat;

    assert_ok(fa_flat_create(host, LENGTH, &flat));
    assert_ok(fa_flat_write(flat, 0, LENGTH, values));
    fa_free(values);
    return flat;
}

static void bench_new(struct update_bench *b, bool decay_norm)
{
    b->host = host_open();
    b->value = host_noise(b->host, 1), b->grad = host_noise(b->host, 2);
    b->momentum = host_noise(b->host, 3), b->average = host_noise(b->host, 4);
    b->on_value = device_noise(1), b->on_grad = device_noise(2);
    b->on_momentum = device_noise(3), b->on_average = device_noise(4);
    b->params = params_of(b->entry, b->value, b->grad);
    for (size_t i = 0; i < N_ENTRIES; i++)
        b->decay[i] = (struct fa_cuda_decay){b->entry[i].offset + b->entry[i].n_elem,
                                             b->entry[i].of_norm && !decay_norm ? 0 : 1e-2f};
}

static void bench_free(struct update_bench *b)
{
    fa_flat_destroy(b->value), fa_flat_destroy(b->grad), fa_flat_destroy(b->momentum),
        fa_flat_destroy(b->average);
    fa_backend_close(b->host);
    device_free(b->on_value), device_free(b->on_grad), device_free(b->on_momentum),
        device_free(b->on_average);
}

static void check_update(double clip_norm, bool decay_norm, bool averages)
{
    const struct fa_cuda_update update = {0.25, clip_norm, 0.01, 0.9, 0.999};
    struct update_bench b;

    bench_new(&b, decay_norm);
    const size_t n = b.params.n_trainable;
    const double norm = fa_host_norm(fa_flat_memory(b.grad), n), squares = norm * norm;
    const struct fa_sgd sgd = {update.share * fa_clip_factor(update.share * sqrt(squares), clip_norm), 0.01,
                               0.9, 1e-2, decay_norm};

    assert_ok(fa_sgd_update(&b.params, b.momentum, &sgd));
    if (averages)
        fa_flat_average(b.average, b.value, n, 0.999);
    assert_runs(fa_cuda_flat_update(NULL, n, &update, &squares, b.decay, N_ENTRIES, b.on_grad, b.on_momentum,
                                    b.on_value, averages ? b.on_average : NULL));
    assert_all_same(b.on_value, fa_flat_memory(b.value), LENGTH);
    assert_all_same(b.on_momentum, fa_flat_memory(b.momentum), LENGTH);
    assert_all_same(b.on_average, fa_flat_memory(b.average), LENGTH);
    bench_free(&b);
}

static void the_update_is_the_hosts(void **state)
{
    (void)state;
    check_update(0, true, false);
    check_update(1, false, true);
    if (!is_slow())
        check_update(1000, false, false);
}

static void a_norm_that_is_not_finite_changes_nothing(void **state)
{
    const struct fa_cuda_update update = {1, 35, 0.01, 0.9, 0.999};
    const double squares[] = {INFINITY, NAN};
    struct update_bench b;

    (void)state;
    bench_new(&b, true);
    for (size_t i = 0; i < 2; i++)
        assert_runs(fa_cuda_flat_update(NULL, b.params.n_trainable, &update, &squares[i], b.decay, N_ENTRIES,
                                        b.on_grad, b.on_momentum, b.on_value, b.on_average));
    assert_all_same(b.on_value, fa_flat_memory(b.value), LENGTH);
    assert_all_same(b.on_momentum, fa_flat_memory(b.momentum), LENGTH);
    assert_all_same(b.on_average, fa_flat_memory(b.average), LENGTH);
    bench_free(&b);
}

static void swapping_moves_every_bit(void **state)
{
    float *a = device_noise(1), *b = device_noise(2), *was_a = noise(LENGTH, 1), *was_b = noise(LENGTH, 2);

    (void)state;
    a[5] = was_a[5] = NAN;
    assert_runs(fa_cuda_flat_swap(NULL, LENGTH - 1, a, b));
    assert_all_same(a, was_b, LENGTH - 1);
    assert_all_same(b, was_a, LENGTH - 1);
    assert_true(a[LENGTH - 1] == was_a[LENGTH - 1]);
    device_free(a), device_free(b);
    fa_free(was_a), fa_free(was_b);
}

/* ---- the checksum ---- */

static void check_crc(size_t offset, size_t n)
{
    float *values = noise(offset + n, n), *on_device = device_copy(values, (offset + n) * sizeof *values);
    void *scratch = device_zero(fa_cuda_flat_crc32c_scratch_bytes());
    uint32_t crc;

    for (int times = 0; times < 2; times++) {
        assert_runs(fa_cuda_flat_crc32c(NULL, n, on_device + offset, scratch, &crc));
        assert_int_equal(crc, fa_crc32c(0, values + offset, n * sizeof *values));
    }
    device_free(on_device);
    device_free(scratch);
    fa_free(values);
}

/* None, less than a thread each, several blocks, and more than the most blocks of the least length. */
static void the_checksum_is_the_hosts(void **state)
{
    static const size_t lengths[] = {0, 1, 255, 257, 5000, 100003, 600000};

    (void)state;
    for (size_t i = 0; i < (is_slow() ? 4 : sizeof lengths / sizeof lengths[0]); i++)
        check_crc(i % 4, lengths[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_merge_in_the_stacks_order),
        cmocka_unit_test(the_norm_is_the_hosts),
        cmocka_unit_test(the_update_is_the_hosts),
        cmocka_unit_test(a_norm_that_is_not_finite_changes_nothing),
        cmocka_unit_test(swapping_moves_every_bit),
        cmocka_unit_test(the_checksum_is_the_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
