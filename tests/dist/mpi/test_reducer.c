/* The gradient's sum: every element of every rank once, the same bits everywhere and every time. */
#include "ranks.h"

#include <string.h>

#include "comm_private.h"
#include "fa/crc32c.h"
#include "fa/memory.h"
#include "fa/reducer.h"

/* More than one bucket, and not a whole number of them. */
enum { LENGTH = (1 << 22) + 4099 };

static fa_real *grad;

static int take_memory(void **state)
{
    (void)state;
    return fa_alloc(LENGTH, sizeof *grad, &grad) == FA_OK ? 0 : -1;
}

static int free_memory(void **state)
{
    (void)state;
    fa_free(grad);
    return 0;
}

static void reduce(void)
{
    struct fa_reducer *reducer;

    assert_ok(fa_reducer_create(comm, grad, LENGTH, &reducer));
    fa_reducer_begin(reducer);
    fa_reducer_advance(reducer, 17);
    fa_reducer_advance(reducer, LENGTH);
    assert_ok(fa_reducer_finish(reducer));
    fa_reducer_destroy(reducer);
}

static void every_element_counts_every_rank_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        grad[i] = (fa_real)((1 << fa_comm_rank(comm)) + (fa_comm_rank(comm) == 0 ? 16 * (int)(i % 1000) : 0));
    reduce();
    for (size_t i = 0; i < LENGTH; i++)
        if (grad[i] != (fa_real)((1 << fa_comm_size(comm)) - 1 + 16 * (int)(i % 1000)))
            fail_msg("element %zu is %g", i, (double)grad[i]);
}

static uint32_t checksum_of_thirds(void)
{
    for (size_t i = 0; i < LENGTH; i++)
        grad[i] = (fa_real)(1.0 / (double)(3 + i % 977 + (size_t)fa_comm_rank(comm)));
    reduce();
    return fa_crc32c(0, grad, LENGTH * sizeof *grad);
}

static void the_sum_has_the_same_bits_on_all_ranks_and_again(void **state)
{
    uint32_t first = checksum_of_thirds();

    (void)state;
    assert_ok(fa_comm_same(comm, "the reduced gradient", first));
    assert_int_equal(checksum_of_thirds(), first);
}

static void an_empty_gradient_is_reduced_to_nothing(void **state)
{
    struct fa_reducer *reducer;

    (void)state;
    assert_ok(fa_reducer_create(comm, grad, 0, &reducer));
    fa_reducer_begin(reducer);
    assert_ok(fa_reducer_finish(reducer));
    fa_reducer_destroy(reducer);
}

#define with_gradient(test) cmocka_unit_test_setup_teardown(test, take_memory, free_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_gradient(every_element_counts_every_rank_once),
        with_gradient(the_sum_has_the_same_bits_on_all_ranks_and_again),
        with_gradient(an_empty_gradient_is_reduced_to_nothing),
    };
    return run_on_ranks(tests);
}
