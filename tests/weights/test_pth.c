/* Files of torch.save, in both formats: what is in them, cut, changed, and starved of memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "fa/memory.h"

static const char *const cases[] = {"plain", "types", "views", "checkpoint"};
static const char *const formats[] = {"zip", "legacy"};

static const char *file_name(const char *case_name, const char *format)
{
    static char name[64];

    snprintf(name, sizeof name, "%s.%s.pth", case_name, format);
    return name;
}

static struct fa_weights_file *read_golden(const char *name)
{
    size_t n_bytes;
    char *bytes = golden_bytes(name, &n_bytes);
    struct fa_weights_file *file;

    assert_ok(read_bytes(bytes, n_bytes, &file));
    fa_free(bytes);
    return file;
}

/* One line of golden/<case>.txt: name, dimensions, and the bits of each number, or of one in 13. */
static void assert_line(const struct fa_weights_file *file, char *line)
{
    const char *name = strtok(line, " "), *dims = strtok(NULL, " "), *word;
    const struct fa_tensor *tensor = fa_weights_find(file, name);
    char shape[64];
    size_t step, i = 0;

    if (tensor == NULL)
        fail_msg("%s is not there", name);
    fa_dims_print(tensor->n_dims, tensor->dims, shape, sizeof shape);
    assert_string_equal(shape, dims);
    step = tensor->n_elem > 60 ? 13 : 1;
    for (; (word = strtok(NULL, " ")) != NULL; i += step) {
        uint32_t bits;

        assert_true(i < tensor->n_elem);
        memcpy(&bits, &tensor->data[i], sizeof bits);
        if (bits != strtoul(word, NULL, 16))
            fail_msg("%s[%zu] is %08x, not %s", name, i, bits, word);
    }
    assert_true(i >= tensor->n_elem);
}

static size_t assert_lines(const struct fa_weights_file *file, char *text)
{
    size_t n = 0;

    for (char *line = text, *end; *line != '\0'; line = end + 1, n++) {
        end = strchr(line, '\n');
        *end = '\0';
        assert_line(file, line);
    }
    return n;
}

static void assert_values(const struct fa_weights_file *file, const char *case_name)
{
    char name[64], *text;
    size_t n_bytes;

    snprintf(name, sizeof name, "%s.txt", case_name);
    text = golden_bytes(name, &n_bytes);
    assert_int_equal(file->n, assert_lines(file, text));
    fa_free(text);
}

static void both_formats_give_the_tensors_of_pytorch_to_the_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 2; k++) {
            struct fa_weights_file *file = read_golden(file_name(cases[i], formats[k]));

            assert_values(file, cases[i]);
            assert_false(file->has_meta);
            fa_weights_free(file);
        }
}

static void every_protocol_of_pickle_is_read(void **state)
{
    static const char *const names[] = {"protocol3.zip.pth", "protocol4.zip.pth", "protocol4.legacy.pth"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fa_weights_file *file = read_golden(names[i]);

        assert_values(file, "plain");
        fa_weights_free(file);
    }
}

static void integer_tensors_are_counted_and_left_out(void **state)
{
    struct fa_weights_file *file = read_golden("types.zip.pth");

    (void)state;
    assert_int_equal(file->n_left_out, 4);
    assert_null(fa_weights_find(file, "long"));
    fa_weights_free(file);
}

static void class_names_come_from_the_meta_of_a_checkpoint(void **state)
{
    struct fa_weights_file *file = read_golden("checkpoint.legacy.pth");

    (void)state;
    assert_int_equal(file->meta.n_classes, 3);
    assert_string_equal(file->meta.classes[0], "person");
    assert_string_equal(file->meta.classes[2], "caf\xc3\xa9");
    fa_weights_free(file);
}

