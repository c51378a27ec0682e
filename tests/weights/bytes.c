#include "bytes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/memory.h"

static const char *golden_path(const char *name)
{
    char relative[128];

    snprintf(relative, sizeof relative, "tests/weights/golden/%s", name);
    return fa_test_source(relative);
}

char *golden_bytes(const char *name, size_t *n_bytes)
{
    char *bytes;

    assert_ok(fa_file_read(golden_path(name), 1 << 24, &bytes, n_bytes));
    return bytes;
}

/* A file in memory: tests write thousands. */
static const char *bytes_path(void)
{
    static char path[64];

    if (path[0] == '\0')
        snprintf(path, sizeof path, "/proc/self/fd/%d", memfd_create("weights", MFD_CLOEXEC));
    return path;
}

static void write_bytes(const void *bytes, size_t n_bytes)
{
    const int fd = open(bytes_path(), O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n_bytes), n_bytes);
    close(fd);
}

fa_status read_bytes(const void *bytes, size_t n_bytes, struct fa_weights_file **out)
{
    write_bytes(bytes, n_bytes);
    return fa_weights_read(bytes_path(), out);
}

fa_status try_bytes(const void *bytes, size_t n_bytes)
{
    const long before = fa_memory_balance();
    struct fa_weights_file *file;
    fa_status status = read_bytes(bytes, n_bytes, &file);

    fa_weights_free(file);
    assert_int_equal(fa_memory_balance(), before);
    return status;
}

/* Every byte near the ends of a file, where all is but numbers, and one in 1000 between. */
static size_t step_at(size_t i, size_t n_bytes)
{
    const size_t near = 2048;

    return i < near || i + near > n_bytes ? 1 : n_bytes - near - i < 997 ? n_bytes - near - i + 1 : 997;
}

void assert_cuts_are_refused(const char *name)
{
    size_t n_bytes;
    char *bytes = golden_bytes(name, &n_bytes);

    assert_ok(try_bytes(bytes, n_bytes));
    for (size_t n = 0; n < n_bytes; n += step_at(n, n_bytes))
        assert_fails_saying(try_bytes(bytes, n), FA_EFORMAT, bytes_path());
    fa_free(bytes);
}

void assert_changes_do_no_harm(const char *name)
{
    static const unsigned char masks[] = {0x01, 0xff};
    size_t n_bytes;
    char *bytes = golden_bytes(name, &n_bytes);

    for (size_t i = 0; i < n_bytes; i += step_at(i, n_bytes))
        for (size_t k = 0; k < sizeof masks; k++) {
            fa_status status;

            bytes[i] = (char)(bytes[i] ^ masks[k]);
            status = try_bytes(bytes, n_bytes);
            bytes[i] = (char)(bytes[i] ^ masks[k]);
            if (status != FA_OK)
                assert_fails(status, FA_EFORMAT);
        }
    fa_free(bytes);
}

void assert_allocations_are_checked(const char *name)
{
    const char *path = golden_path(name);
    const long before = fa_memory_balance();
    fa_status status = FA_ENOMEM;

    for (long n = 1; status != FA_OK; n++) {
        struct fa_weights_file *file;

        assert_in_range(n, 1, 10000);
        fa_memory_fail_after(n);
        status = fa_weights_read(path, &file);
        fa_memory_fail_after(0);
        if (status != FA_OK)
            assert_fails(status, FA_ENOMEM);
        fa_weights_free(file);
        assert_int_equal(fa_memory_balance(), before);
    }
}

void assert_tensor(const struct fa_weights_file *file, const char *name, int n_dims, const int64_t *dims,
                   const float *numbers)
{
    const struct fa_tensor *tensor = fa_weights_find(file, name);

    if (tensor == NULL)
        fail_msg("%s is not there", name);
    assert_true(fa_dims_equal(tensor->n_dims, tensor->dims, n_dims, dims));
    for (size_t i = 0; i < tensor->n_elem; i++)
        if (memcmp(&tensor->data[i], &numbers[i], sizeof numbers[i]) != 0)
            fail_msg("%s[%zu] is %.9g, not %.9g", name, i, (double)tensor->data[i], (double)numbers[i]);
}
