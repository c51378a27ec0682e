/*
 * The loader: the right samples in the right order whoever prepares them, and what it does when some cannot
 * be.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/loader.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fixture.h"
#include "support.h"

#define N_IMAGES 12
#define N_USED   8 /* those with annotations: i % 3 != 0 */
#define BATCH    4

static const char *directory;
static struct fa_dataset *dataset;
static struct fa_sampler *sampler;

static int open_dataset(void **state)
{
    (void)state;
    directory = fa_test_directory();
    fixture_scenes(directory, N_IMAGES);
    dataset = fixture_dataset(directory);
    assert_ok(fa_sampler_create(
        dataset, &(struct fa_sampler_config){.seed = 7, .batch = BATCH, .keep_empty = 0}, &sampler));
    return 0;
}

static int close_dataset(void **state)
{
    (void)state;
    fa_sampler_destroy(sampler);
    fa_dataset_close(dataset);
    return fa_memory_balance() == 0 ? 0 : -1;
}

static struct fa_loader_config config(int n_threads)
{
    return (struct fa_loader_config){
        .transform = {.scale = {133, 80},
                      .flip_probability = 0.5,
                      .augment = {.vertical_flip = 0.5,
                                  .random_scale = {0.7f, 1.3f},
                                  .min_visible = 0.3,
                                  .expand_probability = 0.5,
                                  .expand = {1, 2},
                                  .color_probability = 0.5,
                                  .contrast = {0.5f, 1.5f},
                                  .hue = 18},
                      .normalize = fa_normalize_default},
        .seed = 7,
        .batch = BATCH,
        .begin = 0,
        .end = BATCH,
        .n_threads = n_threads,
        .n_ahead = 3,
    };
}

static struct fa_loader *open_loader(const struct fa_loader_config *c)
{
    struct fa_loader *loader = NULL;

    assert_ok(fa_loader_open(c, dataset, sampler, &loader));
    return loader;
}

static const struct fa_sample *next(struct fa_loader *loader)
{
    const struct fa_sample *sample = NULL;

    assert_ok(fa_loader_next(loader, &sample));
    return sample;
}

static void assert_same(const struct fa_sample *a, const struct fa_sample *b)
{
    assert_int_equal(a->record, b->record);
    assert_int_equal(a->image_id, b->image_id);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->plan.flip.horizontal, b->plan.flip.horizontal);
    assert_int_equal(a->w, b->w);
    assert_int_equal(a->h, b->h);
    assert_int_equal(a->frame.w, b->frame.w);
    assert_int_equal(a->frame.h, b->frame.h);
    assert_memory_equal(a->frame.rgb, b->frame.rgb, 3 * (size_t)a->frame.w * (size_t)a->frame.h);
    assert_int_equal(a->frame.flip.horizontal, b->frame.flip.horizontal);
    assert_int_equal(a->frame.flip.vertical, b->frame.flip.vertical);
    assert_memory_equal(a->frame.normalize.mean, b->frame.normalize.mean, sizeof a->frame.normalize.mean);
    assert_memory_equal(a->frame.normalize.std, b->frame.normalize.std, sizeof a->frame.normalize.std);
    assert_int_equal(a->frame.normalize.to_rgb, b->frame.normalize.to_rgb);
    assert_memory_equal(a->scale_factor, b->scale_factor, sizeof a->scale_factor);
    assert_int_equal(a->objects.n, b->objects.n);
    assert_memory_equal(a->objects.boxes, b->objects.boxes, 4 * a->objects.n * sizeof(float));
    assert_memory_equal(a->objects.labels, b->objects.labels, a->objects.n * sizeof(int32_t));
}

/* Takes one sample of each and compares them. */
static void compare_next(struct fa_loader *a, struct fa_loader *b)
{
    const struct fa_sample *x = next(a), *y = next(b);

    assert_same(x, y);
    fa_loader_give_back(a, x);
    fa_loader_give_back(b, y);
}

/* ---- order ---- */

