/*
 * faults.c - a GPU that is not there, not free, too small or lost ends in one sentence, and leaves nothing
 * behind.
 */
#include <stdlib.h>
#include <string.h>

#include "fa/backend.h"
#include "fa/memory.h"
#include "fake.h"
#include "support.h"

static struct fa_backend *backend;
static struct fa_weights *weights;

static int begin(void **state)
{
    (void)state;
    backend = NULL;
    weights = NULL;
    return 0;
}

/* Nothing is left on the GPU, whatever happened. */
static int end(void **state)
{
    if (weights != NULL)
        fa_weights_destroy(weights);
    fa_backend_close(backend);
    fake_lose(false);
    fake_set_memory(0);
    assert_int_equal(fake_live(), 0);
    return fa_test_memory_balances(state);
}

/* ---- at the start ---- */

static fa_status open_as(int device, int local_rank, bool share)
{
    const struct fa_backend_config config = {
        .n_threads = 1, .device = device, .local_rank = local_rank, .share_device = share};

    return fa_backend_open(&config, &backend);
}

static int number_as(int device, int local_rank, bool share)
{
    int number;

    assert_ok(open_as(device, local_rank, share));
    number = fa_backend_device(backend)->number;
    fa_backend_close(backend);
    backend = NULL;
    return number;
}

static void a_rank_has_the_gpu_of_its_number_or_the_one_that_it_is_shown(void **state)
{
    (void)state;
    setenv("FAKE_DEVICES", "2", 1);
    assert_int_equal(number_as(-1, 1, false), 1);
    assert_int_equal(number_as(0, 1, false), 0);
    assert_int_equal(number_as(-1, 5, true), 1);
    assert_fails_saying(open_as(-1, 2, false), FA_EINVAL, "GPU 2 is asked for, and this host shows 2");
    assert_fails_saying(open_as(3, 0, true), FA_EINVAL, "GPU 3 is asked for");
    setenv("CUDA_VISIBLE_DEVICES", "1", 1);
    assert_int_equal(number_as(-1, 1, false), 0);
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv("FAKE_DEVICES");
}

static void assert_start_fails(const char *variable, const char *value, fa_status status, const char *text)
{
    setenv(variable, value, 1);
    assert_fails_saying(open_as(-1, 0, false), status, text);
    unsetenv(variable);
    assert_null(backend);
    assert_int_equal(fake_live(), 0);
}

static void a_gpu_that_cannot_be_used_is_told_of(void **state)
{
    (void)state;
    assert_start_fails("FAKE_BUSY", "0", FA_EIO, "another process has it to itself");
    assert_start_fails("FAKE_MEMORY_MIB", "0", FA_ENOMEM,
                       "of GPU 0 (Fake GPU): out of memory, 0 of 0 MiB are free");
    assert_start_fails("FAKE_CAPABILITY", "70", FA_EINVAL,
                       "has compute capability 7.0, and the kernels are for 7.5");
    assert_start_fails("FAKE_DEVICES", "0", FA_EMISSING, "see what nvidia-smi");
}

static void kernels_run_on_later_gpus(void **state)
{
    (void)state;
    setenv("FAKE_CAPABILITY", "86", 1); /* of the generation of 8.0 */
    assert_int_equal(number_as(-1, 0, false), 0);
    setenv("FAKE_CAPABILITY", "150", 1); /* after all of them */
    assert_int_equal(number_as(-1, 0, false), 0);
    unsetenv("FAKE_CAPABILITY");
}

/* ---- later ---- */

enum { CHANNELS = 8 };

static const struct fa_weights_desc layer = {
    .out_channels = CHANNELS, .in_channels = CHANNELS, .groups = 1, .kernel = 3};

static void *device_zeros(size_t n_bytes)
{
    void *host, *memory;

    assert_ok(fa_alloc_zero(n_bytes, 1, &host));
    assert_ok(fa_backend_alloc(backend, n_bytes, &memory));
    fa_backend_put(backend, memory, host, n_bytes);
    assert_ok(fa_backend_synchronize(backend));
    fa_free(host);
    return memory;
}

/* A layer whose filters lie in the memory that is returned. */
static void *open_layer(void)
{
    const fa_real bias[CHANNELS] = {0};
    void *filters;

    assert_ok(open_as(-1, 0, false));
    assert_ok(fa_weights_create(backend, &layer, &weights));
    filters = device_zeros(CHANNELS * CHANNELS * 9 * sizeof(fa_real));
    assert_ok(fa_weights_load(weights, filters, NULL, bias));
    return filters;
}