static void zip_archives_of_others_are_read_if_nothing_is_compressed(void **state)
{
    static const char *const names[] = {"zip_narrow.pth", "zip_comment.pth", "zip_little.pth"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fa_weights_file *file = read_golden(names[i]);

        assert_values(file, "plain");
        fa_weights_free(file);
    }
}

static void zip_archives_that_are_no_weights_are_refused_with_the_reason(void **state)
{
    static const char *const refused[][2] = {
        {"zip_deflated.pth", "is compressed"},
        {"zip_bomb.pth", "is compressed"},
        {"zip_big.pth", "big-endian"},
        {"zip_script.pth", "TorchScript"},
        {"zip_short.pth", "of another size"},
        {"zip_lacking.pth", "storage 1 is not there"},
        {"zip_pictures.pth", "without the data.pkl"},
        {"zip_twice.pth", "data/0 is there twice"},
        {"zip_empty.pth", "not a weights file"},
        {"zip_two.pth", "more than one file of torch.save"},
        {"zip_overlap.pth", "overlaps another"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        size_t n_bytes;
        char *bytes = golden_bytes(refused[i][0], &n_bytes);

        assert_fails_saying(try_bytes(bytes, n_bytes), FA_EFORMAT, refused[i][1]);
        fa_free(bytes);
    }
}

static void what_would_run_a_command_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        size_t n_bytes;
        char *bytes = golden_bytes(file_name("harm", formats[k]), &n_bytes);

        assert_fails_saying(try_bytes(bytes, n_bytes), FA_EFORMAT, "asks for posix.system");
        fa_free(bytes);
    }
}

/* The directory's entry of the first record, whose bytes at offset become these; the rest is as it was. */
static fa_status try_with_entry(size_t offset, const void *bytes, size_t n_bytes)
{
    size_t n_file;
    char *file = golden_bytes("zip_narrow.pth", &n_file), *entry = memmem(file, n_file, "PK\1\2", 4);
    fa_status status;

    assert_non_null(entry);
    memcpy(entry + offset, bytes, n_bytes);
    status = try_bytes(file, n_file);
    fa_free(file);
    return status;
}

static void directories_that_lie_are_refused(void **state)
{
    const uint32_t huge = 0x7fffffff, all = UINT32_MAX, sizes[2] = {huge, huge};
    const uint16_t long_name = 60000, encrypted = 1, deflated = 8;

    (void)state;
    assert_fails_saying(try_with_entry(20, sizes, sizeof sizes), FA_EFORMAT, "does not lie in the file");
    assert_fails_saying(try_with_entry(42, &huge, sizeof huge), FA_EFORMAT, "does not lie in the file");
    assert_fails_saying(try_with_entry(24, &huge, sizeof huge), FA_EFORMAT, "is compressed");
    assert_fails_saying(try_with_entry(42, &all, sizeof all), FA_EFORMAT, "damaged at entry 1");
    assert_fails_saying(try_with_entry(28, &long_name, sizeof long_name), FA_EFORMAT, "damaged at entry 1");
    assert_fails_saying(try_with_entry(10, &deflated, sizeof deflated), FA_EFORMAT, "is compressed");
    assert_fails_saying(try_with_entry(8, &encrypted, sizeof encrypted), FA_EFORMAT, "is encrypted");
}

/* Calls visit with each entry of the archive's directory. */
static void for_each_entry(char *file, size_t n_file, void (*visit)(char *entry, void *context),
                           void *context)
{
    static const char signature[] = "PK\1\2";

    for (char *at = file; (at = memmem(at, n_file - (size_t)(at - file), signature, 4)) != NULL; at += 46)
        visit(at, context);
}

static void remove_checksum(char *entry, void *unused)
{
    (void)unused;
    memset(entry + 16, 0, 4);
}

static void archives_without_checksums_are_read(void **state)
{
    size_t n_bytes;
    char *bytes = golden_bytes("plain.zip.pth", &n_bytes);
    struct fa_weights_file *file;

    (void)state;
    for_each_entry(bytes, n_bytes, remove_checksum, NULL);
    assert_ok(read_bytes(bytes, n_bytes, &file));
    assert_values(file, "plain");
    fa_weights_free(file);
    fa_free(bytes);
}

