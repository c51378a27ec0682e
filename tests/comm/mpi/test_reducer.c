/* The gradient's sum: every image of every rank once; the same bits everywhere and every time; and for the
 * canonical reduction those of the one tree, whatever the ranks. */
#include "flats.h"
#include "ranks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/clock.h"
#include "fa/crc32c.h"
#include "fa/memory.h"
#include "fa/reducer.h"

/* Many buckets, not a whole number of them, and fewer slots than buckets. */
enum { LENGTH = 20011, BUCKET_BYTES = 8192, MOST_IMAGES = 5, MOST_ROWS = 3 };

static struct fa_backend *backend;

static const enum fa_reduction both[] = {FA_REDUCTION_ALLREDUCE, FA_REDUCTION_CANONICAL};

static int open_backend(void **state)
{
    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    return 0;
}

static int close_backend(void **state)
{
    (void)state;
    fa_backend_close(backend);
    return 0;
}

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

/* A reducer over flats of its own; images add to their rows on queues of their own, as lanes do. */
struct bench {
    struct fa_reducer_config config;
    size_t n; /* elements */
    struct fa_flat *sum, *rows[MOST_ROWS];
    struct fa_backend *queues[MOST_ROWS];
    struct fa_reducer *reducer;
};

/* All but the reducer. */
static void open_flats(struct bench *b, const struct fa_reducer_config *config, size_t n)
{
    *b = (struct bench){.config = *config, .n = n};
    assert_ok(fa_flat_create(backend, n, &b->sum));
    for (size_t i = 0; i < config->n_rows; i++) {
        assert_ok(fa_backend_fork(backend, &b->queues[i]));
        assert_ok(fa_flat_create(backend, n, &b->rows[i]));
    }
}

static void open_bench(struct bench *b, const struct fa_reducer_config *config, size_t n)
{
    open_flats(b, config, n);
    assert_ok(fa_reducer_create(comm, config, b->sum, b->rows, &b->reducer));
    assert_ok(fa_reducer_connect(b->reducer));
}

/* On their way to rows until the step is over. */
enum { MOST_PIECES = 4096 };
static fa_real *pieces[MOST_PIECES];
static size_t n_pieces;

static void free_pieces(void)
{
    while (n_pieces > 0)
        fa_free(pieces[--n_pieces]);
}

static void close_bench(struct bench *b)
{
    fa_reducer_destroy(b->reducer);
    for (size_t i = 0; i < b->config.n_rows; i++)
        assert_ok(fa_backend_synchronize(b->queues[i]));
    free_pieces();
    fa_flat_destroy(b->sum);
    for (size_t i = 0; i < b->config.n_rows; i++) {
        fa_flat_destroy(b->rows[i]);
        fa_backend_close(b->queues[i]);
    }
}

/* As many images on each rank. */
static struct fa_reducer_config make_config(enum fa_reduction reduction, size_t n_images, size_t n_rows)
{
    return (struct fa_reducer_config){.reduction = reduction,
                                      .batch = n_images * (size_t)fa_comm_size(comm),
                                      .n_rows = n_rows,
                                      .bucket_bytes = BUCKET_BYTES};
}

static struct fa_flat *row_of(const struct bench *b, size_t image)
{
    return b->config.n_rows > 0 ? b->rows[image % b->config.n_rows] : b->sum;
}

static struct fa_backend *queue_of(const struct bench *b, size_t image)
{
    return b->config.n_rows > 0 ? b->queues[image % b->config.n_rows] : backend;
}

static struct fa_ticket asked_so_far(const struct bench *b, size_t image)
{
    return fa_backend_mark(queue_of(b, image));
}

/* Elements [begin, end) of the image's gradient go on its row. */
static void add(const struct bench *b, size_t image, value_fn value, size_t position, size_t begin,
                size_t end)
{
    struct fa_backend *queue = queue_of(b, image);
    fa_real *place = fa_flat_memory(row_of(b, image)) + begin, *piece;
    const size_t n_bytes = (end - begin) * sizeof *piece;

    assert_true(n_pieces < MOST_PIECES);
    assert_ok(fa_alloc(1, n_bytes, &piece));
    fa_backend_get(queue, piece, place, n_bytes);
    assert_ok(fa_backend_synchronize(queue));
    for (size_t i = begin; i < end; i++)
        piece[i - begin] += (fa_real)value(position, i);
    fa_backend_put(queue, place, piece, n_bytes); /* who does not ask its ticket may come too early */
    pieces[n_pieces++] = piece;
}