static void samples_come_in_the_samplers_order_through_the_epochs(void **state)
{
    const struct fa_loader_config c = config(3);
    struct fa_loader *loader = open_loader(&c);
    int n_flipped = 0;

    (void)state;
    for (int k = 0; k < 5 * N_USED; k++) {
        const struct fa_sample *sample = next(loader);

        assert_int_equal(sample->epoch, k / N_USED);
        assert_int_equal(sample->position, k % N_USED);
        assert_int_equal(sample->record, fa_sampler_record(sampler, k / N_USED, (size_t)k % N_USED));
        assert_int_equal(sample->image_id, dataset->records[sample->record].image_id);
        n_flipped += sample->plan.flip.horizontal;
        fa_loader_give_back(loader, sample);
    }
    assert_in_range(n_flipped, 10, 30); /* of 40; outside with probability 0.001 */
    fa_loader_close(loader);
}

static void one_thread_and_three_prepare_the_same_bits(void **state)
{
    const struct fa_loader_config one = config(1), three = config(3);
    struct fa_loader *a = open_loader(&one), *b = open_loader(&three);

    (void)state;
    for (int k = 0; k < 3 * N_USED; k++)
        compare_next(a, b);
    fa_loader_close(a);
    fa_loader_close(b);
}

static void one_record_alone_gives_the_bits_that_are_delivered(void **state)
{
    const struct fa_loader_config c = config(2);
    struct fa_loader *loader = open_loader(&c);

    (void)state;
    for (int k = 0; k < N_USED; k++) {
        const struct fa_sample *delivered = next(loader);
        struct fa_sample alone;

        assert_ok(fa_sample_from_record(dataset, delivered->record, &c.transform, &delivered->plan, &alone));
        alone.position = delivered->position;
        assert_same(&alone, delivered);
        fa_sample_clear(&alone);
        fa_loader_give_back(loader, delivered);
    }
    fa_loader_close(loader);
}

static void starting_at_a_step_continues_as_if_it_had_run_from_the_beginning(void **state)
{
    struct fa_loader_config late = config(2);
    const struct fa_loader_config early = config(2);
    struct fa_loader *a = open_loader(&early), *b;

    (void)state;
    late.first_step = 3;
    b = open_loader(&late);
    for (int k = 0; k < 3 * BATCH; k++)
        fa_loader_give_back(a, next(a));
    for (int k = 0; k < 2 * N_USED; k++)
        compare_next(a, b);
    fa_loader_close(a);
    fa_loader_close(b);
}

static void the_slices_of_the_ranks_make_up_the_batch(void **state)
{
    static const size_t cuts[] = {0, 1, 1, 4}; /* three ranks, the second without images */
    const struct fa_loader_config whole = config(2);
    struct fa_loader *all = open_loader(&whole), *ranks[3];
    const struct fa_sample *none;

    (void)state;
    for (int r = 0; r < 3; r++) {
        struct fa_loader_config slice = config(1);

        slice.begin = cuts[r];
        slice.end = cuts[r + 1];
        ranks[r] = open_loader(&slice);
    }
    for (int step = 0; step < 5; step++)
        for (int r = 0; r < 3; r++)
            for (size_t k = cuts[r]; k < cuts[r + 1]; k++)
                compare_next(all, ranks[r]);
    assert_ok(fa_loader_next(ranks[1], &none));
    assert_null(none);
    for (int r = 0; r < 3; r++)
        fa_loader_close(ranks[r]);
    fa_loader_close(all);
}

static void a_list_is_delivered_once_in_its_order_without_augmentation(void **state)
{
    const size_t records[] = {5, 0, 11, 5};
    const struct fa_loader_config c = config(1);
    struct fa_loader *loader = NULL;
    const struct fa_sample *sample;

    (void)state;
    assert_ok(fa_loader_open_list(&c.transform, dataset, records, 4, 2, 2, &loader));
    for (int k = 0; k < 4; k++) {
        sample = next(loader);
        assert_int_equal(sample->record, records[k]);
        assert_int_equal(sample->position, k);
        assert_false(sample->plan.flip.horizontal || sample->plan.flip.vertical);
        assert_int_equal(sample->plan.resized_w, sample->frame.w);
        assert_int_equal(sample->plan.canvas_w, sample->original_w);
        fa_loader_give_back(loader, sample);
    }
    for (int k = 0; k < 2; k++) {
        assert_ok(fa_loader_next(loader, &sample));
        assert_null(sample);
    }
    fa_loader_close(loader);
    assert_fails(fa_loader_open_list(&c.transform, dataset, (size_t[]){N_IMAGES}, 1, 1, 1, &loader),
                 FA_EINVAL);
}

