/* The gradient's sum: every image of every rank once; the same bits everywhere and every time; and for the
 * canonical reduction those of the one tree, whatever the ranks. */
#include "ranks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/crc32c.h"
#include "fa/memory.h"
#include "fa/reducer.h"

/* Many buckets, not a whole number of them, and fewer slots than buckets. */
enum { LENGTH = 20011, BUCKET_BYTES = 8192, MOST_IMAGES = 5 };

static fa_real grad[LENGTH], want[LENGTH];

static const enum fa_reduction both[] = {FA_REDUCTION_ALLREDUCE, FA_REDUCTION_CANONICAL};

/* ---- a step ---- */

typedef double (*value_fn)(size_t position, size_t i);

/* Numbers of many magnitudes and both signs: sums in another order have other bits. */
static double wild(size_t position, size_t i)
{
    uint32_t hash = (uint32_t)(i * 2654435761u + position * 40503u * 65537u);

    hash = (hash ^ hash >> 15) * 0x2c1b3c6du;
    hash = (hash ^ hash >> 12) * 0x297a2d39u;
    hash ^= hash >> 15;
    return ((double)hash - 2147483648.0) / (double)(1 << (hash & 15));
}

/* Each position is its own power of two: a lost or doubled one names itself. */
static double powers(size_t position, size_t i)
{
    (void)i;
    return (double)((uint64_t)1 << position % 20);
}

static struct fa_reducer *open_reducer(enum fa_reduction reduction, size_t n_images, size_t n)
{
    const struct fa_reducer_config config = {
        .reduction = reduction, .n_images = n_images, .bucket_bytes = BUCKET_BYTES};
    struct fa_reducer *reducer;

    assert_ok(fa_reducer_create(comm, &config, grad, n, &reducer));
    return reducer;
}

/* As backward does it: the front becomes final first, in layers of any size; and no two ranks are equally
   fast, nor one rank twice. */
static void run_image(struct fa_reducer *reducer, value_fn value, size_t position)
{
    size_t done = 0;

    while (done < LENGTH) {
        size_t end = done + (size_t)rand() % (LENGTH / 4);

        end = end < LENGTH ? end : LENGTH;
        for (; done < end; done++)
            grad[done] += (fa_real)value(position, done);
        if (rand() % 4 == 0)
            usleep((unsigned)rand() % 300);
        fa_reducer_advance(reducer, done);
    }
}

static void run_step(struct fa_reducer *reducer, value_fn value, size_t n_images)
{
    const size_t first = (size_t)fa_comm_rank(comm) * n_images;

    fa_reducer_begin(reducer);
    for (size_t i = 0; i < n_images; i++) {
        run_image(reducer, value, first + i);
        fa_reducer_next(reducer);
    }
    fa_reducer_finish(reducer);
}

static void reduce(enum fa_reduction reduction, value_fn value, size_t n_images)
{
    struct fa_reducer *reducer = open_reducer(reduction, n_images, LENGTH);

    run_step(reducer, value, n_images);
    fa_reducer_destroy(reducer);
}

/* ---- what is asked ---- */

/* The tree as it is defined, from the root down. */
static fa_real tree_sum(value_fn value, size_t i, size_t n, size_t begin, size_t length)
{
    const size_t half = length / 2;

    if (length == 1)
        return (fa_real)value(begin, i);
    if (begin + half >= n)
        return tree_sum(value, i, n, begin, half);
    return tree_sum(value, i, n, begin, half) + tree_sum(value, i, n, begin + half, half);
}

static void assert_is_tree_sum(size_t n)
{
    size_t length = 1;

    while (length < n)
        length *= 2;
    for (size_t i = 0; i < LENGTH; i++)
        want[i] = tree_sum(wild, i, n, 0, length);
    for (size_t i = 0; i < LENGTH; i++)
        if (memcmp(&grad[i], &want[i], sizeof want[i]) != 0)
            fail_msg("%zu images: element %zu is %.9g, not %.9g", n, i, (double)grad[i], (double)want[i]);
}

static void every_element_counts_every_image_once(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n_images = 1; n_images <= 2; n_images++) {
            const size_t n = n_images * (size_t)fa_comm_size(comm);

            reduce(both[r], powers, n_images);
            for (size_t i = 0; i < LENGTH; i++)
                if (grad[i] != (fa_real)((1 << n) - 1))
                    fail_msg("element %zu is %g", i, (double)grad[i]);
        }
}

static void the_canonical_sum_is_that_of_the_tree_over_positions(void **state)
{
    (void)state;
    for (size_t n_images = 1; n_images <= MOST_IMAGES; n_images++) {
        reduce(FA_REDUCTION_CANONICAL, wild, n_images);
        assert_is_tree_sum(n_images * (size_t)fa_comm_size(comm));
    }
}

/* Without this the test above could pass for any order. */
static void one_image_after_another_gives_other_bits_than_the_tree(void **state)
{
    size_t n_other = 0;

    (void)state;
    for (size_t i = 0; i < LENGTH; i++) {
        fa_real sum = 0;

        for (size_t p = 0; p < 6; p++)
            sum += (fa_real)wild(p, i);
        n_other += sum != tree_sum(wild, i, 6, 0, 8);
    }
    assert_true(n_other > LENGTH / 4);
}

