/* What the arithmetic says where it can be done by hand, and what holds for any numbers. */
#include "support.h"

#include <math.h>

#include "fa/reduction_time.h"

#define BANDWIDTH 1e9
#define LATENCY   1e-4

/* A power of two: on as many ranks or fewer each holds one node of the tree. */
enum { BATCH = 1024 };

/* Elements of a megabyte. */
static const size_t mega = 1000000 / sizeof(fa_real);

/* One bucket for everything: a gradient of up to 64 MiB is shorter than the last one may be. */
static struct fa_reducer_config config_of(enum fa_reduction reduction, size_t bucket_bytes)
{
    return (struct fa_reducer_config){.reduction = reduction, .batch = BATCH, .bucket_bytes = bucket_bytes};
}

static const struct fa_reducer_config canonical = {
    .reduction = FA_REDUCTION_CANONICAL, .batch = BATCH, .bucket_bytes = (size_t)1 << 29};
static const struct fa_reducer_config allreduce = {
    .reduction = FA_REDUCTION_ALLREDUCE, .batch = BATCH, .bucket_bytes = (size_t)1 << 29};

static struct fa_network network_of(int n_nodes, int ranks_per_node)
{
    return (struct fa_network){
        .n_nodes = n_nodes, .ranks_per_node = ranks_per_node, .bandwidth = BANDWIDTH, .latency_s = LATENCY};
}

#define assert_seconds(got, want) assert_near(got, want, 1e-9)

static void alone_there_is_nothing_to_wait_for(void **state)
{
    const struct fa_network alone = network_of(1, 1);

    (void)state;
    assert_seconds(fa_reduction_seconds(&alone, &canonical, mega), 0);
    assert_seconds(fa_reduction_seconds(&alone, &allreduce, mega), 0);
}

/* 8 MB: half of it there and half of it back; up and down as a whole. A long message asks first. */
static void two_nodes_exchange_halves_or_wholes(void **state)
{
    const struct fa_network pair = network_of(2, 1);

    (void)state;
    assert_seconds(fa_reduction_seconds(&pair, &canonical, 8 * mega), 2 * (0.004 + 3 * LATENCY));
    assert_seconds(fa_reduction_seconds(&pair, &allreduce, 8 * mega), 2 * (0.008 + 3 * LATENCY));
    assert_seconds(fa_reduction_seconds(&pair, &canonical, 2), 2 * (sizeof(fa_real) / BANDWIDTH + LATENCY));
}

static void more_nodes_send_no_more_each_but_more_often(void **state)
{
    const struct fa_network eight = network_of(8, 1);

    (void)state;
    assert_seconds(fa_reduction_seconds(&eight, &canonical, 8 * mega), 2 * (0.007 + 3 * LATENCY));
    assert_seconds(fa_reduction_seconds(&eight, &allreduce, 8 * mega), 2 * (0.007 + 3 * 3 * LATENCY));
}

/* Each of four ranks sends a quarter to each of the four elsewhere, and all of it on one link. */
static void ranks_of_a_node_share_its_link(void **state)
{
    const struct fa_network shared = network_of(2, 4), memory = network_of(1, 8);

    (void)state;
    assert_seconds(fa_reduction_seconds(&shared, &canonical, 8 * mega), 2 * (0.016 + 3 * LATENCY));
    assert_seconds(fa_reduction_seconds(&shared, &allreduce, 8 * mega), 2 * (0.004 + 3 * 3 * LATENCY));
    assert_seconds(fa_bucket_cost(&memory, &canonical, 8 * mega).wire_s, 0);
    assert_seconds(fa_bucket_cost(&memory, &allreduce, 8 * mega).wire_s, 0);
}

static void processors_pay_for_messages_and_bytes(void **state)
{
    struct fa_network eight = network_of(8, 1);
    double without;

    (void)state;
    without = fa_reduction_seconds(&eight, &canonical, 8 * mega);
    eight.message_s = 1e-6;
    eight.byte_s = 1e-10;
    assert_seconds(fa_reduction_seconds(&eight, &canonical, 8 * mega) - without, 2 * 7e-6 + 8e6 * 1e-10);
}

/* All of it down and up; unless each reads the other's half, for which no long message asks first. */
static void devices_bring_all_to_their_host_or_read_halves(void **state)
{
    struct fa_network pair = network_of(1, 2), apart = network_of(2, 1);

    (void)state;
    pair.staging = apart.staging = BANDWIDTH / 4;
    assert_seconds(fa_reduction_seconds(&pair, &canonical, 8 * mega), 2 * (0.032 + 3 * LATENCY));
    pair.peer = apart.peer = 4 * BANDWIDTH;
    assert_seconds(fa_reduction_seconds(&pair, &canonical, 8 * mega), 2 * (0.001 + LATENCY));
    assert_seconds(fa_reduction_seconds(&pair, &allreduce, 8 * mega), 2 * (0.032 + 3 * LATENCY));
    assert_seconds(fa_reduction_seconds(&apart, &canonical, 8 * mega), 2 * (0.032 + 3 * LATENCY));
}

