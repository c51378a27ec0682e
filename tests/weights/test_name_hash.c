/* Files that are named by their hash, as published ones are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "fa/memory.h"
#include "fa/sha256.h"

static const char reason[] = "does not have the hash that its name says";

static fa_status try_named(const char *name, const void *bytes, size_t n_bytes)
{
    struct fa_weights_file *file;
    char path[512];
    FILE *stream;
    fa_status status;

    snprintf(path, sizeof path, "%s/%s", fa_test_directory(), name);
    stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, n_bytes, stream), n_bytes);
    assert_int_equal(fclose(stream), 0);
    status = fa_weights_read(path, &file);
    fa_weights_free(file);
    remove(path);
    return status;
}

static char *read_plain(const char *golden, size_t *n_bytes, char name[32])
{
    char *bytes = golden_bytes(golden, n_bytes);
    unsigned char digest[FA_SHA256_BYTES];
    struct fa_sha256 hash;

    fa_sha256_init(&hash);
    fa_sha256_add(&hash, bytes, *n_bytes);
    fa_sha256_finish(&hash, digest);
    snprintf(name, 32, "plain-%02x%02x%02x%02x.pth", digest[0], digest[1], digest[2], digest[3]);
    return bytes;
}

static void a_file_that_has_the_hash_of_its_name_is_read(void **state)
{
    static const char *const golden[] = {"plain.legacy.pth", "plain.zip.pth", "types.safetensors"};

    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        size_t n_bytes;
        char name[32], *bytes = read_plain(golden[i], &n_bytes, name);

        assert_ok(try_named(name, bytes, n_bytes));
        fa_free(bytes);
    }
}

/* The first two bytes tell the format, without which it is no weights file at all. */
static void any_other_byte_and_any_cut_are_noticed_where_the_format_has_no_checksum(void **state)
{
    size_t n_bytes;
    char name[32], *bytes = read_plain("plain.legacy.pth", &n_bytes, name);

    (void)state;
    for (size_t i = 2; i < n_bytes; i++) {
        assert_fails_saying(try_named(name, bytes, i), FA_EFORMAT, reason);
        bytes[i] ^= 1;
        assert_fails_saying(try_named(name, bytes, n_bytes), FA_EFORMAT, reason);
        bytes[i] ^= 1;
    }
    fa_free(bytes);
}

static void other_names_promise_nothing(void **state)
{
    static const char *const names[] = {
        "-20240115.pth",
        "epoch-12345678.pth",
        "plain-0676ba6.pth",
        "plain-0676ba61a.pth",
        "plain0676ba61.pth",
        "plain_0676ba61.pth",
        "plain-0676BA61.pth",
        "plain-0676ba6x.pth",
        "plain-0676ba61",
        "plain-0676ba61.pth.h5",
        "plain-0676ba61-1.pth",
        "0676ba61.pth",
        ".pth",
        "plain-0676ba61.tar",
        "plain-0676ba61.pt.pth",
    };
    size_t n_bytes;
    char *bytes = golden_bytes("plain.legacy.pth", &n_bytes);

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_ok(try_named(names[i], bytes, n_bytes));
    assert_fails_saying(try_named("plain-0676ba61.pth", bytes, n_bytes), FA_EFORMAT, reason);
    assert_fails_saying(try_named("-0676ba61.pth", bytes, n_bytes), FA_EFORMAT, "rename it");
    fa_free(bytes);
}

static void starved_of_memory_it_says_so(void **state)
{
    size_t n_bytes;
    char name[32], *bytes = read_plain("plain.legacy.pth", &n_bytes, name);
    fa_status status = FA_ENOMEM;

    (void)state;
    for (long n = 1; status != FA_OK; n++) {
        fa_memory_fail_after(n);
        status = try_named(name, bytes, n_bytes);
        fa_memory_fail_after(0);
        if (status != FA_OK)
            assert_fails(status, FA_ENOMEM);
    }
    fa_free(bytes);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_has_the_hash_of_its_name_is_read),
        cmocka_unit_test(any_other_byte_and_any_cut_are_noticed_where_the_format_has_no_checksum),
        cmocka_unit_test(other_names_promise_nothing),
        cmocka_unit_test(starved_of_memory_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