static void the_sum_has_the_same_bits_on_all_ranks_and_again(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++) {
        struct fa_reducer *reducer = open_reducer(both[r], 2, LENGTH);
        uint32_t first = 0;

        for (int again = 0; again < 10; again++) {
            uint32_t crc;

            run_step(reducer, wild, 2);
            crc = fa_crc32c(0, grad, sizeof grad);
            assert_ok(fa_comm_majority(comm, "reduced gradients", crc));
            assert_int_equal(crc, again == 0 ? (first = crc) : first);
        }
        fa_reducer_destroy(reducer);
    }
}

static void buckets_of_any_size_give_the_same_canonical_bits(void **state)
{
    static const size_t bucket_bytes[] = {1, 4, 1000, 1 << 20};

    (void)state;
    for (size_t b = 0; b < sizeof bucket_bytes / sizeof *bucket_bytes; b++) {
        const struct fa_reducer_config config = {
            .reduction = FA_REDUCTION_CANONICAL, .n_images = 3, .bucket_bytes = bucket_bytes[b]};
        struct fa_reducer *reducer;

        assert_ok(fa_reducer_create(comm, &config, grad, b < 2 ? 37 : LENGTH, &reducer));
        if (b < 2) {
            fa_reducer_begin(reducer);
            for (size_t i = 0; i < 3; i++) {
                for (size_t e = 0; e < 37; e++)
                    grad[e] += (fa_real)wild((size_t)fa_comm_rank(comm) * 3 + i, e);
                fa_reducer_next(reducer);
            }
            fa_reducer_finish(reducer);
        } else {
            run_step(reducer, wild, 3);
        }
        fa_reducer_destroy(reducer);
        if (b >= 2)
            assert_is_tree_sum(3 * (size_t)fa_comm_size(comm));
    }
}

static void a_gradient_shorter_than_the_ranks_is_reduced_and_an_empty_one_too(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n = 0; n < 4; n++) {
            struct fa_reducer *reducer = open_reducer(both[r], 1, n);

            fa_reducer_begin(reducer);
            for (size_t i = 0; i < n; i++)
                grad[i] += 1;
            fa_reducer_next(reducer);
            fa_reducer_finish(reducer);
            for (size_t i = 0; i < n; i++)
                assert_near(grad[i], fa_comm_size(comm), 0);
            fa_reducer_destroy(reducer);
        }
}

static void a_rank_that_fails_at_any_image_does_not_hang_the_others(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t fails_at = 0; fails_at < 3; fails_at++) {
            struct fa_reducer *reducer = open_reducer(both[r], 3, LENGTH);

            fa_reducer_begin(reducer);
            for (size_t i = 0; i < 3; i++) {
                if (fa_comm_rank(comm) == 0 && i == fails_at) {
                    fa_reducer_advance(reducer, LENGTH / 2);
                    break;
                }
                run_image(reducer, wild, i);
                fa_reducer_next(reducer);
            }
            fa_reducer_finish(reducer);
            run_step(reducer, powers, 3); /* and the next step is a good one */
            assert_ok(fa_comm_majority(comm, "reduced gradients", fa_crc32c(0, grad, sizeof grad)));
            fa_reducer_destroy(reducer);
        }
}

static void time_inside_is_told(void **state)
{
    struct fa_reducer *reducer = open_reducer(FA_REDUCTION_CANONICAL, 1, LENGTH);

    (void)state;
    fa_reducer_begin(reducer);
    if (fa_comm_rank(comm) == 0)
        usleep(50000); /* backward of a slow rank: not its own reduction, but the others wait in theirs */
    fa_reducer_next(reducer);
    fa_reducer_finish(reducer);
    assert_true(fa_reducer_seconds(reducer) > 0);
    if (fa_comm_size(comm) == 2 && fa_comm_rank(comm) == 0)
        assert_true(fa_reducer_seconds(reducer) < 0.05);
    if (fa_comm_rank(comm) > 0)
        assert_true(fa_reducer_seconds(reducer) > 0.03);
    fa_reducer_destroy(reducer);
}

static void without_memory_there_is_no_reducer_and_nothing_is_kept(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++) {
        const struct fa_reducer_config config = {
            .reduction = both[r], .n_images = 3, .bucket_bytes = BUCKET_BYTES};
        struct fa_reducer *reducer;
        fa_status status = FA_ENOMEM;

        for (long n = 1; status != FA_OK; n++) {
            fa_memory_fail_after(n);
            status = fa_reducer_create(comm, &config, grad, LENGTH, &reducer);
            fa_memory_fail_after(0);
            if (status != FA_OK)
                assert_int_equal(fa_memory_balance(), 1); /* the communicator */
        }
        fa_reducer_destroy(reducer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_counts_every_image_once),
        cmocka_unit_test(the_canonical_sum_is_that_of_the_tree_over_positions),
        cmocka_unit_test(one_image_after_another_gives_other_bits_than_the_tree),
        cmocka_unit_test(the_sum_has_the_same_bits_on_all_ranks_and_again),
        cmocka_unit_test(buckets_of_any_size_give_the_same_canonical_bits),
        cmocka_unit_test(a_gradient_shorter_than_the_ranks_is_reduced_and_an_empty_one_too),
        cmocka_unit_test(a_rank_that_fails_at_any_image_does_not_hang_the_others),
        cmocka_unit_test(time_inside_is_told),
        cmocka_unit_test(without_memory_there_is_no_reducer_and_nothing_is_kept),
    };

    if (!start_ranks())
        return finish_ranks(1);
    srand((unsigned)fa_comm_rank(comm) + 1);
    return finish_ranks(cmocka_run_group_tests(tests, NULL, NULL));
}