/* What an image of another size takes: its convolution, and two activations. */
struct size {
    struct fa_shape shape;
    struct fa_conv *conv;
    void *in, *out;
};

static fa_status take_size(int n, struct size *size)
{
    struct fa_conv_desc desc = {.out_channels = CHANNELS, .groups = 1, .kernel = 3, .stride = 1, .pad = 1};

    size->shape = desc.in = (struct fa_shape){CHANNELS, 8 + n, 16};
    FA_TRY(fa_conv_create(backend, &desc, weights, &size->conv));
    FA_TRY(fa_backend_alloc(backend, fa_backend_activation_bytes(backend, desc.in), &size->in));
    return fa_backend_alloc(backend, fa_backend_activation_bytes(backend, desc.in), &size->out);
}

static void give_back_size(struct size *size)
{
    fa_backend_free(backend, size->in);
    fa_backend_free(backend, size->out);
    if (size->conv != NULL)
        fa_conv_destroy(size->conv);
}

static void begin_with(const struct size *size)
{
    float *image;

    assert_ok(fa_alloc_zero(fa_shape_elements(size->shape), sizeof *image, &image));
    fa_backend_import_chw(backend, size->shape, image, size->in);
    fa_free(image);
}

static void memory_that_ends_at_the_50th_size_leaves_those_before(void **state)
{
    struct size sizes[50] = {0};
    void *filters = open_layer();

    (void)state;
    for (int n = 0; n < 49; n++)
        assert_ok(take_size(n, &sizes[n]));
    begin_with(&sizes[48]);
    fake_set_memory((size_t)1 << 20);
    assert_fails_saying(
        take_size(49, &sizes[49]), FA_ENOMEM,
        "CUDA says of GPU 0 (Fake GPU): out of memory, 0 of 1 MiB are free; make data.scale or "
        "train.lanes smaller");
    begin_with(&sizes[0]);
    assert_ok(fa_conv_forward(sizes[0].conv, sizes[0].in, NULL, sizes[0].out));
    assert_ok(fa_backend_synchronize(backend));
    for (int n = 0; n < 50; n++)
        give_back_size(&sizes[n]);
    fa_backend_free(backend, filters);
}

/* A forward pass, of a GPU that is lost before it is asked for or after. */
static fa_status work_until_lost(struct size *size, bool lost_at_first)
{
    fa_status status;

    begin_with(size);
    fake_lose(lost_at_first);
    status = fa_conv_forward(size->conv, size->in, NULL, size->out);
    fake_lose(true);
    return status != FA_OK ? status : fa_backend_synchronize(backend);
}

static void a_gpu_that_is_lost_is_named_by_whoever_meets_it_first(void **state)
{
    struct size size = {0};
    void *filters = open_layer(), *other;
    bool reached;

    (void)state;
    assert_ok(take_size(0, &size));
    assert_fails_saying(work_until_lost(&size, true), FA_EIO, "GPU 0 (Fake GPU)");
    fa_test_message("start again, on another one if this happens again", __FILE__, __LINE__);
    assert_fails(fa_ticket_reached(fa_backend_mark(backend), &reached), FA_EIO);
    assert_fails_saying(fa_backend_alloc(backend, 64, &other), FA_EIO, "start again");
    give_back_size(&size);
    fa_backend_free(backend, filters);
    fa_test_message("taking 1 MiB", __FILE__, __LINE__); /* and not what is said of giving back */
}

static void a_gpu_that_is_lost_after_work_was_asked_for_tells_at_the_next_look(void **state)
{
    struct size size = {0};
    void *filters = open_layer();

    (void)state;
    assert_ok(take_size(0, &size));
    assert_fails_saying(work_until_lost(&size, false), FA_EIO,
                        "computing on the GPU: CUDA says of GPU 0 (Fake GPU): ");
    give_back_size(&size);
    fa_backend_free(backend, filters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rank_has_the_gpu_of_its_number_or_the_one_that_it_is_shown, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_gpu_that_cannot_be_used_is_told_of, begin, end),
        cmocka_unit_test_setup_teardown(kernels_run_on_later_gpus, begin, end),
        cmocka_unit_test_setup_teardown(memory_that_ends_at_the_50th_size_leaves_those_before, begin, end),
        cmocka_unit_test_setup_teardown(a_gpu_that_is_lost_is_named_by_whoever_meets_it_first, begin, end),
        cmocka_unit_test_setup_teardown(a_gpu_that_is_lost_after_work_was_asked_for_tells_at_the_next_look,
                                        begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