static void begin_image(const struct bench *b, size_t image)
{
    fa_backend_follow(queue_of(b, image), fa_reducer_image(b->reducer));
}

/* As backward does it: the front becomes final first, in layers of any size; and no two ranks are equally
   fast, nor one rank twice. */
static void run_image(struct bench *b, value_fn value, size_t image, size_t position)
{
    size_t done = 0;

    begin_image(b, image);
    while (done < b->n) {
        size_t end = done + (size_t)rand() % (LENGTH / 4);

        end = end < b->n ? end : b->n;
        add(b, image, value, position, done, end);
        done = end;
        if (rand() % 4 == 0)
            usleep((unsigned)rand() % 300);
        fa_reducer_advance(b->reducer, done, asked_so_far(b, image));
    }
    fa_reducer_next(b->reducer, asked_so_far(b, image));
    fa_reducer_poll(b->reducer);
}

static void run_step(struct bench *b, value_fn value)
{
    const struct fa_batch_slice own =
        fa_batch_slice_of(b->config.batch, fa_comm_size(comm), fa_comm_rank(comm));

    fa_reducer_begin(b->reducer);
    for (size_t p = own.begin; p < own.end; p++)
        run_image(b, value, p - own.begin, p);
    assert_ok(fa_reducer_finish(b->reducer));
}

/* The sum over the batch; freed by fa_free. */
static fa_real *reduce(const struct fa_reducer_config *config, value_fn value, size_t n)
{
    struct bench b;
    fa_real *grad;

    open_bench(&b, config, n);
    run_step(&b, value);
    grad = flat_copy(b.sum, 0, n);
    close_bench(&b);
    return grad;
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

static void assert_is_tree_sum(const fa_real *grad, size_t n_elem, size_t n)
{
    size_t length = 1;

    while (length < n)
        length *= 2;
    for (size_t i = 0; i < n_elem; i++) {
        const fa_real want = tree_sum(wild, i, n, 0, length);

        if (memcmp(&grad[i], &want, sizeof want) != 0)
            fail_msg("%zu images: element %zu is %.9g, not %.9g", n, i, (double)grad[i], (double)want);
    }
}

static void every_element_counts_every_image_once(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n_images = 1; n_images <= 2; n_images++) {
            const size_t n = n_images * (size_t)fa_comm_size(comm);
            const struct fa_reducer_config config = make_config(both[r], n_images, 0);
            fa_real *grad = reduce(&config, powers, LENGTH);

            for (size_t i = 0; i < LENGTH; i++)
                if (grad[i] != (fa_real)((1 << n) - 1))
                    fail_msg("element %zu is %g", i, (double)grad[i]);
            fa_free(grad);
        }
}

static void the_canonical_sum_is_that_of_the_tree_over_positions(void **state)
{
    (void)state;
    for (size_t n_images = 1; n_images <= MOST_IMAGES; n_images++) {
        const struct fa_reducer_config config = make_config(FA_REDUCTION_CANONICAL, n_images, 0);
        fa_real *grad = reduce(&config, wild, LENGTH);

        assert_is_tree_sum(grad, LENGTH, n_images * (size_t)fa_comm_size(comm));
        fa_free(grad);
    }
}

/* Whether ranks divide it or not; with allreduce a sum of powers of two, which has no order. */
static void a_batch_of_any_size_is_summed_up_whatever_rows_and_ranks(void **state)
{
    const size_t size = (size_t)fa_comm_size(comm), batches[] = {size, size + 1, 2 * size + 1, 16, 17};

    (void)state;
    for (size_t k = 0; k < sizeof batches / sizeof *batches; k++)
        for (size_t n_rows = 0; n_rows <= 2; n_rows += 2) {
            struct fa_reducer_config config = make_config(FA_REDUCTION_CANONICAL, 1, n_rows);
            fa_real *grad;

            config.batch = batches[k];
            grad = reduce(&config, wild, LENGTH);
            assert_is_tree_sum(grad, LENGTH, config.batch);
            fa_free(grad);
            config.reduction = FA_REDUCTION_ALLREDUCE;
            grad = reduce(&config, powers, LENGTH);
            assert_near(grad[LENGTH - 1], (1 << config.batch) - 1, 0);
            fa_free(grad);
        }
}

