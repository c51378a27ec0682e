/*
 * A weights file replaced by a new one, struck at each of its system calls that change the disk. Whatever
 * happens, the old file or the new one is there, whole, and the next writing leaves nothing of the accident.
 */
#include <errno.h>
#include <string.h>

#include "fa/file.h"
#include "fa/weights.h"
#include "faulty_disk.h"
#include "support.h"

enum { N = 500 };

static enum fa_disk_fault current_fault;
static long current_change;

static void require(bool holds, const char *what)
{
    if (!holds)
        fail_msg("%s at change %ld: it does not hold that %s; last message: %s",
                 fa_disk_fault_names[current_fault], current_change, what, fa_message());
}

/* Weights that are all of one value. */
struct weights {
    const char *directory, *path;
    float value;
};

static fa_status write_weights(void *context)
{
    const struct weights *weights = context;
    float data[N];
    const struct fa_tensor tensor = {"head.bias", 1, {N}, N, data};

    for (int i = 0; i < N; i++)
        data[i] = weights->value;
    return fa_weights_write(weights->path, &tensor, 1, NULL);
}

static bool holds(const char *path, float value)
{
    struct fa_weights_file *file;
    bool equal = true;

    require(fa_weights_read(path, &file) == FA_OK, "a weights file is there");
    require(file->n == 1 && file->tensors[0].n_elem == N, "it has what was written");
    for (int i = 0; i < N; i++)
        equal = equal && file->tensors[0].data[i] == value;
    fa_weights_free(file);
    return equal;
}

static bool refuses(struct weights *weights, enum fa_disk_fault fault, long nth, bool *written)
{
    long n;

    fa_disk_arm(fault, nth);
    *written = write_weights(weights) == FA_OK;
    n = fa_disk_disarm();
    require(*written || strstr(fa_message(), weights->directory) != NULL, "the message names the place");
    require(*written || strstr(fa_message(), strerror(fault == FA_DISK_FILLS_UP ? ENOSPC : EIO)) != NULL,
            "the message says why");
    return n >= nth;
}

static bool is_struck(enum fa_disk_fault fault, long nth)
{
    const char *directory = fa_test_directory();
    struct weights weights = {directory, fa_test_path(directory, "weights.h5"), 1};
    bool struck, written;
    char **names;
    size_t n;

    require(write_weights(&weights) == FA_OK, "a sound disk takes weights");
    weights.value = 2;
    if (fa_disk_fault_kills(fault)) {
        struck = fa_disk_kills(fault, nth, write_weights, &weights);
        written = !struck;
    } else {
        struck = refuses(&weights, fault, nth, &written);
    }
    require(holds(weights.path, 2) || (!written && holds(weights.path, 1)),
            "the old or the new file is there");
    require(write_weights(&weights) == FA_OK && holds(weights.path, 2), "the next writing succeeds");
    assert_ok(fa_directory_list(directory, &n, &names));
    require(n == 1, "nothing of the accident is left");
    fa_free(names);
    return struck;
}

static void at_any_change_the_old_or_the_new_file_is_there(void **state)
{
    (void)state;
    for (enum fa_disk_fault fault = FA_DISK_KILLS; fault < FA_DISK_FAULTS; fault++) {
        current_fault = fault;
        for (current_change = 1; is_struck(fault, current_change);)
            current_change++;
        print_message("%s: %ld changes struck\n", fa_disk_fault_names[fault], current_change - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(at_any_change_the_old_or_the_new_file_is_there)};

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
