/* HDF5 files that are made to harm: hostile/make_hostile.py says how each was made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/clock.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "hdf5/hdf5_room.h"
#include "support.h"

static const struct {
    const char *name, *said;
} hostile[] = {
    {"external_storage", "secret: its values lie in another file (external storage), which is not read"},
    {"external_link", "secret: it is a link into another file (an external link), which is not read"},
    {"user_link",
     "secret: it is a link of a kind that is not HDF5's (a user-defined link), which is not read"},
    {"soft_link", "alias: it is a link to another name (a soft link), which is not read"},
    {"virtual", "w: its values lie in other datasets (virtual layout), which is not read"},
    {"two_names", "two of its structures share byte"},
    {"shared_values", "two of its structures share byte"},
    {"group_in_itself", "g/again/again"},
    {"named_type", "type: it is a named datatype, which is not read"},
    {"compound", "w: it is of a type that is not a plain number or text, which is not read"},
    {"other_filter", "w: its values are compressed by something other than gzip, which is not read"},
    {"large_chunk", "w: its chunks are larger than the file, which is not read"},
    {"inflates_to_more", "w: damaged: its compressed chunk cannot be right"},
    {"inflates_to_less", "w: damaged: its compressed chunk cannot be right"},
    {"endless_free_list", "damaged: its heap of names cannot be right"},
    {"long_header", "damaged: its header of 4294967296 bytes ends beyond the file"},
};

static void what_a_file_holds_to_harm_is_named_and_not_read(void **state)
{
    const double begin = fa_clock_seconds();
    char path[512];
    struct fa_h5 *file;

    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        snprintf(path, sizeof path, "%s/tests/base/hostile/%s.h5", getenv("FA_SOURCE_DIR"), hostile[i].name);
        assert_fails_saying(fa_h5_open(path, &file), FA_EFORMAT, hostile[i].said);
        assert_fails_saying(fa_h5_open(path, &file), FA_EFORMAT, path);
    }
    assert_true(fa_clock_seconds() - begin < 5);
    assert_int_equal(fa_memory_balance(), 0);
}

/* "g/g/.../x" takes the library over a minute for 3,000 groups, which is by the square of their number. */
static void groups_within_groups_have_a_limit(void **state)
{
    static const float value = 1;
    char path[256], name[2 * 64 + 2];
    struct fa_h5 *file;

    (void)state;
    snprintf(path, sizeof path, "%s/nested.h5", fa_test_directory());
    for (size_t depth = 31; depth <= 33; depth += 2) {
        memset(name, 0, sizeof name);
        for (size_t i = 0; i < depth; i++)
            memcpy(name + 2 * i, "g/", 2);
        name[2 * depth] = 'x';
        assert_ok(fa_h5_create(path, &file));
        assert_ok(fa_h5_write(file, name, FA_H5_F32, 0, NULL, &value));
        assert_ok(fa_h5_close(file));
        if (depth < 32) {
            assert_ok(fa_h5_open(path, &file));
            assert_ok(fa_h5_close(file));
        } else {
            assert_fails_saying(fa_h5_open(path, &file), FA_EFORMAT, "a group within more than 32 others");
        }
    }
    assert_int_equal(fa_memory_balance(), 0);
}

struct reading {
    struct fa_h5 *file;
    int *n;
};

static fa_status read_values(void *context, const char *name, const struct fa_h5_info *info)
{
    struct reading *reading = context;
    double *values;
    int64_t n;

    (void)info;
    FA_TRY(fa_h5_read_alloc(reading->file, name, FA_H5_F64, &values, &n));
    fa_free(values);
    ++*reading->n;
    return FA_OK;
}

/* The fuzzers begin with files of h5py, in the library's first format and in its latest. */
static void files_of_h5py_in_its_first_and_its_latest_format_are_read(void **state)
{
    static const char *const names[] = {"names-earliest",    "names-latest",    "attributes-earliest",
                                        "attributes-latest", "chunks-earliest", "chunks-latest"};
    static const int n_datasets[] = {12, 12, 3, 3, 3, 3};
    char path[512];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct fa_h5 *file;
        int n = 0;

        snprintf(path, sizeof path, "%s/tests/fuzz/corpus/hdf5/%s.h5", getenv("FA_SOURCE_DIR"), names[i]);
        assert_ok(fa_h5_open(path, &file));
        assert_ok(fa_h5_visit(file, read_values, &(struct reading){file, &n}));
        assert_int_equal(n, n_datasets[i]);
        assert_ok(fa_h5_close(file));
    }
    assert_int_equal(fa_memory_balance(), 0);
}

/* A filter of somebody else is refused by our own check already; this holds if that is ever passed. */
static void the_library_loads_no_plugins(void **state)
{
    unsigned int loads = 1;

    (void)state;
    fa_h5_lock();
    assert_true(H5PLget_loading_state(&loads) >= 0);
    fa_h5_unlock();
    assert_int_equal(loads, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_file_holds_to_harm_is_named_and_not_read),
        cmocka_unit_test(groups_within_groups_have_a_limit),
        cmocka_unit_test(the_library_loads_no_plugins),
        cmocka_unit_test(files_of_h5py_in_its_first_and_its_latest_format_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