/* Whole, in order, and no rank holds two images more than another. */
static void slices_cover_the_batch_as_evenly_as_can_be(void **state)
{
    (void)state;
    for (int n = 1; n <= 7; n++)
        for (size_t batch = (size_t)n; batch <= 20; batch++) {
            size_t end = 0;

            for (int r = 0; r < n; r++) {
                const struct fa_batch_slice slice = fa_batch_slice_of(batch, n, r);
                const size_t length = slice.end - slice.begin, least = batch / (size_t)n;

                assert_int_equal(slice.begin, end);
                assert_true(length == least || (length == least + 1 && batch % (size_t)n != 0));
                end = slice.end;
            }
            assert_int_equal(end, batch);
        }
}

static void images_in_rows_of_their_own_give_the_bits_of_one_after_another(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n_images = 1; n_images <= MOST_IMAGES; n_images++) {
            struct fa_reducer_config config = make_config(both[r], n_images, 0);
            fa_real *want = reduce(&config, wild, LENGTH);

            for (config.n_rows = 1; config.n_rows <= MOST_ROWS; config.n_rows++) {
                fa_real *grad = reduce(&config, wild, LENGTH);

                assert_memory_equal(grad, want, LENGTH * sizeof *want);
                fa_free(grad);
            }
            fa_free(want);
        }
}

static void wait_for(struct fa_ticket ticket)
{
    bool reached = false;

    while (!reached)
        assert_ok(fa_ticket_reached(ticket, &reached));
}

/* What came before in it has gone on to the sum by then, also in a second step. */
static void the_row_of_an_image_is_zero_once_its_ticket_is_reached(void **state)
{
    static const fa_real zero[LENGTH];
    struct bench b;

    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n_rows = 2; n_rows <= MOST_ROWS; n_rows++) {
            const struct fa_reducer_config config = make_config(both[r], MOST_IMAGES, n_rows);

            open_bench(&b, &config, LENGTH);
            for (int step = 0; step < 2; step++) {
                fa_reducer_begin(b.reducer);
                for (size_t i = 0; i < MOST_IMAGES; i++) {
                    wait_for(fa_reducer_image(b.reducer));
                    assert_flat_holds(row_of(&b, i), 0, LENGTH, zero);
                    run_image(&b, powers, i, i);
                }
                assert_ok(fa_reducer_finish(b.reducer));
            }
            close_bench(&b);
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

static uint32_t crc_of(const struct fa_flat *flat)
{
    const size_t n = fa_flat_length(flat);
    fa_real *grad = flat_copy(flat, 0, n);
    const uint32_t crc = fa_crc32c(0, grad, n * sizeof *grad);

    fa_free(grad);
    return crc;
}

static void the_sum_has_the_same_bits_on_all_ranks_and_again(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++) {
        const struct fa_reducer_config config = make_config(both[r], 2, 0);
        uint32_t first = 0;
        struct bench b;

        open_bench(&b, &config, LENGTH);
        for (int again = 0; again < 10; again++) {
            uint32_t crc;

            run_step(&b, wild);
            crc = crc_of(b.sum);
            assert_ok(fa_comm_majority(comm, "reduced gradients", crc));
            assert_int_equal(crc, again == 0 ? (first = crc) : first);
        }
        close_bench(&b);
    }
}

static void buckets_of_any_size_give_the_same_canonical_bits(void **state)
{
    static const size_t bucket_bytes[] = {1, 4, 1000, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof bucket_bytes / sizeof *bucket_bytes; i++) {
        struct fa_reducer_config config = make_config(FA_REDUCTION_CANONICAL, 3, 0);
        const size_t n = i < 2 ? 37 : LENGTH;
        fa_real *grad;

        config.bucket_bytes = bucket_bytes[i];
        grad = reduce(&config, wild, n);
        assert_is_tree_sum(grad, n, 3 * (size_t)fa_comm_size(comm));
        fa_free(grad);
    }
}

