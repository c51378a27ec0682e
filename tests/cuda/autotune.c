/*
 * autotune.c - engines of cuDNN as algorithms that can be measured, listed and asked for by name.
 */
#include <stdio.h>
#include <string.h>

#include "../../src/backend/ops.h"
#include "fa/memory.h"
#include "support.h"

enum { DIRECTIONS = 3 };

static const struct fa_conv_desc desc = {.in = {16, 8, 12},
                                         .out_channels = 16,
                                         .groups = 1,
                                         .kernel = 3,
                                         .stride = 1,
                                         .pad = 1,
                                         .backward_data = true,
                                         .backward_weights = true};

static struct fa_backend *backend;

/* In strict fp32 the fake has one engine alone. */
static int open_backend(void **state)
{
    (void)state;
    assert_ok(fa_backend_open(
        &(struct fa_backend_config){.n_threads = 1, .device = -1, .precision = FA_PRECISION_TF32}, &backend));
    return 0;
}

static int close_backend(void **state)
{
    fa_backend_close(backend);
    return fa_test_memory_balances(state);
}

/* By what a convolution that is created now is computed. */
static void chosen(char names[DIRECTIONS][FA_ALGORITHM_NAME_MAX])
{
    const struct fa_weights_desc filters = {desc.out_channels, desc.in.c, desc.groups, desc.kernel};
    struct fa_weights *weights;
    struct fa_conv *conv;

    assert_ok(fa_weights_create(backend, &filters, &weights));
    assert_ok(fa_conv_create(backend, &desc, weights, &conv));
    for (int d = 0; d < DIRECTIONS; d++)
        snprintf(names[d], FA_ALGORITHM_NAME_MAX, "%s", fa_conv_chosen(conv, (enum fa_conv_direction)d));
    fa_conv_destroy(conv);
    fa_weights_destroy(weights);
}

static void list(enum fa_conv_direction direction, const char *algorithm)
{
    struct fa_algorithm_choice choice = {.direction = direction, .conv = desc};

    snprintf(choice.algorithm, sizeof choice.algorithm, "%s", algorithm);
    assert_ok(fa_algorithms_add(fa_backend_algorithms(backend), &choice));
}

static void an_engine_that_is_listed_computes(void **state)
{
    char names[FA_MOST_ALGORITHMS][FA_ALGORITHM_NAME_MAX], is[DIRECTIONS][FA_ALGORITHM_NAME_MAX];

    (void)state;
    for (int d = 0; d < DIRECTIONS; d++) {
        const size_t n = backend->ops->conv_algorithms(backend, &desc, (enum fa_conv_direction)d, names);

        assert_true(n > 1);
        assert_true(fa_algorithms_know(backend, &desc, (enum fa_conv_direction)d, names[n - 1]));
        assert_false(fa_algorithms_know(backend, &desc, (enum fa_conv_direction)d, "eng99_k2=1"));
        list((enum fa_conv_direction)d, names[n - 1]);
        chosen(is);
        assert_string_equal(is[d], names[n - 1]);
    }
    fa_algorithms_clear(fa_backend_algorithms(backend));
}

static void assert_same_names(char a[DIRECTIONS][FA_ALGORITHM_NAME_MAX],
                              char b[DIRECTIONS][FA_ALGORITHM_NAME_MAX])
{
    for (int d = 0; d < DIRECTIONS; d++)
        assert_string_equal(a[d], b[d]);
}

static void one_that_is_none_leaves_it_to_the_heuristics(void **state)
{
    char was[DIRECTIONS][FA_ALGORITHM_NAME_MAX], is[DIRECTIONS][FA_ALGORITHM_NAME_MAX];

    (void)state;
    chosen(was);
    list(FA_CONV_FORWARD, "eng99_k2=1");
    list(FA_CONV_BACKWARD_DATA, "direct");
    chosen(is);
    assert_same_names(is, was);
    fa_algorithms_clear(fa_backend_algorithms(backend));
}

/* The fake's heuristics call several engines fast, of which one can: there is nothing to choose. */
static void engines_that_cannot_are_no_choice(void **state)
{
    char was[DIRECTIONS][FA_ALGORITHM_NAME_MAX], is[DIRECTIONS][FA_ALGORITHM_NAME_MAX];

    (void)state;
    chosen(was);
    assert_ok(fa_algorithms_measure(backend, &desc));
    chosen(is);
    assert_same_names(is, was);
    assert_int_equal(fa_backend_algorithms(backend)->n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_that_is_listed_computes),
        cmocka_unit_test(one_that_is_none_leaves_it_to_the_heuristics),
        cmocka_unit_test(engines_that_cannot_are_no_choice),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
