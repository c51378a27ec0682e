#include "zip.h"

#include <stdlib.h>
#include <string.h>

#include "fa/crc32.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/printable.h"
#include "zip_end.h"

enum { ENTRY_BYTES = 46, HEADER_BYTES = 30, LARGEST_DIRECTORY = 1 << 26, PIECE_BYTES = 1 << 18 };

static fa_status fail_record(const struct fa_zip *zip, const char *name, const char *what)
{
    char shown[128];

    return fa_fail(FA_EFORMAT, "%s: record %s %s", zip->input->path,
                   fa_printable(name, strlen(name), shown, sizeof shown), what);
}

/* Sizes that do not fit 32 bits are in an extra field, those that do are left out of it. */
struct sizes {
    uint64_t plain, packed, header;
};

static bool read_extra(const unsigned char *extra, size_t n_extra, struct sizes *sizes)
{
    uint64_t *const wide[3] = {&sizes->plain, &sizes->packed, &sizes->header};

    for (size_t i = 0; i + 4 <= n_extra;) {
        const uint64_t id = fa_zip_number(extra + i, 2), n = fa_zip_number(extra + i + 2, 2);
        size_t at = i + 4;

        if (n > n_extra - at)
            return false;
        i = at + n;
        if (id != 1)
            continue;
        for (int k = 0; k < 3; k++) {
            if (*wide[k] != UINT32_MAX)
                continue;
            if (at + 8 > i)
                return false;
            *wide[k] = fa_zip_number(extra + at, 8);
            at += 8;
        }
        return true;
    }
    return sizes->plain != UINT32_MAX && sizes->packed != UINT32_MAX && sizes->header != UINT32_MAX;
}

static fa_status check_record(struct fa_zip *zip, const char *name, const unsigned char *entry,
                              const struct sizes *sizes)
{
    if (fa_zip_number(entry + 8, 2) & 1)
        return fail_record(zip, name, "is encrypted");
    if (fa_zip_number(entry + 10, 2) != 0 || sizes->plain != sizes->packed)
        return fail_record(zip, name,
                           "is compressed, as no file of PyTorch is; unpack the archive and save the "
                           "weights with torch.save");
    if (sizes->header > zip->directory || HEADER_BYTES > zip->directory - sizes->header ||
        sizes->plain > zip->directory - sizes->header - HEADER_BYTES)
        return fail_record(zip, name, "does not lie in the file");
    zip->n_record_bytes += HEADER_BYTES + sizes->plain; /* of at most as many records as fit the directory */
    if (zip->n_record_bytes > zip->directory)
        return fail_record(zip, name, "overlaps another; the archive was not made by PyTorch");
    return FA_OK;
}

/* One entry of the directory; *n_bytes is its length. names takes its name. */
static fa_status read_entry(struct fa_zip *zip, const unsigned char *entry, size_t n_left, char *name,
                            size_t *n_bytes)
{
    struct sizes sizes;
    size_t n_name, n_extra;

    if (n_left < ENTRY_BYTES || memcmp(entry, "PK\1\2", 4) != 0)
        return fa_fail(FA_EFORMAT, "%s: its zip directory is damaged at entry %zu", zip->input->path,
                       zip->n + 1);
    n_name = (size_t)fa_zip_number(entry + 28, 2);
    n_extra = (size_t)fa_zip_number(entry + 30, 2);
    *n_bytes = ENTRY_BYTES + n_name + n_extra + (size_t)fa_zip_number(entry + 32, 2);
    sizes = (struct sizes){.plain = fa_zip_number(entry + 24, 4),
                           .packed = fa_zip_number(entry + 20, 4),
                           .header = fa_zip_number(entry + 42, 4)};
    if (*n_bytes > n_left || !read_extra(entry + ENTRY_BYTES + n_name, n_extra, &sizes))
        return fa_fail(FA_EFORMAT, "%s: its zip directory is damaged at entry %zu", zip->input->path,
                       zip->n + 1);
    memcpy(name, entry + ENTRY_BYTES, n_name);
    name[n_name] = '\0';
    FA_TRY(check_record(zip, name, entry, &sizes));
    zip->records[zip->n++] = (struct fa_zip_record){.name = name,
                                                    .header = sizes.header,
                                                    .n_bytes = sizes.plain,
                                                    .crc = (uint32_t)fa_zip_number(entry + 16, 4)};
    return FA_OK;
}

static int compare_records(const void *a, const void *b)
{
    return strcmp(((const struct fa_zip_record *)a)->name, ((const struct fa_zip_record *)b)->name);
}