/* ---- holding and closing ---- */

static void more_samples_can_be_held_than_are_prepared_ahead(void **state)
{
    const struct fa_loader_config c = config(2);
    struct fa_loader *loader = open_loader(&c), *again = open_loader(&c);
    const struct fa_sample *held[10];
    struct fa_loader_statistics statistics;

    (void)state;
    for (int k = 0; k < 10; k++)
        held[k] = next(loader);
    for (int k = 0; k < 10; k++) {
        const struct fa_sample *sample = next(again);

        assert_same(held[k], sample);
        fa_loader_give_back(again, sample);
    }
    fa_loader_statistics(loader, &statistics);
    assert_int_equal(statistics.n_delivered, 10);
    assert_int_equal(statistics.n_bad, 0);
    assert_true(statistics.work_s > 0 && statistics.wait_s >= 0);
    assert_true(statistics.n_queued <= c.n_ahead);
    for (int k = 0; k < 10; k++)
        fa_loader_give_back(loader, held[9 - k]);
    fa_loader_close(loader);
    fa_loader_close(again);
}

/* ---- whose memory pixels lie in ---- */

/* An allocator that counts, from any thread; each block begins with its size, and the n-th is refused. */
struct counted {
    atomic_long blocks, bytes, ever, refused;
};

static fa_status counted_alloc(void *context, size_t n_bytes, void **out)
{
    struct counted *counted = context;
    size_t *block;

    if (++counted->ever == counted->refused)
        return fa_fail(FA_ENOMEM, "the pinned memory is full");
    FA_TRY(fa_alloc(n_bytes + 64, 1, &block));
    *block = n_bytes;
    counted->blocks++;
    counted->bytes += (long)n_bytes;
    *out = (char *)block + 64;
    return FA_OK;
}

static void counted_free(void *context, void *pixels)
{
    struct counted *counted = context;
    size_t *block = (void *)((char *)pixels - 64);

    counted->blocks--;
    counted->bytes -= (long)*block;
    fa_free(block);
}

static void pixels_lie_in_the_memory_that_is_given(void **state)
{
    const struct fa_loader_config plain = config(2);
    struct fa_loader_config c = config(2);
    struct counted counted = {0};
    struct fa_loader *loader, *want = open_loader(&plain);

    (void)state;
    c.pixels = (struct fa_pixel_memory){counted_alloc, counted_free, &counted};
    loader = open_loader(&c);
    for (int k = 0; k < 3 * N_USED; k++)
        compare_next(loader, want);
    /* every slot has a block: of those ahead, and one with the caller; none exceeds the image */
    assert_in_range(counted.blocks, 1, (long)c.n_ahead + 1);
    assert_in_range(counted.bytes, 1, counted.blocks * 3 * 133 * 80);
    fa_loader_close(loader);
    assert_int_equal(counted.blocks, 0);
    assert_int_equal(counted.bytes, 0);
    fa_loader_close(want);
}

static void a_loader_that_gets_no_pixels_fails_with_the_reason(void **state)
{
    struct fa_loader_config c = config(1);
    struct counted counted = {.refused = 2};
    struct fa_loader *loader;
    const struct fa_sample *sample;

    (void)state;
    c.pixels = (struct fa_pixel_memory){counted_alloc, counted_free, &counted};
    loader = open_loader(&c);
    (void)next(loader);
    assert_fails_saying(fa_loader_next(loader, &sample), FA_ENOMEM, "the pinned memory is full");
    fa_loader_close(loader);
    assert_int_equal(counted.blocks, 0);
}