static double one(size_t position, size_t i)
{
    (void)position, (void)i;
    return 1;
}

static void a_gradient_shorter_than_the_ranks_is_reduced_and_an_empty_one_too(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n = 0; n < 4; n++) {
            const struct fa_reducer_config config = make_config(both[r], 1, 0);
            struct bench b;

            open_bench(&b, &config, n);
            fa_reducer_begin(b.reducer);
            begin_image(&b, 0);
            add(&b, 0, one, 0, 0, n);
            fa_reducer_next(b.reducer, asked_so_far(&b, 0));
            assert_ok(fa_reducer_finish(b.reducer));
            for (size_t i = 0; i < n; i++)
                assert_near(flat_at(b.sum, i), fa_comm_size(comm), 0);
            close_bench(&b);
        }
}

/* Rank 0 stops in the middle of one of three images. */
static void fail_at(struct bench *b, size_t fails_at)
{
    fa_reducer_begin(b->reducer);
    for (size_t i = 0; i < 3; i++) {
        if (fa_comm_rank(comm) == 0 && i == fails_at) {
            begin_image(b, i);
            fa_reducer_advance(b->reducer, LENGTH / 2, asked_so_far(b, i));
            break;
        }
        run_image(b, wild, i, i);
    }
    assert_ok(fa_reducer_finish(b->reducer));
}

static void a_rank_that_fails_at_any_image_does_not_hang_the_others(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n_rows = 0; n_rows <= 2; n_rows += 2)
            for (size_t fails_at = 0; fails_at < 3; fails_at++) {
                const struct fa_reducer_config config = make_config(both[r], 3, n_rows);
                struct bench b;

                open_bench(&b, &config, LENGTH);
                fail_at(&b, fails_at);
                run_step(&b, powers); /* and the next step is a good one */
                assert_ok(fa_comm_majority(comm, "reduced gradients", crc_of(b.sum)));
                close_bench(&b);
            }
}

/* The first rank's backward is slow, which is not its own reduction; but the others wait in theirs. */
static void time_inside_is_told(void **state)
{
    const struct fa_reducer_config config = make_config(FA_REDUCTION_CANONICAL, 1, 0);
    struct bench b;
    double inside;

    (void)state;
    open_bench(&b, &config, LENGTH);
    inside = -fa_clock_seconds();
    fa_reducer_begin(b.reducer);
    inside += fa_clock_seconds();
    if (fa_comm_rank(comm) == 0)
        usleep(200000);
    inside -= fa_clock_seconds();
    fa_reducer_next(b.reducer, asked_so_far(&b, 0));
    assert_ok(fa_reducer_finish(b.reducer));
    inside += fa_clock_seconds();
    assert_true(fa_reducer_seconds(b.reducer) > 0);
    assert_true(fa_reducer_seconds(b.reducer) <= inside);
    if (fa_comm_rank(comm) > 0)
        assert_true(fa_reducer_seconds(b.reducer) > 0.03);
    close_bench(&b);
}

static void without_memory_there_is_no_reducer_and_nothing_is_kept(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t n_rows = 0; n_rows <= 2; n_rows += 2) {
            const struct fa_reducer_config config = make_config(both[r], 3, n_rows);
            struct bench b;

            open_flats(&b, &config, LENGTH);
            assert_survives_shortage(fa_reducer_create(comm, &config, b.sum, b.rows, &b.reducer));
            close_bench(&b);
        }
}

/* ---- transports ---- */

/* Of the fake CUDA runtime, whose memory other ranks can reach; FAKE_APART: they cannot. */
static bool on_devices_that_reach_each_other(void)
{
    return strcmp(fa_backend_name(backend), "cuda") == 0 && fa_comm_size(comm) > 1;
}

/* By which the reducer goes, and adds up rightly; *why: what is in the way of another. */
static enum fa_transport way_of(enum fa_transport asked, char *why, size_t size)
{
    struct fa_reducer_config config = make_config(FA_REDUCTION_CANONICAL, 3, 2);
    enum fa_transport transport;
    const char *why_messages;
    struct bench b;
    fa_real *grad;