static fa_status read_entries(struct fa_zip *zip, const struct fa_zip_end *end,
                              const unsigned char *directory)
{
    const size_t n_directory = (size_t)end->n_bytes;
    char *name = zip->names;
    size_t at = 0, n_bytes = 0;

    for (uint64_t i = 0; i < end->n_records; i++, at += n_bytes) {
        FA_TRY(read_entry(zip, directory + at, n_directory - at, name, &n_bytes));
        name += strlen(name) + 1;
    }
    if (at != n_directory)
        return fa_fail(FA_EFORMAT, "%s: its zip directory has more than its %zu entries", zip->input->path,
                       zip->n);
    qsort(zip->records, zip->n, sizeof *zip->records, compare_records);
    for (size_t i = 1; i < zip->n; i++)
        if (strcmp(zip->records[i - 1].name, zip->records[i].name) == 0)
            return fail_record(zip, zip->records[i].name, "is there twice");
    return FA_OK;
}

/* An entry is longer than its name with a 0 after it, so names have room in as many bytes as the directory.
 */
static fa_status read_directory(struct fa_zip *zip, const struct fa_zip_end *end)
{
    unsigned char *directory;
    fa_status status;

    FA_TRY(fa_alloc((size_t)end->n_bytes, 1, &zip->names));
    FA_TRY(fa_alloc((size_t)end->n_records, sizeof *zip->records, &zip->records));
    FA_TRY(fa_alloc((size_t)end->n_bytes, 1, &directory));
    status = fa_file_read_at(zip->input->fd, zip->input->path, end->begin, (size_t)end->n_bytes, directory);
    if (status == FA_OK)
        status = read_entries(zip, end, directory);
    fa_free(directory);
    return status;
}

fa_status fa_zip_open(const struct fa_weights_input *input, struct fa_zip *zip)
{
    struct fa_zip_end end;
    fa_status status;

    *zip = (struct fa_zip){.input = input};
    FA_TRY(fa_zip_end_read(input, &end));
    if (end.n_bytes > LARGEST_DIRECTORY || end.n_records > end.n_bytes / ENTRY_BYTES)
        return fa_fail(FA_EFORMAT,
                       "%s: its zip directory of %llu bytes has %llu entries, which cannot be right",
                       input->path, (unsigned long long)end.n_bytes, (unsigned long long)end.n_records);
    zip->directory = end.begin;
    status = read_directory(zip, &end);
    if (status != FA_OK)
        fa_zip_close(zip);
    return status;
}

void fa_zip_close(struct fa_zip *zip)
{
    fa_free(zip->names);
    fa_free(zip->records);
    *zip = (struct fa_zip){0};
}

static int compare_name(const void *name, const void *record)
{
    return strcmp(name, ((const struct fa_zip_record *)record)->name);
}

struct fa_zip_record *fa_zip_find(const struct fa_zip *zip, const char *name)
{
    return bsearch(name, zip->records, zip->n, sizeof *zip->records, compare_name);
}

static fa_status sum_record(const struct fa_zip *zip, const struct fa_zip_record *record, uint64_t position,
                            char *piece, uint32_t *crc)
{
    *crc = 0;
    for (uint64_t left = record->n_bytes; left > 0;) {
        const size_t n = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        FA_TRY(fa_file_read_at(zip->input->fd, zip->input->path, position, n, piece));
        *crc = fa_crc32(*crc, piece, n);
        position += n;
        left -= n;
    }
    return FA_OK;
}

static fa_status check_sum(const struct fa_zip *zip, struct fa_zip_record *record, uint64_t position)
{
    uint32_t crc;
    char *piece;
    fa_status status;

    if (record->crc == 0 || record->is_checked)
        return FA_OK;
    FA_TRY(fa_alloc(record->n_bytes < PIECE_BYTES ? (size_t)record->n_bytes : PIECE_BYTES, 1, &piece));
    status = sum_record(zip, record, position, piece, &crc);
    fa_free(piece);
    FA_TRY(status);
    if (crc != record->crc)
        return fail_record(
            zip, record->name,
            "does not match the checksum written with it; the file was changed; copy it again");
    record->is_checked = true;
    return FA_OK;
}

fa_status fa_zip_locate(const struct fa_zip *zip, struct fa_zip_record *record, uint64_t *position)
{
    unsigned char header[HEADER_BYTES];

    FA_TRY(fa_file_read_at(zip->input->fd, zip->input->path, record->header, sizeof header, header));
    if (memcmp(header, "PK\3\4", 4) != 0)
        return fail_record(zip, record->name, "is not where the zip directory has it");
    *position = record->header + HEADER_BYTES + fa_zip_number(header + 26, 2) + fa_zip_number(header + 28, 2);
    if (*position > zip->directory || record->n_bytes > zip->directory - *position)
        return fail_record(zip, record->name, "does not lie in the file");
    return check_sum(zip, record, *position);
}