static void closing_is_clean_at_any_moment(void **state)
{
    (void)state;
    for (int k = 0; k < 30; k++) {
        struct fa_loader_config c = config(1 + k % 3);
        struct fa_loader *loader;

        c.n_ahead = 1 + (size_t)k % 4;
        loader = open_loader(&c);
        for (int taken = 0; taken < k % 6; taken++)
            (void)next(loader); /* never given back */
        fa_loader_close(loader);
    }
    fa_loader_close(NULL);
}

static void a_configuration_that_makes_no_sense_is_refused(void **state)
{
    struct fa_loader *loader = NULL;
    struct fa_loader_config c = config(0);

    (void)state;
    assert_fails(fa_loader_open(&c, dataset, sampler, &loader), FA_EINVAL);
    c = config(1);
    c.n_ahead = 0;
    assert_fails(fa_loader_open(&c, dataset, sampler, &loader), FA_EINVAL);
    c = config(1);
    c.end = BATCH + 1;
    assert_fails(fa_loader_open(&c, dataset, sampler, &loader), FA_EINVAL);
    c = config(1);
    c.batch = 3; /* the sampler's epochs are multiples of 4 */
    c.end = 3;
    assert_fails(fa_loader_open(&c, dataset, sampler, &loader), FA_EINVAL);
}

static void memory_is_given_back_whichever_allocation_fails(void **state)
{
    const struct fa_loader_config c = config(1);
    const long before = fa_memory_balance();

    (void)state;
    for (long n = 1; n < 60; n++) {
        struct fa_loader *loader = NULL;
        fa_status st;

        fa_memory_fail_after(n);
        st = fa_loader_open(&c, dataset, sampler, &loader);
        for (int k = 0; k < 6 && st == FA_OK; k++) {
            const struct fa_sample *sample;

            st = fa_loader_next(loader, &sample);
            if (st == FA_OK)
                fa_loader_give_back(loader, sample);
        }
        fa_memory_fail_after(0);
        assert_true(st == FA_OK || st == FA_ENOMEM);
        assert_true(n > 3 || st == FA_ENOMEM);
        fa_loader_close(loader);
        assert_int_equal(fa_memory_balance(), before);
    }
}

/* ---- damage ---- */

/* A second dataset in which the JPEGs of the two records are damaged inside the shards. */
static struct fa_dataset *open_damaged(size_t first, size_t second)
{
    struct fa_pack_config c = fixture_config(directory);
    struct fa_pack_report report;
    struct fa_dataset *damaged = NULL;
    const size_t bad[2] = {first, second};

    c.out_directory = fa_test_path(directory, "damaged");
    c.shard_bytes = 1;
    assert_ok(fa_pack(&c, &report));
    for (int k = 0; k < 2; k++) {
        char name[64];
        size_t n_bytes, n = dataset->records[bad[k]].n_bytes;
        uint8_t *shard, *jpeg = NULL;
        const char *path;

        snprintf(name, sizeof name, "damaged/shard-%05zu.h5", bad[k]);
        path = fa_test_path(directory, name);
        shard = fixture_read(path, &n_bytes);
        assert_ok(fa_alloc(n, 1, &jpeg));
        assert_ok(fa_dataset_fetch(dataset, bad[k], jpeg));
        fixture_flip_byte(path, (size_t)((uint8_t *)memmem(shard, n_bytes, jpeg, n) - shard) + n / 2);
        fa_free(jpeg);
        fa_free(shard);
    }
    assert_ok(fa_dataset_open(c.out_directory, &damaged));
    return damaged;
}