    config.transport = asked;
    open_bench(&b, &config, LENGTH);
    transport = fa_reducer_transport(b.reducer, &why_messages);
    snprintf(why, size, "%s", why_messages);
    run_step(&b, wild);
    grad = flat_copy(b.sum, 0, LENGTH);
    assert_is_tree_sum(grad, LENGTH, 3 * (size_t)fa_comm_size(comm));
    fa_free(grad);
    close_bench(&b);
    return transport;
}

static void ranks_go_by_devices_where_they_can_and_may(void **state)
{
    const enum fa_transport best =
        on_devices_that_reach_each_other() ? FA_TRANSPORT_DEVICE : FA_TRANSPORT_MESSAGES;
    char why[FA_MESSAGE_MAX];

    (void)state;
    assert_int_equal(way_of(FA_TRANSPORT_AUTO, why, sizeof why), best);
    assert_int_equal(way_of(FA_TRANSPORT_MESSAGES, why, sizeof why), FA_TRANSPORT_MESSAGES);
    assert_string_equal(why, "");
}

/* The last rank cannot reach the others: so none does, and all know why. */
static void devices_that_are_apart_leave_it_to_messages(void **state)
{
    const bool is_apart = fa_comm_rank(comm) + 1 == fa_comm_size(comm);
    char why[FA_MESSAGE_MAX];

    (void)state;
    if (is_apart)
        setenv("FAKE_APART", "1", 1);
    assert_int_equal(way_of(FA_TRANSPORT_AUTO, why, sizeof why), FA_TRANSPORT_MESSAGES);
    unsetenv("FAKE_APART");
    if (on_devices_that_reach_each_other())
        assert_non_null(strstr(why, "reaching another process's memory of a GPU"));
}

static void who_asks_for_devices_alone_is_told_what_is_in_the_way(void **state)
{
    struct fa_reducer_config config = make_config(FA_REDUCTION_CANONICAL, 1, 0);
    struct bench b;

    (void)state;
    if (fa_comm_size(comm) == 1)
        return;
    config.transport = FA_TRANSPORT_DEVICE;
    setenv("FAKE_APART", "1", 1);
    open_flats(&b, &config, LENGTH);
    assert_ok(fa_reducer_create(comm, &config, b.sum, b.rows, &b.reducer));
    assert_true(fa_reducer_connect(b.reducer) != FA_OK);
    fa_test_message("train.transport is device", __FILE__, __LINE__);
    unsetenv("FAKE_APART");
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_counts_every_image_once),
        cmocka_unit_test(the_canonical_sum_is_that_of_the_tree_over_positions),
        cmocka_unit_test(slices_cover_the_batch_as_evenly_as_can_be),
        cmocka_unit_test(a_batch_of_any_size_is_summed_up_whatever_rows_and_ranks),
        cmocka_unit_test(images_in_rows_of_their_own_give_the_bits_of_one_after_another),
        cmocka_unit_test(the_row_of_an_image_is_zero_once_its_ticket_is_reached),
        cmocka_unit_test(one_image_after_another_gives_other_bits_than_the_tree),
        cmocka_unit_test(the_sum_has_the_same_bits_on_all_ranks_and_again),
        cmocka_unit_test(buckets_of_any_size_give_the_same_canonical_bits),
        cmocka_unit_test(a_gradient_shorter_than_the_ranks_is_reduced_and_an_empty_one_too),
        cmocka_unit_test(a_rank_that_fails_at_any_image_does_not_hang_the_others),
        cmocka_unit_test(ranks_go_by_devices_where_they_can_and_may),
        cmocka_unit_test(devices_that_are_apart_leave_it_to_messages),
        cmocka_unit_test(who_asks_for_devices_alone_is_told_what_is_in_the_way),
        cmocka_unit_test(time_inside_is_told),
        cmocka_unit_test(without_memory_there_is_no_reducer_and_nothing_is_kept),
    };

    if (!start_ranks())
        return finish_ranks(1);
    srand((unsigned)fa_comm_rank(comm) + 1);
    return finish_ranks(cmocka_run_group_tests(tests, open_backend, close_backend));
}