/* Which bytes of an archive are those of records that are read. */
struct marks {
    const char *file;
    bool *is_read;
    size_t n;
};

static void mark_record(char *entry, void *context)
{
    struct marks *marks = context;
    uint16_t n_name, n_extra;
    uint32_t header, n_bytes;
    size_t begin;

    memcpy(&header, entry + 42, sizeof header);
    memcpy(&n_bytes, entry + 24, sizeof n_bytes);
    memcpy(&n_name, marks->file + header + 26, sizeof n_name);
    memcpy(&n_extra, marks->file + header + 28, sizeof n_extra);
    if (memmem(entry + 46, n_name, "/version", 8) != NULL || memmem(entry + 46, n_name, "/data/6", 7) != NULL)
        return; /* the latter counts batches, which is left out */
    begin = header + 30u + n_name + n_extra;
    memset(marks->is_read + begin, true, n_bytes);
    marks->n += n_bytes;
}

static void assert_same(const void *bytes, size_t n_bytes, const struct fa_weights_file *file)
{
    struct fa_weights_difference difference;
    struct fa_weights_file *again;
    fa_status status = read_bytes(bytes, n_bytes, &again);

    if (status == FA_OK) {
        fa_weights_diff(file, again, &difference);
        assert_true(difference.equal);
    }
    fa_weights_free(again);
}

static void a_changed_byte_of_an_archive_is_refused_or_changes_no_number(void **state)
{
    struct fa_weights_file *file = read_golden("plain.zip.pth");
    struct marks marks = {.n = 0};
    size_t n_bytes;
    char *bytes = golden_bytes("plain.zip.pth", &n_bytes);

    (void)state;
    assert_ok(fa_alloc_zero(n_bytes, sizeof *marks.is_read, &marks.is_read));
    marks.file = bytes;
    for_each_entry(bytes, n_bytes, mark_record, &marks);
    assert_in_range(marks.n, 500, n_bytes);
    for (size_t i = 0; i < n_bytes; i++)
        for (int bit = 0; bit < 8; bit += 7) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            if (marks.is_read[i])
                assert_fails_saying(try_bytes(bytes, n_bytes), FA_EFORMAT, "does not match the checksum");
            else
                assert_same(bytes, n_bytes, file);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    fa_free(marks.is_read);
    fa_free(bytes);
    fa_weights_free(file);
}

static void cuts_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 2; k++)
            assert_cuts_are_refused(file_name(cases[i], formats[k]));
}

static void changed_bytes_do_no_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 2; k++)
            assert_changes_do_no_harm(file_name(cases[i], formats[k]));
    assert_changes_do_no_harm("protocol4.zip.pth");
    assert_changes_do_no_harm("zip_narrow.pth");
}

static void every_allocation_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 2; k++)
            assert_allocations_are_checked(file_name(cases[i], formats[k]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats_give_the_tensors_of_pytorch_to_the_bit),
        cmocka_unit_test(every_protocol_of_pickle_is_read),
        cmocka_unit_test(integer_tensors_are_counted_and_left_out),
        cmocka_unit_test(class_names_come_from_the_meta_of_a_checkpoint),
        cmocka_unit_test(zip_archives_of_others_are_read_if_nothing_is_compressed),
        cmocka_unit_test(zip_archives_that_are_no_weights_are_refused_with_the_reason),
        cmocka_unit_test(what_would_run_a_command_is_refused_by_name),
        cmocka_unit_test(directories_that_lie_are_refused),
        cmocka_unit_test(archives_without_checksums_are_read),
        cmocka_unit_test(a_changed_byte_of_an_archive_is_refused_or_changes_no_number),
        cmocka_unit_test(cuts_are_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(every_allocation_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
