#include "zip_end.h"

#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"

enum { END_BYTES = 22, LOCATOR_BYTES = 20, WIDE_END_BYTES = 56, LONGEST_COMMENT = 65535 };

uint64_t fa_zip_number(const unsigned char *bytes, int n)
{
    uint64_t number = 0;

    for (int i = n - 1; i >= 0; i--)
        number = number << 8 | bytes[i];
    return number;
}

/* The end record in the last n_tail bytes of the file, found by its comment's reaching just to the end; NULL
   if there is none. */
static const unsigned char *find_end(const unsigned char *tail, size_t n_tail)
{
    for (size_t i = n_tail - END_BYTES + 1; i-- > 0;)
        if (memcmp(tail + i, "PK\5\6", 4) == 0 && fa_zip_number(tail + i + 20, 2) == n_tail - i - END_BYTES)
            return tail + i;
    return NULL;
}

/* end: where the end record is; the directory, and the wide one, lie before it. */
static fa_status read_wide_end(const struct fa_weights_input *input, uint64_t end, uint64_t wide_end,
                               struct fa_zip_end *out)
{
    unsigned char record[WIDE_END_BYTES];

    if (wide_end > end || WIDE_END_BYTES > end - wide_end)
        return fa_fail(FA_EFORMAT, "%s: its zip directory does not lie in the file", input->path);
    FA_TRY(fa_file_read_at(input->fd, input->path, wide_end, sizeof record, record));
    if (memcmp(record, "PK\6\6", 4) != 0)
        return fa_fail(FA_EFORMAT, "%s: its zip directory is not where its last record says", input->path);
    out->n_records = fa_zip_number(record + 32, 8);
    out->n_bytes = fa_zip_number(record + 40, 8);
    out->begin = fa_zip_number(record + 48, 8);
    return FA_OK;
}

static fa_status read_tail(const struct fa_weights_input *input, const unsigned char *tail, size_t n_tail,
                           struct fa_zip_end *out)
{
    const unsigned char *record = find_end(tail, n_tail);
    uint64_t end;

    if (record == NULL)
        return fa_fail(FA_EFORMAT,
                       "%s: begins as a zip archive and has no directory at its end; it is not all there",
                       input->path);
    end = input->n_bytes - n_tail + (uint64_t)(record - tail);
    out->n_records = fa_zip_number(record + 10, 2);
    out->n_bytes = fa_zip_number(record + 12, 4);
    out->begin = fa_zip_number(record + 16, 4);
    if (record - tail >= LOCATOR_BYTES && memcmp(record - LOCATOR_BYTES, "PK\6\7", 4) == 0)
        FA_TRY(read_wide_end(input, end, fa_zip_number(record - LOCATOR_BYTES + 8, 8), out));
    if (out->begin > end || out->n_bytes > end - out->begin)
        return fa_fail(FA_EFORMAT, "%s: its zip directory does not lie in the file", input->path);
    return FA_OK;
}

fa_status fa_zip_end_read(const struct fa_weights_input *input, struct fa_zip_end *out)
{
    const size_t longest = LOCATOR_BYTES + END_BYTES + LONGEST_COMMENT;
    const size_t n_tail = input->n_bytes < longest ? (size_t)input->n_bytes : longest;
    unsigned char *tail;
    fa_status status;

    if (n_tail < END_BYTES)
        return fa_fail(FA_EFORMAT, "%s: ends early, within its first %zu bytes", input->path, n_tail);
    FA_TRY(fa_alloc(n_tail, 1, &tail));
    status = fa_file_read_at(input->fd, input->path, input->n_bytes - n_tail, n_tail, tail);
    if (status == FA_OK)
        status = read_tail(input, tail, n_tail, out);
    fa_free(tail);
    return status;
}