/* Three images a rank on two ranks: [0, 2) and 2; 3 and [4, 6). Two nodes there, one sum back. */
static void slices_that_are_no_node_of_the_tree_send_more(void **state)
{
    const struct fa_network pair = network_of(2, 1);
    struct fa_reducer_config config = canonical;

    (void)state;
    config.batch = 6;
    assert_seconds(fa_reduction_seconds(&pair, &config, 8 * mega), 3 * 0.004 + 2 * 3 * LATENCY);
    config.batch = 8;
    assert_seconds(fa_reduction_seconds(&pair, &config, 8 * mega), 2 * (0.004 + 3 * LATENCY));
}

/* ---- many buckets ---- */

enum { N_LAYERS = 100 };

/* 100 MB that become final evenly within the given time. */
static double exposed(const struct fa_network *network, const struct fa_reducer_config *config,
                      double backward_s)
{
    double seconds[N_LAYERS];
    size_t elements[N_LAYERS];

    for (size_t i = 0; i < N_LAYERS; i++) {
        seconds[i] = backward_s * (double)(i + 1) / N_LAYERS;
        elements[i] = (i + 1) * mega;
    }
    return fa_exposed_seconds(network, config, &(struct fa_readiness){N_LAYERS, elements, seconds});
}

/* Buckets follow each other on the link, and for two ranks whole ones fill both directions as halves do. */
static void a_full_link_is_what_a_long_gradient_waits_for(void **state)
{
    const struct fa_network pair = network_of(2, 1);

    (void)state;
    for (int r = 0; r < 2; r++) {
        const struct fa_reducer_config config = config_of((enum fa_reduction)r, 4u << 20);
        const double seconds = fa_reduction_seconds(&pair, &config, 100 * mega);

        assert_true(seconds >= 0.1 && seconds < 0.1 + 0.015);
    }
}

static void a_long_backward_hides_all_but_the_last_bucket(void **state)
{
    const struct fa_network pair = network_of(2, 1);

    (void)state;
    for (int r = 0; r < 2; r++) {
        const struct fa_reducer_config config = config_of((enum fa_reduction)r, 4u << 20);
        const double last = fa_reduction_seconds(&pair, &config, mega);

        assert_true(exposed(&pair, &config, 10) >= last / 2);
        assert_true(exposed(&pair, &config, 10) <= 6 * last);
    }
}

static void what_is_exposed_lies_between_nothing_hidden_and_all(void **state)
{
    const double backwards[] = {0, 0.01, 0.05, 0.1, 0.2, 1};

    (void)state;
    for (int r = 0; r < 2; r++)
        for (int n = 2; n <= 64; n *= 2) {
            const struct fa_network network = network_of(n, 1);
            const struct fa_reducer_config config = config_of((enum fa_reduction)r, 4u << 20);
            const double blocking = fa_reduction_seconds(&network, &config, 100 * mega);
            double before = INFINITY;

            for (size_t b = 0; b < sizeof backwards / sizeof backwards[0]; b++) {
                const double now = exposed(&network, &config, backwards[b]);

                assert_true(now > 0 && now <= blocking + 1e-9);
                assert_true(now >= blocking - backwards[b] - 1e-9);
                assert_true(now <= before + 0.005); /* where a layer ends is luck, of a bucket's size */
                before = now;
            }
        }
}

static void a_faster_link_exposes_less(void **state)
{
    const struct fa_reducer_config config = config_of(FA_REDUCTION_CANONICAL, 4u << 20);
    struct fa_network network = network_of(4, 1);
    double slow, fast;

    (void)state;
    slow = exposed(&network, &config, 0.1);
    network.bandwidth *= 4;
    fast = exposed(&network, &config, 0.1);
    assert_true(fast < slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_there_is_nothing_to_wait_for),
        cmocka_unit_test(two_nodes_exchange_halves_or_wholes),
        cmocka_unit_test(more_nodes_send_no_more_each_but_more_often),
        cmocka_unit_test(ranks_of_a_node_share_its_link),
        cmocka_unit_test(processors_pay_for_messages_and_bytes),
        cmocka_unit_test(devices_bring_all_to_their_host_or_read_halves),
        cmocka_unit_test(slices_that_are_no_node_of_the_tree_send_more),
        cmocka_unit_test(a_full_link_is_what_a_long_gradient_waits_for),
        cmocka_unit_test(a_long_backward_hides_all_but_the_last_bucket),
        cmocka_unit_test(what_is_exposed_lies_between_nothing_hidden_and_all),
        cmocka_unit_test(a_faster_link_exposes_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
