/*
 * A dataset replaced by a new one, struck at each of its system calls that change the disk. Whatever happens,
 * the old dataset or the new one is there, whole, and the next packing leaves nothing of the accident.
 */
#include <errno.h>
#include <string.h>

#include "fa/file.h"
#include "fa/log.h"
#include "faulty_disk.h"
#include "fixture.h"
#include "support.h"

static const char *directory; /* of images, annotations and dataset */
static bool has_exchange;     /* the file system can exchange two names */
static enum fa_disk_fault current_fault;
static long current_change;

static void require(bool holds, const char *what)
{
    if (!holds)
        fail_msg("%s at change %ld: it does not hold that %s; last message: %s",
                 fa_disk_fault_names[current_fault], current_change, what, fa_message());
}

static fa_status pack(void *config)
{
    struct fa_pack_report report;

    return fa_pack(config, &report);
}

/* Two images, packed, of which one was changed since: the next packing is the one to strike. */
static struct fa_pack_config prepare(void)
{
    struct fa_pack_config config;

    directory = fa_test_directory();
    config = fixture_scenes(directory, 2);
    config.n_threads = 1;
    config.shard_bytes = 1; /* a shard an image */
    require(pack(&config) == FA_OK, "a sound disk takes a dataset");
    fixture_jpeg(fa_test_path(config.sources->image_directory, "1.jpg"), fixture_width(1), fixture_height(1),
                 99, 1);
    return config;
}

/* The content of a dataset of which every byte is as it was packed; 0 where there is none. */
static uint64_t content_at(const char *path)
{
    struct fa_dataset *dataset;
    uint64_t content;
    void *jpeg;

    if (fa_dataset_open(path, &dataset) != FA_OK)
        return 0;
    content = dataset->content_hash;
    for (size_t i = 0; i < dataset->n_records; i++) {
        assert_ok(fa_alloc(dataset->records[i].n_bytes, 1, &jpeg));
        require(fa_dataset_fetch(dataset, i, jpeg) == FA_OK, "a dataset's images are whole");
        fa_free(jpeg);
    }
    fa_dataset_close(dataset);
    return content;
}

/* Where names cannot be exchanged, there is an instant at which the old dataset is found only as the message
   of fa_dataset_open says. */
static uint64_t content_left(const struct fa_pack_config *config)
{
    const uint64_t content = content_at(config->out_directory);

    if (content != 0 || has_exchange)
        return content;
    require(strstr(fa_message(), "out.replaced") != NULL, "the message says where the old dataset is");
    return content_at(fa_test_path(directory, "out.replaced"));
}

static uint64_t old_content, new_content;

static void learn_contents(void)
{
    struct fa_pack_config config = prepare();

    old_content = content_at(config.out_directory);
    assert_ok(pack(&config));
    new_content = content_at(config.out_directory);
    assert_true(old_content != 0 && new_content != 0 && old_content != new_content);
}

static void check(struct fa_pack_config *config, bool packed)
{
    const uint64_t content = content_left(config);

    require(content == old_content || content == new_content, "the old dataset or the new one is there");
    require(!packed || content == new_content, "what was packed is there");
    require(pack(config) == FA_OK, "the next packing succeeds");
    require(content_at(config->out_directory) == new_content, "the next packing is there");
    require(strcmp(fixture_list(directory), "coco.json images out") == 0, "nothing of the accident is left");
}

static bool is_refused(enum fa_disk_fault fault, long nth)
{
    struct fa_pack_config config = prepare();
    fa_status status;
    long n;

    fa_disk_arm(fault, nth);
    status = pack(&config);
    n = fa_disk_disarm();
    require(status == FA_OK ||
                strstr(fa_message(), strerror(fault == FA_DISK_FILLS_UP ? ENOSPC : EIO)) != NULL,
            "the message says why");
    check(&config, status == FA_OK);
    return n >= nth;
}

static bool dies(enum fa_disk_fault fault, long nth)
{
    struct fa_pack_config config = prepare();
    const bool killed = fa_disk_kills(fault, nth, pack, &config);

    check(&config, !killed);
    return killed;
}

static void sweep(enum fa_disk_fault fault)
{
    long n_points = -1;
    bool struck = true;

    current_fault = fault;
    for (current_change = 1; struck; current_change += FA_DISK_STRIDE, n_points++)
        struck = fa_disk_fault_kills(fault) ? dies(fault, current_change) : is_refused(fault, current_change);
    print_message("%ld changes struck\n", n_points);
}

static void set_file_system(bool exchange)
{
    has_exchange = exchange;
    fa_disk_allow_exchange(exchange);
    learn_contents();
}

static void at_any_change_the_old_or_the_new_dataset_is_there(void **state)
{
    (void)state;
    set_file_system(true);
    for (enum fa_disk_fault fault = FA_DISK_KILLS; fault < FA_DISK_FAULTS; fault++)
        sweep(fault);
}

static void without_exchange_the_old_dataset_is_there_or_named(void **state)
{
    (void)state;
    set_file_system(false);
    sweep(FA_DISK_KILLS);
    sweep(FA_DISK_FAILS_ONCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_any_change_the_old_or_the_new_dataset_is_there),
        cmocka_unit_test(without_exchange_the_old_dataset_is_there_or_named),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