static void a_damaged_image_is_replaced_by_the_next_one_of_the_epoch(void **state)
{
    const size_t bad[2] = {fa_sampler_record(sampler, 0, 2), fa_sampler_record(sampler, 0, 3)};
    struct fa_dataset *damaged = open_damaged(bad[0], bad[1]);
    struct fa_loader_config c = config(3);
    struct fa_loader *loader = NULL, *whole = open_loader(&c);
    struct fa_loader_statistics statistics;

    (void)state;
    c.bad_budget = 3;
    assert_ok(fa_loader_open(&c, damaged, sampler, &loader));
    for (size_t k = 0; k < N_USED; k++) {
        const struct fa_sample *sample = next(loader), *want = next(whole);

        assert_int_equal(sample->position, k);
        if (k != 2 && k != 3)
            assert_same(sample, want);
        else
            assert_int_equal(sample->record, fa_sampler_record(sampler, 0, 4));
        assert_int_equal(sample->plan.flip.horizontal, want->plan.flip.horizontal);
        fa_loader_give_back(loader, sample);
        fa_loader_give_back(whole, want);
    }
    fa_loader_statistics(loader, &statistics);
    assert_int_equal(statistics.n_bad, 3); /* 2 and 3 at position 2, 3 again at position 3 */
    assert_int_equal(statistics.n_delivered, N_USED);
    fa_loader_close(loader);
    fa_loader_close(whole);
    fa_dataset_close(damaged);
}

static void past_the_budget_the_loader_fails_at_the_same_sample_every_time(void **state)
{
    const size_t bad[2] = {fa_sampler_record(sampler, 0, 1), fa_sampler_record(sampler, 0, 5)};
    struct fa_dataset *damaged = open_damaged(bad[0], bad[1]);

    (void)state;
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        struct fa_loader_config c = config(n_threads);
        struct fa_loader *loader = NULL;
        const struct fa_sample *sample;

        c.bad_budget = 1;
        assert_ok(fa_loader_open(&c, damaged, sampler, &loader));
        for (int k = 0; k < 5; k++)
            fa_loader_give_back(loader, next(loader));
        for (int k = 0; k < 2; k++) {
            assert_fails_saying(fa_loader_next(loader, &sample), FA_EFORMAT,
                                dataset->records[bad[1]].file_name);
            fa_test_message("2 damaged images, of which data.bad_sample_budget allows 1", __FILE__, __LINE__);
            assert_null(sample);
        }
        fa_loader_close(loader);
    }
    fa_dataset_close(damaged);
}

static void an_evaluation_replaces_nothing(void **state)
{
    const size_t records[] = {0, 4, 5};
    struct fa_dataset *damaged = open_damaged(4, 4 + 1);
    const struct fa_loader_config c = config(1);
    struct fa_loader *loader = NULL;
    const struct fa_sample *sample;

    (void)state;
    assert_ok(fa_loader_open_list(&c.transform, damaged, records, 3, 2, 3, &loader));
    fa_loader_give_back(loader, next(loader));
    assert_fails_saying(fa_loader_next(loader, &sample), FA_EFORMAT, "4.jpg");
    fa_loader_close(loader);
    fa_dataset_close(damaged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_come_in_the_samplers_order_through_the_epochs),
        cmocka_unit_test(one_thread_and_three_prepare_the_same_bits),
        cmocka_unit_test(one_record_alone_gives_the_bits_that_are_delivered),
        cmocka_unit_test(starting_at_a_step_continues_as_if_it_had_run_from_the_beginning),
        cmocka_unit_test(the_slices_of_the_ranks_make_up_the_batch),
        cmocka_unit_test(a_list_is_delivered_once_in_its_order_without_augmentation),
        cmocka_unit_test(more_samples_can_be_held_than_are_prepared_ahead),
        cmocka_unit_test(pixels_lie_in_the_memory_that_is_given),
        cmocka_unit_test(a_loader_that_gets_no_pixels_fails_with_the_reason),
        cmocka_unit_test(closing_is_clean_at_any_moment),
        cmocka_unit_test(a_configuration_that_makes_no_sense_is_refused),
        cmocka_unit_test(memory_is_given_back_whichever_allocation_fails),
        cmocka_unit_test(a_damaged_image_is_replaced_by_the_next_one_of_the_epoch),
        cmocka_unit_test(past_the_budget_the_loader_fails_at_the_same_sample_every_time),
        cmocka_unit_test(an_evaluation_replaces_nothing),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, open_dataset, close_dataset);
}
